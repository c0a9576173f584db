/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many distinct sets of next hops peers are shown: each costs a switch chip an ECMP group, of which it holds few.
 * Peers that have the same view and take the same form of routes are one kind, counted once. A count walks the table
 * (some 20 ms for a million paths without a view), so counts are remembered until the table changes.
 *
 * The watch thread's.
 */
#pragma once

#include "core/role.h"
#include "rib/table.h"
#include "ribout/view.h"

struct call;

/* What a peer's sets depend on; compared as bytes: start from a zeroed one. */
struct sets_kind {
	struct view view;
	bool family[IP_FAMILIES], add_path[IP_FAMILIES];
	uint8_t zero[4];
};
_Static_assert(sizeof(struct sets_kind) == sizeof(struct view) + 8, "no padding");

struct sets_count {
	uint64_t version; /* of the table that was counted */
	uint64_t sets;    /* distinct ones of at least two next hops */
	uint32_t widest;  /* next hops of the largest */
	uint64_t
	    digest; /* of all paths that are shown: the same on replicas that show the same */
};

/* Count now. Read sides are its own, short ones. */
void sets_count(
    const struct table *t, const struct sets_kind *kind, struct sets_count *out) ON_WATCH;

/* Remembered counts. */
struct sets_memory *sets_memory_new(void) MUST_USE;
void sets_memory_free(struct sets_memory *m); /* NULL is allowed */

/* The views that have a budget (max_distinct_sets), as metrics; counts what has changed, a part of it at a time. */
void sets_write_metrics(struct call *c) ON_WATCH;
