/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the raw form to the immutable objects: parse addresses, resolve what absent means, put
 * everything in one block. Slices, the ones that come by the hundred thousand, have their own
 * file.
 */
#include "change/build_calico.h"
#include "core/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool
keep_all(const struct decoder *d, const char *key)
{
	(void)d;
	(void)key;
	return true;
}

static bool
keep_ours(const struct decoder *d, const char *key)
{
	(void)d;
	return strncmp(key, "heliograph.io/", 14) == 0;
}

static bool
keep_node_annotation(const struct decoder *d, const char *key)
{
	if (keep_ours(d, key) || strcmp(key, "projectcalico.org/IPv4Address") == 0 ||
	    strcmp(key, "projectcalico.org/IPv6Address") == 0)
		return true;
	for (size_t i = 0; i < d->options.n_node_annotations; i++) {
		if (strcmp(key, d->options.node_annotations[i]) == 0)
			return true;
	}
	return false;
}

struct sortable {
	struct label label;
	size_t order; /* as it came: makes the sort stable */
};

static int
by_key_and_order(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	int keys = strcmp(x->label.key, y->label.key);

	return keys ? keys : (x->order > y->order) - (x->order < y->order);
}

struct labels
labels_collect(struct decoder *d, const struct raw_pairs *pairs,
    bool (*keep)(const struct decoder *d, const char *key))
{
	struct sortable *all = arena_alloc(&d->scratch, pairs->n * sizeof(*all));
	struct label *out = arena_alloc(&d->scratch, pairs->n * sizeof(*out));
	bool sorted = true;
	uint32_t n = 0, unique = 0;

	for (size_t i = 0; i < pairs->n; i++) {
		if (!keep(d, pairs->at[i].key))
			continue;
		all[n] = (struct sortable){{pairs->at[i].key, pairs->at[i].value}, i};
		sorted =
		    sorted && (n == 0 || strcmp(all[n - 1].label.key, all[n].label.key) < 0);
		n++;
	}
	if (!sorted) /* the API server writes them sorted */
		qsort(all, n, sizeof(*all), by_key_and_order);
	for (uint32_t i = 0; i < n; i++) {
		if (unique && strcmp(out[unique - 1].key, all[i].label.key) == 0)
			unique--;
		out[unique++] = all[i].label;
	}
	return (struct labels){.at = out, .n = unique};
}

size_t
labels_size(const struct labels *l, size_t *texts)
{
	for (uint32_t i = 0; i < l->n; i++)
		*texts += size_text(l->at[i].key) + size_text(l->at[i].value);
	return size_array(l->n, sizeof(*l->at));
}

struct labels
labels_put(struct block *b, const struct labels *l)
{
	struct label *at = block_array(b, NULL, l->n, sizeof(*at));

	for (uint32_t i = 0; i < l->n; i++) {
		at[i].key = block_text(b, l->at[i].key);
		at[i].value = block_text(b, l->at[i].value);
	}
	return (struct labels){.at = at, .n = l->n};
}

/* resourceVersion is opaque by contract and a decimal number in practice; anything else is 0: unknown. */
static uint64_t
parse_version(const char *text)
{
	uint64_t v = 0;

	for (const char *s = text ? text : ""; *s; s++) {
		if (*s < '0' || *s > '9' || v > (UINT64_MAX - 9) / 10)
			return 0;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	return v;
}

static void
set_uid(struct object *o, const char *uid)
{
	size_t n = uid ? strlen(uid) : 0;

	if (n < sizeof(o->uid))
		memcpy(o->uid, uid ? uid : "", n);
	else
		snprintf(o->uid, sizeof(o->uid), "hash-%016" PRIx64, hash_bytes(uid, n));
}

void *
block_new(struct block *b, const struct raw_object *raw, struct change *c, size_t head,
    size_t arrays, size_t texts)
{
	size_t fixed = size_array(1, head) + arrays;
	size_t total = fixed + texts + (size_t)c->key.ns_len + c->key.name_len + 2;
	struct object *o = must_alloc(total);

	memset(o, 0, head);
	b->at = (char *)o + size_array(1, head);
	b->texts = (char *)o + fixed;
	b->end = (char *)o + total;
	o->resource = (uint8_t)raw->resource;
	o->ns = block_text(b, c->key.ns);
	o->name = block_text(b, c->key.name);
	o->ns_len = c->key.ns_len;
	o->name_len = c->key.name_len;
	o->block_bytes = (uint32_t)total;
	o->record_ms = c->record_ms;
	o->resource_version = parse_version(raw->meta.resource_version);
	o->deleting = raw->meta.deleting;
	set_uid(o, raw->meta.uid);
	c->object = o;
	c->resource_version = o->resource_version;
	c->bytes += o->block_bytes;
	return o;
}

struct ip_addr *
addrs_collect(struct decoder *d, const struct raw_texts *texts, uint16_t *n)
{
	struct ip_addr *out = arena_alloc(&d->scratch, texts->n * sizeof(*out));

	*n = 0;
	for (size_t i = 0; i < texts->n; i++) {
		if (ip_parse(texts->at[i], &out[*n]))
			(*n)++;
		else
			d->dropped++;
	}
	return out;
}

struct ip_prefix *
prefixes_collect(struct decoder *d, const struct raw_texts *texts, uint16_t *n)
{
	struct ip_prefix *out = arena_alloc(&d->scratch, texts->n * sizeof(*out));

	*n = 0;
	for (size_t i = 0; i < texts->n; i++) {
		if (ip_prefix_parse(texts->at[i], &out[*n]))
			(*n)++;
		else
			d->dropped++;
	}
	return out;
}

static bool
is_text(const char *s, const char *other)
{
	return s && strcmp(s, other) == 0;
}

uint8_t
condition_find(const struct raw_pairs *conditions, const char *type)
{
	for (size_t i = 0; i < conditions->n; i++) {
		if (!is_text(conditions->at[i].key, type))
			continue;
		if (is_text(conditions->at[i].value, "True"))
			return CONDITION_TRUE;
		return is_text(conditions->at[i].value, "False") ? CONDITION_FALSE
		                                                 : CONDITION_UNKNOWN;
	}
	return CONDITION_UNKNOWN;
}

static uint16_t
collect_node_addresses(struct decoder *d, const struct raw_pairs *raw, struct node_address *out)
{
	uint16_t n = 0;

	for (size_t i = 0; i < raw->n; i++) {
		bool internal = is_text(raw->at[i].key, "InternalIP");

		if (!internal && !is_text(raw->at[i].key, "ExternalIP"))
			continue;
		memset(&out[n], 0, sizeof(out[n]));
		out[n].type = internal ? NODE_ADDRESS_INTERNAL : NODE_ADDRESS_EXTERNAL;
		if (raw->at[i].value && ip_parse(raw->at[i].value, &out[n].ip))
			n++;
		else
			d->dropped++;
	}
	return n;
}

static enum taint_effect
taint_effect(const char *text)
{
	if (is_text(text, "NoSchedule"))
		return TAINT_NO_SCHEDULE;
	if (is_text(text, "PreferNoSchedule"))
		return TAINT_PREFER_NO_SCHEDULE;
	return is_text(text, "NoExecute") ? TAINT_NO_EXECUTE : TAINT_OTHER;
}

static struct taint *
put_taints(struct block *b, const struct raw_node *raw)
{
	struct taint *at = block_array(b, NULL, raw->n_taints, sizeof(*at));

	for (size_t i = 0; i < raw->n_taints; i++) {
		at[i].key = block_text(b, raw->taints[i].key ? raw->taints[i].key : "");
		at[i].value = block_text(b, raw->taints[i].value ? raw->taints[i].value : "");
		at[i].effect = taint_effect(raw->taints[i].effect);
	}
	return at;
}

static bool
node_build(
    struct decoder *d, const struct raw_object *raw, struct change *c, struct decode_error *why)
{
	const struct raw_node *in = &raw->node;
	struct raw_texts one = {
	    .at = (const char **)(uintptr_t)&in->pod_cidr, .n = in->pod_cidr && *in->pod_cidr};
	struct labels labels, annotations;
	struct node_address *addresses;
	struct ip_prefix *cidrs;
	uint16_t n_addresses, n_cidrs;
	struct block b;
	struct node *node;
	size_t texts = 0, arrays;

	if (in->n_taints > BUILD_MAX_PARTS || in->addresses.n > BUILD_MAX_PARTS ||
	    in->pod_cidrs.n > BUILD_MAX_PARTS)
		return decode_refuse(why, FAULT_OVERSIZED,
		    "more than %u taints, addresses or pod CIDRs", BUILD_MAX_PARTS);
	labels = labels_collect(d, &raw->meta.labels, keep_all);
	annotations = labels_collect(d, &raw->meta.annotations, keep_node_annotation);
	addresses = arena_alloc(&d->scratch, in->addresses.n * sizeof(*addresses));
	n_addresses = collect_node_addresses(d, &in->addresses, addresses);
	cidrs = prefixes_collect(d, in->pod_cidrs.n ? &in->pod_cidrs : &one, &n_cidrs);
	arrays = labels_size(&labels, &texts) + labels_size(&annotations, &texts) +
	         size_array(n_addresses, sizeof(*addresses)) +
	         size_array(n_cidrs, sizeof(*cidrs)) +
	         size_array(in->n_taints, sizeof(struct taint));
	for (size_t i = 0; i < in->n_taints; i++)
		texts += strlen(in->taints[i].key ? in->taints[i].key : "") +
		         strlen(in->taints[i].value ? in->taints[i].value : "") + 2;

	node = block_new(&b, raw, c, sizeof(*node), arrays, texts);
	node->labels = labels_put(&b, &labels);
	node->annotations = labels_put(&b, &annotations);
	node->taints = put_taints(&b, in);
	node->n_taints = (uint16_t)in->n_taints;
	node->addresses = block_array(&b, addresses, n_addresses, sizeof(*addresses));
	node->n_addresses = n_addresses;
	node->pod_cidrs = block_array(&b, cidrs, n_cidrs, sizeof(*cidrs));
	node->n_pod_cidrs = n_cidrs;
	node->unschedulable = in->unschedulable;
	node->ready = condition_find(&in->conditions, "Ready");
	node->network_unavailable = condition_find(&in->conditions, "NetworkUnavailable");
	return true;
}

static enum service_type
service_type(const char *text)
{
	if (is_text(text, "NodePort"))
		return SERVICE_NODE_PORT;
	if (is_text(text, "LoadBalancer"))
		return SERVICE_LOAD_BALANCER;
	return is_text(text, "ExternalName") ? SERVICE_EXTERNAL_NAME : SERVICE_CLUSTER_IP;
}

static uint8_t
traffic_policy(const char *text)
{
	return is_text(text, "Local") ? POLICY_LOCAL : POLICY_CLUSTER;
}

static uint16_t
collect_ingress(
    struct decoder *d, const struct raw_service *in, struct ingress *out, uint16_t *n_hostnames)
{
	uint16_t n = 0;

	*n_hostnames = 0;
	for (size_t i = 0; i < in->n_ingress; i++) {
		const struct raw_ingress *from = &in->ingress[i];

		memset(&out[n], 0, sizeof(out[n]));
		out[n].proxy = is_text(from->ip_mode, "Proxy");
		if (!from->ip || !*from->ip)
			*n_hostnames =
			    (uint16_t)(*n_hostnames + (from->hostname && *from->hostname));
		else if (ip_parse(from->ip, &out[n].ip))
			n++;
		else
			d->dropped++;
	}
	return n;
}

static void
set_families(struct service *s, const struct raw_texts *families)
{
	unsigned n = 0;

	for (size_t i = 0; i < families->n && n < IP_FAMILIES; i++) {
		if (is_text(families->at[i], "IPv4"))
			s->ip_families[n++] = IP_V4;
		else if (is_text(families->at[i], "IPv6"))
			s->ip_families[n++] = IP_V6;
	}
}

/* spec.clusterIPs, or the older spec.clusterIP; none when headless. */
static struct raw_texts
cluster_ip_texts(const struct raw_service *in, bool *headless)
{
	struct raw_texts t = in->cluster_ips;

	if (t.n == 0 && in->cluster_ip && *in->cluster_ip)
		t = (struct raw_texts){.at = (const char **)(uintptr_t)&in->cluster_ip, .n = 1};
	*headless = t.n > 0 && is_text(t.at[0], "None");
	if (*headless)
		t.n = 0;
	return t;
}

static bool
service_build(
    struct decoder *d, const struct raw_object *raw, struct change *c, struct decode_error *why)
{
	const struct raw_service *in = &raw->service;
	bool headless, has_class = in->load_balancer_class && *in->load_balancer_class;
	struct raw_texts cluster_texts = cluster_ip_texts(in, &headless);
	uint16_t n_cluster, n_external, n_ingress, n_hostnames;
	struct ip_addr *cluster, *external;
	struct labels labels, annotations;
	struct ingress *ingress;
	struct service *s;
	struct block b;
	size_t texts = 0, arrays;

	if (cluster_texts.n > BUILD_MAX_PARTS || in->external_ips.n > BUILD_MAX_PARTS ||
	    in->n_ingress > BUILD_MAX_PARTS)
		return decode_refuse(why, FAULT_OVERSIZED,
		    "more than %u cluster, external or load-balancer addresses",
		    BUILD_MAX_PARTS);
	labels = labels_collect(d, &raw->meta.labels, keep_all);
	annotations = labels_collect(d, &raw->meta.annotations, keep_ours);
	cluster = addrs_collect(d, &cluster_texts, &n_cluster);
	external = addrs_collect(d, &in->external_ips, &n_external);
	ingress = arena_alloc(&d->scratch, (in->n_ingress + 1) * sizeof(*ingress));
	n_ingress = collect_ingress(d, in, ingress, &n_hostnames);
	arrays = labels_size(&labels, &texts) + labels_size(&annotations, &texts) +
	         size_array(n_cluster, sizeof(*cluster)) +
	         size_array(n_external, sizeof(*external)) +
	         size_array(n_ingress, sizeof(*ingress));
	texts += has_class ? size_text(in->load_balancer_class) : 0;

	s = block_new(&b, raw, c, sizeof(*s), arrays, texts);
	s->labels = labels_put(&b, &labels);
	s->annotations = labels_put(&b, &annotations);
	s->cluster_ips = block_array(&b, cluster, n_cluster, sizeof(*cluster));
	s->n_cluster_ips = n_cluster;
	s->external_ips = block_array(&b, external, n_external, sizeof(*external));
	s->n_external_ips = n_external;
	s->ingress = block_array(&b, ingress, n_ingress, sizeof(*ingress));
	s->n_ingress = n_ingress;
	s->n_hostname_ingress = n_hostnames;
	s->load_balancer_class = has_class ? block_text(&b, in->load_balancer_class) : NULL;
	s->type = (uint8_t)service_type(in->type);
	s->external_traffic_policy = traffic_policy(in->external_policy);
	s->internal_traffic_policy = traffic_policy(in->internal_policy);
	s->headless = headless;
	s->publish_not_ready_addresses = in->publish_not_ready;
	set_families(s, &in->ip_families);
	return true;
}

static bool
cidr_build(
    struct decoder *d, const struct raw_object *raw, struct change *c, struct decode_error *why)
{
	struct ip_prefix *cidrs;
	struct service_cidr *s;
	uint16_t n;
	struct block b;

	if (raw->cidr.cidrs.n > BUILD_MAX_PARTS)
		return decode_refuse(
		    why, FAULT_OVERSIZED, "more than %u CIDRs", BUILD_MAX_PARTS);
	cidrs = prefixes_collect(d, &raw->cidr.cidrs, &n);
	s = block_new(&b, raw, c, sizeof(*s), size_array(n, sizeof(*cidrs)), 0);
	s->cidrs = block_array(&b, cidrs, n, sizeof(*cidrs));
	s->n_cidrs = n;
	s->ready = condition_find(&raw->cidr.conditions, "Ready");
	return true;
}

bool
object_build(
    struct decoder *d, const struct raw_object *raw, struct change *c, struct decode_error *why)
{
	switch (raw->resource) {
	case RESOURCE_NODE:
		return node_build(d, raw, c, why);
	case RESOURCE_SERVICE:
		return service_build(d, raw, c, why);
	case RESOURCE_SLICE:
		return slice_build(d, raw, c, why);
	case RESOURCE_CIDR:
		return cidr_build(d, raw, c, why);
	case RESOURCE_BGPCONFIG:
	case RESOURCE_BGPPEER:
	case RESOURCE_BGPFILTER:
	case RESOURCE_IPPOOL:
		return calico_build(d, raw, c, why);
	case RESOURCE_NONE:
	case RESOURCE_SYNC:
	case RESOURCE_COUNT:
		break;
	}
	must_failed("a resource that is an object", __FILE__, __LINE__);
}
