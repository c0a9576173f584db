/* SPDX-License-Identifier: Apache-2.0 */
/* The same objects as JSON: what a person with a console producer would write. */
#include "core/json_out.h"
#include "encode.h"

#include <stdlib.h>
#include <string.h>

struct text {
	struct arena *arena;
	char *bytes;
	size_t n, room;
};

static void
on_json(void *ctx, const char *piece, size_t n)
{
	struct text *t = ctx;

	if (t->n + n > t->room) {
		size_t room = (t->n + n) * 2;
		char *bigger = arena_alloc(t->arena, room);

		if (t->n)
			memcpy(bigger, t->bytes, t->n);
		t->bytes = bigger;
		t->room = room;
	}
	memcpy(t->bytes + t->n, piece, n);
	t->n += n;
}

/* Opens metadata; the caller adds labels and closes it. */
static void
open_meta(struct json_out *j, struct encoder *e, struct object_ref ref)
{
	struct object_meta m = encode_meta(e, ref);

	json_begin_object(j, "metadata");
	json_str(j, "name", m.name);
	if (m.ns)
		json_str(j, "namespace", m.ns);
	json_str(j, "uid", m.uid);
	json_str(j, "resourceVersion", m.version);
	json_begin_object(j, "labels");
}

static void
close_meta(struct json_out *j)
{
	json_end(j);
	json_end(j);
}

static void
put_type_status(struct json_out *j, const char *type, const char *field, const char *value)
{
	json_begin_object(j, NULL);
	json_str(j, "type", type);
	json_str(j, field, value);
	json_end(j);
}

static void
put_node_spec(struct json_out *j, const struct bench_node *n)
{
	json_begin_object(j, "spec");
	if (n->cordoned)
		json_bool(j, "unschedulable", true);
	json_begin_array(j, "podCIDRs");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (n->pod_cidr[f].addr.family != IP_NONE)
			json_prefix(j, NULL, &n->pod_cidr[f]);
	json_end(j);
	if (n->deleting) {
		json_begin_array(j, "taints");
		json_begin_object(j, NULL);
		json_str(j, "key", "ToBeDeletedByClusterAutoscaler");
		json_str(j, "effect", "NoSchedule");
		json_end(j);
		json_end(j);
	}
	json_end(j);
}

static void
put_node(struct json_out *j, struct encoder *e, struct object_ref ref)
{
	const struct bench_node *n = &e->cluster->nodes[ref.index];
	char buf[IP_TEXT_MAX];

	open_meta(j, e, ref);
	json_str(j, "topology.kubernetes.io/zone", n->zone);
	json_str(j, "topology.kubernetes.io/rack", n->rack);
	if (n->exclude)
		json_str(j, "node.kubernetes.io/exclude-from-external-load-balancers",
		    n->exclude_value ? n->exclude_value : "");
	close_meta(j);
	put_node_spec(j, n);
	json_begin_object(j, "status");
	json_begin_array(j, "addresses");
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (n->ip[f].family != IP_NONE)
			put_type_status(j, "InternalIP", "address", ip_text(&n->ip[f], buf));
	put_type_status(j, "Hostname", "address", n->name);
	json_end(j);
	json_begin_array(j, "conditions");
	put_type_status(
	    j, "NetworkUnavailable", "status", n->network_unavailable ? "True" : "False");
	put_type_status(j, "Ready", "status", n->not_ready ? "False" : "True");
	json_end(j);
	json_end(j);
}

static void
put_cluster_ips(struct json_out *j, const struct bench_service *s)
{
	json_begin_array(j, "clusterIPs");
	if (s->headless)
		json_str(j, NULL, "None");
	for (unsigned f = 0; f < IP_FAMILIES && !s->headless; f++)
		if (s->cluster_ips[f].family != IP_NONE)
			json_ip(j, NULL, &s->cluster_ips[f]);
	json_end(j);
	json_begin_array(j, "ipFamilies");
	for (unsigned f = 0; f < IP_FAMILIES && !s->headless; f++)
		if (s->cluster_ips[f].family != IP_NONE)
			json_str(j, NULL, s->cluster_ips[f].family == IP_V4 ? "IPv4" : "IPv6");
	json_end(j);
}

static void
put_service(struct json_out *j, struct encoder *e, struct object_ref ref)
{
	const struct bench_service *s = &e->cluster->services[ref.index];
	const char *type = encode_service_type(s);

	open_meta(j, e, ref);
	close_meta(j);
	json_begin_object(j, "spec");
	json_str(j, "type", type);
	json_str(j, "internalTrafficPolicy", s->internal_local ? "Local" : "Cluster");
	if (strcmp(type, "NodePort") == 0 || strcmp(type, "LoadBalancer") == 0)
		json_str(j, "externalTrafficPolicy", s->external_local ? "Local" : "Cluster");
	if (s->external_name)
		json_str(j, "externalName", "elsewhere.example.com");
	else
		put_cluster_ips(j, s);
	json_begin_array(j, "externalIPs");
	for (unsigned i = 0; i < s->external_ip_count; i++)
		json_ip(j, NULL, &s->external_ips[i]);
	json_end(j);
	json_end(j);
	json_begin_object(j, "status");
	json_begin_object(j, "loadBalancer");
	json_begin_array(j, "ingress");
	for (unsigned i = 0; i < s->lb_ip_count; i++) {
		json_begin_object(j, NULL);
		json_ip(j, "ip", &s->lb_ips[i]);
		json_end(j);
	}
	json_end(j);
	json_end(j);
	json_end(j);
}

static void
put_condition(struct json_out *j, const char *key, uint8_t value)
{
	if (value != TRI_ABSENT)
		json_bool(j, key, value == TRI_TRUE);
}

static void
put_slice(struct json_out *j, struct encoder *e, struct object_ref ref)
{
	const struct bench_service *s = &e->cluster->services[ref.index];
	const struct bench_slice *slice = &s->slices[ref.slice];

	open_meta(j, e, ref);
	json_str(j, "kubernetes.io/service-name", s->name);
	close_meta(j);
	json_str(j, "addressType", slice->family == IP_V4 ? "IPv4" : "IPv6");
	json_begin_array(j, "endpoints");
	for (uint32_t i = 0; i < slice->count; i++) {
		const struct bench_endpoint *ep = &slice->endpoints[i];
		const char *node = encode_endpoint_node(e->cluster, ep);

		json_begin_object(j, NULL);
		json_begin_array(j, "addresses");
		json_ip(j, NULL, &ep->addr);
		json_end(j);
		json_begin_object(j, "conditions");
		put_condition(j, "ready", ep->ready);
		put_condition(j, "serving", ep->serving);
		put_condition(j, "terminating", ep->terminating);
		json_end(j);
		if (node)
			json_str(j, "nodeName", node);
		json_end(j);
	}
	json_end(j);
}

const uint8_t *
encode_json(struct encoder *e, struct object_ref ref, size_t *n)
{
	struct text t = {.arena = &e->arena};
	struct json_out j;

	json_out_init(&j, on_json, &t);
	json_begin_object(&j, NULL);
	json_str(&j, "apiVersion", resource_rows[ref.resource].api_version);
	json_str(&j, "kind", resource_rows[ref.resource].kind);
	if (ref.resource == RESOURCE_NODE)
		put_node(&j, e, ref);
	else if (ref.resource == RESOURCE_SERVICE)
		put_service(&j, e, ref);
	else
		put_slice(&j, e, ref);
	json_end(&j);
	json_out_flush(&j);
	*n = t.n;
	return (const uint8_t *)t.bytes;
}
