/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ToRs that do not behave: slow ones read their allowance from a timer and not when bytes come,
 * stalled ones nothing, flapping ones break their connection and let the tick open it again.
 */
#include "core/clock.h"
#include "fleet_thread.h"

void
unruly_on_slow_tick(int fd, short what, void *thread)
{
	struct fleet_thread *th = thread;

	(void)fd;
	(void)what;
	for (uint32_t i = 0; th->misbehaving && i < th->count; i++) {
		struct link *l = &th->links[i];

		if (l->tor.habit.pace != HABIT_SLOW || l->tor.state != TOR_ESTABLISHED)
			continue;
		/* What was not there to be read is not saved up: at most one second's worth. */
		l->allowance += l->tor.habit.amount / (1000 / SLOW_TICK_MS);
		if (l->allowance > l->tor.habit.amount)
			l->allowance = l->tor.habit.amount;
		uint64_t before = l->tor.counts.bytes + l->tail_len;

		if (l->allowance)
			link_receive(l, l->allowance);
		uint64_t got = l->tor.counts.bytes + l->tail_len - before;

		l->allowance -= got < l->allowance ? (size_t)got : l->allowance;
	}
}

void
unruly_on_tick(struct link *l, uint64_t now_ns)
{
	const struct fleet_thread *th = l->thread;

	if (l->tor.habit.pace != HABIT_FLAPPING || !th->misbehaving || th->holding_still ||
	    l->fd < 0)
		return;
	if (l->next_flap_ns > now_ns)
		return;
	if (l->next_flap_ns)
		link_break(l);
	l->next_flap_ns = now_ns + l->tor.habit.amount * NS_PER_MS;
}

void
unruly_turn(struct fleet_thread *th, bool on)
{
	th->misbehaving = on;
	for (uint32_t i = 0; i < th->count; i++) {
		if (th->links[i].timed)
			continue;
		th->links[i].next_flap_ns = 0;
		link_choose_reader(&th->links[i]);
	}
}
