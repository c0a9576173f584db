/* SPDX-License-Identifier: Apache-2.0 */
/* summary, peers, groups, version, memory: the state of this process and its sessions. */
#include "change/stream.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/metric.h"
#include "core/rcu.h"
#include "tcp/tcp.h"
#include "watch/call.h"
#include "watch/count.h"
#include "watch/process.h"
#include "watch/sets.h"

#include <event2/event.h>

#include <string.h>
#include <unistd.h>

static void
write_id(struct json_out *j, const char *key, uint32_t id)
{
	struct ip_addr a = ip_v4(id);

	if (id)
		json_ip(j, key, &a);
	else
		json_put_null(j, key);
}

struct peer_writer {
	struct call *call;
	const char *only;
	struct path_counts counts; /* what a peer that has everything was sent */
	unsigned n;
};

static bool
is_wanted(const char *only, const struct peer_info *p)
{
	char text[IP_TEXT_MAX];

	return !only || strcmp(only, p->name) == 0 ||
	       strcmp(only, ip_text(&p->address, text)) == 0;
}

static void
write_families(struct json_out *j, const struct peer_info *p)
{
	json_begin_array(j, "families");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (p->families[f])
			json_str(j, NULL, ip_family_names[f]);
	json_end(j);
	json_begin_array(j, "add_path");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (p->add_path[f])
			json_str(j, NULL, ip_family_names[f]);
	json_end(j);
}

/* How many paths the peer has of us: known once it has everything. */
static void
write_advertised(
    struct json_out *j, const struct peer_info *p, const struct path_counts *counts)
{
	uint64_t n = 0;

	if (p->state != SESSION_ESTABLISHED || p->behind > 0) {
		json_put_null(j, "paths_advertised");
		return;
	}
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (p->families[f])
			n += p->add_path[f] ? counts->all_paths[f] : counts->all_prefixes[f];
	json_u64(j, "paths_advertised", n);
}

static void
write_identity(struct json_out *j, const struct peer_info *p)
{
	json_str(j, "name", p->name);
	json_ip(j, "address", &p->address);
	json_u64(j, "port", p->port);
	if (p->local.family == IP_NONE)
		json_put_null(j, "local_address");
	else
		json_ip(j, "local_address", &p->local);
	json_u64(j, "local_port", p->local_port);
	json_u64(j, "as", p->as);
	json_u64(j, "local_as", p->local_as);
	write_id(j, "router_id", p->router_id);
	json_str(j, "host", p->host);
	json_str(j, "rack", p->rack);
	json_str(j, "view", *p->view ? p->view : "all");
	json_bool(j, "dynamic", p->dynamic);
	json_bool(j, "passive", p->passive);
	json_bool(j, "outgoing", p->outgoing);
}

static void
write_counters(struct json_out *j, const struct peer_info *p)
{
	json_u64(j, "messages_received", p->messages_in);
	json_u64(j, "messages_sent", p->messages_out);
	json_u64(j, "bytes_received", p->bytes_in);
	json_u64(j, "bytes_sent", p->bytes_out);
	json_u64(j, "updates_received", p->updates_in);
	json_u64(j, "refreshes_received", p->refreshes_in);
	json_u64(j, "malformed_received", p->malformed_in);
	json_u64(j, "paths_sent", p->paths_sent);
	json_u64(j, "table_version", p->reached);
	json_u64(j, "behind", p->behind);
	json_u64(j, "established_times", p->established);
	json_u64(j, "flaps", p->flaps);
	json_u64(j, "group", p->group);
	json_u64(j, "thread", p->thread);
}

static void
on_peer(void *ctx, const struct peer_info *p)
{
	struct peer_writer *w = ctx;
	struct json_out *j = &w->call->json;
	uint64_t now = clock_mono_ns();

	if (!is_wanted(w->only, p))
		return;
	w->n++;
	json_begin_object(j, NULL);
	write_identity(j, p);
	json_str(j, "state", p->state_name);
	call_seconds(
	    w->call, "state_seconds", now > p->state_since_ns ? now - p->state_since_ns : 0);
	call_seconds(w->call, "uptime_seconds", p->uptime_ns);
	call_seconds(w->call, "established_at", p->established_wall_ns);
	json_u64(j, "hold_time", p->hold_time);
	write_families(j, p);
	json_bool(j, "extended_messages", p->extended);
	json_bool(j, "graceful_restart", p->graceful_restart);
	write_advertised(j, p, &w->counts);
	write_counters(j, p);
	json_str(j, "last_error", p->last_error);
	json_str(j, "notification_sent", p->notification_sent);
	json_str(j, "notification_received", p->notification_received);
	json_end(j);
}

unsigned
call_write_peers(struct call *c, const char *only)
{
	struct peer_writer w = {.call = c, .only = only};

	path_count(c->sources->rib, &w.counts);
	json_begin_array(&c->json, "peers");
	tcp_each_peer(c->sources->tcp, on_peer, &w);
	json_end(&c->json);
	return w.n;
}

static void
write_self(struct call *c)
{
	struct json_out *j = &c->json;
	const struct config *config = c->sources->config;
	char why[512];
	bool ready = call_ready(c->sources, why, sizeof(why));

	json_str(j, "version", HELIO_VERSION);
	write_id(j, "router_id", config->router_id);
	json_u64(j, "local_as", config->local_as);
	write_id(j, "cluster_id", config->cluster_id);
	call_seconds(c, "uptime_seconds", process_uptime_ns());
	json_bool(j, "ready", ready);
	json_str(j, "not_ready_because", ready ? NULL : why);
	call_write_mode(c);
	call_write_drain(c);
}

static void
write_rib(struct call *c) ON_WATCH
{
	struct json_out *j = &c->json;
	struct path_counts counts;

	path_count(c->sources->rib, &counts);
	json_begin_object(j, "rib");
	json_u64(j, "version", table_version(c->sources->rib));
	json_begin_object(j, "prefixes");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		json_u64(j, ip_family_names[f], counts.all_prefixes[f]);
	json_end(j);
	json_begin_object(j, "paths");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		json_u64(j, ip_family_names[f], counts.all_paths[f]);
	json_end(j);
	json_begin_array(j, "classes");
	for (unsigned k = 0; k < CLASS_COUNT; k++) {
		json_begin_object(j, NULL);
		json_str(j, "class", prefix_class_names[k]);
		json_u64(j, "prefixes", counts.prefixes[k][0] + counts.prefixes[k][1]);
		json_u64(j, "paths", counts.paths[k][0] + counts.paths[k][1]);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void
write_clusters(struct call *c)
{
	struct json_out *j = &c->json;

	json_begin_array(j, "clusters");
	for (uint32_t i = 0; i < c->sources->n_clusters; i++) {
		const struct watch_cluster *at = &c->sources->clusters[i];

		json_begin_object(j, NULL);
		json_str(j, "name", at->config->name);
		json_u64(j, "preference", at->config->preference);
		json_begin_object(j, "stream");
		call_write_stream(c, at->stream);
		json_end(j);
		json_begin_object(j, "objects");
		json_u64(j, "nodes", cluster_count(at->cluster, RESOURCE_NODE));
		json_u64(j, "services", cluster_count(at->cluster, RESOURCE_SERVICE));
		json_u64(j, "endpointslices", cluster_count(at->cluster, RESOURCE_SLICE));
		json_u64(j, "servicecidrs", cluster_count(at->cluster, RESOURCE_CIDR));
		for (enum resource r = RESOURCE_BGPCONFIG; resource_is_calico(r); r++)
			json_u64(j, resource_rows[r].plural, cluster_count(at->cluster, r));
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

void
api_summary(struct call *c)
{
	struct json_out *j = &c->json;
	struct tcp_totals totals = tcp_totals(c->sources->tcp);

	json_begin_object(j, NULL);
	write_self(c);
	write_clusters(c);
	write_rib(c);
	json_u64(j, "peers_known", totals.peers);
	json_u64(j, "peers_established", totals.established);
	call_write_peers(c, NULL);
	json_end(j);
}

void
api_peers(struct call *c)
{
	json_begin_object(&c->json, NULL);
	if (call_write_peers(c, c->query.peer) == 0 && c->query.peer) {
		/* Nothing of it was sent yet: answer with the error instead. */
		evbuffer_drain(c->out, evbuffer_get_length(c->out));
		json_out_init(&c->json, c->json.sink, c->json.ctx);
		call_fail(c, 404, "no peer has the name or address \"%.80s\"", c->query.peer);
		return;
	}
	json_end(&c->json);
}

/* The rules as they are for this group; racks and zones as their hashes, since names are the peers'. */
static void
write_view(struct json_out *j, const struct view *v)
{
	static const char *const prefers[] = {[VIEW_PREFER_NONE] = "none",
	    [VIEW_PREFER_RACK] = "rack",
	    [VIEW_PREFER_ZONE] = "zone"};

	json_begin_object(j, "view");
	json_u64(j, "max_next_hops", v->max);
	json_str(j, "prefer", prefers[v->prefer]);
	json_bool(j, "only", v->only);
	if (v->only)
		json_u64(j, "min_next_hops", v->min);
	json_u64(j, "variant", v->variant);
	json_u64(j, "variants", v->variants ? v->variants : 1);
	json_bool(j, "weight", v->weight);
	json_end(j);
}

static void
on_group(void *ctx, const struct group_info *g)
{
	struct json_out *j = ctx;

	json_begin_object(j, NULL);
	json_u64(j, "id", g->id);
	json_begin_array(j, "families");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (g->format.family[f])
			json_str(j, NULL, ip_family_names[f]);
	json_end(j);
	json_begin_array(j, "add_path");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (g->format.add_path[f])
			json_str(j, NULL, ip_family_names[f]);
	json_end(j);
	json_bool(j, "extended_messages", g->format.extended);
	json_bool(j, "four_octet_as", g->format.as4);
	json_bool(j, "ebgp", g->format.ebgp);
	write_view(j, &g->format.view);
	json_u64(j, "members", g->members);
	json_u64(j, "window_chunks", g->window_chunks);
	json_u64(j, "window_bytes", g->window_bytes);
	json_u64(j, "snapshot_version", g->snapshot_version);
	json_u64(j, "snapshot_bytes", g->snapshot_bytes);
	json_u64(j, "packed_version", g->packed);
	json_u64(j, "behind", g->table_version > g->packed ? g->table_version - g->packed : 0);
	json_u64(j, "chunks_made", g->chunks_made);
	json_u64(j, "bytes_made", g->bytes_made);
	json_end(j);
}

void
api_groups(struct call *c)
{
	json_begin_object(&c->json, NULL);
	json_u64(&c->json, "table_version", table_version(c->sources->rib));
	json_begin_array(&c->json, "groups");
	ribout_each(c->sources->ribout, on_group, &c->json);
	json_end(&c->json);
	json_end(&c->json);
}

void
api_version(struct call *c)
{
	json_begin_object(&c->json, NULL);
	json_str(&c->json, "version", HELIO_VERSION);
	json_i64(&c->json, "pid", getpid());
	call_seconds(c, "started_at", process_started_wall_ns());
	call_seconds(c, "uptime_seconds", process_uptime_ns());
	json_str(&c->json, "libevent", event_get_version());
	json_end(&c->json);
}

void
api_memory(struct call *c)
{
	struct json_out *j = &c->json;
	struct process_memory m;

	process_memory_read(&m);
	json_begin_object(j, NULL);
	json_u64(j, "resident_bytes", m.resident);
	json_u64(j, "shared_bytes", m.shared);
	if (m.has_allocator) {
		json_u64(j, "allocated_bytes", m.allocated);
		json_u64(j, "active_bytes", m.active);
		json_u64(j, "allocator_resident_bytes", m.held);
	}
	json_u64(j, "rcu_backlog", rcu_backlog());
	json_i64(j, "chunks", metric_read(METRIC_CHUNKS));
	json_i64(j, "chunk_bytes", metric_read(METRIC_CHUNK_BYTES));
	json_u64(j, "tally_bytes", sets_memory_bytes(c->sources->sets));
	json_i64(j, "paths", metric_read(METRIC_PATHS));
	json_i64(j, "path_tombstones", metric_read(METRIC_TOMBSTONES));
	json_end(j);
}
