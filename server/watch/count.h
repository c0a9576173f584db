/* SPDX-License-Identifier: Apache-2.0 */
/* How many prefixes and paths the RIB has, by class and family, counted by walking it. */
#pragma once

#include "rib/table.h"

struct path_counts {
	uint64_t prefixes[CLASS_COUNT][IP_FAMILIES];
	uint64_t paths[CLASS_COUNT][IP_FAMILIES];
	uint64_t all_prefixes[IP_FAMILIES], all_paths[IP_FAMILIES];
};

/* Takes some 20 ns a prefix, in short read sides; commits may fall between them. */
void path_count(const struct table *t, struct path_counts *out) ON_WATCH;
