/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a packer is about to encode: the changed paths of a range of versions (or of the whole
 * table) as flat arrays, announcements sorted by next hop and attributes so that one UPDATE
 * carries all prefixes of one next hop. Scratch memory of one packer, used again and again.
 */
#pragma once

#include "rib/table.h"
#include "ribout/format.h"

struct gather_path {
	uint32_t nexthop, attrs, prefix;
};

struct gather_paths {
	struct gather_path *at;
	uint32_t n, cap;
};

struct gather {
	const struct table *table;
	struct format format;
	struct gather_paths announce;
	struct gather_paths withdraw[IP_FAMILIES]; /* attrs unused */
	struct gather_paths sorted;                /* scratch of the sort */
	uint64_t newest;                           /* highest version among the sets taken */
	uint32_t *counts;                          /* scratch: per next hop */
	uint32_t cap_counts;
	uint32_t *stamp; /* per prefix: the round in which it was last taken */
	uint32_t cap_stamp, round;
	struct view_items items; /* scratch of choices */
};

void gather_init(struct gather *g, const struct table *t);
void gather_fini(struct gather *g);

/* Begin anew for this format; gives memory back if the last round was unusually large. */
void gather_start(struct gather *g, const struct format *f) ON_PACKER;

/* Whom changes are gathered for: peers that hold everything up to `known` and nothing later than `told`,
 * and want to hear again whatever is newer than `since` (known, or 0: all). */
struct gather_for {
	uint64_t since, known, told;
};

/*
 * Take what changed up to `to`: each changed prefix once, with its paths and tombstones newer
 * than `since`, as of `to` or later. *at is where in the order to begin (since), and is
 * moved to where reading ended. Stops when about `budget` paths are taken. True: all is taken;
 * else go on with the same `f`: a prefix that was passed at an older version stands under
 * its newer one, with all that happened to it since.
 */
bool gather_changes(struct gather *g, const struct gather_for *f, uint64_t *at, uint64_t to,
    uint32_t budget) ON_PACKER;

/* Take all live paths. */
void gather_all(struct gather *g) ON_PACKER;

/* Sort the announcements by (next hop, attributes). */
void gather_sort(struct gather *g) ON_PACKER;
