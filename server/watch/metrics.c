/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenMetrics text: rows of metric.def, what is measured on the spot, series per peer. */
#include "watch/metrics.h"

#include "change/stream.h"
#include "cluster/cluster.h"
#include "core/clock.h"
#include "core/metric.h"
#include "core/rcu.h"
#include "rib/mode.h"
#include "tcp/tcp.h"
#include "watch/call.h"
#include "watch/count.h"
#include "watch/process.h"
#include "watch/replica.h"
#include "watch/sets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "heliograph_"

void
metrics_head(struct evbuffer *out, const char *family, const char *type, const char *help)
{
	evbuffer_add_printf(out, "# TYPE " PREFIX "%s %s\n# HELP " PREFIX "%s %s\n", family,
	    type, family, help);
}

static void
gauge(struct evbuffer *out, const char *family, const char *help, double value)
{
	metrics_head(out, family, "gauge", help);
	evbuffer_add_printf(out, PREFIX "%s %.15g\n", family, value);
}

static void
write_rows(struct evbuffer *out)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		const struct metric_row *row = &metric_rows[i];
		bool counter = row->type == METRIC_COUNTER;
		bool labels = *row->labels != '\0';

		if (i == 0 || strcmp(row->family, metric_rows[i - 1].family) != 0)
			metrics_head(
			    out, row->family, counter ? "counter" : "gauge", row->help);
		evbuffer_add_printf(out, PREFIX "%s%s%s%s%s %" PRId64 "\n", row->family,
		    counter ? "_total" : "", labels ? "{" : "", row->labels, labels ? "}" : "",
		    metric_read((enum metric_id)i));
	}
}

/* A label value: backslash, quote and line end are escaped, as the format asks. */
static void
label(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 3 < size; text++) {
		if (*text == '\\' || *text == '"')
			out[n++] = '\\';
		out[n++] = *text == '\n' ? ' ' : *text;
	}
	out[n] = '\0';
}

void
metrics_labelled(struct evbuffer *out, const char *family, const char *label_name,
    const char *label_value, uint64_t value)
{
	char text[192];

	label(text, sizeof(text), label_value);
	evbuffer_add_printf(
	    out, PREFIX "%s{%s=\"%s\"} %" PRIu64 "\n", family, label_name, text, value);
}

/* What is shown of a peer, copied so that the registry's lock is held for a moment only. */
struct peer_sample {
	char labels[192]; /* peer="...",address="..." */
	uint64_t established, uptime, flaps, messages_in, messages_out, bytes_in, bytes_out;
	uint64_t paths, behind, malformed, group;
};

/* A family that has one series per peer. */
static const struct {
	const char *family, *help;
	size_t offset; /* of its value in struct peer_sample */
	bool counter;
} peer_series[] = {
    {"bgp_peer_established", "1 while the session is Established",
        offsetof(struct peer_sample, established), false},
    {"bgp_peer_uptime_seconds", "Since the session was established",
        offsetof(struct peer_sample, uptime), false},
    {"bgp_peer_flaps", "Established sessions that ended", offsetof(struct peer_sample, flaps),
        true},
    {"bgp_peer_messages_received", "BGP messages received from the peer",
        offsetof(struct peer_sample, messages_in), true},
    {"bgp_peer_messages_sent", "BGP messages sent to the peer",
        offsetof(struct peer_sample, messages_out), true},
    {"bgp_peer_received_bytes", "Bytes received from the peer",
        offsetof(struct peer_sample, bytes_in), true},
    {"bgp_peer_sent_bytes", "Bytes that the peer's TCP has taken",
        offsetof(struct peer_sample, bytes_out), true},
    {"bgp_peer_paths_sent", "Paths announced to and withdrawn from the peer",
        offsetof(struct peer_sample, paths), true},
    {"bgp_peer_behind_changes", "Changes of the table that the peer has not been sent yet",
        offsetof(struct peer_sample, behind), false},
    {"bgp_peer_malformed_messages",
        "Messages from the peer that could not be taken as they were",
        offsetof(struct peer_sample, malformed), true},
    {"bgp_peer_group", "The encode group that the peer shares bytes with, 0: none",
        offsetof(struct peer_sample, group), false},
};

struct peer_samples {
	struct peer_sample *at;
	unsigned n, cap;
};

static void
on_peer(void *ctx, const struct peer_info *p)
{
	struct peer_samples *all = ctx;
	struct peer_sample *s;
	char name[96], address[IP_TEXT_MAX];

	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 64;
		all->at = must_realloc(all->at, all->cap * sizeof(*all->at));
	}
	s = &all->at[all->n++];
	label(name, sizeof(name), p->name);
	snprintf(s->labels, sizeof(s->labels), "peer=\"%s\",address=\"%s\"", name,
	    ip_text(&p->address, address));
	s->established = p->state == SESSION_ESTABLISHED;
	s->uptime = p->uptime_ns / NS_PER_S;
	s->flaps = p->flaps;
	s->messages_in = p->messages_in;
	s->messages_out = p->messages_out;
	s->bytes_in = p->bytes_in;
	s->bytes_out = p->bytes_out;
	s->paths = p->paths_sent;
	s->behind = p->behind;
	s->malformed = p->malformed_in;
	s->group = p->group;
}

static void
write_peers(struct call *c) ON_WATCH
{
	struct peer_samples all = {.at = NULL};

	tcp_each_peer(c->sources->tcp, on_peer, &all);
	for (size_t k = 0; k < COUNT_OF(peer_series); k++) {
		bool counter = peer_series[k].counter;

		metrics_head(c->out, peer_series[k].family, counter ? "counter" : "gauge",
		    peer_series[k].help);
		for (unsigned i = 0; i < all.n; i++) {
			uint64_t value;

			memcpy(
			    &value, (char *)&all.at[i] + peer_series[k].offset, sizeof(value));
			evbuffer_add_printf(c->out, PREFIX "%s%s{%s} %" PRIu64 "\n",
			    peer_series[k].family, counter ? "_total" : "", all.at[i].labels,
			    value);
		}
	}
	free(all.at);
}

/* A family that has one series per class and address family. */
static void
write_classes(struct evbuffer *out, const char *family, const char *help,
    const uint64_t at[CLASS_COUNT][IP_FAMILIES])
{
	metrics_head(out, family, "gauge", help);
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			evbuffer_add_printf(out,
			    PREFIX "%s{class=\"%s\",family=\"%s\"} %" PRIu64 "\n", family,
			    prefix_class_names[k], ip_family_names[f], at[k][f]);
}

static void
write_paths(struct call *c) ON_WATCH
{
	struct path_counts counts;

	path_count(c->sources->rib, &counts);
	write_classes(c->out, "class_prefixes",
	    "Prefixes with at least one path, by class and family", counts.prefixes);
	write_classes(c->out, "class_paths", "Paths by class and family", counts.paths);
}

/* One sample of each cluster that is followed. */
struct cluster_sample {
	char label[96]; /* cluster="..." */
	struct stream_status stream;
	const struct cluster *tables;
};

static double
up(const struct cluster_sample *s)
{
	return s->stream.state == STREAM_SCANNING || s->stream.state == STREAM_FOLLOWING;
}

static double
caught_up(const struct cluster_sample *s)
{
	return s->stream.caught_up;
}

static double
lag(const struct cluster_sample *s)
{
	return (double)s->stream.lag;
}

static double
held_back(const struct cluster_sample *s)
{
	return (double)s->stream.held_back;
}

static double
last_input(const struct cluster_sample *s)
{
	return (double)(s->stream.last_input_ms / 1000);
}

static double
input_age(const struct cluster_sample *s)
{
	uint64_t now_ms = clock_wall_ns() / NS_PER_MS;

	return now_ms > s->stream.last_input_ms
	           ? (double)(now_ms - s->stream.last_input_ms) / 1e3
	           : 0;
}

static double
progress(const struct cluster_sample *s)
{
	return s->stream.progress;
}

static double
snapshot_bytes(const struct cluster_sample *s)
{
	return (double)s->stream.journal_bytes;
}

static double
from_snapshot(const struct cluster_sample *s)
{
	return s->stream.loaded && !s->stream.caught_up;
}

/* A gauge that has one series per cluster. */
static const struct {
	const char *family, *help;
	double (*value)(const struct cluster_sample *s);
	bool heard; /* only of a stream that has had an answer */
} cluster_series[] = {
    {"kafka_up", "1 while the stream's brokers and topic can be read", up, false},
    {"kafka_caught_up", "1 when every partition has reached its barrier", caught_up, false},
    {"kafka_lag_records", "Records between our positions and the partitions' ends", lag, false},
    {"kafka_held_back_records",
        "Records that a transaction that has been open for a while keeps from all readers",
        held_back, false},
    {"kafka_last_input_timestamp_seconds",
        "When the brokers last answered (records or end of partition), seconds since 1970",
        last_input, true},
    {"input_age_seconds", "Since the brokers last answered", input_age, true},
    {"local_snapshot_bytes", "Size of the local snapshot's file; 0: it is not written",
        snapshot_bytes, false},
    {"announcing_from_local_snapshot",
        "1 while what is announced is the local snapshot's, because the stream has not caught up yet",
        from_snapshot, false},
    {"kafka_scan_progress_ratio", "How much of the first scan is read", progress, false},
};

static void
write_objects(struct call *c, const struct cluster_sample *all)
{
	static const struct {
		const char *name;
		enum resource resource;
	} rows[] = {{"nodes", RESOURCE_NODE}, {"services", RESOURCE_SERVICE},
	    {"endpointslices", RESOURCE_SLICE}, {"servicecidrs", RESOURCE_CIDR},
	    {"bgpconfigurations", RESOURCE_BGPCONFIG}, {"bgppeers", RESOURCE_BGPPEER},
	    {"bgpfilters", RESOURCE_BGPFILTER}, {"ippools", RESOURCE_IPPOOL}};

	metrics_head(c->out, "cluster_objects", "gauge", "Kubernetes objects held");
	for (uint32_t i = 0; i < c->sources->n_clusters; i++)
		for (size_t k = 0; k < COUNT_OF(rows); k++)
			evbuffer_add_printf(c->out,
			    PREFIX "cluster_objects{%s,resource=\"%s\"} %" PRIu64 "\n",
			    all[i].label, rows[k].name,
			    (uint64_t)cluster_count(all[i].tables, rows[k].resource));
}

static void
write_clusters(struct call *c)
{
	struct cluster_sample *all = must_calloc(c->sources->n_clusters, sizeof(*all));

	for (uint32_t i = 0; i < c->sources->n_clusters; i++) {
		const struct watch_cluster *from = &c->sources->clusters[i];
		char name[80];

		label(name, sizeof(name), from->config->name);
		snprintf(all[i].label, sizeof(all[i].label), "cluster=\"%s\"", name);
		stream_status_read(from->stream, &all[i].stream);
		all[i].tables = from->cluster;
	}
	for (size_t k = 0; k < COUNT_OF(cluster_series); k++) {
		metrics_head(c->out, cluster_series[k].family, "gauge", cluster_series[k].help);
		for (uint32_t i = 0; i < c->sources->n_clusters; i++)
			if (!cluster_series[k].heard || all[i].stream.last_input_ms)
				evbuffer_add_printf(c->out, PREFIX "%s{%s} %.15g\n",
				    cluster_series[k].family, all[i].label,
				    cluster_series[k].value(&all[i]));
	}
	write_objects(c, all);
	free(all);
}

/* 48 bits of each digest: a number of Prometheus holds them exactly, and replicas are only compared. */
static void
write_digests(struct call *c)
{
	uint64_t digest[CLASS_COUNT][IP_FAMILIES];

	table_digests(c->sources->rib, digest);
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			digest[k][f] >>= 16;
	write_classes(c->out, "class_digest",
	    "A digest of all paths of a class and family: equal on replicas that announce the same",
	    digest);
}

static void
write_mode(struct call *c)
{
	metrics_head(
	    c->out, "mode", "gauge", "1 for the mode that an operator has ordered, or normal");
	for (int m = 0; m < MODES; m++)
		evbuffer_add_printf(c->out, PREFIX "mode{mode=\"%s\"} %d\n", mode_names[m],
		    c->sources->mode->mode == (enum mode)m);
}

static void
write_state(struct call *c)
{
	char why[512];

	metrics_head(c->out, "build", "info", "What runs here");
	evbuffer_add_printf(c->out, PREFIX "build_info{version=\"" HELIO_VERSION "\"} 1\n");
	gauge(c->out, "ready", "1 when all routes are complete (see /readyz)",
	    call_ready(c->sources, why, sizeof(why)));
	gauge(c->out, "table_version", "Version of the RIB",
	    (double)table_version(c->sources->rib));
}

static void
write_process(struct call *c)
{
	struct process_memory m;

	process_memory_read(&m);
	gauge(c->out, "resident_memory_bytes", "Resident memory of the process",
	    (double)m.resident);
	if (m.has_allocator) {
		gauge(c->out, "jemalloc_allocated_bytes", "Bytes in use by the program",
		    (double)m.allocated);
		gauge(c->out, "jemalloc_resident_bytes",
		    "Bytes that the allocator holds in memory", (double)m.held);
	}
	gauge(c->out, "rcu_backlog_objects", "Retired objects that wait for their grace period",
	    (double)rcu_backlog());
	gauge(c->out, "start_time_seconds", "When the process started, seconds since 1970",
	    (double)process_started_wall_ns() / 1e9);
}

void
metrics_write(struct call *c)
{
	c->type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
	write_rows(c->out);
	write_state(c);
	write_mode(c);
	write_clusters(c);
	write_paths(c);
	write_digests(c);
	if (c->sources->sets)
		sets_write_metrics(c);
	if (c->sources->replicas)
		replicas_write_metrics(c->sources->replicas, c);
	write_peers(c);
	write_process(c);
	evbuffer_add_printf(c->out, "# EOF\n");
}
