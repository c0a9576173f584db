/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API's JSON to the raw form: what a person writes with a console producer. Null counts as
 * absent, unknown fields are skipped, a field of the wrong type refuses the record by name.
 * jansson bounds the nesting (2,048 levels), DECODE_MAX_JSON the memory.
 */
#include "change/json_reader.h"

#include <string.h>

static void
take_meta(struct json_reader *in, json_t *root, struct raw_meta *out)
{
	json_t *meta = json_take_object(in, root, "metadata");

	out->name = json_take_text(in, meta, "name");
	out->ns = json_take_text(in, meta, "namespace");
	out->uid = json_take_text(in, meta, "uid");
	out->resource_version = json_take_text(in, meta, "resourceVersion");
	out->deleting = json_take_text(in, meta, "deletionTimestamp") != NULL;
	out->labels = json_take_map(in, meta, "labels");
	out->annotations = json_take_map(in, meta, "annotations");
}

static void
take_node(struct json_reader *in, json_t *root, struct raw_node *node)
{
	json_t *spec = json_take_object(in, root, "spec"),
	       *status = json_take_object(in, root, "status");
	json_t *taints = json_take_list(in, spec, "taints");

	node->pod_cidr = json_take_text(in, spec, "podCIDR");
	node->pod_cidrs = json_take_texts(in, spec, "podCIDRs");
	node->unschedulable = json_take_bool(in, spec, "unschedulable") == CONDITION_TRUE;
	node->n_taints = json_array_size(taints);
	node->taints = arena_alloc(&in->d->scratch, node->n_taints * sizeof(*node->taints));
	for (size_t i = 0; i < node->n_taints; i++) {
		json_t *o = json_element(in, taints, i, "taints");

		node->taints[i] = (struct raw_taint){json_take_text(in, o, "key"),
		    json_take_text(in, o, "value"), json_take_text(in, o, "effect")};
	}
	node->conditions = json_take_pairs(in, status, "conditions", "type", "status");
	node->addresses = json_take_pairs(in, status, "addresses", "type", "address");
}

static void
take_service(struct json_reader *in, json_t *root, struct raw_service *s)
{
	json_t *spec = json_take_object(in, root, "spec"),
	       *status = json_take_object(in, root, "status");
	json_t *ingress =
	    json_take_list(in, json_take_object(in, status, "loadBalancer"), "ingress");

	s->type = json_take_text(in, spec, "type");
	s->cluster_ip = json_take_text(in, spec, "clusterIP");
	s->cluster_ips = json_take_texts(in, spec, "clusterIPs");
	s->external_ips = json_take_texts(in, spec, "externalIPs");
	s->ip_families = json_take_texts(in, spec, "ipFamilies");
	s->external_policy = json_take_text(in, spec, "externalTrafficPolicy");
	s->internal_policy = json_take_text(in, spec, "internalTrafficPolicy");
	s->load_balancer_class = json_take_text(in, spec, "loadBalancerClass");
	s->publish_not_ready =
	    json_take_bool(in, spec, "publishNotReadyAddresses") == CONDITION_TRUE;
	s->n_ingress = json_array_size(ingress);
	s->ingress = arena_alloc(&in->d->scratch, s->n_ingress * sizeof(*s->ingress));
	for (size_t i = 0; i < s->n_ingress; i++) {
		json_t *o = json_element(in, ingress, i, "ingress");

		s->ingress[i] = (struct raw_ingress){json_take_text(in, o, "ip"),
		    json_take_text(in, o, "hostname"), json_take_text(in, o, "ipMode")};
	}
}

static void
take_slice(struct json_reader *in, json_t *root, struct raw_slice *s)
{
	json_t *list = json_take_list(in, root, "endpoints");

	s->address_type = json_take_text(in, root, "addressType");
	s->n_endpoints = json_array_size(list);
	s->endpoints = arena_zalloc(&in->d->scratch, s->n_endpoints * sizeof(*s->endpoints));
	for (size_t i = 0; i < s->n_endpoints; i++) {
		json_t *o = json_element(in, list, i, "endpoints");
		json_t *conditions = json_take_object(in, o, "conditions");
		struct raw_texts addresses = json_take_texts(in, o, "addresses");
		struct raw_endpoint *e = &s->endpoints[i];

		e->address = addresses.n ? addresses.at[0] : NULL;
		e->node_name = json_take_text(in, o, "nodeName");
		e->zone = json_take_text(in, o, "zone");
		e->ready = (uint8_t)json_take_bool(in, conditions, "ready");
		e->serving = (uint8_t)json_take_bool(in, conditions, "serving");
		e->terminating = (uint8_t)json_take_bool(in, conditions, "terminating");
	}
}

static void
take_cidr(struct json_reader *in, json_t *root, struct raw_cidr *c)
{
	c->cidrs = json_take_texts(in, json_take_object(in, root, "spec"), "cidrs");
	c->conditions = json_take_pairs(
	    in, json_take_object(in, root, "status"), "conditions", "type", "status");
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
	struct json_reader in = {.d = d, .why = why};
	json_t *root = d->json = parse(r, why);

	if (!root)
		return false;
	raw->api_version = json_take_text(&in, root, "apiVersion");
	raw->kind = json_take_text(&in, root, "kind");
	take_meta(&in, root, &raw->meta);
	if (raw->resource == RESOURCE_NODE)
		take_node(&in, root, &raw->node);
	else if (raw->resource == RESOURCE_SERVICE)
		take_service(&in, root, &raw->service);
	else if (raw->resource == RESOURCE_SLICE)
		take_slice(&in, root, &raw->slice);
	else if (raw->resource == RESOURCE_CIDR)
		take_cidr(&in, root, &raw->cidr);
	else
		raw->calico.spec = json_take_object(&in, root, "spec");
	return !in.failed;
}

static bool
take_count(json_t *parent, const char *name, uint64_t *out)
{
	json_t *v = json_member(parent, name);

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
	json_t *counts = json_member(root, "counts");

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
