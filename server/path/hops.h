/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hops: the distinct addresses of all nodes, and the slots that stand for them. A hop is an
 * address and how many nodes have it; a slot is its present value as a next hop (address,
 * originator, path id, place). When that value changes, the hop gets another slot; the old one is
 * given out again only after the recompute that let go of it. The writer's.
 *
 * Per recompute: hold and drop hops as nodes change, then hops_assign_ids(), tell the
 * nodes of the touched ones, hops_renew(); at the end hops_release().
 */
#pragma once

#include "core/rcumap.h"
#include "path/path.h"
#include "path/path_id.h"

#define HOP_NONE  UINT32_MAX
#define SLOT_NONE UINT32_MAX

struct hop {
	struct ip_addr addr;
	uint32_t nodes;      /* that have this address */
	uint32_t slot;       /* SLOT_NONE: none yet */
	uint32_t originator; /* lowest of its nodes'; 0: none has an IPv4 address */
	uint64_t rack, zone; /* that node's */
	uint32_t path_id;
	bool touched; /* its value may have changed */
	bool spoken;  /* a node has told originator and place since */
};

struct hops {
	struct hop *at;
	uint32_t bound, cap;
	uint32_t *free, n_free;
	uint32_t *touched, n_touched;
	struct rcumap by_addr;
	path_id_hash *hash;
	uint32_t n_v6;
	bool v6_changed; /* the set of IPv6 addresses */
	uint32_t shared; /* addresses of several nodes, as they were last reported */

	struct path_nexthop *slots;
	uint32_t slots_bound, slots_cap;
	uint32_t *slots_free, n_slots_free;
	uint32_t *slots_past, n_slots_past; /* let go of in this recompute */
};

void hops_init(struct hops *h, path_id_hash *hash);
void hops_fini(struct hops *h);

/* One more node has the address; returns its hop. */
uint32_t hops_hold(struct hops *h, const struct ip_addr *addr) ON_WRITER;

/* One less; HOP_NONE is allowed. The hop lives until hops_renew(). */
void hops_drop(struct hops *h, uint32_t hop);

/* What its nodes tell may have changed; HOP_NONE is allowed. */
void hops_touch(struct hops *h, uint32_t hop);

/* Path ids for the addresses that are there now; forgets what nodes told of touched hops. */
void hops_assign_ids(struct hops *h);

/* A node with this hop has this originator (0: none), and stands there. */
void hops_node(struct hops *h, uint32_t hop, uint32_t originator, uint64_t rack, uint64_t zone);

/* Give touched hops a slot of their value, and forget those without a node. */
void hops_renew(struct hops *h, const struct path_sink *sink) ON_WRITER;

/* The recompute is over: slots that were let go of end. */
void hops_release(struct hops *h, const struct path_sink *sink);
