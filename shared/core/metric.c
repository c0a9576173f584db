/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's block is linked into the list on its first count and stays there for good: a
 * block of an ended thread goes on counting in the sums and is taken over by the next thread. */
#include "core/metric.h"

#include "core/clock.h"
#include "core/must.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct block {
	struct block *next;
	_Atomic bool taken;
	_Alignas(64) _Atomic int64_t value[METRIC_COUNT];
};

const struct metric_row metric_rows[METRIC_COUNT] = {
#define METRIC(id, family, labels, type, help) {family, labels, type, help},
#include "core/metric.def"
#undef METRIC
};

static _Atomic(struct block *) blocks;
static _Thread_local struct block *mine;
static pthread_key_t at_exit_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The gauges of a thread that is gone keep their last value, as its counters do. */
static void
let_go(void *block)
{
	atomic_store_explicit(&((struct block *)block)->taken, false, memory_order_release);
}

static void
make_key(void)
{
	if (pthread_key_create(&at_exit_key, let_go))
		die("pthread_key_create failed");
}

static struct block *
take_block(void)
{
	struct block *b, *head;

	for (b = atomic_load_explicit(&blocks, memory_order_acquire); b; b = b->next) {
		bool free_one = false;

		if (atomic_compare_exchange_strong(&b->taken, &free_one, true))
			return b;
	}
	b = aligned_alloc(64, (sizeof(*b) + 63) / 64 * 64);
	if (!b)
		die("out of memory for a thread's metrics");
	for (unsigned i = 0; i < METRIC_COUNT; i++)
		atomic_init(&b->value[i], 0);
	atomic_init(&b->taken, true);
	head = atomic_load_explicit(&blocks, memory_order_relaxed);
	do
		b->next = head;
	while (!atomic_compare_exchange_weak_explicit(
	    &blocks, &head, b, memory_order_release, memory_order_relaxed));
	return b;
}

static struct block *
my_block(void)
{
	if (!mine) {
		pthread_once(&once, make_key);
		mine = take_block();
		pthread_setspecific(at_exit_key, mine);
	}
	return mine;
}

void
metric_add(enum metric_id id, int64_t n)
{
	_Atomic int64_t *v = &my_block()->value[id];

	/* Its only writer: a plain add, no locked instruction. */
	atomic_store_explicit(
	    v, atomic_load_explicit(v, memory_order_relaxed) + n, memory_order_relaxed);
}

void
metric_set(enum metric_id id, int64_t value)
{
	atomic_store_explicit(&my_block()->value[id], value, memory_order_relaxed);
}

int64_t
metric_read(enum metric_id id)
{
	int64_t sum = 0;

	for (struct block *b = atomic_load_explicit(&blocks, memory_order_acquire); b;
	     b = b->next)
		sum += atomic_load_explicit(&b->value[id], memory_order_relaxed);
	return sum;
}

/* 2^(i - 16) s, rounded down once and not at every doubling. */
static uint64_t
bound_ns(unsigned i)
{
	return i < 16 ? NS_PER_S >> (16 - i) : NS_PER_S << (i - 16);
}

void
histogram_observe(struct histogram *h, uint64_t ns)
{
	unsigned i = 0;

	while (i < HISTOGRAM_BUCKETS && ns > bound_ns(i))
		i++;
	__atomic_store_n(&h->count[i], h->count[i] + 1, __ATOMIC_RELAXED);
	__atomic_store_n(&h->sum_ns, h->sum_ns + ns, __ATOMIC_RELAXED);
}
