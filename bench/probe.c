/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of open changes under one lock, which is taken once per change and ToR; the tags in front
 * of it are read without.
 */
#include "probe.h"

#include "core/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct probe {
	struct stamp stamp;
	uint64_t tag; /* 0: overtaken, waits for its acknowledgement */
	uint64_t first_ns, last_ns;
	uint32_t slot, left;
	bool used, present;
};

struct probe_pool {
	pthread_mutex_t lock;
	struct probe list[PROBE_OPEN];
	uint16_t free_list[PROBE_OPEN], by_slot[PROBE_SLOTS];
	uint32_t free_count, used_end; /* no used one at or behind used_end */
	uint32_t waiters, words, per_s;
	uint64_t *seen; /* `words` per probe: a bit for each ToR */
	uint64_t sampled, started_ns;
	struct probe_results results;
};

_Static_assert(PROBE_OPEN <= UINT16_MAX, "free_list and by_slot hold indices");

struct probes *
probes_new(uint32_t tors, uint32_t waiters, uint32_t per_s)
{
	struct probes *p = must_calloc(1, sizeof(*p));
	struct probe_pool *o = p->pool = must_calloc(1, sizeof(*o));

	pthread_mutex_init(&o->lock, NULL);
	o->waiters = waiters;
	o->words = tors / 64 + 1;
	o->per_s = per_s;
	o->seen = must_calloc((size_t)PROBE_OPEN * o->words, sizeof(*o->seen));
	for (uint32_t i = 0; i < PROBE_OPEN; i++)
		o->free_list[o->free_count++] = (uint16_t)(PROBE_OPEN - 1 - i);
	return p;
}

void
probes_free(struct probes *p)
{
	if (!p)
		return;
	pthread_mutex_destroy(&p->pool->lock);
	free(p->pool->seen);
	free(p->pool);
	free(p);
}

/* A burst of one second's worth is allowed: a drain is over in less. */
static bool
may_sample(struct probe_pool *o, uint64_t now_ns)
{
	if (o->started_ns == 0)
		o->started_ns = now_ns;
	uint64_t allowed = o->per_s + (now_ns - o->started_ns) / NS_PER_MS * o->per_s / 1000;

	if (o->sampled + o->per_s < allowed)
		o->sampled = allowed - o->per_s;
	return o->sampled < allowed && o->free_count && o->waiters;
}

static void
overtake(struct probes *p, uint64_t tag, uint32_t slot)
{
	struct probe_pool *o = p->pool;

	if (atomic_load_explicit(&p->tags[slot], memory_order_relaxed) != tag)
		return;
	atomic_store_explicit(&p->tags[slot], 0, memory_order_relaxed);
	o->list[o->by_slot[slot]].tag = 0;
	o->results.overtaken++;
}

struct stamp *
probes_open(struct probes *p, uint32_t prefix, uint32_t hop, bool present, uint64_t now_ns)
{
	uint64_t tag = (uint64_t)prefix << 32 | hop;
	uint32_t slot = probe_slot(tag);
	struct probe_pool *o = p->pool;
	struct probe *b = NULL;

	pthread_mutex_lock(&o->lock);
	overtake(p, tag, slot);
	if (may_sample(o, now_ns) && atomic_load(&p->tags[slot]) == 0) {
		uint16_t at = o->free_list[--o->free_count];

		b = &o->list[at];
		*b = (struct probe){.tag = tag,
		    .slot = slot,
		    .left = o->waiters,
		    .used = true,
		    .present = present};
		memset(&o->seen[(size_t)at * o->words], 0, o->words * sizeof(*o->seen));
		if (at >= o->used_end)
			o->used_end = at + 1u;
		o->by_slot[slot] = at;
		o->sampled++;
		atomic_store_explicit(&p->tags[slot], tag, memory_order_relaxed);
	}
	pthread_mutex_unlock(&o->lock);
	return b ? &b->stamp : NULL;
}

void
probes_overtake(struct probes *p, uint32_t prefix, uint32_t hop)
{
	uint64_t tag = (uint64_t)prefix << 32 | hop;

	pthread_mutex_lock(&p->pool->lock);
	overtake(p, tag, probe_slot(tag));
	pthread_mutex_unlock(&p->pool->lock);
}

void
probes_report(struct probes *p, uint64_t tag, bool present, uint32_t tor, uint64_t now_ns)
{
	struct probe_pool *o = p->pool;
	uint32_t slot = probe_slot(tag);

	pthread_mutex_lock(&o->lock);
	/* Looked at again under the lock: the slot may have changed hands in between. */
	if (atomic_load_explicit(&p->tags[slot], memory_order_relaxed) == tag) {
		uint16_t at = o->by_slot[slot];
		struct probe *b = &o->list[at];
		uint64_t *word = &o->seen[(size_t)at * o->words + tor / 64];
		uint64_t bit = 1ull << tor % 64;

		if (b->present == present && b->left && !(*word & bit)) {
			*word |= bit;
			if (b->first_ns == 0)
				b->first_ns = now_ns;
			if (now_ns > b->last_ns)
				b->last_ns = now_ns;
			b->left--;
		}
	}
	pthread_mutex_unlock(&o->lock);
}

static uint64_t
since(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static void
release(struct probes *p, struct probe *b)
{
	struct probe_pool *o = p->pool;

	if (b->tag)
		atomic_store_explicit(&p->tags[b->slot], 0, memory_order_relaxed);
	*b = (struct probe){.used = false};
	o->free_list[o->free_count++] = (uint16_t)(b - o->list);
}

void
probes_collect(struct probes *p)
{
	struct probe_pool *o = p->pool;
	uint32_t end = 0;

	pthread_mutex_lock(&o->lock);
	for (uint32_t i = 0; i < o->used_end; i++) {
		struct probe *b = &o->list[i];
		bool over = b->used && b->stamp.acked_ns && (b->tag == 0 || b->left == 0);

		if (over && b->tag) {
			histogram_add(
			    &o->results.first, since(b->stamp.handed_ns, b->first_ns));
			histogram_add(&o->results.last, since(b->stamp.handed_ns, b->last_ns));
			histogram_add(
			    &o->results.acked_last, since(b->stamp.acked_ns, b->last_ns));
		}
		if (over)
			release(p, b);
		if (b->used)
			end = i + 1;
	}
	o->used_end = end;
	pthread_mutex_unlock(&o->lock);
}

uint32_t
probes_open_count(struct probes *p)
{
	uint32_t n = 0;

	pthread_mutex_lock(&p->pool->lock);
	for (uint32_t i = 0; i < p->pool->used_end; i++)
		n += p->pool->list[i].used && p->pool->list[i].tag;
	pthread_mutex_unlock(&p->pool->lock);
	return n;
}

const struct probe_results *
probes_end(struct probes *p)
{
	struct probe_pool *o = p->pool;

	probes_collect(p);
	pthread_mutex_lock(&o->lock);
	for (uint32_t i = 0; i < o->used_end; i++) {
		if (!o->list[i].used)
			continue;
		o->results.unseen += o->list[i].tag != 0;
		release(p, &o->list[i]);
	}
	o->used_end = 0;
	pthread_mutex_unlock(&o->lock);
	return &o->results;
}
