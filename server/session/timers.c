/* SPDX-License-Identifier: Apache-2.0 */
#include "session/timers.h"

#include "core/hash.h"

void
timers_init(struct timers *t, uint64_t seed)
{
	timers_stop(t);
	t->random = hash_mix(seed + 1) | 1;
}

void
timers_stop(struct timers *t)
{
	for (unsigned i = 0; i < TIMER_COUNT; i++)
		t->at[i] = NS_NEVER;
}

uint64_t
timers_next(const struct timers *t)
{
	uint64_t next = NS_NEVER;

	for (unsigned i = 0; i < TIMER_COUNT; i++)
		if (t->at[i] < next)
			next = t->at[i];
	return next;
}

enum session_timer
timers_take(struct timers *t, uint64_t now)
{
	for (unsigned i = 0; i < TIMER_COUNT; i++) {
		if (t->at[i] != NS_NEVER && t->at[i] <= now) {
			t->at[i] = NS_NEVER;
			return (enum session_timer)i;
		}
	}
	return TIMER_COUNT;
}

uint64_t
timers_jitter(struct timers *t, uint64_t ns)
{
	/* xorshift64: good enough to spread peers, and the same in every replay. */
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return ns - (ns / 1024) * (t->random % 256);
}
