/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What struct path_maker is made of; for the files of this folder only. All of it is the
 * writer's, but `rules`, `service_cidrs` and `leaving` (RCU) and `ignored_selectors` (atomic), which explain reads too.
 */
#pragma once

#include "path/attribute_ids.h"
#include "path/decide.h"
#include "path/hops.h"
#include "path/leaving.h"
#include "path/prefixes.h"
#include "path/slotset.h"

#include <stdatomic.h>

/* A node as next hop, by the cluster's index: decide_node() in the form that loops read. */
struct path_node {
	uint32_t slot[IP_FAMILIES]; /* SLOT_NONE: no address, or not known */
	uint32_t hop[IP_FAMILIES];
	uint32_t originator;
	uint64_t rack, zone;
	uint8_t all, local; /* bit per pool */
	uint8_t selected;   /* bit per pool */
	uint8_t leaving;    /* bit per pool: until leave_ns still a marked next hop */
	bool known;
	bool moved; /* in this recompute: Local routes through it may differ */
	uint64_t leave_ns;
	struct claims claims; /* its pod CIDRs */
};

struct path_service {
	struct claims claims;
	bool local; /* one of them is SCOPE_LOCAL: it depends on its endpoints' nodes */
};

/* The slots of the nodes that serve all of a pool, ascending; those of nodes that leave stand apart. */
struct eligible {
	uint32_t *slots, *leaving;
	uint32_t n, n_leaving;
};

/* Attributes of some paths of a prefix that differ from its own. */
struct variant {
	uint32_t mark; /* why: a number of endpoints, or MARK_LEAVING */
	uint32_t id;
};
#define MARK_LEAVING UINT32_MAX

/* An endpoint that is counted, and the slot of its node. */
struct counted {
	struct ip_addr addr;
	uint32_t slot;
};

struct path_maker {
	const struct config_advertise *config;
	RCU(struct rules) rules;
	struct calico_said calico_said;
	const struct cluster *cluster;
	struct path_sink sink;
	bool computed; /* once */
	bool count_endpoints;
	bool reconfigured; /* since the last recompute */
	uint64_t now_ns;   /* of this recompute */

	RCU(struct cidr_list) service_cidrs;
	_Atomic uint8_t ignored_selectors;
	RCU(struct leaving_list) leaving;
	bool leaving_stale;
	uint64_t leave_due_ns; /* when the first of them is gone; NS_NEVER */

	struct path_node *nodes;
	uint32_t n_nodes; /* length of nodes */
	struct path_service *services;
	uint32_t n_services;
	struct hops hops;
	struct eligible eligible[POOL_COUNT][IP_FAMILIES];
	bool eligible_stale; /* a node's part in it, or a slot, has changed */
	bool any_moved;
	uint32_t selected[POOL_COUNT]; /* known nodes that its selector matches */
	uint32_t known;                /* nodes */

	struct claims aggregates;
	struct prefixes prefixes;
	struct attribute_ids attributes;
	uint32_t merged; /* prefixes whose owners' attributes differ */

	/* scratch, kept for the next time */
	struct slotset set[3];       /* the result; one service's ready ones, draining ones */
	uint32_t *slots;             /* room for every slot */
	uint32_t *marks;             /* by slot, 0 between prefixes; see struct variant */
	struct path_choice *choices; /* room for every slot */
	uint32_t cap_choices;
	struct variant *variants; /* of the prefix at hand */
	uint32_t n_variants, cap_variants;
	struct counted *counted; /* endpoints of the service at hand */
	uint32_t n_counted, cap_counted;
	struct want *wants;
	uint32_t n_wants, cap_wants;
};

/* The rules as of now, for the writer. */
struct rules_now maker_rules(const struct path_maker *m) ON_WRITER;

/* Collect into m->wants for prefixes_claim(). */
void maker_want(struct path_maker *m, const struct ip_prefix *prefix,
    enum path_class path_class, enum pool pool);

/* ---- nodes.c ---- */
/* Decide the dirty nodes again, then slots, selectors and eligible nodes; makes prefixes dirty. */
void nodes_update(struct path_maker *m, const struct cluster_dirty *dirty, bool all) ON_WRITER;
void nodes_fini(struct path_maker *m);

/* ---- services.c ---- */
void aggregates_update(struct path_maker *m) ON_WRITER;
void
services_update(struct path_maker *m, const struct cluster_dirty *dirty, bool all) ON_WRITER;
/* Local routes of services with endpoints on nodes that moved become dirty. */
void services_follow_nodes(struct path_maker *m) ON_WRITER;
void services_fini(struct path_maker *m);

/* Call cb for every address of the service that has a class. */
typedef void service_address(void *ctx, const struct ip_addr *a, enum path_class path_class);
void service_addresses_each(const struct service *s, service_address *cb, void *ctx);

/* ---- compute.c ---- */
/* The prefix's set from full state, to the sink. */
void prefix_compute(struct path_maker *m, struct owned_prefix *p) ON_WRITER;
