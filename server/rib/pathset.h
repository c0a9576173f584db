/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building path sets. A set is written only here, before it is published; afterwards it is
 * immutable. Pure but for the counting of names.
 */
#pragma once

#include "rib/table.h"

/* What the next set of a prefix is made from. */
struct pathset_change {
	const struct pathset *old; /* or NULL */
	uint32_t prefix;
	const struct path_in *paths; /* ascending, unique next hops */
	uint32_t n;
	uint64_t version; /* of the new set */
	uint64_t floor;   /* tombstones at or below it are dropped */
	struct set_kind kind;
};

/* True when the live paths of old are not exactly the paths handed over. */
bool pathset_differs(const struct pathset *old, const struct path_in *paths, uint32_t n);

/* The new set, owned by the caller; NULL when it has neither paths nor tombstones. *clashes is
 * increased by the paths left out because another one has their path identifier. */
struct pathset *pathset_next(const struct names *names, const struct pathset_change *c,
    uint32_t *clashes) ON_WRITER MUST_USE;

/* The same paths and version without the tombstones at or below floor; NULL when nothing is left. */
struct pathset *pathset_purged(const struct pathset *old, uint64_t floor) MUST_USE;

/* Count or uncount every name the set uses. version: the one that lets them go. */
void pathset_hold_names(struct names *names, const struct pathset *s) ON_WRITER;
void
pathset_drop_names(struct names *names, const struct pathset *s, uint64_t version) ON_WRITER;

/* Free after a grace period. NULL is fine. */
void pathset_retire(struct pathset *s);
