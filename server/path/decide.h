/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decisions, each with its reason: what becomes of a service's address, what a node may
 * serve, what an endpoint is worth, whether a node is a next hop. Pure functions of immutable
 * objects and the rules: path_recompute() on the writer and path_explain() on the watch thread
 * call the same ones, so an explanation cannot differ from what is advertised.
 */
#pragma once

#include "change/object.h"
#include "path/reason.h"
#include "path/rules.h"

/* ---- the address of a service ---- */

enum scope {
	SCOPE_NONE,  /* no host route */
	SCOPE_LOCAL, /* from nodes with a usable endpoint */
	SCOPE_ALL    /* from every eligible node, while the service has a usable endpoint */
};

struct service_decision {
	enum reason reason;
	enum scope scope;
};

/* a is one of the service's addresses of this class. */
struct service_decision decide_service(const struct rules_now *now, const struct service *s,
    const struct ip_addr *a, enum path_class path_class);

/* ---- a node ---- */

struct node_decision {
	enum reason all[POOL_COUNT]; /* REASON_OK: has part in aggregates and Cluster routes */
	enum reason
	    local[POOL_COUNT]; /* REASON_OK: may serve Local routes (and its pod CIDRs) */
	enum reason address[IP_FAMILIES]; /* REASON_OK: addr is its next hop of the family */
	struct ip_addr addr[IP_FAMILIES];
	uint32_t originator; /* its IPv4 address; 0: it has none, its IPv6 path id stands in */
	uint8_t selected;    /* bit per pool: its selector matches, ignored or not */
	uint8_t leaving; /* bit per pool: not in all[] any more, but still a marked next hop */
	uint64_t rack, zone; /* place_hash() of its labels; 0: it has none */
};

/* node NULL: not known. */
void
decide_node(const struct rules_now *now, const struct node *node, struct node_decision *out);

/* Why this node is not a next hop of the pool's routes, or REASON_OK. */
static inline enum reason
decide_serves(const struct node_decision *d, enum scope scope, enum pool pool, uint8_t family)
{
	enum reason r = scope == SCOPE_LOCAL ? d->local[pool] : d->all[pool];

	if (scope == SCOPE_ALL && d->leaving >> pool & 1)
		r = REASON_OK;
	return r != REASON_OK ? r : d->address[ip_family_index(family)];
}

/* ---- endpoints ---- */

/* What an endpoint is worth; the best ones in a scope are used. */
enum rank {
	RANK_UNUSABLE,
	RANK_DRAINING, /* serves, but terminates: used where there is nothing better */
	RANK_READY
};

/* Ready first: a terminating endpoint is ready only by publishNotReadyAddresses. */
static inline enum rank
decide_endpoint(uint8_t flags)
{
	const uint8_t draining = ENDPOINT_SERVING | ENDPOINT_TERMINATING;

	if (flags & ENDPOINT_READY)
		return RANK_READY;
	return (flags & draining) == draining ? RANK_DRAINING : RANK_UNUSABLE;
}

/*
 * Whether a node is a next hop of a host route. serves: decide_serves() of it. on_node: the
 * best rank of the service's endpoints on it. best: the best rank in the scope: SCOPE_LOCAL:
 * on all nodes that serve; SCOPE_ALL: of the whole service.
 */
static inline enum reason
decide_nexthop(enum scope scope, enum reason serves, enum rank on_node, enum rank best)
{
	if (serves != REASON_OK)
		return serves;
	if (scope == SCOPE_ALL)
		return best == RANK_UNUSABLE ? REASON_NO_USABLE_ENDPOINT : REASON_OK;
	if (on_node == RANK_UNUSABLE)
		return REASON_NODE_NO_ENDPOINT;
	return on_node < best ? REASON_NODE_NO_READY_ENDPOINT : REASON_OK;
}
