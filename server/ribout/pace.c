/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/pace.h"

#include "core/clock.h"

#define BYTES_PER_NS         2u /* what one io thread copies into sockets: about 2 GB/s */
#define PACE_COST_MAX_NS     (500 * NS_PER_MS) /* 1 GB: a whole table to a hundred peers */
#define PACE_HOLD_NS         (100 * NS_PER_MS) /* more than half of the members are stalled, it seems */
#define PACE_PATIENCE_MAX_NS (250 * NS_PER_MS)

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

uint64_t
pace_cost_ns(uint64_t bytes, uint64_t members, unsigned threads)
{
	return bytes * members / BYTES_PER_NS / threads;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
held_until(const struct pace *p)
{
	return p->held_since_ns ? p->held_since_ns + larger(PACE_HOLD_NS, 4 * p->cost_ns) : 0;
}

bool
pace_may_pack(struct pace *p, uint64_t patience_ns, uint64_t now_ns)
{
	if (!p->waits_since_ns)
		p->waits_since_ns = now_ns;
	p->patience_ns =
	    patience_ns < PACE_PATIENCE_MAX_NS ? patience_ns : PACE_PATIENCE_MAX_NS;
	if (now_ns < p->not_before_ns || now_ns < p->waits_since_ns + p->patience_ns)
		return false;
	if (!half_at_tail(p)) {
		if (!p->held_since_ns)
			p->held_since_ns = now_ns;
		atomic_store(&p->holding, true);
		if (!half_at_tail(p) && now_ns < held_until(p))
			return false;
	}
	atomic_store(&p->holding, false);
	p->held_since_ns = p->waits_since_ns = 0;
	return true;
}

uint64_t
pace_next_ns(const struct pace *p)
{
	return larger(larger(p->not_before_ns, held_until(p)),
	    p->waits_since_ns ? p->waits_since_ns + p->patience_ns : 0);
}

void
pace_packed(struct pace *p, uint64_t cost_ns, uint64_t now_ns)
{
	p->cost_ns = cost_ns < PACE_COST_MAX_NS ? cost_ns : PACE_COST_MAX_NS;
	p->not_before_ns = now_ns + p->cost_ns;
}
