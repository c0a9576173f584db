/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a group packs its next batch. In an idle system: at once. Under load the batches must
 * grow, because small ones cost several times the bytes (an UPDATE of one path has 67 octets,
 * one of a hundred 9.6 a path) and each is sent to every member. Three rules, no timer in an
 * idle system:
 *
 *   series       while the writer has more changes at hand, what is committed waits for them,
 *                but no longer than the framing of one more batch would cost all members: so
 *                nothing is late by more than twice what knowing the future would have saved;
 *   consumption  while more than an eighth of the members in the window still have something to
 *                send, what is committed waits; not much longer than they should need for it, for
 *                the others' sake where so many are stalled. (A median was not enough: where the
 *                machine is the limit, one half was served again and again before the other.)
 *   cost         after a batch, the time that copying it to all members takes, because socket
 *                buffers swallow small batches long before anybody has read them.
 *
 * The tallies are the io threads', atomically; the rest is the packer's.
 */
#pragma once

#include "core/must.h"
#include "core/role.h"

#include <stdatomic.h>
#include <stdint.h>

enum pace_member { PACE_OUTSIDE, PACE_BEHIND, PACE_AT_TAIL }; /* of the window */

struct pace {
	_Alignas(64) _Atomic uint32_t in_window; /* members that read the window */
	_Atomic uint32_t at_tail;                /* those that have sent all of it */
	_Atomic bool holding;                /* wake the packer when enough are at the tail */
	_Alignas(64) uint64_t not_before_ns; /* cost of the last batch */
	uint64_t cost_ns;                    /* the same as a duration */
	uint64_t waits_since_ns;             /* what is committed; 0: nothing waits */
	uint64_t patience_ns;                /* of the series rule, when last asked */
	uint64_t held_since_ns;              /* by the consumption rule; 0: not held */
};

/* A member moves from one state to another. True: the packer waits for this, wake it. */
bool pace_move(struct pace *p, enum pace_member from, enum pace_member to) ON_IO MUST_USE;

/* How long `bytes` for each of so many members keep so many threads busy. */
uint64_t pace_cost_ns(uint64_t bytes, uint64_t members, unsigned threads);

/* There is something to pack: may it be now? patience_ns: how long to wait for the rest of a
 * series of commits; 0: there is none. */
bool pace_may_pack(struct pace *p, uint64_t patience_ns, uint64_t now_ns) ON_PACKER MUST_USE;

/* If not: when to ask again, unless pace_move() or a commit wakes the packer before. */
uint64_t pace_next_ns(const struct pace *p) ON_PACKER;

/* A batch went out that costs so much (pace_cost_ns). */
void pace_packed(struct pace *p, uint64_t cost_ns, uint64_t now_ns) ON_PACKER;
