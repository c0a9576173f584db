/* SPDX-License-Identifier: Apache-2.0 */
/* kafka, nodes, services: what comes in, as the tables hold it. */
#include "change/stream.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "core/clock.h"
#include "watch/call.h"

#include <stdlib.h>
#include <string.h>

static const char *const conditions[] = {
    [CONDITION_UNKNOWN] = "unknown", [CONDITION_FALSE] = "false", [CONDITION_TRUE] = "true"};
static const char *const policies[] = {[POLICY_CLUSTER] = "Cluster", [POLICY_LOCAL] = "Local"};
static const char *const service_types[] = {[SERVICE_CLUSTER_IP] = "ClusterIP",
    [SERVICE_NODE_PORT] = "NodePort",
    [SERVICE_LOAD_BALANCER] = "LoadBalancer",
    [SERVICE_EXTERNAL_NAME] = "ExternalName"};

static void
write_ms(struct json_out *j, const char *key, uint64_t ms)
{
	if (ms)
		json_f64(j, key, (double)ms / 1e3);
	else
		json_put_null(j, key);
}

void
call_write_stream(struct call *c, const struct stream *stream)
{
	struct json_out *j = &c->json;
	struct stream_status s;
	uint64_t now_ms = clock_wall_ns() / NS_PER_MS;

	stream_status_read(stream, &s);
	json_str(j, "state", stream_state_text(s.state));
	json_bool(j, "embedded", s.embedded);
	json_str(j, "brokers", s.brokers);
	json_str(j, "topic", s.topic);
	json_bool(j, "caught_up", s.caught_up);
	json_bool(j, "loaded_local_snapshot", s.loaded);
	json_u64(j, "local_snapshot_records", s.loaded_records);
	json_f64(j, "local_snapshot_age_seconds", (double)s.loaded_age_ms / 1e3);
	json_u64(j, "local_snapshot_bytes", s.journal_bytes);
	json_f64(j, "scan_progress", s.progress);
	json_i64(j, "lag", s.lag);
	json_i64(j, "held_back", s.held_back);
	write_ms(j, "last_input_at", s.last_input_ms);
	if (s.last_input_ms)
		json_f64(j, "input_age_seconds",
		    now_ms > s.last_input_ms ? (double)(now_ms - s.last_input_ms) / 1e3 : 0);
	else
		json_put_null(j, "input_age_seconds");
	json_u64(j, "records", s.records);
	json_u64(j, "bytes", s.bytes);
	json_u64(j, "skipped", s.skipped);
	json_u64(j, "quarantined", s.quarantined);
	json_u64(j, "rescans", s.rescans);
	json_u64(j, "outages", s.outages);
	json_str(j, "last_error", s.last_error);
	write_ms(j, "last_error_at", s.last_error_ms);
}

static void
write_quarantine(struct call *c, const struct stream *stream)
{
	struct json_out *j = &c->json;
	struct stream_quarantined *q = must_calloc(STREAM_QUARANTINE_SHOWN, sizeof(*q));
	uint32_t n = stream_quarantine_read(stream, q, STREAM_QUARANTINE_SHOWN);

	json_begin_array(j, "quarantine");
	for (uint32_t i = 0; i < n; i++) {
		json_begin_object(j, NULL);
		json_str(j, "key", q[i].key);
		json_str(j, "reason", q[i].reason);
		json_i64(j, "partition", q[i].partition);
		json_i64(j, "offset", q[i].offset);
		write_ms(j, "at", q[i].wall_ms);
		json_end(j);
	}
	json_end(j);
	free(q);
}

static void
write_partitions(struct call *c, const struct stream *stream)
{
	struct json_out *j = &c->json;
	struct stream_status s;

	stream_status_read(stream, &s);
	json_begin_array(j, "partitions");
	for (uint32_t i = 0; i < s.partitions; i++) {
		struct stream_partition_status p;

		stream_partition_read(stream, i, &p);
		json_begin_object(j, NULL);
		json_u64(j, "partition", i);
		json_i64(j, "first", p.first);
		json_i64(j, "position", p.position);
		json_i64(j, "end", p.end);
		json_i64(j, "lag", p.lag);
		json_i64(j, "held_back", p.held_back);
		json_bool(j, "caught_up", p.caught_up);
		json_end(j);
	}
	json_end(j);
}

void
api_kafka(struct call *c)
{
	struct json_out *j = &c->json;

	if (!call_clusters(c))
		return;
	json_begin_object(j, NULL);
	json_begin_array(j, "clusters");
	for (; c->walk.cluster < c->walk.clusters_end; c->walk.cluster++) {
		const struct watch_cluster *at = call_cluster(c);

		json_begin_object(j, NULL);
		json_str(j, "name", at->config->name);
		json_u64(j, "preference", at->config->preference);
		call_write_stream(c, at->stream);
		write_partitions(c, at->stream);
		write_quarantine(c, at->stream);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void
write_node(struct call *c, const struct node *n) RCU_READER
{
	struct json_out *j = &c->json;
	const struct config_advertise *config = &call_cluster(c)->config->advertise;

	json_begin_object(j, NULL);
	json_str(j, "cluster", call_cluster(c)->config->name);
	json_str(j, "name", n->object.name);
	json_begin_array(j, "addresses");
	for (unsigned i = 0; i < n->n_addresses; i++)
		if (n->addresses[i].type == NODE_ADDRESS_INTERNAL)
			json_ip(j, NULL, &n->addresses[i].ip);
	json_end(j);
	json_str(j, "ready", conditions[n->ready]);
	json_str(j, "network_unavailable", conditions[n->network_unavailable]);
	json_bool(j, "unschedulable", n->unschedulable);
	json_bool(j, "excluded",
	    labels_find(&n->labels, "node.kubernetes.io/exclude-from-external-load-balancers"));
	json_str(j, "rack", labels_find(&n->labels, config->rack_label));
	json_str(j, "zone", labels_find(&n->labels, config->zone_label));
	json_begin_array(j, "taints");
	for (unsigned i = 0; i < n->n_taints; i++)
		json_str(j, NULL, n->taints[i].key);
	json_end(j);
	json_begin_array(j, "pod_cidrs");
	for (unsigned i = 0; i < n->n_pod_cidrs; i++)
		json_prefix(j, NULL, &n->pod_cidrs[i]);
	json_end(j);
	json_u64(j, "resource_version", n->object.resource_version);
	json_end(j);
	call_newline(c);
}

static void
write_addresses(struct json_out *j, const char *key, const struct ip_addr *at, unsigned n)
{
	json_begin_array(j, key);
	for (unsigned i = 0; i < n; i++)
		json_ip(j, NULL, &at[i]);
	json_end(j);
}

static void
write_endpoints(struct call *c, uint32_t service) RCU_READER
{
	const struct service_slices *slices =
	    cluster_service_slices(call_cluster(c)->cluster, service);
	uint64_t total = 0, ready = 0;

	for (uint32_t i = 0; slices && i < slices->n; i++) {
		const struct slice *s =
		    cluster_slice(call_cluster(c)->cluster, slices->slice[i]);

		for (uint32_t k = 0; s && k < s->n_endpoints; k++) {
			total++;
			ready += (slice_endpoint(s, k)->flags & ENDPOINT_READY) != 0;
		}
	}
	json_u64(&c->json, "slices", slices ? slices->n : 0);
	json_u64(&c->json, "endpoints", total);
	json_u64(&c->json, "ready_endpoints", ready);
}

static void
write_service(struct call *c, uint32_t index, const struct service *s) RCU_READER
{
	struct json_out *j = &c->json;

	json_begin_object(j, NULL);
	json_str(j, "cluster", call_cluster(c)->config->name);
	json_str(j, "namespace", s->object.ns);
	json_str(j, "name", s->object.name);
	json_str(j, "type", service_types[s->type]);
	json_bool(j, "headless", s->headless);
	write_addresses(j, "cluster_ips", s->cluster_ips, s->n_cluster_ips);
	write_addresses(j, "external_ips", s->external_ips, s->n_external_ips);
	json_begin_array(j, "load_balancer_ips");
	for (unsigned i = 0; i < s->n_ingress; i++)
		json_ip(j, NULL, &s->ingress[i].ip);
	json_end(j);
	json_str(j, "external_traffic_policy", policies[s->external_traffic_policy]);
	json_str(j, "internal_traffic_policy", policies[s->internal_traffic_policy]);
	json_str(j, "load_balancer_class", s->load_balancer_class);
	write_endpoints(c, index);
	json_u64(j, "resource_version", s->object.resource_version);
	json_end(j);
	call_newline(c);
}

/* Some entries in one read side; returns how many indices it went over. */
static uint32_t
write_some_nodes(struct call *c, uint32_t bound) RCU_READER
{
	uint32_t at = c->walk.at, n = 0;

	for (; at < bound && n < CALL_PAGE_STEPS && !call_page_full(c); at++, n++) {
		const struct node *node = cluster_node(call_cluster(c)->cluster, at);

		if (node)
			write_node(c, node);
	}
	return n;
}

static uint32_t
write_some_services(struct call *c, uint32_t bound) RCU_READER
{
	uint32_t at = c->walk.at, n = 0;

	/* Each walks its slices: fewer in one read side. */
	for (; at < bound && n < CALL_PAGE_STEPS / 8 && !call_page_full(c); at++, n++) {
		const struct service *service = cluster_service(call_cluster(c)->cluster, at);

		if (service)
			write_service(c, at, service);
	}
	return n;
}

/* Page through the tables of one cluster after the other; some: writes a few entries. */
static bool
page_clusters(struct call *c, uint32_t (*bound_of)(const struct cluster *),
    uint32_t (*some)(struct call *, uint32_t))
{
	while (c->walk.cluster < c->walk.clusters_end) {
		uint32_t bound = bound_of(call_cluster(c)->cluster);

		while (c->walk.at < bound && !call_page_full(c)) {
			rcu_enter();
			c->walk.at += some(c, bound);
			rcu_leave();
		}
		if (c->walk.at < bound)
			return true;
		c->walk.cluster++;
		c->walk.at = 0;
	}
	json_end(&c->json);
	json_end(&c->json);
	return false;
}

static bool
page_nodes(struct call *c)
{
	return page_clusters(c, cluster_nodes_bound, write_some_nodes);
}

static bool
page_services(struct call *c)
{
	return page_clusters(c, cluster_services_bound, write_some_services);
}

static void
begin_list(struct call *c, const char *key, bool (*page)(struct call *c))
{
	if (!call_clusters(c))
		return;
	json_begin_object(&c->json, NULL);
	json_begin_array(&c->json, key);
	call_newline(c);
	c->page = page;
}

void
api_nodes(struct call *c)
{
	begin_list(c, "nodes", page_nodes);
}

void
api_services(struct call *c)
{
	begin_list(c, "services", page_services);
}
