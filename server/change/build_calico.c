/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the JSON of Calico's objects to the immutable ones: each is read into scratch memory with
 * everything checked, then put into one block. A value that cannot be meant refuses the record and
 * names the field, so that the last good object stays.
 */
#include "change/build_calico.h"

#include "config/notation.h"
#include "core/hash.h"

#include <stdlib.h>

/* ---- the block ---- */

static size_t
size_strings(const struct config_strings *s, size_t *texts)
{
	for (uint32_t i = 0; i < s->len; i++)
		*texts += size_text(s->items[i]);
	return size_array(s->len, sizeof(*s->items));
}

static struct config_strings
put_strings(struct block *b, const struct config_strings *s)
{
	const char **at = block_array(b, NULL, s->len, sizeof(*at));

	for (uint32_t i = 0; i < s->len; i++)
		at[i] = block_text(b, s->items[i]);
	return (struct config_strings){.items = at, .len = s->len};
}

static struct config_prefixes
put_prefixes(struct block *b, const struct config_prefixes *p)
{
	return (struct config_prefixes){
	    .items = block_array(b, p->items, p->len, sizeof(*p->items)), .len = p->len};
}

static size_t
size_taggings(const struct config_taggings *t)
{
	size_t n = size_array(t->len, sizeof(*t->items));

	for (uint32_t i = 0; i < t->len; i++)
		n += size_array(t->items[i].add.len, sizeof(*t->items[i].add.items));
	return n;
}

static struct config_taggings
put_taggings(struct block *b, const struct config_taggings *t)
{
	struct config_tagging *at = block_array(b, t->items, t->len, sizeof(*at));

	for (uint32_t i = 0; i < t->len; i++)
		at[i].add.items = block_array(b, t->items[i].add.items, t->items[i].add.len,
		    sizeof(*t->items[i].add.items));
	return (struct config_taggings){.items = at, .len = t->len};
}

/* A block of `head` bytes with what is common to all; from has it in scratch memory. */
static void *
calico_new(struct block *b, const struct raw_object *raw, struct change *c, size_t head,
    const struct calico_object *from, size_t arrays, size_t texts)
{
	struct config_strings unknown = {.items = from->unknown, .len = from->n_unknown};
	struct calico_object *o;

	arrays += size_strings(&unknown, &texts);
	o = block_new(b, raw, c, head, arrays, texts);
	o->spec_hash = from->spec_hash;
	o->fields = from->fields;
	o->unknown = put_strings(b, &unknown).items;
	o->n_unknown = from->n_unknown;
	return o;
}

/* ---- what is common ---- */

static enum calico_field
find_field(enum resource resource, const char *name)
{
	for (unsigned i = 0; i < CALICO_FIELDS; i++) {
		if (calico_rows[i].resource == resource &&
		    strcmp(calico_rows[i].field, name) == 0)
			return (enum calico_field)i;
	}
	return CALICO_FIELDS;
}

static void
read_fields(
    struct json_reader *in, enum resource resource, json_t *spec, struct calico_object *out)
{
	const char **unknown =
	    arena_alloc(&in->d->scratch, json_object_size(spec) * sizeof(*unknown));
	char *text = spec ? json_dumps(spec, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	const char *name;
	json_t *v;

	if (text)
		out->spec_hash = hash_bytes(text, strlen(text));
	free(text);
	json_object_foreach(spec, name, v)
	{
		enum calico_field f = find_field(resource, name);

		if (json_is_null(v))
			continue;
		if (f != CALICO_FIELDS)
			out->fields |= (uint64_t)1 << f;
		else if (out->n_unknown < BUILD_MAX_PARTS)
			unknown[out->n_unknown++] = name;
	}
	out->unknown = unknown;
}

/* ---- BGPConfiguration ---- */

/* The CIDRs of a list of {"cidr": ...}. */
static struct config_prefixes
read_blocks(struct json_reader *in, json_t *spec, const char *name)
{
	json_t *list = json_take_list(in, spec, name);
	uint32_t n = (uint32_t)json_array_size(list);
	struct ip_prefix *at = arena_alloc(&in->d->scratch, n * sizeof(*at));

	for (uint32_t i = 0; i < n; i++)
		at[i] = json_take_cidr(in, json_element(in, list, i, name), "cidr", name);
	return (struct config_prefixes){.items = at, .len = n};
}

/* The value of the community of this name; itself where it is no name. */
static const char *
named_community(json_t *named, const char *text)
{
	for (size_t i = 0; i < json_array_size(named); i++) {
		json_t *o = json_array_get(named, i);
		const char *name = json_string_value(json_object_get(o, "name"));
		const char *value = json_string_value(json_object_get(o, "value"));

		if (name && value && strcmp(name, text) == 0)
			return value;
	}
	return text;
}

static struct config_communities
read_communities(struct json_reader *in, json_t *named, json_t *advertisement)
{
	struct raw_texts texts = json_take_texts(in, advertisement, "communities");
	struct config_community *at = arena_zalloc(&in->d->scratch, texts.n * sizeof(*at));

	for (size_t i = 0; i < texts.n; i++) {
		if (!config_community_parse(named_community(named, texts.at[i]), &at[i]))
			json_refuse(in, "prefixAdvertisements", texts.at[i],
			    "neither a community nor the name of one in communities");
	}
	return (struct config_communities){.items = at, .len = (uint32_t)texts.n};
}

static struct config_taggings
read_advertisements(struct json_reader *in, json_t *spec)
{
	json_t *named = json_take_list(in, spec, "communities");
	json_t *list = json_take_list(in, spec, "prefixAdvertisements");
	uint32_t n = (uint32_t)json_array_size(list);
	struct config_tagging *at = arena_zalloc(&in->d->scratch, n * sizeof(*at));

	for (uint32_t i = 0; i < n; i++) {
		json_t *o = json_element(in, list, i, "prefixAdvertisements");

		at[i].prefix = json_take_cidr(in, o, "cidr", "prefixAdvertisements");
		at[i].add = read_communities(in, named, o);
	}
	return (struct config_taggings){.items = at, .len = n};
}

static bool
read_aggregation(struct json_reader *in, json_t *spec)
{
	static const char name[] = "serviceLoadBalancerAggregation";
	const char *text = json_take_text(in, spec, name);

	if (text && strcmp(text, "Enabled") != 0 && strcmp(text, "Disabled") != 0)
		json_refuse(in, name, text, "neither Enabled nor Disabled");
	return !text || strcmp(text, "Disabled") != 0;
}

static bool
configuration_build(struct json_reader *in, const struct raw_object *raw, struct change *c)
{
	struct bgp_configuration r = {.as_number = 0}, *o;
	json_t *spec = raw->calico.spec;
	struct block b;

	read_fields(in, raw->resource, spec, &r.calico);
	r.cluster_ips = read_blocks(in, spec, "serviceClusterIPs");
	r.external_ips = read_blocks(in, spec, "serviceExternalIPs");
	r.load_balancer_ips = read_blocks(in, spec, "serviceLoadBalancerIPs");
	r.communities = read_advertisements(in, spec);
	r.load_balancer_aggregation = read_aggregation(in, spec);
	r.as_number = json_take_as(in, spec, "asNumber");
	r.listen_port = (uint16_t)json_take_number(in, spec, "listenPort", UINT16_MAX);
	if (in->failed)
		return false;
	o = calico_new(&b, raw, c, sizeof(*o), &r.calico,
	    size_array(r.cluster_ips.len, sizeof(struct ip_prefix)) +
	        size_array(r.external_ips.len, sizeof(struct ip_prefix)) +
	        size_array(r.load_balancer_ips.len, sizeof(struct ip_prefix)) +
	        size_taggings(&r.communities),
	    0);
	o->cluster_ips = put_prefixes(&b, &r.cluster_ips);
	o->external_ips = put_prefixes(&b, &r.external_ips);
	o->load_balancer_ips = put_prefixes(&b, &r.load_balancer_ips);
	o->communities = put_taggings(&b, &r.communities);
	o->load_balancer_aggregation = r.load_balancer_aggregation;
	o->as_number = r.as_number;
	o->listen_port = r.listen_port;
	return true;
}

/* ---- BGPPeer ---- */

static bool
peer_build(struct json_reader *in, const struct raw_object *raw, struct change *c)
{
	struct bgp_peer r = {.port = 0}, *o;
	json_t *spec = raw->calico.spec;
	json_t *secret =
	    json_take_object(in, json_take_object(in, spec, "password"), "secretKeyRef");
	const char *text = json_take_text(in, spec, "peerIP");
	struct raw_texts filters = json_take_texts(in, spec, "filters");
	struct block b;
	size_t texts = 0, arrays;

	read_fields(in, raw->resource, spec, &r.calico);
	if (text && *text && !peer_address_parse(text, &r.address, &r.port))
		json_refuse(in, "peerIP", text, "not an address, IPv4:port or [IPv6]:port");
	r.as_number = json_take_as(in, spec, "asNumber");
	r.secret_name = json_take_text(in, secret, "name");
	r.secret_key = json_take_text(in, secret, "key");
	r.filters = (struct config_strings){.items = filters.at, .len = (uint32_t)filters.n};
	r.ttl_security = (uint8_t)json_take_number(in, spec, "ttlSecurity", 254);
	r.restart_time_ns = json_take_duration(in, spec, "maxRestartTime");
	if (in->failed)
		return false;
	arrays = size_strings(&r.filters, &texts);
	texts += size_text(r.secret_name) + size_text(r.secret_key);
	o = calico_new(&b, raw, c, sizeof(*o), &r.calico, arrays, texts);
	o->address = r.address;
	o->port = r.port;
	o->as_number = r.as_number;
	o->secret_name = r.secret_name ? block_text(&b, r.secret_name) : NULL;
	o->secret_key = r.secret_key ? block_text(&b, r.secret_key) : NULL;
	o->filters = put_strings(&b, &r.filters);
	o->ttl_security = r.ttl_security;
	o->restart_time_ns = r.restart_time_ns;
	return true;
}

/* ---- BGPFilter ---- */

static unsigned
one_of(struct json_reader *in, json_t *rule, const char *name, const char *const *words,
    unsigned n)
{
	const char *text = json_take_text(in, rule, name);

	for (unsigned i = 0; text && *text && i < n; i++) {
		if (strcmp(text, words[i]) == 0)
			return i + 1;
	}
	if (text && *text)
		json_refuse(in, name, text, "not one of its words");
	return 0;
}

/* Routes of services come from no peer, leave by no interface and have no AS path of their own. */
static const char *
condition_not_met(json_t *rule)
{
	static const char *const names[] = {
	    "source", "interface", "asPathPrefix", "priority", "communities"};

	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		json_t *v = json_member(rule, names[i]);

		if (v && !(json_is_string(v) && *json_string_value(v) == '\0') &&
		    !(json_is_array(v) && json_array_size(v) == 0))
			return names[i];
	}
	return NULL;
}

static struct calico_rule
read_rule(struct json_reader *in, json_t *rule, uint8_t family)
{
	static const char *const matches[] = {"Equal", "NotEqual", "In", "NotIn"};
	static const char *const actions[] = {"Accept", "Reject"};
	static const char *const types[] = {"eBGP", "iBGP"};
	json_t *length = json_take_object(in, rule, "prefixLength");
	const char *cidr = json_take_text(in, rule, "cidr");
	struct calico_rule r = {.max_len = (uint8_t)ip_bits(family)};
	unsigned action = one_of(in, rule, "action", actions, COUNT_OF(actions));

	if (action == 0)
		json_refuse(in, "action", "", "neither Accept nor Reject");
	r.accept = action == 1;
	r.peer_type = (uint8_t)one_of(in, rule, "peerType", types, COUNT_OF(types));
	r.no_match = condition_not_met(rule);
	r.left_out = json_array_size(json_member(rule, "operations")) ? "operations" : NULL;
	if (!cidr || !*cidr)
		return r;
	r.cidr = json_take_cidr(in, rule, "cidr", "cidr");
	if (r.cidr.addr.family != family)
		json_refuse(in, "cidr", cidr, "of the other address family");
	r.match = (uint8_t)one_of(in, rule, "matchOperator", matches, COUNT_OF(matches));
	if (r.match == MATCH_ANY)
		json_refuse(in, "matchOperator", "", "missing beside a cidr");
	r.min_len = r.cidr.len;
	if (json_member(length, "min"))
		r.min_len = (uint8_t)json_take_number(in, length, "min", ip_bits(family));
	if (json_member(length, "max"))
		r.max_len = (uint8_t)json_take_number(in, length, "max", ip_bits(family));
	return r;
}

static void
read_rules(struct json_reader *in, json_t *spec, const char *name, uint8_t family,
    struct bgp_filter *out)
{
	json_t *list = json_take_list(in, spec, name);
	size_t n = json_array_size(list);
	struct calico_rule *at = arena_zalloc(&in->d->scratch, n * sizeof(*at));

	for (size_t i = 0; i < n && n <= BUILD_MAX_PARTS && !in->failed; i++)
		at[i] = read_rule(in, json_element(in, list, i, name), family);
	if (n > BUILD_MAX_PARTS)
		json_refuse(in, name, "", "shorter than 10000 rules");
	out->rules[ip_family_index(family)] = at;
	out->n_rules[ip_family_index(family)] = (uint16_t)n;
}

static bool
filter_build(struct json_reader *in, const struct raw_object *raw, struct change *c)
{
	struct bgp_filter r = {.n_rules = {0, 0}}, *o;
	json_t *spec = raw->calico.spec;
	struct block b;

	read_fields(in, raw->resource, spec, &r.calico);
	read_rules(in, spec, "exportV4", IP_V4, &r);
	read_rules(in, spec, "exportV6", IP_V6, &r);
	if (in->failed)
		return false;
	o = calico_new(&b, raw, c, sizeof(*o), &r.calico,
	    size_array(r.n_rules[0], sizeof(struct calico_rule)) +
	        size_array(r.n_rules[1], sizeof(struct calico_rule)),
	    0);
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		o->rules[f] =
		    block_array(&b, r.rules[f], r.n_rules[f], sizeof(struct calico_rule));
		o->n_rules[f] = r.n_rules[f];
	}
	return true;
}

/* ---- IPPool ---- */

static bool
pool_build(struct json_reader *in, const struct raw_object *raw, struct change *c)
{
	struct ip_pool r = {.no_export = false}, *o;
	json_t *spec = raw->calico.spec;
	struct block b;

	read_fields(in, raw->resource, spec, &r.calico);
	r.cidr = json_take_cidr(in, spec, "cidr", "cidr");
	r.no_export = json_take_bool(in, spec, "disableBGPExport") == CONDITION_TRUE;
	if (in->failed)
		return false;
	o = calico_new(&b, raw, c, sizeof(*o), &r.calico, 0, 0);
	o->cidr = r.cidr;
	o->no_export = r.no_export;
	return true;
}

bool
calico_build(
    struct decoder *d, const struct raw_object *raw, struct change *c, struct decode_error *why)
{
	struct json_reader in = {.d = d, .why = why};

	switch (raw->resource) {
	case RESOURCE_BGPCONFIG:
		return configuration_build(&in, raw, c);
	case RESOURCE_BGPPEER:
		return peer_build(&in, raw, c);
	case RESOURCE_BGPFILTER:
		return filter_build(&in, raw, c);
	default:
		must(raw->resource == RESOURCE_IPPOOL);
		return pool_build(&in, raw, c);
	}
}
