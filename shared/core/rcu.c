/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rcu.h"

#include "core/must.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic unsigned long retired, freed;

void
rcu_thread_register(void)
{
	urcu_memb_register_thread();
}

void
rcu_thread_unregister(void)
{
	urcu_memb_unregister_thread();
}

/* What liburcu orders, for ThreadSanitizer, which does not see liburcu do it. */
#ifdef RCU_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);

static char grace; /* leaving a read side and retiring: before the callbacks behind them */
static char drain; /* a callback: before the end of the drain that waits for it */

void
rcu_tsan_leave(void)
{
	__tsan_release(&grace);
}

#define ORDERS_BEFORE(what) __tsan_release(&(what))
#define ORDERED_AFTER(what) __tsan_acquire(&(what))
#else
#define ORDERS_BEFORE(what)
#define ORDERED_AFTER(what)
#endif

static void
after_grace(struct rcu_head *head)
{
	struct rcu_later *later = (struct rcu_later *)head; /* head is its first member */

	ORDERED_AFTER(grace);
	later->free_it(later);
	ORDERS_BEFORE(drain);
	atomic_fetch_add_explicit(&freed, 1, memory_order_relaxed);
}

void
rcu_retire(struct rcu_later *later, void (*free_it)(struct rcu_later *later))
{
	_Static_assert(offsetof(struct rcu_later, head) == 0, "after_grace casts head back");

	later->free_it = free_it;
	atomic_fetch_add_explicit(&retired, 1, memory_order_relaxed);
	ORDERS_BEFORE(grace);
	urcu_memb_call_rcu(&later->head, after_grace);
}

struct retired_block {
	struct rcu_later later;
	void *block;
};

static void
free_block(struct rcu_later *later)
{
	struct retired_block *r = (struct retired_block *)later; /* later is its first member */

	free(r->block);
	free(r);
}

void
rcu_retire_block(void *block)
{
	struct retired_block *r;

	if (!block)
		return;
	r = must_alloc(sizeof(*r));
	r->block = block;
	rcu_retire(&r->later, free_block);
}

void
rcu_drain(void)
{
	urcu_memb_barrier();
	ORDERED_AFTER(drain);
}

unsigned long
rcu_backlog(void)
{
	unsigned long f = atomic_load_explicit(&freed, memory_order_relaxed);

	return atomic_load_explicit(&retired, memory_order_relaxed) - f;
}
