/* SPDX-License-Identifier: Apache-2.0 */
#include "path/rules.h"

#include <stdio.h>
#include <string.h>

bool
rules_init(struct rules *r, const struct config_advertise *config, char *error, size_t size)
{
	const struct config_node_selectors *texts = &config->node_selectors;
	const struct {
		const char *key, *text;
	} selectors[POOL_COUNT] = {
	    [POOL_CLUSTER_IP] = {"cluster_ips", texts->cluster_ips},
	    [POOL_EXTERNAL_IP] = {"external_ips", texts->external_ips},
	    [POOL_LOAD_BALANCER] = {"load_balancer_ips", texts->load_balancer_ips},
	    [POOL_POD_CIDR] = {"pod_cidrs", texts->pod_cidrs},
	};

	memset(r, 0, sizeof(*r));
	r->config = config;
	for (int p = 0; p < POOL_COUNT; p++) {
		char why[256];

		if (!selectors[p].text)
			continue;
		r->selectors[p] = selector_new(selectors[p].text, why, sizeof(why));
		if (r->selectors[p])
			continue;
		snprintf(error, size, "advertise.node_selectors.%s: %s", selectors[p].key, why);
		rules_fini(r);
		return false;
	}
	return true;
}

void
rules_fini(struct rules *r)
{
	for (int p = 0; p < POOL_COUNT; p++) {
		selector_free(r->selectors[p]);
		r->selectors[p] = NULL;
	}
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
