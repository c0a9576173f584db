/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New paths wait (safety.settle): a node's kube-proxy must have programmed an address before routers send traffic for
 * it. What the path maker adds to a prefix stays out of the RIB for that time; removals never wait, and go to the breaker as
 * ever. Where nothing but waiting paths would be left of a prefix that has some now, they wait no longer.
 *
 * Not a view's matter, as it was first thought: a path's version tells when it has changed, not how long it has been there.
 * The writer's; time is an argument.
 */
#pragma once

#include "rib/breaker.h"

struct settle {
	uint64_t wait_ns; /* 0: nothing waits */
	bool on;          /* the first state of a run is not new */
	struct table *table;
	struct breaker *breaker;
	struct holds waiting;  /* until_ns: when they are announced */
	struct path_in *paths; /* scratch */
	uint32_t cap;
	uint64_t next_due_ns; /* NS_NEVER: nothing waits */
};

/* All borrowed. */
void settle_init(struct settle *s, uint64_t wait_ns, struct table *t, struct breaker *b);
void settle_fini(struct settle *s);

/* The prefix is to have exactly these paths: hands on to breaker_set() those that do not wait. */
void settle_set(struct settle *s, uint32_t prefix, struct set_kind kind,
    const struct path_in *paths, uint32_t n, uint64_t now_ns, uint32_t *clashes) ON_WRITER;

/* Announce what has waited long enough. Commit afterwards. */
void settle_tick(struct settle *s, uint64_t now_ns) ON_WRITER;

/* When settle_tick() is to be called next; NS_NEVER: nothing waits. */
uint64_t settle_next_ns(const struct settle *s) ON_WRITER;
