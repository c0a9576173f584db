/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time of one io thread: a binary heap, with one libevent timer on its earliest
 * entry. Entries live in what they belong to. A thread with two thousand idle sessions wakes
 * for their keepalives and for nothing else.
 */
#pragma once

#include "core/clock.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdbool.h>

struct deadline {
	uint64_t at;   /* ns */
	uint32_t slot; /* 1 + place in the heap; 0: not set */
	void (*on_due)(struct deadline *d, uint64_t now); /* it is no longer set then */
};

struct deadlines {
	struct deadline **heap;
	uint32_t n, cap;
	struct event timer;
	uint64_t armed_at; /* when the timer fires; NS_NEVER: it does not run */
};

void deadlines_init(struct deadlines *s, struct event_base *base);
void deadlines_fini(struct deadlines *s); /* none is set any more */

/* Due at `at`, not at another time set before. NS_NEVER: not at all. */
void deadline_set(struct deadlines *s, struct deadline *d, uint64_t at);

/* Due at `at` or before: costs nothing when it is set to an earlier time, which on_due() must
 * then take as an occasion to look. For deadlines that keep moving away. */
void deadline_set_lazily(struct deadlines *s, struct deadline *d, uint64_t at);

void deadline_clear(struct deadlines *s, struct deadline *d);
