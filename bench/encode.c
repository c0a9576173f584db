/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, metadata, and the protobuf form; the JSON form is in encode_json.c. */
#include "encode.h"

#include "core/clock.h"
#include "core/hash.h"
#include "k8s/core.pb-c.h"
#include "k8s/discovery.pb-c.h"
#include "schema/value.h"

#include <protobuf-c/protobuf-c.h>

#include <stdio.h>
#include <string.h>

/* protobuf-c's structs hold char * for what it only reads. */
#define TEXT(s) ((char *)(uintptr_t)(s))

void
encoder_init(struct encoder *e, const struct cluster *cluster, enum encode_style style)
{
	/* Microseconds of wall time: newer than anything an earlier run wrote to the topic. */
	*e = (struct encoder){
	    .style = style, .cluster = cluster, .version = clock_wall_ns() / 1000};
	arena_init(&e->arena);
}

void
encoder_fini(struct encoder *e)
{
	arena_fini(&e->arena);
}

static const char *
uid_text(struct encoder *e, struct object_ref ref)
{
	uint64_t h = hash_two(e->cluster->seed, (uint64_t)ref.resource << 32 | ref.index);
	char buf[48];
	int n;

	h = hash_two(h, ref.slice);
	n = snprintf(buf, sizeof(buf), "%08x-0000-4000-8000-%012llx", (uint32_t)(h >> 32),
	    (unsigned long long)(hash_mix(h) & 0xffffffffffffull));
	return arena_strndup(&e->arena, buf, (size_t)n);
}

struct object_meta
encode_meta(struct encoder *e, struct object_ref ref)
{
	struct object_meta m = {.uid = uid_text(e, ref)};
	char buf[CLUSTER_NAME_MAX * 2];
	int n = snprintf(buf, sizeof(buf), "%llu", (unsigned long long)e->version);

	m.version = arena_strndup(&e->arena, buf, (size_t)n);
	if (ref.resource == RESOURCE_NODE) {
		m.name = e->cluster->nodes[ref.index].name;
		return m;
	}
	const struct bench_service *s = &e->cluster->services[ref.index];

	m.ns = s->ns;
	m.name = s->name;
	if (ref.resource == RESOURCE_SLICE) {
		cluster_slice_name(s, ref.slice, buf);
		m.name = arena_strndup(&e->arena, buf, strlen(buf));
	}
	return m;
}

const char *
encode_addr(struct encoder *e, const struct ip_addr *a)
{
	char buf[IP_TEXT_MAX];

	ip_text(a, buf);
	return arena_strndup(&e->arena, buf, strlen(buf));
}

const char *
encode_endpoint_node(const struct cluster *c, const struct bench_endpoint *ep)
{
	if (ep->node < c->node_count)
		return c->nodes[ep->node].name;
	return ep->node == CLUSTER_UNKNOWN_NODE ? "node-never-listed" : NULL;
}

const char *
encode_service_type(const struct bench_service *s)
{
	if (s->external_name)
		return "ExternalName";
	if (s->lb_ip_count)
		return "LoadBalancer";
	/* Kubernetes allows externalTrafficPolicy only where traffic can come from outside. */
	return s->external_local ? "NodePort" : "ClusterIP";
}

/* Room for n pointers to messages, each pointing at its own zeroed struct of `size` bytes. */
static void **
messages(struct encoder *e, size_t n, size_t size)
{
	void **list = arena_alloc(&e->arena, (n + 1) * sizeof(*list));
	char *block = arena_zalloc(&e->arena, (n + 1) * size);

	for (size_t i = 0; i < n; i++)
		list[i] = block + i * size;
	return list;
}

static K8s__StringEntry *
entry(struct encoder *e, const char *key, const char *value)
{
	K8s__StringEntry *s = arena_alloc(&e->arena, sizeof(*s));

	k8s__string_entry__init(s);
	s->key = TEXT(key);
	s->value = TEXT(value);
	return s;
}

static K8s__ObjectMeta *
pack_meta(struct encoder *e, struct object_ref ref)
{
	struct object_meta text = encode_meta(e, ref);
	K8s__ObjectMeta *m = arena_alloc(&e->arena, sizeof(*m));

	k8s__object_meta__init(m);
	m->name = TEXT(text.name);
	m->namespace_ = TEXT(text.ns);
	m->uid = TEXT(text.uid);
	m->resourceversion = TEXT(text.version);
	return m;
}

static void
pack_node_labels(struct encoder *e, const struct bench_node *n, K8s__ObjectMeta *meta)
{
	meta->labels = arena_alloc(&e->arena, 3 * sizeof(*meta->labels));
	meta->labels[meta->n_labels++] = entry(e, "topology.kubernetes.io/zone", n->zone);
	meta->labels[meta->n_labels++] = entry(e, "topology.kubernetes.io/rack", n->rack);
	if (n->exclude)
		meta->labels[meta->n_labels++] =
		    entry(e, "node.kubernetes.io/exclude-from-external-load-balancers",
		        n->exclude_value ? n->exclude_value : "");
}

static K8s__NodeSpec *
pack_node_spec(struct encoder *e, const struct bench_node *n)
{
	K8s__NodeSpec *spec = arena_alloc(&e->arena, sizeof(*spec));

	k8s__node_spec__init(spec);
	spec->has_unschedulable = n->cordoned;
	spec->unschedulable = n->cordoned;
	spec->podcidrs = arena_alloc(&e->arena, IP_FAMILIES * sizeof(*spec->podcidrs));
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		char buf[IP_TEXT_MAX];

		if (n->pod_cidr[f].addr.family == IP_NONE)
			continue;
		ip_prefix_text(&n->pod_cidr[f], buf);
		spec->podcidrs[spec->n_podcidrs++] = arena_strndup(&e->arena, buf, strlen(buf));
	}
	if (spec->n_podcidrs)
		spec->podcidr = spec->podcidrs[0];
	if (n->deleting) {
		spec->n_taints = 1;
		spec->taints = (K8s__Taint **)messages(e, 1, sizeof(K8s__Taint));
		k8s__taint__init(spec->taints[0]);
		spec->taints[0]->key = TEXT("ToBeDeletedByClusterAutoscaler");
		spec->taints[0]->effect = TEXT("NoSchedule");
	}
	return spec;
}

static K8s__NodeStatus *
pack_node_status(struct encoder *e, const struct bench_node *n)
{
	K8s__NodeStatus *status = arena_alloc(&e->arena, sizeof(*status));
	K8s__NodeAddress **a = (K8s__NodeAddress **)messages(e, IP_FAMILIES + 1, sizeof(**a));
	K8s__NodeCondition **c = (K8s__NodeCondition **)messages(e, 2, sizeof(**c));

	k8s__node_status__init(status);
	status->addresses = a;
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		if (n->ip[f].family == IP_NONE)
			continue;
		K8s__NodeAddress *address = a[status->n_addresses++];

		k8s__node_address__init(address);
		address->type = TEXT("InternalIP");
		address->address = TEXT(encode_addr(e, &n->ip[f]));
	}
	k8s__node_address__init(a[status->n_addresses]);
	a[status->n_addresses]->type = TEXT("Hostname");
	a[status->n_addresses++]->address = TEXT(n->name);
	for (unsigned i = 0; i < 2; i++)
		k8s__node_condition__init(c[i]);
	c[0]->type = TEXT("NetworkUnavailable");
	c[0]->status = TEXT(n->network_unavailable ? "True" : "False");
	c[1]->type = TEXT("Ready");
	c[1]->status = TEXT(n->not_ready ? "False" : "True");
	status->conditions = c;
	status->n_conditions = 2;
	return status;
}

static ProtobufCMessage *
pack_node(struct encoder *e, struct object_ref ref)
{
	const struct bench_node *n = &e->cluster->nodes[ref.index];
	K8s__Node *m = arena_alloc(&e->arena, sizeof(*m));

	k8s__node__init(m);
	m->metadata = pack_meta(e, ref);
	pack_node_labels(e, n, m->metadata);
	m->spec = pack_node_spec(e, n);
	m->status = pack_node_status(e, n);
	return &m->base;
}

static void
pack_cluster_ips(struct encoder *e, const struct bench_service *s, K8s__ServiceSpec *spec)
{
	spec->clusterips = arena_alloc(&e->arena, IP_FAMILIES * sizeof(*spec->clusterips));
	spec->ipfamilies = arena_alloc(&e->arena, IP_FAMILIES * sizeof(*spec->ipfamilies));
	if (s->headless) {
		spec->clusterips[spec->n_clusterips++] = TEXT("None");
		spec->clusterip = TEXT("None");
		return;
	}
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		if (s->cluster_ips[f].family == IP_NONE)
			continue;
		spec->clusterips[spec->n_clusterips++] =
		    TEXT(encode_addr(e, &s->cluster_ips[f]));
		spec->ipfamilies[spec->n_ipfamilies++] =
		    TEXT(s->cluster_ips[f].family == IP_V4 ? "IPv4" : "IPv6");
	}
	if (spec->n_clusterips)
		spec->clusterip = spec->clusterips[0];
}

static K8s__ServiceStatus *
pack_service_status(struct encoder *e, const struct bench_service *s)
{
	K8s__ServiceStatus *status = arena_alloc(&e->arena, sizeof(*status));
	K8s__LoadBalancerStatus *lb = arena_alloc(&e->arena, sizeof(*lb));
	K8s__LoadBalancerIngress **in =
	    (K8s__LoadBalancerIngress **)messages(e, s->lb_ip_count, sizeof(**in));

	k8s__service_status__init(status);
	k8s__load_balancer_status__init(lb);
	for (unsigned i = 0; i < s->lb_ip_count; i++) {
		k8s__load_balancer_ingress__init(in[i]);
		in[i]->ip = TEXT(encode_addr(e, &s->lb_ips[i]));
	}
	lb->ingress = in;
	lb->n_ingress = s->lb_ip_count;
	status->loadbalancer = lb;
	return status;
}

static ProtobufCMessage *
pack_service(struct encoder *e, struct object_ref ref)
{
	const struct bench_service *s = &e->cluster->services[ref.index];
	K8s__Service *m = arena_alloc(&e->arena, sizeof(*m));
	K8s__ServiceSpec *spec = arena_alloc(&e->arena, sizeof(*spec));

	k8s__service__init(m);
	k8s__service_spec__init(spec);
	m->metadata = pack_meta(e, ref);
	m->spec = spec;
	spec->type = TEXT(encode_service_type(s));
	spec->internaltrafficpolicy = TEXT(s->internal_local ? "Local" : "Cluster");
	if (s->external_name)
		spec->externalname = TEXT("elsewhere.example.com");
	else
		pack_cluster_ips(e, s, spec);
	if (strcmp(spec->type, "NodePort") == 0 || strcmp(spec->type, "LoadBalancer") == 0)
		spec->externaltrafficpolicy = TEXT(s->external_local ? "Local" : "Cluster");
	spec->externalips =
	    arena_alloc(&e->arena, CLUSTER_ADDRESSES * sizeof(*spec->externalips));
	for (unsigned i = 0; i < s->external_ip_count; i++)
		spec->externalips[spec->n_externalips++] =
		    TEXT(encode_addr(e, &s->external_ips[i]));
	if (s->lb_ip_count)
		m->status = pack_service_status(e, s);
	return &m->base;
}

static void
pack_endpoint(struct encoder *e, const struct bench_endpoint *from, K8s__Endpoint *to,
    K8s__EndpointConditions *c)
{
	k8s__endpoint__init(to);
	k8s__endpoint_conditions__init(c);
	to->addresses = arena_alloc(&e->arena, sizeof(*to->addresses));
	to->addresses[0] = TEXT(encode_addr(e, &from->addr));
	to->n_addresses = 1;
	to->nodename = TEXT(encode_endpoint_node(e->cluster, from));
	to->conditions = c;
	c->has_ready = from->ready != TRI_ABSENT;
	c->ready = from->ready == TRI_TRUE;
	c->has_serving = from->serving != TRI_ABSENT;
	c->serving = from->serving == TRI_TRUE;
	c->has_terminating = from->terminating != TRI_ABSENT;
	c->terminating = from->terminating == TRI_TRUE;
}

static ProtobufCMessage *
pack_slice(struct encoder *e, struct object_ref ref)
{
	const struct bench_service *s = &e->cluster->services[ref.index];
	const struct bench_slice *slice = &s->slices[ref.slice];
	K8s__EndpointSlice *m = arena_alloc(&e->arena, sizeof(*m));
	K8s__Endpoint **list = (K8s__Endpoint **)messages(e, slice->count, sizeof(**list));
	K8s__EndpointConditions **conditions =
	    (K8s__EndpointConditions **)messages(e, slice->count, sizeof(**conditions));

	k8s__endpoint_slice__init(m);
	m->metadata = pack_meta(e, ref);
	m->metadata->labels = arena_alloc(&e->arena, sizeof(*m->metadata->labels));
	m->metadata->labels[m->metadata->n_labels++] =
	    entry(e, "kubernetes.io/service-name", s->name);
	m->addresstype = TEXT(slice->family == IP_V4 ? "IPv4" : "IPv6");
	for (uint32_t i = 0; i < slice->count; i++)
		pack_endpoint(e, &slice->endpoints[i], list[i], conditions[i]);
	m->endpoints = list;
	m->n_endpoints = slice->count;
	return &m->base;
}

static bool
object_gone(const struct cluster *c, struct object_ref ref)
{
	if (ref.resource == RESOURCE_NODE)
		return c->nodes[ref.index].gone;
	const struct bench_service *s = &c->services[ref.index];

	return s->gone || (ref.resource == RESOURCE_SLICE && s->slices[ref.slice].gone);
}

static const uint8_t *
encode_protobuf(struct encoder *e, struct object_ref ref, size_t *n)
{
	const ProtobufCMessage *m = ref.resource == RESOURCE_NODE      ? pack_node(e, ref)
	                            : ref.resource == RESOURCE_SERVICE ? pack_service(e, ref)
	                                                               : pack_slice(e, ref);
	size_t raw = protobuf_c_message_get_packed_size(m);

	*n = value_sealed_size((enum resource)ref.resource, raw);
	uint8_t *value = arena_alloc(&e->arena, *n);

	protobuf_c_message_pack(m, value_seal((enum resource)ref.resource, raw, value));
	return value;
}

void
encode_object(struct encoder *e, struct object_ref ref, struct record *out)
{
	arena_reset(&e->arena);
	struct object_meta m = encode_meta(e, ref);
	struct record_key key = key_make((enum resource)ref.resource, m.ns ? m.ns : "", m.name);

	out->key_len = key_format(&key, out->key);
	out->value = NULL;
	out->value_len = 0;
	if (!object_gone(e->cluster, ref))
		out->value = e->style == ENCODE_JSON ? encode_json(e, ref, &out->value_len)
		                                     : encode_protobuf(e, ref, &out->value_len);
	e->version++;
}
