/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What struct path_maker is made of; for the files of this folder only. All of it is the
 * writer's, but `rules` and `service_cidrs` (RCU) and `ignored_selectors` (atomic), which explain reads too.
 */
#pragma once

#include "path/attribute_ids.h"
#include "path/decide.h"
#include "path/hops.h"
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
	bool known;
	bool moved;           /* in this recompute: Local routes through it may differ */
	struct claims claims; /* its pod CIDRs */
};

struct path_service {
	struct claims claims;
	bool local; /* one of them is SCOPE_LOCAL: it depends on its endpoints' nodes */
};

/* The slots of the nodes that serve all of a pool, ascending. */
struct eligible {
	uint32_t *slots;
	uint32_t n;
};

struct path_maker {
	const struct config_advertise *config;
	RCU(struct rules) rules;
	struct calico_said calico_said;
	const struct cluster *cluster;
	struct path_sink sink;
	bool computed; /* once */

	RCU(struct cidr_list) service_cidrs;
	_Atomic uint8_t ignored_selectors;

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
	struct path_choice *choices; /* room for every slot */
	uint32_t cap_choices;
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
