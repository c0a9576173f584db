/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk: an immutable buffer of complete BGP messages that any number of sessions send.
 * Made by a packer, counted by holders, freed after a grace period so that a session may find
 * it in the window while it is let go. A chunk knows nothing of its successor: a stalled peer
 * pins the one it stands on and nothing else.
 */
#pragma once

#include "core/must.h"
#include "core/rcu.h"

#include <stdatomic.h>
#include <stdint.h>

#define CHUNK_BYTES ((uint32_t)128 * 1024) /* at most */
_Static_assert(
    CHUNK_BYTES >= 2 * 65535, "a chunk holds at least one extended message behind another");

struct chunk {
	struct rcu_later later;
	uint64_t seq; /* position in its window */
	uint64_t
	    batch_from; /* the packed commits are (batch_from, batch_to] ...              */
	uint64_t batch_to;
	uint64_t to;     /* ... and who has sent this chunk is at `to`: batch_to after the  */
	                 /* batch's last chunk, batch_from before it                        */
	uint64_t newest; /* no state in it is of a later version (nor of one before batch_to) */
	bool first;      /* begins its batch */
	uint32_t len;    /* bytes */
	uint32_t messages;
	uint32_t paths;                        /* announced and withdrawn */
	_Alignas(64) _Atomic uint32_t holders; /* on a line of its own: io threads count here */
	_Alignas(64) uint8_t bytes[];
};

/* A chunk with a copy of len bytes, held once; the caller fills in the other fields before it
 * shares it. */
struct chunk *chunk_new(const uint8_t *bytes, uint32_t len) ON_PACKER MUST_USE;

/* Hold a chunk found under RCU; false: it is being let go, look again. */
bool chunk_hold(struct chunk *c) RCU_READER MUST_USE;

/* Hold once more a chunk that the caller holds already. */
void chunk_hold_more(struct chunk *c) ANY_THREAD;
void chunk_drop(struct chunk *c) ANY_THREAD;
