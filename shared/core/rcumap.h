/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a key to a dense u32 index: an open-addressing hash table that one thread (the writer)
 * changes and any RCU reader may search meanwhile. It stores hash bits and indices only; the
 * keys live with the indexed objects, and `eq` compares one of them with the sought key.
 */
#pragma once

#include "core/rcu.h"

#include <stdatomic.h>
#include <stdint.h>

#define RCUMAP_NONE UINT32_MAX

struct rcumap_slots;

struct rcumap {
	RCU(struct rcumap_slots) slots;
	uint32_t used,
	    dead; /* the writer's: entries, and removed ones that still fill a slot */
};

/* True when the object at index has this key. Runs inside the read side (or on the writer). */
typedef bool rcumap_eq(const void *ctx, uint32_t index, const void *key);

void rcumap_init(struct rcumap *m);
void rcumap_fini(struct rcumap *m); /* no readers any more */

/* The index, or RCUMAP_NONE. */
uint32_t rcumap_find(const struct rcumap *m, uint64_t hash, rcumap_eq *eq, const void *ctx,
    const void *key) RCU_READER;
/* The same for the writer, who needs no read side. */
uint32_t rcumap_find_own(const struct rcumap *m, uint64_t hash, rcumap_eq *eq, const void *ctx,
    const void *key) ON_WRITER;

/*
 * For a search of many keys, whose cache misses should overlap: fetch the slot where the search
 * for this hash begins; then learn which index it will try first (RCUMAP_NONE: none).
 */
void rcumap_prefetch_own(const struct rcumap *m, uint64_t hash) ON_WRITER;
uint32_t rcumap_first_own(const struct rcumap *m, uint64_t hash) ON_WRITER;

/* The key must be absent (insert) or present with this index (remove). index < RCUMAP_NONE - 1. */
void rcumap_insert(struct rcumap *m, uint64_t hash, uint32_t index) ON_WRITER;
void rcumap_remove(struct rcumap *m, uint64_t hash, uint32_t index) ON_WRITER;
