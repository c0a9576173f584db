/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside change/: one heap block that is filled front (arrays) to back (texts). Its size is
 * summed up before it is made, with the same helpers that fill it, so nothing is ever moved.
 */
#pragma once

#include "change/object.h"
#include "change/raw.h"

#include <string.h>

/* Beyond this an object is nonsense, and the 16-bit counts could not hold it. */
#define BUILD_MAX_PARTS 10000u

static inline size_t
size_array(size_t n, size_t element)
{
	return (n * element + 7) & ~(size_t)7;
}

static inline size_t
size_text(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

struct block {
	char *at;    /* next array */
	char *texts; /* next text; arrays end before the first one */
	char *end;
};

/* Copy the array in and return its place; n may be 0. */
static inline void *
block_array(struct block *b, const void *from, size_t n, size_t element)
{
	void *p = b->at;

	must((size_t)(b->texts - b->at) >= size_array(n, element));
	if (n && from)
		memcpy(p, from, n * element);
	b->at += size_array(n, element);
	return p;
}

static inline const char *
block_text(struct block *b, const char *s)
{
	size_t n = strlen(s) + 1;

	must((size_t)(b->end - b->texts) >= n);
	b->texts += n;
	return memcpy(b->texts - n, s, n);
}

/* Labels in scratch memory, sorted, each key once (the last one counts), filtered by keep. */
struct labels labels_collect(struct decoder *d, const struct raw_pairs *pairs,
    bool (*keep)(const struct decoder *d, const char *key));
size_t labels_size(const struct labels *l, size_t *texts);
struct labels labels_put(struct block *b, const struct labels *l);

/*
 * A zeroed block of `head` bytes (the struct) with room for arrays and texts and the common
 * part filled in; it becomes c->object. b is set up to take the rest.
 */
void *block_new(struct block *b, const struct raw_object *raw, struct change *c, size_t head,
    size_t arrays, size_t texts);

/* Parse each text into scratch memory; those that do not parse are left out and counted. */
struct ip_addr *addrs_collect(struct decoder *d, const struct raw_texts *texts, uint16_t *n);
struct ip_prefix *
prefixes_collect(struct decoder *d, const struct raw_texts *texts, uint16_t *n);

/* The status of the condition of this type. */
uint8_t condition_find(const struct raw_pairs *conditions, const char *type);

bool slice_build(struct decoder *d, const struct raw_object *raw, struct change *c,
    struct decode_error *why) MUST_USE;
