/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk: an immutable buffer of complete BGP messages that any number of sessions send.
 * Made by a packer, counted by holders, freed after a grace period so that a session may find
 * it in the window while it is let go. A chunk knows nothing of its successor: a stalled peer
 * pins the one it stands on and nothing else.
 */
#pragma once

#include "core/rcu.h"

#include <stdatomic.h>
#include <stdint.h>

#define CHUNK_BYTES ((uint32_t)128 * 1024) /* room per chunk: two of the largest messages (RFC 8654) */
_Static_assert(CHUNK_BYTES >= 2 * 65535, "a chunk holds at least one extended message behind another");

struct chunk {
	struct rcu_later later;
	uint64_t seq;        /* position in its window */
	uint64_t batch_from; /* the packed commits are (batch_from, batch_to] ...              */
	uint64_t batch_to;
	uint64_t to;         /* ... and who has sent this chunk is at `to`: batch_to after the  */
	                     /* batch's last chunk, batch_from before it                        */
	bool first;          /* begins its batch */
	uint32_t len;        /* bytes */
	uint32_t messages;
	uint32_t paths;      /* announced and withdrawn */
	_Alignas(64) _Atomic uint32_t holders; /* on a line of its own: io threads count here */
	_Alignas(64) uint8_t bytes[];
};

/* An empty chunk with CHUNK_BYTES of room, held once. */
struct chunk *chunk_new(void) ON_PACKER;

/* Give back the room behind len. The chunk may move; only before it is shared. */
struct chunk *chunk_trim(struct chunk *c) ON_PACKER;

/* Hold a chunk found under RCU; false: it is being let go, look again. */
bool chunk_hold(struct chunk *c) RCU_READER;

/* Hold once more a chunk that the caller holds already. */
void chunk_hold_more(struct chunk *c) ANY_THREAD;
void chunk_drop(struct chunk *c) ANY_THREAD;
