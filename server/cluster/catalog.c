/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/catalog.h"

#include <stdlib.h>
#include <string.h>

struct catalog_key
catalog_key(const char *ns, const char *name)
{
	return (struct catalog_key){ns, name, object_hash(ns, strlen(ns), name, strlen(name))};
}

/* Called by rcumap on the writer or inside a read side; reading the pointer is right in both. */
static bool
name_equal(const void *ctx, uint32_t index, const void *key) RCU_READER
{
	const struct catalog_entry *e = catalog_at(ctx, index);
	const struct catalog_name *have = rcu_get(e->name);
	const struct catalog_key *want = key;

	return have && have->hash == want->hash && strcmp(have->text, want->ns) == 0 &&
	       strcmp(have->text + have->name_at, want->name) == 0;
}

void
catalog_init(struct catalog *c, size_t entry_size)
{
	memset(c, 0, sizeof(*c));
	stable_init(&c->entries, entry_size);
	rcumap_init(&c->by_name);
}

void
catalog_fini(struct catalog *c)
{
	struct catalog_name *next, *past = atomic_load(&c->past);

	for (uint32_t i = 0; i < catalog_bound(c); i++) {
		struct catalog_entry *e = catalog_at(c, i);

		object_free(rcu_own(e->object));
		free(rcu_own(e->name));
	}
	for (; past; past = next) {
		next = past->next;
		free(past);
	}
	rcumap_fini(&c->by_name);
	stable_fini(&c->entries);
	free(c->free);
}

/* The grace period of a name given back is over: hand its index to the writer. */
static void
name_is_past(struct rcu_later *later)
{
	struct catalog_name *name =
	    (struct catalog_name *)later; /* later is its first member */
	struct catalog *c = name->catalog;

	name->next = atomic_load_explicit(&c->past, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(
	    &c->past, &name->next, name, memory_order_release, memory_order_relaxed))
		;
}

static void
collect_past(struct catalog *c)
{
	struct catalog_name *next, *past;

	past = atomic_exchange_explicit(&c->past, NULL, memory_order_acquire);
	for (; past; past = next) {
		next = past->next;
		if (c->n_free == c->cap_free) {
			c->cap_free = c->cap_free ? 2 * c->cap_free : 64;
			c->free = must_realloc(c->free, c->cap_free * sizeof(*c->free));
		}
		c->free[c->n_free++] = past->index;
		free(past);
	}
}

static uint32_t
index_take(struct catalog *c)
{
	uint32_t index;

	if (c->n_free == 0)
		collect_past(c);
	if (c->n_free)
		return c->free[--c->n_free];
	index = stable_grow(&c->entries);
	must(index < RCUMAP_NONE - 1);
	atomic_store_explicit(&c->bound, index + 1, memory_order_release);
	return index;
}

static struct catalog_name *
name_new(struct catalog *c, const struct catalog_key *key, uint32_t index)
{
	size_t ns_size = strlen(key->ns) + 1, name_size = strlen(key->name) + 1;
	struct catalog_name *n =
	    must_alloc(offsetof(struct catalog_name, text) + ns_size + name_size);

	memcpy(n->text, key->ns, ns_size);
	memcpy(n->text + ns_size, key->name, name_size);
	n->catalog = c;
	n->hash = key->hash;
	n->index = index;
	n->name_at = (uint16_t)ns_size;
	return n;
}

uint32_t
catalog_name_own(struct catalog *c, const struct catalog_key *key)
{
	uint32_t index = rcumap_find_own(&c->by_name, key->hash, name_equal, c, key);
	struct catalog_entry *e;

	if (index != RCUMAP_NONE)
		return index;
	index = index_take(c);
	e = catalog_at(c, index);
	rcu_publish(e->name, name_new(c, key, index));
	rcumap_insert(&c->by_name, key->hash, index);
	return index;
}

uint32_t
catalog_find_own(const struct catalog *c, const struct catalog_key *key)
{
	return rcumap_find_own(&c->by_name, key->hash, name_equal, c, key);
}

uint32_t
catalog_find(const struct catalog *c, const char *ns, const char *name)
{
	struct catalog_key key = catalog_key(ns, name);

	return rcumap_find(&c->by_name, key.hash, name_equal, c, &key);
}

void
catalog_prefetch_own(const struct catalog *c, const uint64_t *hashes, uint32_t n)
{
	uint32_t index[CATALOG_PREFETCH_MAX];

	must(n <= CATALOG_PREFETCH_MAX);
	for (uint32_t i = 0; i < n; i++)
		rcumap_prefetch_own(&c->by_name, hashes[i]);
	for (uint32_t i = 0; i < n; i++) {
		index[i] = rcumap_first_own(&c->by_name, hashes[i]);
		if (index[i] != RCUMAP_NONE)
			__builtin_prefetch(catalog_at(c, index[i]), 1);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct catalog_entry *e;

		if (index[i] == RCUMAP_NONE)
			continue;
		e = catalog_at(c, index[i]);
		__builtin_prefetch(rcu_own(e->name));
	}
}

void
catalog_forget(struct catalog *c, uint32_t index)
{
	struct catalog_entry *e = catalog_at(c, index);
	struct catalog_name *name = rcu_own(e->name);

	must(name && !rcu_own(e->object));
	rcumap_remove(&c->by_name, name->hash, index);
	rcu_publish(e->name, NULL);
	e->epoch = 0;
	e->epoch_ms = 0;
	rcu_retire(&name->later, name_is_past);
}

struct object *
catalog_swap(struct catalog *c, uint32_t index, struct object *object)
{
	struct catalog_entry *e = catalog_at(c, index);
	struct object *old = rcu_own(e->object);

	rcu_publish(e->object, object);
	if (object && !old)
		atomic_fetch_add_explicit(&c->objects, 1, memory_order_relaxed);
	if (old && !object)
		atomic_fetch_sub_explicit(&c->objects, 1, memory_order_relaxed);
	return old;
}
