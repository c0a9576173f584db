/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/group.h"

void
window_init(struct window *w)
{
	for (unsigned i = 0; i < WINDOW_SLOTS; i++)
		atomic_init(&w->slot[i], NULL);
	atomic_init(&w->head, 0);
	atomic_init(&w->tail, 0);
	atomic_init(&w->evicted_to, 0);
	atomic_init(&w->bytes, 0);
}

static void
evict_oldest(struct window *w)
{
	uint64_t head = atomic_load_explicit(&w->head, memory_order_relaxed);
	struct chunk *c =
	    atomic_load_explicit(&w->slot[head % WINDOW_SLOTS], memory_order_relaxed);

	/* Said before it goes, so that who looks for it in vain knows why. */
	atomic_store_explicit(&w->evicted_to, c->batch_to, memory_order_seq_cst);
	atomic_store_explicit(&w->slot[head % WINDOW_SLOTS], NULL, memory_order_release);
	atomic_store_explicit(&w->head, head + 1, memory_order_release);
	atomic_store_explicit(&w->bytes,
	    atomic_load_explicit(&w->bytes, memory_order_relaxed) - c->len,
	    memory_order_relaxed);
	chunk_drop(c);
}

void
window_fini(struct window *w)
{
	while (atomic_load_explicit(&w->head, memory_order_relaxed) != window_tail(w))
		evict_oldest(w);
}

void
window_push(struct window *w, struct chunk *c, uint64_t budget)
{
	uint64_t tail = atomic_load_explicit(&w->tail, memory_order_relaxed);
	uint64_t bytes = atomic_load_explicit(&w->bytes, memory_order_relaxed) + c->len;

	atomic_store_explicit(&w->bytes, bytes, memory_order_relaxed);
	while (atomic_load_explicit(&w->head, memory_order_relaxed) < tail &&
	       (tail - atomic_load_explicit(&w->head, memory_order_relaxed) == WINDOW_SLOTS ||
	           atomic_load_explicit(&w->bytes, memory_order_relaxed) > budget))
		evict_oldest(w);
	c->seq = tail;
	atomic_store_explicit(&w->slot[tail % WINDOW_SLOTS], c, memory_order_release);
	atomic_store_explicit(&w->tail, tail + 1, memory_order_seq_cst);
}

struct chunk *
window_take(struct window *w, uint64_t seq, bool *gone)
{
	struct chunk *c;

	*gone = false;
	if (seq >= window_tail(w))
		return NULL;
	rcu_enter();
	c = atomic_load_explicit(&w->slot[seq % WINDOW_SLOTS], memory_order_acquire);
	if (!c || c->seq != seq || !chunk_hold(c))
		c = NULL;
	rcu_leave();
	*gone = !c;
	return c;
}

/*
 * Walk back from the tail to the first batch that ends behind `reached`. Joining there is
 * complete if the batch does not begin behind it or nothing behind it was let go, and it is
 * monotone if the batch ends at or behind `shown`.
 */
bool
window_find(struct window *w, uint64_t reached, uint64_t shown, uint64_t *seq)
{
	uint64_t tail = window_tail(w), at = tail, from = 0, to = 0, first = tail;

	rcu_enter();
	while (at > 0) {
		struct chunk *c = atomic_load_explicit(
		    &w->slot[(at - 1) % WINDOW_SLOTS], memory_order_acquire);

		if (!c || c->seq != at - 1 || c->batch_to <= reached)
			break;
		at--;
		if (c->first) {
			first = at;
			from = c->batch_from;
			to = c->batch_to;
		}
	}
	rcu_leave();
	*seq = first;
	if (first < tail && from <= reached)
		return to >= shown;
	/* No batch ends behind it, or one does but what lies between had nothing for this group.
	 * If the walk ended inside a batch, or one behind `reached` was let go, it must catch up. */
	return at == first && (first < tail ? to : reached) >= shown &&
	       atomic_load_explicit(&w->evicted_to, memory_order_seq_cst) <= reached;
}
