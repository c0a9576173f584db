/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/pace.h"

#include "core/clock.h"

#define BYTES_PER_NS         2u /* what one io thread copies into sockets: about 2 GB/s */
#define PACE_COST_MAX_NS     (500 * NS_PER_MS) /* 1 GB: a whole table to a hundred peers */
#define PACE_FEW             8u                /* members; of small fleets half */
#define PACE_HOLD_NS         (100 * NS_PER_MS) /* at least; see held_until() */
#define PACE_PATIENCE_MAX_NS (250 * NS_PER_MS)

/* Of so many members this many may be behind without the others having to wait for them. */
static uint32_t
negligible(uint32_t members)
{
	uint32_t few = members / 2 < PACE_FEW ? members / 2 : PACE_FEW;

	return members / 8 > few ? members / 8 : few;
}

/* Sequentially consistent on both sides: either the packer sees the tally or the member sees
 * that the packer waits for it. */
static bool
enough_at_tail(const struct pace *p)
{
	struct pace *m = (struct pace *)(uintptr_t)p; /* C11 atomics load from non-const */
	uint32_t members = atomic_load(&m->in_window);

	return atomic_load(&m->at_tail) + negligible(members) >= members;
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
	return to != PACE_BEHIND && atomic_load(&p->holding) && enough_at_tail(p) &&
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
	if (!enough_at_tail(p)) {
		if (!p->held_since_ns)
			p->held_since_ns = now_ns;
		atomic_store(&p->holding, true);
		if (!enough_at_tail(p) && now_ns < held_until(p))
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
