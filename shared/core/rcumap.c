/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear probing over 64-bit slots: the upper half holds the hash's upper bits, the lower half
 * index + 1. 0 is empty, DEAD a removed entry: probing goes on behind it. A reader that meets
 * a slot in change sees the old or the new value, both whole. Growing builds a new array and
 * publishes it; the writer keeps at least half of the slots empty.
 */
#include "core/rcumap.h"

#include "core/must.h"

#include <stdlib.h>

#define SLOT_EMPTY  0ull
#define SLOT_DEAD   UINT64_MAX
#define FIRST_SLOTS 64u

struct rcumap_slots {
	struct rcu_later later;
	uint32_t mask;
	_Atomic uint64_t slot[];
};

static uint64_t
slot_of(uint64_t hash, uint32_t index)
{
	return (hash & 0xffffffff00000000ull) | ((uint64_t)index + 1);
}

/*
 * The lower half of the hash, which chooses the slot, is not stored: a table that grows needs
 * it from somewhere. So the slot is chosen by the stored upper half, mixed.
 */
static uint32_t
home(uint64_t v_or_hash, uint32_t mask)
{
	return (uint32_t)((v_or_hash >> 32) * 0x9e3779b1u) & mask;
}

static struct rcumap_slots *
slots_new(uint32_t n)
{
	struct rcumap_slots *s = must_calloc(1, sizeof(*s) + n * sizeof(s->slot[0]));

	s->mask = n - 1;
	return s;
}

static void
slots_free(struct rcu_later *later)
{
	free(later); /* later is the first member */
}

void
rcumap_init(struct rcumap *m)
{
	m->slots.rcu_only_ = slots_new(FIRST_SLOTS);
	m->used = m->dead = 0;
}

void
rcumap_fini(struct rcumap *m)
{
	free(m->slots.rcu_only_);
	m->slots.rcu_only_ = NULL;
}

static uint32_t
find(const struct rcumap_slots *s, uint64_t hash, rcumap_eq *eq, const void *ctx,
    const void *key)
{
	uint32_t at = home(hash, s->mask);

	for (;; at = (at + 1) & s->mask) {
		uint64_t v = atomic_load_explicit(&s->slot[at], memory_order_acquire);

		if (v == SLOT_EMPTY)
			return RCUMAP_NONE;
		if (v == SLOT_DEAD || v >> 32 != hash >> 32)
			continue;
		if (eq(ctx, (uint32_t)v - 1, key))
			return (uint32_t)v - 1;
	}
}

uint32_t
rcumap_find(
    const struct rcumap *m, uint64_t hash, rcumap_eq *eq, const void *ctx, const void *key)
{
	return find(rcu_get(m->slots), hash, eq, ctx, key);
}

uint32_t
rcumap_find_own(
    const struct rcumap *m, uint64_t hash, rcumap_eq *eq, const void *ctx, const void *key)
{
	return find(rcu_own(m->slots), hash, eq, ctx, key);
}

void
rcumap_prefetch_own(const struct rcumap *m, uint64_t hash)
{
	const struct rcumap_slots *s = rcu_own(m->slots);

	__builtin_prefetch((const void *)&s->slot[home(hash, s->mask)]);
}

static bool
any_key(const void *ctx, uint32_t index, const void *key)
{
	(void)ctx;
	(void)index;
	(void)key;
	return true;
}

uint32_t
rcumap_first_own(const struct rcumap *m, uint64_t hash)
{
	return find(rcu_own(m->slots), hash, any_key, NULL, NULL);
}

static void
put(struct rcumap_slots *s, uint64_t v)
{
	uint32_t at = home(v, s->mask);

	while (atomic_load_explicit(&s->slot[at], memory_order_relaxed) != SLOT_EMPTY)
		at = (at + 1) & s->mask;
	atomic_store_explicit(&s->slot[at], v, memory_order_release);
}

static void
rebuild(struct rcumap *m, uint32_t n) ON_WRITER
{
	struct rcumap_slots *old = rcu_own(m->slots), *s = slots_new(n);

	for (uint32_t i = 0; i <= old->mask; i++) {
		uint64_t v = atomic_load_explicit(&old->slot[i], memory_order_relaxed);

		if (v != SLOT_EMPTY && v != SLOT_DEAD)
			put(s, v);
	}
	m->dead = 0;
	rcu_publish(m->slots, s);
	rcu_retire(&old->later, slots_free);
}

void
rcumap_insert(struct rcumap *m, uint64_t hash, uint32_t index)
{
	uint32_t n = rcu_own(m->slots)->mask + 1;

	must(index < RCUMAP_NONE - 1);
	if ((m->used + m->dead + 1) * 2 > n)
		rebuild(m, (m->used + 1) * 4 > n ? n * 2 : n);
	put(rcu_own(m->slots), slot_of(hash, index));
	m->used++;
}

void
rcumap_remove(struct rcumap *m, uint64_t hash, uint32_t index)
{
	struct rcumap_slots *s = rcu_own(m->slots);
	uint32_t at = home(hash, s->mask);
	uint64_t want = slot_of(hash, index), v;

	while ((v = atomic_load_explicit(&s->slot[at], memory_order_relaxed)) != want) {
		must(v != SLOT_EMPTY);
		at = (at + 1) & s->mask;
	}
	atomic_store_explicit(&s->slot[at], SLOT_DEAD, memory_order_release);
	m->used--;
	m->dead++;
}
