/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes protobuf to the raw form. The only file of the server that knows protobuf-c
 * (decode_slice.c takes the usual slice past it). It
 * unpacks into the decoder's arena, so that nothing is freed piece by piece, and under a
 * budget, because two bytes of input can ask for a hundred of memory. The messages do not
 * recurse, so their depth is bounded by the schema.
 */
#include "change/calico.h"
#include "change/raw.h"
#include "k8s/core.pb-c.h"
#include "k8s/discovery.pb-c.h"
#include "k8s/networking.pb-c.h"
#include "schema/value.h"

#include <string.h>

static void *
scratch_alloc(void *ctx, size_t n)
{
	struct arena *a = ctx;

	if (n > DECODE_MAX_SCRATCH || a->total > DECODE_MAX_SCRATCH - n)
		return NULL;
	return arena_alloc(a, n);
}

static void
scratch_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p; /* all at once, by arena_reset() */
}

/* n elements, or NULL-safe for none. The count is bounded by what was unpacked before. */
static void *
scratch_array(struct decoder *d, size_t n, size_t size)
{
	return arena_alloc(&d->scratch, n * size);
}

static struct raw_pairs
pairs_from_entries(struct decoder *d, size_t n, K8s__StringEntry **entries)
{
	struct raw_pairs p = {.at = scratch_array(d, n, sizeof(*p.at)), .n = n};

	for (size_t i = 0; i < n; i++) {
		p.at[i].key = entries[i]->key ? entries[i]->key : "";
		p.at[i].value = entries[i]->value ? entries[i]->value : "";
	}
	return p;
}

static struct raw_pairs
pairs_from_conditions(struct decoder *d, size_t n, K8s__Condition **conditions)
{
	struct raw_pairs p = {.at = scratch_array(d, n, sizeof(*p.at)), .n = n};

	for (size_t i = 0; i < n; i++)
		p.at[i] = (struct raw_pair){conditions[i]->type, conditions[i]->status};
	return p;
}

static void
take_meta(struct decoder *d, const K8s__ObjectMeta *m, struct raw_meta *out)
{
	if (!m)
		return;
	out->name = m->name;
	out->ns = m->namespace_;
	out->uid = m->uid;
	out->resource_version = m->resourceversion;
	out->deleting = m->deletiontimestamp != NULL;
	out->labels = pairs_from_entries(d, m->n_labels, m->labels);
	out->annotations = pairs_from_entries(d, m->n_annotations, m->annotations);
}

static struct raw_texts
texts(size_t n, char **at)
{
	return (struct raw_texts){.at = (const char **)at, .n = n};
}

static void
take_node(struct decoder *d, const K8s__Node *m, struct raw_object *raw)
{
	struct raw_node *node = &raw->node;

	take_meta(d, m->metadata, &raw->meta);
	if (m->spec) {
		node->pod_cidr = m->spec->podcidr;
		node->pod_cidrs = texts(m->spec->n_podcidrs, m->spec->podcidrs);
		node->unschedulable = m->spec->has_unschedulable && m->spec->unschedulable;
		node->n_taints = m->spec->n_taints;
		node->taints = scratch_array(d, node->n_taints, sizeof(*node->taints));
		for (size_t i = 0; i < node->n_taints; i++) {
			const K8s__Taint *t = m->spec->taints[i];

			node->taints[i] = (struct raw_taint){t->key, t->value, t->effect};
		}
	}
	if (!m->status)
		return;
	node->conditions.n = m->status->n_conditions;
	node->conditions.at = scratch_array(d, node->conditions.n, sizeof(struct raw_pair));
	for (size_t i = 0; i < node->conditions.n; i++)
		node->conditions.at[i] = (struct raw_pair){
		    m->status->conditions[i]->type, m->status->conditions[i]->status};
	node->addresses.n = m->status->n_addresses;
	node->addresses.at = scratch_array(d, node->addresses.n, sizeof(struct raw_pair));
	for (size_t i = 0; i < node->addresses.n; i++)
		node->addresses.at[i] = (struct raw_pair){
		    m->status->addresses[i]->type, m->status->addresses[i]->address};
}

static void
take_service(struct decoder *d, const K8s__Service *m, struct raw_object *raw)
{
	struct raw_service *s = &raw->service;

	take_meta(d, m->metadata, &raw->meta);
	if (m->spec) {
		s->type = m->spec->type;
		s->cluster_ip = m->spec->clusterip;
		s->cluster_ips = texts(m->spec->n_clusterips, m->spec->clusterips);
		s->external_ips = texts(m->spec->n_externalips, m->spec->externalips);
		s->ip_families = texts(m->spec->n_ipfamilies, m->spec->ipfamilies);
		s->external_policy = m->spec->externaltrafficpolicy;
		s->internal_policy = m->spec->internaltrafficpolicy;
		s->load_balancer_class = m->spec->loadbalancerclass;
		s->publish_not_ready =
		    m->spec->has_publishnotreadyaddresses && m->spec->publishnotreadyaddresses;
	}
	if (!m->status || !m->status->loadbalancer)
		return;
	s->n_ingress = m->status->loadbalancer->n_ingress;
	s->ingress = scratch_array(d, s->n_ingress, sizeof(*s->ingress));
	for (size_t i = 0; i < s->n_ingress; i++) {
		const K8s__LoadBalancerIngress *in = m->status->loadbalancer->ingress[i];

		s->ingress[i] = (struct raw_ingress){in->ip, in->hostname, in->ipmode};
	}
}

static uint8_t
condition(int has, int value)
{
	return (uint8_t)(!has ? CONDITION_UNKNOWN : value ? CONDITION_TRUE : CONDITION_FALSE);
}

static void
take_slice(struct decoder *d, const K8s__EndpointSlice *m, struct raw_object *raw)
{
	struct raw_slice *s = &raw->slice;

	take_meta(d, m->metadata, &raw->meta);
	s->address_type = m->addresstype;
	s->n_endpoints = m->n_endpoints;
	s->endpoints = scratch_array(d, s->n_endpoints, sizeof(*s->endpoints));
	for (size_t i = 0; i < s->n_endpoints; i++) {
		const K8s__Endpoint *e = m->endpoints[i];
		const K8s__EndpointConditions *c = e->conditions;

		s->endpoints[i] = (struct raw_endpoint){
		    .address = e->n_addresses ? e->addresses[0] : NULL,
		    .node_name = e->nodename,
		    .zone = e->zone,
		    .ready = c ? condition(c->has_ready, c->ready) : CONDITION_UNKNOWN,
		    .serving = c ? condition(c->has_serving, c->serving) : CONDITION_UNKNOWN,
		    .terminating =
		        c ? condition(c->has_terminating, c->terminating) : CONDITION_UNKNOWN,
		};
	}
}

static void
take_cidr(struct decoder *d, const K8s__ServiceCIDR *m, struct raw_object *raw)
{
	take_meta(d, m->metadata, &raw->meta);
	if (m->spec)
		raw->cidr.cidrs = texts(m->spec->n_cidrs, m->spec->cidrs);
	if (m->status)
		raw->cidr.conditions =
		    pairs_from_conditions(d, m->status->n_conditions, m->status->conditions);
}

static const ProtobufCMessageDescriptor *
descriptor_of(enum resource resource)
{
	switch (resource) {
	case RESOURCE_NODE:
		return &k8s__node__descriptor;
	case RESOURCE_SERVICE:
		return &k8s__service__descriptor;
	case RESOURCE_SLICE:
		return &k8s__endpoint_slice__descriptor;
	case RESOURCE_CIDR:
		return &k8s__service_cidr__descriptor;
	case RESOURCE_BGPCONFIG: /* custom resources have no protobuf */
	case RESOURCE_BGPPEER:
	case RESOURCE_BGPFILTER:
	case RESOURCE_IPPOOL:
	case RESOURCE_NONE:
	case RESOURCE_SYNC:
	case RESOURCE_COUNT:
		break;
	}
	must_failed("a resource with a message", __FILE__, __LINE__);
}

/* NUL-terminated copy of a span, or NULL where the envelope does not have it. */
static const char *
span_text(struct decoder *d, struct value_span s)
{
	return s.n ? arena_strndup(&d->scratch, (const char *)s.at, s.n) : NULL;
}

static void *
unpack(struct decoder *d, const ProtobufCMessageDescriptor *what, struct value_span bytes)
{
	ProtobufCAllocator allocator = {scratch_alloc, scratch_free, &d->scratch};

	return protobuf_c_message_unpack(what, &allocator, bytes.n, bytes.at);
}

/* The whole object as its message; false: it is not well-formed, or too large. */
static bool
take_object(struct decoder *d, struct value_span bytes, struct raw_object *raw)
{
	void *m = unpack(d, descriptor_of(raw->resource), bytes);

	if (!m)
		return false;
	if (raw->resource == RESOURCE_NODE)
		take_node(d, m, raw);
	else if (raw->resource == RESOURCE_SERVICE)
		take_service(d, m, raw);
	else if (raw->resource == RESOURCE_SLICE)
		take_slice(d, m, raw);
	else
		take_cidr(d, m, raw);
	return true;
}

static bool
take_usual_slice(struct decoder *d, struct value_span metadata, struct raw_object *raw)
{
	const K8s__ObjectMeta *m = NULL;

	if (metadata.at) {
		m = unpack(d, &k8s__object_meta__descriptor, metadata);
		if (!m)
			return false;
	}
	take_meta(d, m, &raw->meta);
	return true;
}

bool
raw_from_protobuf(
    struct decoder *d, const struct record *r, struct raw_object *raw, struct decode_error *why)
{
	struct value_envelope env;
	struct value_span metadata;
	bool ok;

	if (resource_is_calico(raw->resource))
		return decode_refuse(
		    why, FAULT_UNDECODABLE, "the value is protobuf; Calico's objects are JSON");
	if (!value_open(r->value, r->value_len, &env))
		return decode_refuse(
		    why, FAULT_UNDECODABLE, "the value is not a well-formed runtime.Unknown");
	if (env.content_encoding.n)
		return decode_refuse(why, FAULT_UNDECODABLE,
		    "the value has a content encoding, which is not understood");
	raw->api_version = span_text(d, env.api_version);
	raw->kind = span_text(d, env.kind);
	if (raw->resource == RESOURCE_SLICE &&
	    slice_from_wire(d, env.raw, &raw->slice, &metadata))
		ok = take_usual_slice(d, metadata, raw);
	else
		ok = take_object(d, env.raw, raw);
	if (!ok && d->scratch.total > DECODE_MAX_SCRATCH / 2)
		return decode_refuse(why, FAULT_OVERSIZED,
		    "the value unpacks to more than %zu bytes", DECODE_MAX_SCRATCH);
	if (!ok)
		return decode_refuse(
		    why, FAULT_UNDECODABLE, "the value's object is not well-formed protobuf");
	return true;
}
