/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change of the configuration would do to the RIB, by count: the path makers compute under the new one, and their
 * results are compared with the table instead of going there. The writer's; lives for one order.
 */
#pragma once

#include "rib/breaker.h"

struct plan_class {
	uint64_t paths; /* announced now, without what is held */
	uint64_t added, removed;
	uint64_t changed; /* paths whose attributes are others */
	uint64_t prefixes_gone;
};

/* What was counted of one prefix; another result for it takes its place. */
struct plan_prefix {
	uint32_t added, removed, changed;
	uint8_t prefix_class;
	bool gone;
};

struct plan {
	struct table *table;
	struct breaker *breaker;
	struct plan_prefix *at; /* by prefix index */
	uint32_t n;
	struct plan_class by[CLASS_COUNT]; /* after plan_sum() */
};

void plan_init(struct plan *p, struct table *t, struct breaker *b);
void plan_fini(struct plan *p);

/* The prefix would have exactly these paths. */
void plan_set(struct plan *p, uint32_t prefix, struct set_kind kind,
    const struct path_in *paths, uint32_t n) ON_WRITER;

void plan_sum(struct plan *p) ON_WRITER;

/* A class would be empty that is not, or lose more than the limit allows: which, and why (size bytes). */
bool plan_is_dangerous(const struct plan *p, char *why, size_t size) ON_WRITER;
