/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's rules in the form decisions read: CIDRs per pool, parsed selectors, and
 * the few inputs that follow the cluster instead of the file. A pool is where addresses of one
 * class may come from, and which nodes serve it.
 */
#pragma once

#include "config/config.h"
#include "config/selector.h"
#include "core/arena.h"
#include "core/rcu.h"
#include "path/calico.h"
#include "path/path.h"
#include "path/reason.h"

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

/* An IPPool: whether pod CIDRs inside it are advertised. */
struct pod_pool {
	struct ip_prefix cidr;
	bool no_export;
};

/*
 * Made from the configuration and Calico's objects, anew when these change; published, immutable,
 * with everything it points to but the selectors' texts.
 */
struct rules {
	struct rcu_later later;
	struct config_advertise advertise;      /* the file's, completed by BGPConfiguration */
	const struct config_advertise *config;  /* = &advertise */
	struct selector *selectors[POOL_COUNT]; /* of nodes; NULL: every one */
	struct selector *services[POOL_COUNT];  /* of services; NULL: every one */
	const struct pod_pool *pod_pools;
	uint32_t n_pod_pools;
	uint8_t from_calico; /* bit per pool: its CIDRs are BGPConfiguration's */
	uint64_t calico;     /* struct calico_state.hash */
	struct arena arena;  /* copies of what Calico's objects say */
};

/* What a decision reads: the rules and what they are completed by now. */
struct rules_now {
	const struct rules *rules;
	const struct cidr_list *service_cidrs; /* NULL: none */
	uint8_t ignored_selectors; /* bit per pool: its selector matches no node at all */
};

/* NULL: error says which key of the configuration is wrong. calico is copied. */
struct rules *rules_new(const struct config_advertise *config,
    const struct calico_state *calico, char *error, size_t size) MUST_USE;
void rules_free(struct rules *r);
void rules_retire(struct rules *r); /* it was published; free after a grace period */

/* Whether this pod CIDR of a node is advertised: REASON_OK, or why not. */
enum reason rules_pod_cidr(const struct rules *r, const struct ip_prefix *cidr);

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
