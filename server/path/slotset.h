/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scratch set of slots: a bitmap with a second one over its words, so that a small set among
 * many slots is read out, ascending, without looking at the empty part. The writer's.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct slotset {
	uint64_t *words;   /* bit per slot */
	uint64_t *summary; /* bit per word that is not 0 */
	uint32_t n_words;  /* multiple of 64 */
	uint32_t count;
};

/* Room for slots below bound; the set must be empty. Zeroed is an empty set without room. */
void slotset_reserve(struct slotset *s, uint32_t bound);
void slotset_fini(struct slotset *s);

/* slot is below the reserved bound. */
static inline void
slotset_add(struct slotset *s, uint32_t slot)
{
	uint32_t w = slot / 64;
	uint64_t bit = 1ull << (slot % 64);

	s->count += (s->words[w] & bit) == 0;
	s->words[w] |= bit;
	s->summary[w / 64] |= 1ull << (w % 64);
}

static inline bool
slotset_has(const struct slotset *s, uint32_t slot)
{
	return s->words[slot / 64] >> (slot % 64) & 1;
}

/* Write the slots ascending into out (room for count) and empty the set; returns how many. */
uint32_t slotset_take(struct slotset *s, uint32_t *out);

/* Empty the set. */
void slotset_clear(struct slotset *s);
