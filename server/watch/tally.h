/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What peers of one kind are shown, counted: a digest of all paths, and how many distinct sets of next hops they make (each
 * costs a switch chip an ECMP group, of which it holds few). Peers that have the same view and take the same form of routes are
 * one kind. A tally is kept: it holds 16 bytes a prefix, of which it takes only those that have changed since it was last
 * advanced.
 *
 * The watch thread's. Read sides are its own, short ones.
 */
#pragma once

#include "core/role.h"
#include "rib/table.h"
#include "ribout/view.h"

/* What is shown depends on; compared as bytes: start from a zeroed one. */
struct tally_kind {
	struct view view;
	bool family[IP_FAMILIES], add_path[IP_FAMILIES];
	uint8_t zero[4];
};
_Static_assert(sizeof(struct tally_kind) == sizeof(struct view) + 8, "no padding");

struct tally_count {
	uint64_t sets;   /* distinct ones of at least two next hops */
	uint32_t widest; /* next hops of the largest */
	/* Of all paths that are shown: the same on replicas that show the same. Where that is every path, the sum of
	 * table_digests(). */
	uint64_t digest;
};

struct tally;

/* Nothing is counted yet. The table is borrowed and outlives it. */
struct tally *tally_new(const struct table *t, const struct tally_kind *kind) MUST_USE;
void tally_free(struct tally *y); /* NULL is allowed */

const struct tally_kind *tally_kind(const struct tally *y);

/* Bytes that it holds now. */
uint64_t tally_bytes(const struct tally *y);

/*
 * Count what has changed, at least a little of it, until clock_mono_ns() is until_ns (NS_NEVER: all of it). True: everything up
 * to the version that the table had when asked is in.
 */
bool tally_advance(struct tally *y, uint64_t until_ns) ON_WATCH;

/* What it says now. Where the last tally_advance() said false it is a mixture of then and now. */
struct tally_count tally_count(struct tally *y);
