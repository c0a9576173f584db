/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array whose elements never move: segments of doubling size behind a fixed
 * directory. One thread grows it; any thread may read an element whose index it learnt from
 * that thread through a published object. Elements start zeroed. Freed only as a whole.
 */
#pragma once

#include "core/must.h"

#include <stdatomic.h>
#include <stdint.h>

#define STABLE_FIRST_BITS 6u  /* the first segment holds 2^6 elements */
#define STABLE_SEGMENTS   26u /* 64 * (2^26 - 1) elements: the whole of u32 */

struct stable {
	size_t element;       /* bytes */
	_Atomic uint32_t len; /* elements in use; grown by one thread */
	_Atomic(char *) segment[STABLE_SEGMENTS];
};

void stable_init(struct stable *s, size_t element);
void stable_fini(struct stable *s);

/* Make room for one more, zeroed; returns its index. The one growing thread. */
uint32_t stable_grow(struct stable *s) MUST_USE;

static inline uint32_t
stable_len(const struct stable *s)
{
	return atomic_load_explicit(
	    &((struct stable *)(uintptr_t)s)->len, memory_order_acquire);
}

/* The element, borrowed for the life of the array. index < len. */
static inline void *
stable_at(const struct stable *s, uint32_t index)
{
	uint64_t i = (uint64_t)index + (1u << STABLE_FIRST_BITS);
	unsigned top = 63u - (unsigned)__builtin_clzll(i);
	unsigned k = top - STABLE_FIRST_BITS;
	char *base = atomic_load_explicit(
	    &((struct stable *)(uintptr_t)s)->segment[k], memory_order_acquire);

	return base + (i - (1ull << top)) * s->element;
}
