/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes under observation: the producer says which path is to appear or to go and when its
 * record was handed over; the ToRs' threads report when it did. One change is one path, an IPv4
 * host route known by prefix and next hop: whoever sends it chooses the identifier. A ToR looks up one
 * word per path it receives; only a path that somebody waits for costs more. At most one
 * change per path is open: the next one to the same path overtakes it.
 */
#pragma once

#include "histogram.h"
#include "pathdict.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define PROBE_SLOTS 8192 /* 64 KB of tags: they stay in the cache */
#define PROBE_OPEN  2048 /* at a time */

/* When a record was handed to the producer and when the brokers had it; 0: not yet. */
struct stamp {
	uint64_t handed_ns, acked_ns;
};

struct probe_results {
	struct histogram first; /* handed over to the first ToR that has it */
	struct histogram last;  /* to the last */
	struct histogram
	    acked_last;     /* acknowledged by the broker to the last; 0: ToRs were faster */
	uint64_t overtaken; /* the same path changed again before all had it */
	uint64_t unseen;    /* still open at the end */
};

struct probes {
	_Atomic uint64_t tags[PROBE_SLOTS]; /* prefix << 32 | next hop; 0: free */
	struct probe_pool *pool;            /* under its lock */
};

/* tors: numbers 0..tors-1; waiters of them report. per_s: changes to observe at most. Owned. */
struct probes *probes_new(uint32_t tors, uint32_t waiters, uint32_t per_s);
void probes_free(struct probes *p);

/*
 * The producer's side, one thread. The path will be there (or gone) once a record that is about to
 * be handed over is heard of. Returns where that record's times are to be written, valid until
 * probes_end(); NULL: this one is not observed.
 */
struct stamp *
probes_open(struct probes *p, uint32_t prefix, uint32_t hop, bool present, uint64_t now_ns);

/* The path changes once more, unobserved: an open observation of it can no longer end well. */
void probes_overtake(struct probes *p, uint32_t prefix, uint32_t hop);

/* Take what is complete into the results. */
void probes_collect(struct probes *p);

/* How many are still waited for. */
uint32_t probes_open_count(struct probes *p);

/* Close all; the results, borrowed, valid until the probes are freed. */
const struct probe_results *probes_end(struct probes *p);

/* A ToR's thread: ToR `tor` has the path of this tag now, or has it no longer. */
void probes_report(struct probes *p, uint64_t tag, bool present, uint32_t tor, uint64_t now_ns);

static inline uint32_t
probe_slot(uint64_t tag)
{
	return (uint32_t)(tag * 0x9e3779b97f4a7c15ull >> 51);
}

_Static_assert(PROBE_SLOTS == 1u << (64 - 51), "probe_slot() keeps as many bits");

/* Any thread: the tag of this path by that next hop (IPv4, host order) if somebody waits for it; 0: nobody. */
static inline uint64_t
probes_wait(const struct probes *p, const struct path_key *key, uint32_t hop)
{
	uint32_t prefix;

	memcpy(&prefix, key->bytes, sizeof(prefix));
	uint64_t tag = (uint64_t)__builtin_bswap32(prefix) << 32 | hop;
	bool waited =
	    atomic_load_explicit(&p->tags[probe_slot(tag)], memory_order_relaxed) == tag;

	return waited && key->len == 32 && key->family == IP_V4 ? tag : 0;
}
