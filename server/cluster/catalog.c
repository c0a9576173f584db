/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/catalog.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

struct wanted {
	const char *ns, *name;
	uint64_t hash;
};

static struct wanted
wanted_make(const char *ns, const char *name)
{
	return (struct wanted){
	    ns, name, hash_two(hash_bytes(ns, strlen(ns)), hash_bytes(name, strlen(name)))};
}

/* Called by rcumap on the writer or inside a read side; reading the pointer is right in both. */
static bool
name_equal(const void *ctx, uint32_t index, const void *key) RCU_READER
{
	const struct catalog_entry *e = catalog_at(ctx, index);
	const struct catalog_name *have = rcu_get(e->name);
	const struct wanted *want = key;

	return have && have->hash == want->hash && strcmp(have->name, want->name) == 0 &&
	       strcmp(have->ns, want->ns) == 0;
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
name_new(struct catalog *c, const struct wanted *want, uint32_t index)
{
	size_t ns_size = strlen(want->ns) + 1, name_size = strlen(want->name) + 1;
	struct catalog_name *n = must_alloc(sizeof(*n) + ns_size + name_size);

	memcpy(n->text, want->ns, ns_size);
	memcpy(n->text + ns_size, want->name, name_size);
	n->catalog = c;
	n->next = NULL;
	n->hash = want->hash;
	n->index = index;
	n->ns = n->text;
	n->name = n->text + ns_size;
	return n;
}

uint32_t
catalog_name_own(struct catalog *c, const char *ns, const char *name)
{
	struct wanted want = wanted_make(ns, name);
	uint32_t index = rcumap_find_own(&c->by_name, want.hash, name_equal, c, &want);
	struct catalog_entry *e;

	if (index != RCUMAP_NONE)
		return index;
	index = index_take(c);
	e = catalog_at(c, index);
	rcu_publish(e->name, name_new(c, &want, index));
	rcumap_insert(&c->by_name, want.hash, index);
	return index;
}

uint32_t
catalog_find_own(const struct catalog *c, const char *ns, const char *name)
{
	struct wanted want = wanted_make(ns, name);

	return rcumap_find_own(&c->by_name, want.hash, name_equal, c, &want);
}

uint32_t
catalog_find(const struct catalog *c, const char *ns, const char *name)
{
	struct wanted want = wanted_make(ns, name);

	return rcumap_find(&c->by_name, want.hash, name_equal, c, &want);
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
