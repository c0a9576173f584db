/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several clusters that serve the same prefix. Each has a path maker of its own, which knows nothing of the
 * others; here stands, for every prefix, what each of them has for it, and from that follows what is announced:
 * the union of the paths of those clusters that have any and the highest preference among these. So two equal
 * clusters are anycast, and of two unequal ones the second takes over when the first has no path left.
 *
 * Only used with more than one cluster: with one its sets go straight to the table. The writer's. Costs 8 bytes
 * a path beside the table's.
 */
#pragma once

#include "config/config.h"
#include "rib/table.h"

/* What one cluster has for one prefix. */
struct merge_part {
	struct path_in *
	    paths; /* ascending, unique next hops; their names are held by the path maker's handles */
	uint32_t n;
	struct set_kind kind;
};

struct merge {
	uint32_t n_clusters;
	uint32_t preference[CONFIG_CLUSTERS_MAX];
	struct merge_part *parts; /* by prefix, then cluster */
	uint32_t cap_prefixes;
	struct path_in *scratch[2]; /* the union in the making */
	uint32_t cap_scratch;
};

/* What is announced; paths are borrowed until the next call. */
struct merged {
	const struct path_in *paths;
	uint32_t n;
	struct set_kind kind;
};

void merge_init(struct merge *m, const struct config_clusters *clusters);
void merge_fini(struct merge *m);

/*
 * The cluster now has exactly these paths for the prefix (as table_set() wants them; copied): what is to be
 * announced of it. Where two clusters have the same next hop, its attributes are those of the first.
 */
struct merged merge_set(struct merge *m, uint32_t cluster, uint32_t prefix,
    struct set_kind kind, const struct path_in *paths, uint32_t n) ON_WRITER;
