/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with the lifetime of one piece of work: bump allocation, freed all at once. Not
 * thread-safe: an arena belongs to the thread that uses it.
 */
#pragma once

#include "core/must.h"

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	char *at, *end;
	size_t total; /* bytes handed out since the last reset */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);

/* n bytes, 16-byte aligned, not zeroed; live until reset or fini. Never NULL. */
void *arena_alloc(struct arena *a, size_t n) MUST_USE;
void *arena_zalloc(struct arena *a, size_t n) MUST_USE;
char *arena_strndup(struct arena *a, const char *s, size_t n) MUST_USE; /* NUL added */

/* Forget everything; keeps one block of ordinary size for the next piece of work. */
void arena_reset(struct arena *a);
