/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API's JSON to the raw form: what a person writes with a console producer. Null counts as
 * absent, unknown fields are skipped, a field of the wrong type refuses the record by name.
 * jansson bounds the nesting (2,048 levels), DECODE_MAX_JSON the memory.
 */
#include "change/raw.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Reading one object; the first field of the wrong type is kept in `why`. */
struct reader {
	struct decoder *d;
	struct decode_error *why;
	bool failed;
};

static bool
wrong_type(struct reader *in, const char *field, const char *expected)
{
	if (!in->failed)
		decode_refuse(
		    in->why, FAULT_UNDECODABLE, "field %.80s is not %s", field, expected);
	in->failed = true;
	return false;
}

/* The member, or NULL when it is absent or null (or its parent is). */
static json_t *
member(json_t *parent, const char *name)
{
	json_t *v = parent ? json_object_get(parent, name) : NULL;

	return v && !json_is_null(v) ? v : NULL;
}

static json_t *
take_object(struct reader *in, json_t *parent, const char *name)
{
	json_t *v = member(parent, name);

	if (v && !json_is_object(v)) {
		wrong_type(in, name, "an object");
		return NULL;
	}
	return v;
}

static json_t *
take_list(struct reader *in, json_t *parent, const char *name)
{
	json_t *v = member(parent, name);

	if (v && !json_is_array(v)) {
		wrong_type(in, name, "a list");
		return NULL;
	}
	return v;
}

static const char *
take_text(struct reader *in, json_t *parent, const char *name)
{
	json_t *v = member(parent, name);

	if (v && !json_is_string(v)) {
		wrong_type(in, name, "a text");
		return NULL;
	}
	return v ? json_string_value(v) : NULL;
}

static enum condition
take_bool(struct reader *in, json_t *parent, const char *name)
{
	json_t *v = member(parent, name);

	if (!v)
		return CONDITION_UNKNOWN;
	if (!json_is_boolean(v))
		wrong_type(in, name, "true or false");
	return json_is_true(v) ? CONDITION_TRUE : CONDITION_FALSE;
}

static struct raw_texts
take_texts(struct reader *in, json_t *parent, const char *name)
{
	json_t *list = take_list(in, parent, name);
	struct raw_texts t = {.n = json_array_size(list)};

	t.at = arena_alloc(&in->d->scratch, t.n * sizeof(*t.at));
	for (size_t i = 0; i < t.n; i++) {
		json_t *v = json_array_get(list, i);

		t.at[i] = json_is_string(v) ? json_string_value(v) : "";
		if (!json_is_string(v))
			wrong_type(in, name, "a list of texts");
	}
	return t;
}

/* The list's i-th object, or NULL with the error set. */
static json_t *
element(struct reader *in, json_t *list, size_t i, const char *name)
{
	json_t *v = json_array_get(list, i);

	if (json_is_object(v))
		return v;
	wrong_type(in, name, "a list of objects");
	return NULL;
}

static struct raw_pairs
take_map(struct reader *in, json_t *parent, const char *name)
{
	json_t *map = take_object(in, parent, name), *v;
	struct raw_pairs p = {.n = 0};
	const char *key;

	p.at = arena_alloc(&in->d->scratch, json_object_size(map) * sizeof(*p.at));
	json_object_foreach(map, key, v)
	{
		if (!json_is_string(v))
			wrong_type(in, name, "a map of texts");
		else
			p.at[p.n++] = (struct raw_pair){key, json_string_value(v)};
	}
	return p;
}

/* A list of objects of which two text fields matter. */
static struct raw_pairs
take_pairs(
    struct reader *in, json_t *parent, const char *name, const char *key, const char *value)
{
	json_t *list = take_list(in, parent, name);
	struct raw_pairs p = {.n = json_array_size(list)};

	p.at = arena_alloc(&in->d->scratch, p.n * sizeof(*p.at));
	for (size_t i = 0; i < p.n; i++) {
		json_t *o = element(in, list, i, name);

		p.at[i] = (struct raw_pair){take_text(in, o, key), take_text(in, o, value)};
	}
	return p;
}

static void
take_meta(struct reader *in, json_t *root, struct raw_meta *out)
{
	json_t *meta = take_object(in, root, "metadata");

	out->name = take_text(in, meta, "name");
	out->ns = take_text(in, meta, "namespace");
	out->uid = take_text(in, meta, "uid");
	out->resource_version = take_text(in, meta, "resourceVersion");
	out->deleting = take_text(in, meta, "deletionTimestamp") != NULL;
	out->labels = take_map(in, meta, "labels");
	out->annotations = take_map(in, meta, "annotations");
}

static void
take_node(struct reader *in, json_t *root, struct raw_node *node)
{
	json_t *spec = take_object(in, root, "spec"), *status = take_object(in, root, "status");
	json_t *taints = take_list(in, spec, "taints");

	node->pod_cidr = take_text(in, spec, "podCIDR");
	node->pod_cidrs = take_texts(in, spec, "podCIDRs");
	node->unschedulable = take_bool(in, spec, "unschedulable") == CONDITION_TRUE;
	node->n_taints = json_array_size(taints);
	node->taints = arena_alloc(&in->d->scratch, node->n_taints * sizeof(*node->taints));
	for (size_t i = 0; i < node->n_taints; i++) {
		json_t *o = element(in, taints, i, "taints");

		node->taints[i] = (struct raw_taint){take_text(in, o, "key"),
		    take_text(in, o, "value"), take_text(in, o, "effect")};
	}
	node->conditions = take_pairs(in, status, "conditions", "type", "status");
	node->addresses = take_pairs(in, status, "addresses", "type", "address");
}

static void
take_service(struct reader *in, json_t *root, struct raw_service *s)
{
	json_t *spec = take_object(in, root, "spec"), *status = take_object(in, root, "status");
	json_t *ingress = take_list(in, take_object(in, status, "loadBalancer"), "ingress");

	s->type = take_text(in, spec, "type");
	s->cluster_ip = take_text(in, spec, "clusterIP");
	s->cluster_ips = take_texts(in, spec, "clusterIPs");
	s->external_ips = take_texts(in, spec, "externalIPs");
	s->ip_families = take_texts(in, spec, "ipFamilies");
	s->external_policy = take_text(in, spec, "externalTrafficPolicy");
	s->internal_policy = take_text(in, spec, "internalTrafficPolicy");
	s->load_balancer_class = take_text(in, spec, "loadBalancerClass");
	s->publish_not_ready =
	    take_bool(in, spec, "publishNotReadyAddresses") == CONDITION_TRUE;
	s->n_ingress = json_array_size(ingress);
	s->ingress = arena_alloc(&in->d->scratch, s->n_ingress * sizeof(*s->ingress));
	for (size_t i = 0; i < s->n_ingress; i++) {
		json_t *o = element(in, ingress, i, "ingress");

		s->ingress[i] = (struct raw_ingress){take_text(in, o, "ip"),
		    take_text(in, o, "hostname"), take_text(in, o, "ipMode")};
	}
}

static void
take_slice(struct reader *in, json_t *root, struct raw_slice *s)
{
	json_t *list = take_list(in, root, "endpoints");

	s->address_type = take_text(in, root, "addressType");
	s->n_endpoints = json_array_size(list);
	s->endpoints = arena_zalloc(&in->d->scratch, s->n_endpoints * sizeof(*s->endpoints));
	for (size_t i = 0; i < s->n_endpoints; i++) {
		json_t *o = element(in, list, i, "endpoints");
		json_t *conditions = take_object(in, o, "conditions");
		struct raw_texts addresses = take_texts(in, o, "addresses");
		struct raw_endpoint *e = &s->endpoints[i];

		e->address = addresses.n ? addresses.at[0] : NULL;
		e->node_name = take_text(in, o, "nodeName");
		e->zone = take_text(in, o, "zone");
		e->ready = (uint8_t)take_bool(in, conditions, "ready");
		e->serving = (uint8_t)take_bool(in, conditions, "serving");
		e->terminating = (uint8_t)take_bool(in, conditions, "terminating");
	}
}

static void
take_cidr(struct reader *in, json_t *root, struct raw_cidr *c)
{
	c->cidrs = take_texts(in, take_object(in, root, "spec"), "cidrs");
	c->conditions =
	    take_pairs(in, take_object(in, root, "status"), "conditions", "type", "status");
}

static json_t *
parse(const struct record *r, struct decode_error *why)
{
	json_error_t error;
	json_t *root;

	if (r->value_len > DECODE_MAX_JSON) {
		decode_refuse(why, FAULT_OVERSIZED,
		    "the JSON value has %zu bytes, the limit is %zu", r->value_len,
		    DECODE_MAX_JSON);
		return NULL;
	}
	root = json_loadb(r->value, r->value_len, 0, &error);
	if (!root) {
		decode_refuse(why, FAULT_UNDECODABLE,
		    "the JSON is wrong at line %d column %d: %.100s", error.line, error.column,
		    error.text);
		return NULL;
	}
	if (!json_is_object(root)) {
		decode_refuse(why, FAULT_UNDECODABLE, "the JSON value is not an object");
		json_decref(root);
		return NULL;
	}
	return root;
}

bool
raw_from_json(
    struct decoder *d, const struct record *r, struct raw_object *raw, struct decode_error *why)
{
	struct reader in = {.d = d, .why = why};
	json_t *root = d->json = parse(r, why);

	if (!root)
		return false;
	raw->api_version = take_text(&in, root, "apiVersion");
	raw->kind = take_text(&in, root, "kind");
	take_meta(&in, root, &raw->meta);
	if (raw->resource == RESOURCE_NODE)
		take_node(&in, root, &raw->node);
	else if (raw->resource == RESOURCE_SERVICE)
		take_service(&in, root, &raw->service);
	else if (raw->resource == RESOURCE_SLICE)
		take_slice(&in, root, &raw->slice);
	else
		take_cidr(&in, root, &raw->cidr);
	return !in.failed;
}

static bool
take_count(json_t *parent, const char *name, uint64_t *out)
{
	json_t *v = member(parent, name);

	if (!v)
		return true;
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return false;
	*out = (uint64_t)json_integer_value(v);
	return true;
}

bool
sync_from_json(const struct record *r, struct change *c, struct decode_error *why)
{
	json_t *root = parse(r, why);
	bool ok = root && take_count(root, "epoch", &c->epoch);
	json_t *counts = member(root, "counts");

	for (unsigned i = RESOURCE_NONE + 1; ok && i < RESOURCE_SYNC; i++)
		ok = take_count(counts, resource_rows[i].plural, &c->counts[i]);
	json_decref(root);
	if (!root)
		return false;
	if (!ok)
		return decode_refuse(why, FAULT_UNDECODABLE,
		    "epoch and counts must be numbers that are not negative");
	if (c->epoch == 0)
		return decode_refuse(why, FAULT_UNDECODABLE,
		    "a sync record needs an epoch, in its value or its header");
	return true;
}
