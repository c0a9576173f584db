/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/pace.h"

#include "core/clock.h"

#define BYTES_PER_NS     2u /* what one io thread copies into sockets: about 2 GB/s */
#define PACE_COST_MAX_NS (500 * NS_PER_MS) /* 1 GB: a whole table to a hundred peers */
#define PACE_HOLD_MAX_NS                                                                       \
	(100 * NS_PER_MS) /* half of the members are stalled: do not wait for them */

/* Sequentially consistent on both sides: either the packer sees the tally or the member sees
 * that the packer waits for it. */
static bool
half_at_tail(const struct pace *p)
{
	struct pace *m = (struct pace *)(uintptr_t)p; /* C11 atomics load from non-const */

	return atomic_load(&m->at_tail) * 2 >= atomic_load(&m->in_window);
}

bool
pace_move(struct pace *p, enum pace_member from, enum pace_member to)
{
	if (from == to)
		return false;
	if (from == PACE_OUTSIDE)
		atomic_fetch_add(&p->in_window, 1);
	if (from == PACE_AT_TAIL)
		atomic_fetch_sub(&p->at_tail, 1);
	if (to == PACE_AT_TAIL)
		atomic_fetch_add(&p->at_tail, 1);
	if (to == PACE_OUTSIDE)
		atomic_fetch_sub(&p->in_window, 1);
	return to != PACE_BEHIND && atomic_load(&p->holding) && half_at_tail(p) &&
	       atomic_exchange(&p->holding, false);
}

bool
pace_may_pack(struct pace *p, uint64_t now_ns)
{
	if (now_ns < p->not_before_ns)
		return false;
	if (!half_at_tail(p)) {
		if (!p->held_since_ns)
			p->held_since_ns = now_ns;
		atomic_store(&p->holding, true);
		if (!half_at_tail(p) && now_ns - p->held_since_ns < PACE_HOLD_MAX_NS)
			return false;
	}
	atomic_store(&p->holding, false);
	p->held_since_ns = 0;
	return true;
}

uint64_t
pace_next_ns(const struct pace *p)
{
	uint64_t held = p->held_since_ns ? p->held_since_ns + PACE_HOLD_MAX_NS : 0;

	return held > p->not_before_ns ? held : p->not_before_ns;
}

void
pace_packed(struct pace *p, uint64_t bytes, uint64_t members, unsigned threads, uint64_t now_ns)
{
	uint64_t ns = bytes * members / BYTES_PER_NS / threads;

	p->not_before_ns = now_ns + (ns < PACE_COST_MAX_NS ? ns : PACE_COST_MAX_NS);
}
