/* SPDX-License-Identifier: Apache-2.0 */
#include "path/calico.h"

#include "core/hash.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the rules read ---- */

static const struct bgp_configuration *
find_default(const struct cluster *c) ON_WRITER
{
	for (uint32_t i = 0; i < cluster_calico_bound(c, RESOURCE_BGPCONFIG); i++) {
		const struct calico_object *o = cluster_calico_own(c, RESOURCE_BGPCONFIG, i);

		if (o && strcmp(o->object.name, CALICO_DEFAULT) == 0)
			return calico_configuration(o);
	}
	return NULL;
}

void
calico_state_read(struct calico_state *out, const struct config_advertise *config,
    const struct cluster *cluster)
{
	uint32_t bound = cluster_calico_bound(cluster, RESOURCE_IPPOOL);

	memset(out, 0, sizeof(*out));
	if (!config->follow_calico)
		return;
	out->configuration = find_default(cluster);
	if (out->configuration)
		out->hash = out->configuration->calico.spec_hash;
	out->pools = must_calloc(bound + 1, sizeof(*out->pools));
	for (uint32_t i = 0; i < bound; i++) {
		const struct calico_object *o = cluster_calico_own(cluster, RESOURCE_IPPOOL, i);
		const struct ip_pool *p = calico_pool(o);

		if (!p)
			continue;
		out->pools[out->n_pools++] = p;
		/* A sum, so that the order of the table does not count. */
		out->hash += hash_two(ip_prefix_hash(&p->cidr), p->no_export);
	}
}

void
calico_state_fini(struct calico_state *s)
{
	free(s->pools);
	memset(s, 0, sizeof(*s));
}

/* The fields of BGPConfiguration that stand for keys of the file. */
static const struct {
	enum calico_field field;
	uint32_t given;
	const char *file_counts;
} keys[] = {
#define KEY_OF(field, bit, key)                                                                \
	{                                                                                      \
		CALICO_BGPCONFIG_##field, CONFIG_GIVES_##bit,                                  \
		    "the configuration file (or its environment) has advertise." key           \
		    ", which counts"                                                           \
	}
    KEY_OF(CLUSTER_IPS, CLUSTER_IPS, "cluster_ips"),
    KEY_OF(EXTERNAL_IPS, EXTERNAL_IPS, "external_ips"),
    KEY_OF(LB_IPS, LB_IPS, "load_balancer_ips"),
    KEY_OF(LB_AGGREGATION, LB_AGGREGATION, "load_balancer_aggregation"),
    KEY_OF(COMMUNITIES, COMMUNITIES, "communities"),
    KEY_OF(ADVERTISEMENTS, COMMUNITIES, "communities"),
#undef KEY_OF
};

/* The word on a field that the file has a say of already, or NULL. */
static const char *
file_counts(const struct config_advertise *config, enum calico_field field)
{
	for (unsigned i = 0; i < COUNT_OF(keys); i++) {
		if (keys[i].field == field && config->given & keys[i].given)
			return keys[i].file_counts;
	}
	return NULL;
}

static bool
counts(const struct config_advertise *config, const struct bgp_configuration *from,
    enum calico_field field)
{
	return calico_has(&from->calico, field) && !file_counts(config, field);
}

void
calico_override(const struct bgp_configuration *from, struct config_advertise *advertise)
{
	if (counts(advertise, from, CALICO_BGPCONFIG_CLUSTER_IPS))
		advertise->cluster_ips = from->cluster_ips;
	if (counts(advertise, from, CALICO_BGPCONFIG_EXTERNAL_IPS))
		advertise->external_ips = from->external_ips;
	if (counts(advertise, from, CALICO_BGPCONFIG_LB_IPS))
		advertise->load_balancer_ips = from->load_balancer_ips;
	if (counts(advertise, from, CALICO_BGPCONFIG_LB_AGGREGATION))
		advertise->load_balancer_aggregation = from->load_balancer_aggregation;
	if (counts(advertise, from, CALICO_BGPCONFIG_ADVERTISEMENTS))
		advertise->communities = from->communities;
}

/* ---- what is acted on ---- */

static void
judge_field(const struct config_advertise *config, const struct calico_object *o,
    enum calico_field field, struct calico_verdict *v)
{
	const struct calico_row *row = &calico_rows[field];
	bool rules = row->resource == RESOURCE_BGPCONFIG || row->resource == RESOURCE_IPPOOL;

	*v = (struct calico_verdict){row->field, row->used, row->why};
	if (row->resource == RESOURCE_BGPCONFIG &&
	    strcmp(o->object.name, CALICO_DEFAULT) != 0) {
		v->applied = false;
		v->why = "only the object named default is the whole cluster's; the others are "
		         "about BGP on single nodes";
		return;
	}
	if (file_counts(config, field)) {
		v->applied = false;
		v->why = file_counts(config, field);
	}
	if (v->applied && row->resource == RESOURCE_IPPOOL && !config->pod_cidrs) {
		v->applied = false;
		v->why = "advertise.pod_cidrs is off, so no pod CIDR is advertised anyway";
	}
	if (row->used && !rules && !config->calico_peers) {
		v->applied = false;
		v->why =
		    "calico_peers.enabled is off in the configuration file: peers are those of the file";
	}
	if (row->used && v->applied && rules && !config->follow_calico) {
		v->applied = false;
		v->why = "advertise.follow_calico is off in the configuration file";
	}
}

/* Parts of a filter's rules that are not acted on, though the rules are. */
static void
judge_rules(const struct calico_object *o, calico_sink *sink, void *ctx)
{
	static const char *const fields[IP_FAMILIES] = {"exportV4", "exportV6"};
	const struct bgp_filter *f =
	    o->object.resource == RESOURCE_BGPFILTER ? calico_filter(o) : NULL;

	for (unsigned family = 0; f && family < IP_FAMILIES; family++)
		for (uint32_t i = 0; i < f->n_rules[family]; i++) {
			const struct calico_rule *r = &f->rules[family][i];
			struct calico_verdict v = {fields[family], false,
			    r->no_match
			        ? "a rule has a condition that none of our routes meets: it fits none"
			    : r->left_out ? "a rule's operations are not carried out"
			                  : NULL};

			if (v.why)
				sink(ctx, o, &v);
		}
}

void
calico_judge(const struct config_advertise *config, const struct calico_object *o,
    calico_sink *sink, void *ctx)
{
	struct calico_verdict v;

	for (unsigned i = 0; i < CALICO_FIELDS; i++) {
		if (!calico_has(o, (enum calico_field)i))
			continue;
		judge_field(config, o, (enum calico_field)i, &v);
		sink(ctx, o, &v);
	}
	judge_rules(o, sink, ctx);
	for (unsigned i = 0; i < o->n_unknown; i++) {
		v = (struct calico_verdict){
		    o->unknown[i], false, "this version does not know the field"};
		sink(ctx, o, &v);
	}
}

/* ---- saying so, once ---- */

/* True: the hash was not there before. */
static bool
said_add(struct calico_said *s, uint64_t hash)
{
	struct calico_said old = *s;
	uint32_t at;

	hash |= 1; /* 0 is a free place */
	if (2 * (s->n + 1) > s->size) {
		s->size = old.size ? 2 * old.size : 64;
		s->at = must_calloc(s->size, sizeof(*s->at));
		s->n = 0;
		for (uint32_t i = 0; i < old.size; i++) {
			if (old.at[i])
				said_add(s, old.at[i]);
		}
		free(old.at);
	}
	for (at = (uint32_t)(hash >> 32) & (s->size - 1); s->at[at];
	     at = (at + 1) & (s->size - 1)) {
		if (s->at[at] == hash)
			return false;
	}
	s->at[at] = hash;
	s->n++;
	return true;
}

void
calico_said_fini(struct calico_said *said)
{
	free(said->at);
	memset(said, 0, sizeof(*said));
}

static void
say(void *ctx, const struct calico_object *o, const struct calico_verdict *v)
{
	uint64_t name =
	    hash_two(o->object.resource, hash_bytes(o->object.name, o->object.name_len));
	uint64_t word = hash_two(
	    hash_bytes(v->field, strlen(v->field)), hash_bytes(v->why, strlen(v->why)));

	if (v->applied || !said_add(ctx, hash_two(name, word)))
		return;
	log_info("a field of one of Calico's objects is not acted on",
	    f_str("resource", resource_rows[o->object.resource].plural),
	    f_str("name", o->object.name), f_str("field", v->field), f_str("why", v->why));
}

void
calico_log(struct calico_said *said, const struct config_advertise *config,
    const struct cluster *cluster)
{
	for (enum resource r = RESOURCE_BGPCONFIG; resource_is_calico(r); r++) {
		for (uint32_t i = 0; i < cluster_calico_bound(cluster, r); i++) {
			const struct calico_object *o = cluster_calico_own(cluster, r, i);

			if (o)
				calico_judge(config, o, say, said);
		}
	}
}
