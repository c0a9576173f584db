/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table: for each prefix an immutable path set behind one RCU pointer, and the order, the
 * log of (version, prefix) by which any reader finds what changed since a version. The RIB
 * is one table.
 *
 * Version: every change of one prefix takes the next number, so a version names one (prefix,
 * new set). A commit is a run of versions that becomes visible at once: table_version() moves
 * from its first to its last.
 *
 * The write protocol, on the writer: table_set() for each changed prefix publishes the set,
 * then its order entry; table_commit() publishes the version. A reader that has seen version
 * v therefore finds for every prefix the set of v, or a newer one.
 *
 * since: the version at which a path got its present state. A reader that was at version c
 * needs of a changed prefix only the paths and tombstones with since > c.
 *
 * Tombstones stay while a reader may need them. Readers say how far they are by their floor
 * (struct table_reader); the writer drops tombstones at or below the lowest floor, and gives
 * back names that only they used. There is a limit (tombstones_max): beyond it the elder half goes, also
 * if a reader that is not vital needs it. Who finds itself below `purged` must start anew.
 */
#pragma once

#include "rib/names.h"

#include <stdatomic.h>

struct path {
	uint32_t nexthop;
	uint32_t attrs;
	uint32_t
	    age; /* set->changed - since, saturated: an over-long age only repeats a state */
};

struct pathset {
	struct rcu_later later;
	uint64_t changed; /* version of this set */
	uint64_t born;   /* of the first one, since when there has been a set without a break */
	uint64_t digest; /* of the live paths, see table_digests() */
	uint32_t n, tombstones;
	uint8_t prefix_class; /* enum prefix_class */
	bool
	    everywhere; /* every eligible node serves it: an aggregate, or a service that is not Local */
	struct path path[]; /* n live ones by ascending next hop, then the tombstones alike */
};

static inline uint64_t
path_since(const struct pathset *s, const struct path *p)
{
	return s->changed - p->age;
}

struct order_entry {
	uint64_t version;
	uint32_t prefix;
};

/*
 * Readable up to `len`; entries ascend by version. Each prefix stands under its last change, and
 * perhaps also under earlier ones. Whoever reads only up to a version `to` must go on to
 * `renewed`: what an entry left out would have shown is found under the one that superseded it.
 */
struct order {
	struct rcu_later later;
	_Atomic uint32_t len;
	uint32_t cap;
	uint64_t renewed; /* when it was made, superseded entries up to here were left out */
	struct order_entry entry[];
};

struct waker;

/* A reader's promise: it will not ask for changes at or before `floor` again. */
struct table_reader {
	_Atomic uint64_t floor;
	bool vital; /* what it needs is never given up; set before table_join() */
	struct table_reader *next, **prev_next; /* the table's, under its lock */
};

#define TOMBSTONES_MAX (4u * 1024 * 1024) /* 48 MB; more than a whole table withdrawn at once */

struct table {
	struct names *names;
	struct stable sets; /* RCU(struct pathset) by prefix index */
	RCU(struct order) order;
	_Atomic uint64_t version; /* visible */
	uint64_t last;            /* the writer's: given out */
	uint32_t live_prefixes;   /* with at least one path */
	uint64_t live_paths, tombstones;
	uint64_t digest[CLASS_COUNT][IP_FAMILIES]; /* the writer's, up to `last` */
	_Atomic uint64_t shown_digest[CLASS_COUNT][IP_FAMILIES]; /* up to `version` */
	uint64_t tombstones_max;  /* TOMBSTONES_MAX but in tests */
	struct tomb_queue *tombs; /* (version, prefix) whose tombstones may go */
	_Atomic uint64_t purged;  /* a reader below this may have missed a tombstone */
	_Atomic bool more;        /* the writer goes on at once: another commit follows */
	_Atomic uint64_t barrier; /* End-of-RIB may follow this version; UINT64_MAX before it */
	pthread_mutex_t
	    readers_lock; /* joins and leaves, and the writer's look at the floors */
	struct table_reader *readers;
	_Atomic uint32_t n_readers;
	struct waker *wakers[64]; /* woken by table_commit; set before the threads start */
	unsigned n_wakers;
};

/* A path as the writer hands it over. */
struct path_in {
	uint32_t nexthop, attrs;
};

/* What a set says of its prefix besides the paths. */
struct set_kind {
	enum prefix_class prefix_class;
	bool everywhere;
};

void table_init(struct table *t, struct names *names);
void
table_fini(struct table *t) ON_WRITER; /* no readers any more; call rcu_drain() afterwards */

/*
 * Within a commit: the prefix now has exactly these n paths (ascending, unique next hops; n
 * may be 0). Names were just looked up by *_name(). Does nothing if that is its state already
 * and returns false. Two paths with one path identifier: the one with the higher next-hop
 * index is left out (its count is added to *clashes).
 */
bool table_set(struct table *t, uint32_t prefix, struct set_kind kind,
    const struct path_in *paths, uint32_t n, uint32_t *clashes) ON_WRITER;

/* End the commit: make it visible, wake the readers, forget what no reader needs. Returns the
 * version; without changes nothing happens. */
uint64_t table_commit(struct table *t) ON_WRITER;

/*
 * Before a commit: is it one of a series, with more changes at hand? Readers that bring it to many may then
 * wait for a larger piece. When a series ends without a last commit, they are woken.
 */
void table_expect_more(struct table *t, bool more) ON_WRITER;

/* The stream has caught up: End-of-RIB may follow the present version. */
void table_set_barrier(struct table *t) ON_WRITER;

/* Woken by every commit, from now on. Before the threads start. */
void table_wakes(struct table *t, struct waker *w);

/* ---- readers ---- */

static inline uint64_t
table_version(const struct table *t)
{
	return atomic_load_explicit(&t->version, memory_order_acquire);
}

/* The writer is in the middle of a series of commits. */
static inline bool
table_more(const struct table *t)
{
	return atomic_load_explicit(
	    &((struct table *)(uintptr_t)t)->more, memory_order_relaxed);
}

/*
 * What all paths of a class and family add up to: a hash of each (prefix, next hop, attributes), summed. Equal
 * tables have equal digests, whatever replica and history; index: ip_family_index(). Returns the version that
 * they are of.
 */
uint64_t
table_digests(const struct table *t, uint64_t digest[CLASS_COUNT][IP_FAMILIES]) ANY_THREAD;

/* The prefix's set, or NULL. Borrowed until rcu_leave(). */
const struct pathset *table_get(const struct table *t, uint32_t prefix) RCU_READER;
const struct pathset *table_get_own(const struct table *t, uint32_t prefix) ON_WRITER;

/* The order and the position of its first entry with a version above v. */
const struct order *table_order(const struct table *t, uint64_t v, uint32_t *pos) RCU_READER;

/* Take part: from now on tombstones above the returned version are kept for the reader. */
uint64_t table_join(struct table *t, struct table_reader *r) ANY_THREAD;
void table_leave(struct table *t, struct table_reader *r) ANY_THREAD;
