/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timers of one BGP session: points in time and nothing else. They are lazy: setting one is
 * a store, because hold and keepalive move with every message; who drives the session asks for
 * the earliest and may be told a later one when it comes back.
 */
#pragma once

#include "core/clock.h"

#include <stdbool.h>
#include <stdint.h>

enum session_timer {
	TIMER_CONNECT_RETRY, /* RFC 4271 8.1.3                                               */
	TIMER_HOLD,          /* silence of the peer; in OpenSent the wait for its OPEN       */
	TIMER_KEEPALIVE,     /* silence of ours                                              */
	TIMER_SEND_HOLD,     /* the peer's TCP takes nothing, RFC 9687                       */
	TIMER_IDLE_HOLD,     /* damping after errors, RFC 4271 8.1.1 DampPeerOscillations    */
	TIMER_CLOSE,         /* how long the last NOTIFICATION may take to leave             */
	TIMER_COUNT
};

struct timers {
	uint64_t at[TIMER_COUNT]; /* NS_NEVER: does not run */
	uint64_t random;          /* state of the jitter, never 0 */
};

/* No timer runs. seed decides the jitter; equal seeds give equal ones. */
void timers_init(struct timers *t, uint64_t seed);

/* Stop all of them. */
void timers_stop(struct timers *t);

/* When the earliest is due, or NS_NEVER. */
uint64_t timers_next(const struct timers *t);

/* One that is due at now, stopped by this call; TIMER_COUNT: none. */
enum session_timer timers_take(struct timers *t, uint64_t now);

/* ns shortened by up to a quarter at random (RFC 4271 section 10), so that peers do not march in step. */
uint64_t timers_jitter(struct timers *t, uint64_t ns);

static inline void
timer_start(struct timers *t, enum session_timer which, uint64_t at)
{
	t->at[which] = at;
}

static inline void
timer_stop(struct timers *t, enum session_timer which)
{
	t->at[which] = NS_NEVER;
}

static inline bool
timer_runs(const struct timers *t, enum session_timer which)
{
	return t->at[which] != NS_NEVER;
}
