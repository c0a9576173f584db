/* SPDX-License-Identifier: Apache-2.0 */
#include "core/stable.h"

#include <stdlib.h>

void
stable_init(struct stable *s, size_t element)
{
	s->element = element;
	atomic_init(&s->len, 0);
	for (unsigned k = 0; k < STABLE_SEGMENTS; k++)
		atomic_init(&s->segment[k], NULL);
}

void
stable_fini(struct stable *s)
{
	for (unsigned k = 0; k < STABLE_SEGMENTS; k++)
		free(atomic_load_explicit(&s->segment[k], memory_order_relaxed));
	stable_init(s, s->element);
}

uint32_t
stable_grow(struct stable *s)
{
	uint32_t len = atomic_load_explicit(&s->len, memory_order_relaxed);
	uint64_t i = (uint64_t)len + (1u << STABLE_FIRST_BITS);
	unsigned k = 63u - (unsigned)__builtin_clzll(i) - STABLE_FIRST_BITS;

	must(k < STABLE_SEGMENTS);
	if (!atomic_load_explicit(&s->segment[k], memory_order_relaxed)) {
		char *segment = must_calloc((size_t)1 << (k + STABLE_FIRST_BITS), s->element);

		atomic_store_explicit(&s->segment[k], segment, memory_order_release);
	}
	atomic_store_explicit(&s->len, len + 1, memory_order_release);
	return len;
}
