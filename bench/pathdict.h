/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every (prefix, path identifier) that one fleet thread's ToRs have ever been told, each with a
 * dense index, so that a ToR's whole table is one array of attribute-set indices. Entries are
 * never removed. All ToRs of a group hear the same bytes in the same order, so the entry
 * after the last one is nearly always the right guess and no hash table is touched.
 */
#pragma once

#include "core/hash.h"
#include "core/ip.h"
#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct path_key {
	uint8_t bytes[16]; /* prefix, host bits cleared; IPv4 in the first four */
	uint32_t id;       /* 0 without ADD-PATH */
	uint8_t family, len;
	uint16_t zero;
};

_Static_assert(sizeof(struct path_key) == 24, "compared as three words");

struct pathdict {
	struct path_key *keys;
	uint32_t count, room;
	uint32_t *slots; /* index + 1 by hash, 0: free */
	uint32_t slot_mask;
};

/* room: paths to expect; more is allowed. */
void pathdict_init(struct pathdict *d, size_t room);
void pathdict_fini(struct pathdict *d);

/* The index of the key, added if it is new: the slow way. */
uint32_t pathdict_intern_hashed(struct pathdict *d, const struct path_key *key);

/* The key's index or UINT32_MAX. */
uint32_t pathdict_find(const struct pathdict *d, const struct path_key *key);

struct ip_prefix path_key_prefix(const struct path_key *key);

static inline bool
path_key_equal(const struct path_key *a, const struct path_key *b)
{
	uint64_t x[3], y[3];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
}

/* As pathdict_intern_hashed(), trying `guess` first: any number. */
static inline uint32_t
pathdict_intern(struct pathdict *d, const struct path_key *key, uint32_t guess)
{
	if (guess < d->count && path_key_equal(&d->keys[guess], key))
		return guess;
	return pathdict_intern_hashed(d, key);
}
