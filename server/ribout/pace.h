/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a group packs its next batch. In an idle system: at once. Under load the batches must
 * grow, because small ones cost several times the bytes (an UPDATE of one path has 67 octets,
 * one of a hundred 9.6 a path) and each is sent to every member. Two rules, no timer in an idle
 * system:
 *
 *   consumption  while more than half of the members in the window still have something to
 *                send, what is committed waits; at most PACE_HOLD_MAX_NS, for the quick half;
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
	_Atomic bool holding;                    /* wake the packer when half are at the tail */
	_Alignas(64) uint64_t not_before_ns;
	uint64_t held_since_ns; /* 0: holds nothing */
};

/* A member moves from one state to another. True: the packer waits for this, wake it. */
bool pace_move(struct pace *p, enum pace_member from, enum pace_member to) ON_IO MUST_USE;

/* There is something to pack: may it be now? */
bool pace_may_pack(struct pace *p, uint64_t now_ns) ON_PACKER MUST_USE;

/* If not: when to ask again, unless pace_move() wakes the packer before. */
uint64_t pace_next_ns(const struct pace *p) ON_PACKER;

/* A batch of so many bytes goes out to so many members by so many threads. */
void pace_packed(struct pace *p, uint64_t bytes, uint64_t members, unsigned threads,
    uint64_t now_ns) ON_PACKER;
