/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/chunk.h"

#include "core/metric.h"

#include <stdlib.h>
#include <string.h>

struct chunk *
chunk_new(const uint8_t *bytes, uint32_t len)
{
	size_t size = (sizeof(struct chunk) + len + 63) / 64 * 64;
	struct chunk *c = aligned_alloc(64, size);

	if (!c)
		die("out of memory for a chunk of %u bytes", len);
	memset(c, 0, sizeof(*c));
	c->len = len;
	memcpy(c->bytes, bytes, len);
	atomic_init(&c->holders, 1);
	metric_inc(METRIC_CHUNKS);
	metric_add(METRIC_CHUNK_BYTES, len);
	return c;
}

bool
chunk_hold(struct chunk *c)
{
	uint32_t n = atomic_load_explicit(&c->holders, memory_order_relaxed);

	do
		if (n == 0)
			return false;
	while (!atomic_compare_exchange_weak_explicit(
	    &c->holders, &n, n + 1, memory_order_acquire, memory_order_relaxed));
	return true;
}

void
chunk_hold_more(struct chunk *c)
{
	must(atomic_fetch_add_explicit(&c->holders, 1, memory_order_relaxed) > 0);
}

static void
free_chunk(struct rcu_later *later)
{
	free(later); /* later is the first member */
}

void
chunk_drop(struct chunk *c)
{
	if (atomic_fetch_sub_explicit(&c->holders, 1, memory_order_acq_rel) != 1)
		return;
	metric_add(METRIC_CHUNKS, -1);
	metric_add(METRIC_CHUNK_BYTES, -(int64_t)c->len);
	/* A session may just be looking at it in the window: after a grace period. */
	rcu_retire(&c->later, free_chunk);
}
