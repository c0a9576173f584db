/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list is a stack (newest first) that producers push with a compare-and-swap and
 * the writer takes whole with one exchange and turns round. Sleeping is a futex: the writer
 * sets `asleep`, looks once more, and sleeps only while it is still set; whoever pushes
 * clears it, and makes the system call only if it was set. `asleep` and `newest` are both
 * sequentially consistent: one of the two sides always sees the other.
 */
#include "change/queue.h"

#include "core/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void
change_queue_init(struct change_queue *q, uint64_t max_bytes)
{
	atomic_init(&q->newest, NULL);
	atomic_init(&q->bytes, 0);
	atomic_init(&q->asleep, 0);
	atomic_init(&q->kicked, 0);
	atomic_init(&q->producing, 0);
	atomic_init(&q->drains, 0);
	q->max_bytes = max_bytes ? max_bytes : CHANGE_QUEUE_BYTES;
}

void
change_queue_fini(struct change_queue *q)
{
	struct change *c = atomic_exchange(&q->newest, NULL);

	while (c) {
		struct change *next = c->next;

		change_free(c);
		c = next;
	}
}

void
change_batch_add(struct change_batch *b, struct change *c)
{
	c->next = b->newest;
	b->newest = c;
	if (!b->oldest)
		b->oldest = c;
	b->bytes += c->bytes;
	b->n++;
}

static void
futex_wake(_Atomic uint32_t *word, int n)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

static void
futex_wait(_Atomic uint32_t *word, uint32_t while_it_is, uint64_t timeout_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
	    .tv_nsec = (long)(timeout_ns % NS_PER_S)};

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_it_is,
	    timeout_ns == NS_NEVER ? NULL : &ts, NULL, 0);
}

static void
wake_writer(struct change_queue *q)
{
	if (atomic_exchange(&q->asleep, 0))
		futex_wake(&q->asleep, 1);
}

void
change_queue_push(struct change_queue *q, struct change_batch *b)
{
	struct change *old;

	if (!b->newest)
		return;
	atomic_fetch_add(&q->bytes, b->bytes);
	old = atomic_load_explicit(&q->newest, memory_order_relaxed);
	do {
		b->oldest->next = old;
	} while (!atomic_compare_exchange_weak(&q->newest, &old, b->newest));
	*b = (struct change_batch){.newest = NULL};
	wake_writer(q);
}

void
change_queue_producing(struct change_queue *q, bool more)
{
	if (more)
		atomic_fetch_add_explicit(&q->producing, 1, memory_order_relaxed);
	else
		atomic_fetch_sub_explicit(&q->producing, 1, memory_order_relaxed);
}

bool
change_queue_more(const struct change_queue *q)
{
	struct change_queue *m =
	    (struct change_queue *)(uintptr_t)q; /* C11 atomics load from non-const */

	return atomic_load_explicit(&m->producing, memory_order_relaxed) ||
	       atomic_load_explicit(&m->newest, memory_order_relaxed);
}

bool
change_queue_full(const struct change_queue *q)
{
	return atomic_load(&((struct change_queue *)(uintptr_t)q)->bytes) > q->max_bytes;
}

bool
change_queue_wait_room(struct change_queue *q, uint64_t timeout_ns)
{
	uint32_t seen = atomic_load(&q->drains);

	if (change_queue_full(q))
		futex_wait(&q->drains, seen, timeout_ns);
	return !change_queue_full(q);
}

struct change *
change_queue_drain(struct change_queue *q)
{
	struct change *c = atomic_exchange(&q->newest, NULL), *oldest = NULL;
	uint64_t bytes = 0;

	while (c) {
		struct change *older = c->next;

		bytes += c->bytes;
		c->next = oldest;
		oldest = c;
		c = older;
	}
	/* Who found it full did so before this, or sees the new count: none sleeps through it. */
	if (atomic_fetch_sub(&q->bytes, bytes) > q->max_bytes) {
		atomic_fetch_add(&q->drains, 1);
		futex_wake(&q->drains, INT32_MAX);
	}
	return oldest;
}

static bool
has_work(struct change_queue *q)
{
	return atomic_load(&q->newest) || atomic_load(&q->kicked);
}

bool
change_queue_wait(struct change_queue *q, uint64_t timeout_ns)
{
	uint64_t end = timeout_ns == NS_NEVER ? NS_NEVER : clock_mono_ns() + timeout_ns,
	         left = timeout_ns;

	while (!has_work(q) && left > 0) {
		atomic_store(&q->asleep, 1);
		if (!has_work(q))
			futex_wait(&q->asleep, 1, left);
		atomic_store(&q->asleep, 0);
		if (end != NS_NEVER) {
			uint64_t now = clock_mono_ns();

			left = now < end ? end - now : 0;
		}
	}
	return atomic_exchange(&q->kicked, 0) || atomic_load(&q->newest);
}

void
change_queue_kick(struct change_queue *q)
{
	atomic_store(&q->kicked, 1);
	wake_writer(q);
	atomic_fetch_add(&q->drains, 1);
	futex_wake(&q->drains, INT32_MAX);
}
