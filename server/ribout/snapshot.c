/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metric.h"
#include "ribout/group.h"

#include <stdlib.h>

struct snapshot *
snapshot_new(struct table *t)
{
	struct snapshot *s = must_calloc(1, sizeof(*s));

	s->table = t;
	stable_init(&s->chunks, sizeof(struct chunk *));
	atomic_init(&s->ready, 0);
	atomic_init(&s->done, false);
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
snapshot_drop(struct snapshot *s)
{
	uint32_t n;

	if (atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) != 1)
		return;
	table_leave(s->table, &s->floor);
	n = atomic_load_explicit(&s->ready, memory_order_relaxed);
	for (uint32_t i = 0; i < n; i++)
		chunk_drop(*(struct chunk **)stable_at(&s->chunks, i));
	rcu_retire(&s->later, free_snapshot);
}

void
snapshot_add(struct snapshot *s, struct chunk *c)
{
	uint32_t i = stable_grow(&s->chunks);

	*(struct chunk **)stable_at(&s->chunks, i) = c;
	atomic_fetch_add_explicit(&s->bytes, c->len, memory_order_relaxed);
	atomic_store_explicit(&s->ready, i + 1, memory_order_release);
}

struct chunk *
snapshot_chunk(const struct snapshot *s, uint32_t i)
{
	struct snapshot *m =
	    (struct snapshot *)(uintptr_t)s; /* C11 atomics load from non-const */

	if (i >= atomic_load_explicit(&m->ready, memory_order_acquire))
		return NULL;
	return *(struct chunk **)stable_at(&s->chunks, i);
}

/* Catching up sends every changed prefix again: beyond a quarter of all prefixes, encode anew. */
bool
snapshot_stale(const struct snapshot *s)
{
	uint64_t changes = table_version(s->table) - s->version;
	uint32_t prefixes = prefix_bound(s->table->names);

	return changes > (prefixes / 4 > 1024 ? prefixes / 4 : 1024);
}
