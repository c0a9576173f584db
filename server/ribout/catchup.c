/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metric.h"
#include "ribout/group.h"

#include <stdlib.h>

struct catchup *
catchup_ask(struct group *g, uint64_t from, uint64_t at, uint64_t shown)
{
	struct catchup *k = must_calloc(1, sizeof(*k));
	struct catchup *head = atomic_load_explicit(&g->requests, memory_order_relaxed);

	k->from = from;
	k->at = at;
	k->shown = shown;
	atomic_init(&k->state, CATCHUP_ASKED);
	atomic_init(&k->holders, 2);
	do
		k->next = head;
	while (!atomic_compare_exchange_weak_explicit(
	    &g->requests, &head, k, memory_order_release, memory_order_relaxed));
	metric_inc(METRIC_CATCHUPS);
	group_wake(g);
	return k;
}

void
catchup_add(struct catchup *k, struct chunk *c)
{
	if (k->n == k->cap) {
		k->cap = k->cap ? k->cap * 2 : 4;
		k->chunk = must_realloc(k->chunk, k->cap * sizeof(struct chunk *));
	}
	k->chunk[k->n++] = c;
}

void
catchup_drop(struct catchup *k)
{
	if (atomic_fetch_sub_explicit(&k->holders, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < k->n; i++)
		chunk_drop(k->chunk[i]);
	free(k->chunk);
	free(k);
}
