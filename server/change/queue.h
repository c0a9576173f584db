/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the consumer (and decoders) to the one writer: a lock-free queue. A producer pushes a
 * batch with one atomic exchange of the head; the writer takes everything that waits at once.
 * Changes of one producer stay in their order. Bounded by backpressure: a producer that
 * finds the queue full stops reading its input until the writer has drained it.
 */
#pragma once

#include "change/change.h"
#include "core/role.h"

#include <stdatomic.h>

/* Changes that a producer collects before it pushes them; zeroed is empty. */
struct change_batch {
	struct change *newest, *oldest;
	uint64_t bytes;
	uint32_t n;
};

struct change_queue {
	_Atomic(struct change *) newest; /* linked from newest to oldest */
	_Atomic uint64_t bytes;          /* heap of what waits */
	_Atomic uint32_t asleep;         /* futex: 1 while the writer sleeps */
	_Atomic uint32_t kicked;
	_Atomic uint32_t producing; /* producers that are about to push more */
	_Atomic uint32_t drains;    /* futex: counts drains, for producers that wait for room */
	uint64_t max_bytes;
};

/* What may wait before producers stop: some 100,000 records of a usual size. */
#define CHANGE_QUEUE_BYTES ((uint64_t)64 * 1024 * 1024)

void change_queue_init(struct change_queue *q, uint64_t max_bytes);
void
change_queue_fini(struct change_queue *q); /* frees what still waits; no producers any more */

/* Append c to the batch, which owns it from then on. */
void change_batch_add(struct change_batch *b, struct change *c);

/* Hand the whole batch to the writer and wake it; the batch is empty afterwards. Any thread; never blocks. */
void change_queue_push(struct change_queue *q, struct change_batch *b);

/* The producer has input at hand that it will push (true, once) or has pushed (false, once). Any thread. */
void change_queue_producing(struct change_queue *q, bool more);

/* True when more than max_bytes wait: stop reading the input. Any thread. */
bool change_queue_full(const struct change_queue *q);

/* Sleep until the queue is no longer full, it was kicked, or timeout_ns have passed; true: there is room. Producers. */
bool change_queue_wait_room(struct change_queue *q, uint64_t timeout_ns);

/* Everything that waits, oldest first, linked by next; NULL when there is nothing. The caller owns them. */
struct change *change_queue_drain(struct change_queue *q) ON_WRITER;

/* More waits here, or will very soon: what is applied now is part of something larger. */
bool change_queue_more(const struct change_queue *q) ON_WRITER;

/*
 * Sleep until something waits, somebody kicks, or timeout_ns have passed (NS_NEVER: no
 * limit). True: there is something to drain, or a kick, which is consumed by this.
 */
bool change_queue_wait(struct change_queue *q, uint64_t timeout_ns) ON_WRITER;

/* Make the writer's present or next wait return: shutdown, reload, a request. Any thread. */
void change_queue_kick(struct change_queue *q);
