/* SPDX-License-Identifier: Apache-2.0 */
#include "core/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK ((size_t)64 * 1024) /* one decoded record nearly always fits in one */
#define ARENA_ALIGN ((size_t)16)

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(16) char bytes[];
};

void
arena_init(struct arena *a)
{
	memset(a, 0, sizeof(*a));
}

static void
free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
}

void
arena_fini(struct arena *a)
{
	free_blocks(a->blocks);
	memset(a, 0, sizeof(*a));
}

static void
add_block(struct arena *a, size_t n)
{
	size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
	struct arena_block *b = must_alloc(sizeof(*b) + size);

	b->next = a->blocks;
	b->size = size;
	a->blocks = b;
	a->at = b->bytes;
	a->end = b->bytes + size;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t rounded = (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	void *p;

	must(rounded >= n);
	if (!a->blocks || rounded > (size_t)(a->end - a->at))
		add_block(a, rounded);
	p = a->at;
	a->at += rounded;
	a->total += rounded;
	return p;
}

void *
arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void
arena_reset(struct arena *a)
{
	struct arena_block *keep = a->blocks, *next;

	/* Blocks that were made to measure are not kept: one huge record would stay for good. */
	for (; keep && keep->size != ARENA_BLOCK; keep = next) {
		next = keep->next;
		free(keep);
	}
	*a = (struct arena){.blocks = keep};
	if (!keep)
		return;
	free_blocks(keep->next);
	keep->next = NULL;
	a->at = keep->bytes;
	a->end = keep->bytes + keep->size;
}
