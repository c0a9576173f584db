/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metric.h"
#include "ribout/group.h"

#include <stdlib.h>

typedef _Atomic(struct chunk *) chunk_slot;

static chunk_slot *
slot_of(const struct snapshot *s, uint32_t i)
{
	return (chunk_slot *)stable_at(&s->chunks, i);
}

struct snapshot *
snapshot_new(struct table *t, uint32_t lasts)
{
	struct snapshot *s = must_calloc(1, sizeof(*s));

	s->table = t;
	s->lasts = lasts;
	stable_init(&s->chunks, sizeof(chunk_slot));
	atomic_init(&s->ready, 0);
	atomic_init(&s->done, false);
	atomic_init(&s->abandoned, false);
	atomic_init(&s->bytes, 0);
	atomic_init(&s->holders, 1);
	s->version = table_join(t, &s->floor);
	metric_inc(METRIC_SNAPSHOTS_ENCODED);
	return s;
}

bool
snapshot_hold(struct snapshot *s)
{
	uint32_t n = atomic_load_explicit(&s->holders, memory_order_relaxed);

	do
		if (n == 0)
			return false;
	while (!atomic_compare_exchange_weak_explicit(
	    &s->holders, &n, n + 1, memory_order_acquire, memory_order_relaxed));
	return true;
}

static void
free_snapshot(struct rcu_later *later)
{
	struct snapshot *s = (struct snapshot *)later; /* later is the first member */

	stable_fini(&s->chunks);
	free(s);
}

void
snapshot_abandon(struct snapshot *s)
{
	uint32_t n = atomic_load_explicit(&s->ready, memory_order_relaxed);

	if (atomic_exchange_explicit(&s->abandoned, true, memory_order_release))
		return;
	metric_inc(METRIC_SNAPSHOTS_ABANDONED);
	table_leave(s->table, &s->floor);
	for (uint32_t i = 0; i < n; i++)
		chunk_drop(atomic_exchange_explicit(slot_of(s, i), NULL, memory_order_release));
}

void
snapshot_drop(struct snapshot *s)
{
	uint32_t n = atomic_load_explicit(&s->ready, memory_order_relaxed);

	if (atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) != 1)
		return;
	if (!snapshot_is_abandoned(s)) {
		table_leave(s->table, &s->floor);
		for (uint32_t i = 0; i < n; i++)
			chunk_drop(atomic_load_explicit(slot_of(s, i), memory_order_relaxed));
	}
	rcu_retire(&s->later, free_snapshot);
}

bool
snapshot_is_unread(const struct snapshot *s)
{
	return atomic_load_explicit(
	           &((struct snapshot *)(uintptr_t)s)->holders, memory_order_acquire) == 1;
}

void
snapshot_add(struct snapshot *s, struct chunk *c)
{
	uint32_t i = stable_grow(&s->chunks);

	atomic_init(slot_of(s, i), c);
	atomic_fetch_add_explicit(&s->bytes, c->len, memory_order_relaxed);
	atomic_store_explicit(&s->ready, i + 1, memory_order_release);
}

bool
snapshot_has(const struct snapshot *s, uint32_t i)
{
	return i < atomic_load_explicit(
	               &((struct snapshot *)(uintptr_t)s)->ready, memory_order_acquire) ||
	       snapshot_is_abandoned(s);
}

struct chunk *
snapshot_take(struct snapshot *s, uint32_t i)
{
	struct chunk *c;

	if (i >= atomic_load_explicit(&s->ready, memory_order_acquire))
		return NULL;
	rcu_enter();
	c = atomic_load_explicit(slot_of(s, i), memory_order_acquire);
	if (c && !chunk_hold(c))
		c = NULL;
	rcu_leave();
	return c;
}

/* Catching up sends every changed prefix again: beyond a quarter of all prefixes, encode anew. The same where
 * some of what was withdrawn since is forgotten. */
bool
snapshot_stale(const struct snapshot *s)
{
	if (atomic_load_explicit(&s->table->purged, memory_order_acquire) > s->version)
		return true;

	uint64_t changes = table_version(s->table) - s->version;
	uint32_t prefixes = prefix_bound(s->table->names);

	return changes > (prefixes / 4 > s->lasts ? prefixes / 4 : s->lasts);
}
