/* SPDX-License-Identifier: Apache-2.0 */
#include "path/slotset.h"

#include <string.h>

void
slotset_reserve(struct slotset *s, uint32_t bound)
{
	uint32_t n = s->n_words ? s->n_words : 64;

	must(s->count == 0);
	while ((uint64_t)n * 64 < bound)
		n *= 2;
	if (n == s->n_words)
		return;
	slotset_fini(s);
	s->words = must_calloc(n, sizeof(*s->words));
	s->summary = must_calloc(n / 64, sizeof(*s->summary));
	s->n_words = n;
}

void
slotset_fini(struct slotset *s)
{
	free(s->words);
	free(s->summary);
	memset(s, 0, sizeof(*s));
}

uint32_t
slotset_take(struct slotset *s, uint32_t *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_words / 64 && n < s->count; i++) {
		for (uint64_t words = s->summary[i]; words; words &= words - 1) {
			uint32_t w = i * 64 + (uint32_t)__builtin_ctzll(words);

			for (uint64_t bits = s->words[w]; bits; bits &= bits - 1)
				out[n++] = w * 64 + (uint32_t)__builtin_ctzll(bits);
			s->words[w] = 0;
		}
		s->summary[i] = 0;
	}
	must(n == s->count);
	s->count = 0;
	return n;
}

void
slotset_clear(struct slotset *s)
{
	for (uint32_t i = 0; i < s->n_words / 64; i++) {
		for (uint64_t words = s->summary[i]; words; words &= words - 1)
			s->words[i * 64 + (uint32_t)__builtin_ctzll(words)] = 0;
		s->summary[i] = 0;
	}
	s->count = 0;
}
