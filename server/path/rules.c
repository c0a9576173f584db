/* SPDX-License-Identifier: Apache-2.0 */
#include "path/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The selectors of one section; NULL where the file has none for a pool. */
static bool
read_selectors(const char *section, const char *const texts[POOL_COUNT],
    struct selector *out[POOL_COUNT], char *error, size_t size)
{
	static const char *const keys[POOL_COUNT] = {[POOL_CLUSTER_IP] = "cluster_ips",
	    [POOL_EXTERNAL_IP] = "external_ips",
	    [POOL_LOAD_BALANCER] = "load_balancer_ips",
	    [POOL_POD_CIDR] = "pod_cidrs"};

	for (int p = 0; p < POOL_COUNT; p++) {
		char why[256];

		if (!texts[p])
			continue;
		out[p] = selector_new(texts[p], why, sizeof(why));
		if (out[p])
			continue;
		snprintf(
		    error, size, "advertise.%s.%s: '%s': %s", section, keys[p], texts[p], why);
		return false;
	}
	return true;
}

static bool
read_all_selectors(
    struct rules *r, const struct config_advertise *config, char *error, size_t size)
{
	const struct config_node_selectors *n = &config->node_selectors;
	const struct config_service_selectors *s = &config->service_selectors;
	const char *const nodes[POOL_COUNT] = {
	    n->cluster_ips, n->external_ips, n->load_balancer_ips, n->pod_cidrs};
	const char *const services[POOL_COUNT] = {
	    s->cluster_ips, s->external_ips, s->load_balancer_ips};

	return read_selectors("node_selectors", nodes, r->selectors, error, size) &&
	       read_selectors("service_selectors", services, r->services, error, size);
}

static void *
copy(struct arena *arena, const void *from, size_t n)
{
	void *to = arena_alloc(arena, n);

	return n ? memcpy(to, from, n) : to;
}

static void
copy_prefixes(struct rules *r, struct config_prefixes *p)
{
	p->items = copy(&r->arena, p->items, p->len * sizeof(*p->items));
}

static void
copy_taggings(struct rules *r, struct config_taggings *t)
{
	struct config_tagging *at = copy(&r->arena, t->items, t->len * sizeof(*at));

	for (uint32_t i = 0; i < t->len; i++)
		at[i].add.items =
		    copy(&r->arena, at[i].add.items, at[i].add.len * sizeof(*at[i].add.items));
	t->items = at;
}

/* The objects may go before the rules do: nothing of them is kept. */
static void
complete(
    struct rules *r, const struct config_advertise *file, const struct calico_state *calico)
{
	struct config_advertise *a = &r->advertise;
	struct pod_pool *pools =
	    arena_alloc(&r->arena, calico->n_pools * sizeof(*r->pod_pools));

	for (uint32_t i = 0; i < calico->n_pools; i++)
		pools[i] =
		    (struct pod_pool){calico->pools[i]->cidr, calico->pools[i]->no_export};
	r->pod_pools = pools;
	r->n_pod_pools = calico->n_pools;
	r->calico = calico->hash;
	if (!calico->configuration)
		return;
	calico_override(calico->configuration, a);
	if (a->cluster_ips.items != file->cluster_ips.items && a->cluster_ips.len)
		r->from_calico |= 1u << POOL_CLUSTER_IP;
	if (a->external_ips.items != file->external_ips.items && a->external_ips.len)
		r->from_calico |= 1u << POOL_EXTERNAL_IP;
	if (a->load_balancer_ips.items != file->load_balancer_ips.items &&
	    a->load_balancer_ips.len)
		r->from_calico |= 1u << POOL_LOAD_BALANCER;
	copy_prefixes(r, &a->cluster_ips);
	copy_prefixes(r, &a->external_ips);
	copy_prefixes(r, &a->load_balancer_ips);
	copy_taggings(r, &a->communities);
}

struct rules *
rules_new(const struct config_advertise *config, const struct calico_state *calico, char *error,
    size_t size)
{
	struct rules *r = must_calloc(1, sizeof(*r));

	arena_init(&r->arena);
	r->advertise = *config;
	r->config = &r->advertise;
	complete(r, config, calico);
	if (read_all_selectors(r, config, error, size))
		return r;
	rules_free(r);
	return NULL;
}

void
rules_free(struct rules *r)
{
	for (int p = 0; p < POOL_COUNT; p++)
		selector_free(r->selectors[p]);
	for (int p = 0; p < POOL_COUNT; p++)
		selector_free(r->services[p]);
	arena_fini(&r->arena);
	free(r);
}

static void
free_later(struct rcu_later *later)
{
	rules_free((struct rules *)later); /* later is the first member */
}

void
rules_retire(struct rules *r)
{
	rcu_retire(&r->later, free_later);
}

enum reason
rules_pod_cidr(const struct rules *r, const struct ip_prefix *cidr)
{
	const struct pod_pool *best = NULL;

	if (!r->config->pod_cidrs)
		return REASON_POD_CIDR_OFF;
	for (uint32_t i = 0; i < r->n_pod_pools; i++) {
		const struct pod_pool *p = &r->pod_pools[i];

		if (ip_prefix_covers(&p->cidr, cidr) && (!best || p->cidr.len > best->cidr.len))
			best = p;
	}
	return best && best->no_export ? REASON_POD_CIDR_NO_EXPORT : REASON_OK;
}

struct config_prefixes
rules_cidrs(const struct rules_now *now, enum pool pool)
{
	const struct config_advertise *config = now->rules->config;

	switch (pool) {
	case POOL_CLUSTER_IP:
		if (config->cluster_ips.len == 0 && now->service_cidrs)
			return (struct config_prefixes){
			    now->service_cidrs->at, now->service_cidrs->n};
		return config->cluster_ips;
	case POOL_EXTERNAL_IP:
		return config->external_ips;
	case POOL_LOAD_BALANCER:
		return config->load_balancer_ips;
	default:
		return (struct config_prefixes){NULL, 0};
	}
}

bool
rules_aggregates(const struct rules *r, enum pool pool, const struct ip_prefix *cidr)
{
	bool single = cidr->len == ip_bits(cidr->addr.family);

	switch (pool) {
	case POOL_CLUSTER_IP:
		return true;
	case POOL_EXTERNAL_IP:
		return !single;
	case POOL_LOAD_BALANCER:
		return r->config->load_balancer_aggregation && !single;
	default:
		return false;
	}
}

static const struct ip_prefix *
longest(const struct rules_now *now, enum pool pool, const struct ip_addr *a, bool aggregates)
{
	struct config_prefixes cidrs = rules_cidrs(now, pool);
	const struct ip_prefix *best = NULL;

	for (uint32_t i = 0; i < cidrs.len; i++) {
		const struct ip_prefix *c = &cidrs.items[i];

		if (!ip_prefix_has(c, a) || (best && best->len >= c->len))
			continue;
		if (!aggregates || rules_aggregates(now->rules, pool, c))
			best = c;
	}
	return best;
}

const struct ip_prefix *
rules_cidr_of(const struct rules_now *now, enum pool pool, const struct ip_addr *a)
{
	return longest(now, pool, a, false);
}

const struct ip_prefix *
rules_aggregate_of(const struct rules_now *now, enum pool pool, const struct ip_addr *a)
{
	return longest(now, pool, a, true);
}
