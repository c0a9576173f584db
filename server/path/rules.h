/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's rules in the form decisions read: CIDRs per pool, parsed selectors, and
 * the few inputs that follow the cluster instead of the file. A pool is where addresses of one
 * class may come from, and which nodes serve it.
 */
#pragma once

#include "config/config.h"
#include "core/rcu.h"
#include "path/path.h"
#include "path/selector.h"

enum pool { POOL_CLUSTER_IP, POOL_EXTERNAL_IP, POOL_LOAD_BALANCER, POOL_POD_CIDR, POOL_COUNT };

/* A service address's class is the one after its pool's. */
static inline enum path_class
pool_class(enum pool pool)
{
	return (enum path_class)(pool + 1);
}
static inline enum pool
class_pool(enum path_class path_class)
{
	return (enum pool)(path_class - 1);
}
_Static_assert(PATH_CLUSTER_IP == POOL_CLUSTER_IP + 1 && PATH_POD_CIDR == POOL_POD_CIDR + 1,
    "classes follow the aggregate in the pools' order");

/* The CIDRs of all ServiceCIDR objects, ascending, each once; published, immutable. */
struct cidr_list {
	struct rcu_later later;
	uint32_t n;
	struct ip_prefix at[];
};

/* Made once from the configuration; immutable. */
struct rules {
	const struct config_advertise *config;
	struct selector *selectors[POOL_COUNT]; /* NULL: every node */
};

/* What a decision reads: the rules and what they are completed by now. */
struct rules_now {
	const struct rules *rules;
	const struct cidr_list *service_cidrs; /* NULL: none */
	uint8_t ignored_selectors; /* bit per pool: its selector matches no node at all */
};

/* False: error says which key is wrong. On true, rules_fini() releases. */
bool rules_init(
    struct rules *r, const struct config_advertise *config, char *error, size_t size) MUST_USE;
void rules_fini(struct rules *r);

/*
 * The CIDRs of a pool. Cluster IPs: those configured, or where none are, those of the
 * ServiceCIDR objects, whether they are Ready or being deleted: addresses stay in use until
 * the object is gone. The pool of pod CIDRs is empty: each node brings its own.
 */
struct config_prefixes rules_cidrs(const struct rules_now *now, enum pool pool);

/* True when this CIDR of the pool is advertised as an aggregate. */
bool rules_aggregates(const struct rules *r, enum pool pool, const struct ip_prefix *cidr);

/* The longest CIDR of the pool that has the address, NULL: none. */
const struct ip_prefix *
rules_cidr_of(const struct rules_now *now, enum pool pool, const struct ip_addr *a);

/* The same among those that are advertised as aggregates. */
const struct ip_prefix *
rules_aggregate_of(const struct rules_now *now, enum pool pool, const struct ip_addr *a);
