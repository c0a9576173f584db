/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One kind of object by (namespace, name): dense u32 indices over entries that never move.
 * The writer gives an index to a name and takes it back when nobody uses it; the index is
 * given out again after a grace period. Readers find by name and read what an entry publishes.
 *
 * An entry is a larger struct that begins with struct catalog_entry; it is all zero when its
 * index is given out for the first time, and its owner leaves it so when it gives it back.
 */
#pragma once

#include "change/object.h"
#include "core/rcu.h"
#include "core/rcumap.h"
#include "core/stable.h"

#include <stdatomic.h>

struct catalog;

/*
 * The name of an entry, published with it and immutable. What a search compares stands at its
 * end, so that a usual name is one cache line.
 */
struct catalog_name {
	union {
		struct rcu_later later;
		struct catalog_name *next; /* among those past their grace period */
	};
	struct catalog *catalog;
	uint64_t hash; /* object_hash() */
	uint32_t index;
	uint16_t name_at; /* of the name in text; at 0 is the namespace. Both NUL-terminated */
	char text[];
};

struct catalog_entry {
	RCU(struct catalog_name) name; /* NULL: the index is free */
	RCU(struct object) object;     /* NULL: a placeholder */
	uint64_t epoch;    /* the writer's: last publisher's run that had it, 0: none */
	int64_t epoch_ms;  /* and the time of that run's first record of it */
	int32_t partition; /* the writer's: where its last record came from */
	uint32_t scan;     /* and in which scan of that partition; see scan.c */
};

struct catalog {
	struct stable entries;
	struct rcumap by_name;
	_Atomic(struct catalog_name *) past; /* given back, past their grace period */
	uint32_t *free;                      /* the writer's stack of such indices */
	uint32_t n_free, cap_free;
	_Atomic uint32_t bound;   /* indices given out so far are below it */
	_Atomic uint32_t objects; /* entries with an object */
};

void catalog_init(struct catalog *c, size_t entry_size);

/* Frees objects and names too. After rcu_drain(); no readers any more. */
void catalog_fini(struct catalog *c) ON_WRITER;

/* What is sought; the texts are borrowed, the hash is their object_hash(). */
struct catalog_key {
	const char *ns, *name;
	uint64_t hash;
};

struct catalog_key catalog_key(const char *ns, const char *name);

/* The index of the name, given now if it has none. */
uint32_t catalog_name_own(struct catalog *c, const struct catalog_key *key) ON_WRITER;

/* The index of the name, or RCUMAP_NONE. */
uint32_t catalog_find_own(const struct catalog *c, const struct catalog_key *key) ON_WRITER;
uint32_t catalog_find(const struct catalog *c, const char *ns, const char *name) RCU_READER;

/*
 * Bring what a search for these names will touch into the cache, all of it at once: in tables
 * beyond the second-level cache, finding them one after the other waits for memory three times
 * each. n is at most CATALOG_PREFETCH_MAX.
 */
#define CATALOG_PREFETCH_MAX 64u
void
catalog_prefetch_own(const struct catalog *c, const uint64_t *hashes, uint32_t n) ON_WRITER;

/* Give the index back: nothing names it any more and its object is NULL. */
void catalog_forget(struct catalog *c, uint32_t index) ON_WRITER;

/* Publish the object (owned from now on; NULL: none). Returns the one before it: the caller
 * retires it, after whatever only it named has been forgotten. */
struct object *
catalog_swap(struct catalog *c, uint32_t index, struct object *object) ON_WRITER MUST_USE;

static inline uint32_t
catalog_bound(const struct catalog *c)
{
	return atomic_load_explicit(&c->bound, memory_order_acquire);
}

/* index below the bound */
static inline void *
catalog_at(const struct catalog *c, uint32_t index)
{
	return stable_at(&c->entries, index);
}
