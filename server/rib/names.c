/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a name: given (counted 0) -> held -> dropped to 0 at a version -> idle queue ->
 * below the floor: out of the hash, a grace period -> free. A name that is looked up again
 * while idle is simply held again; its queue entry is then ignored.
 */
#include "rib/names.h"

#include "core/hash.h"
#include "core/must.h"

#include <stdlib.h>
#include <string.h>

const char *const prefix_class_names[CLASS_COUNT] = {
    "aggregate", "cluster_ip", "external_ip", "load_balancer", "pod_cidr"};

/* In front of each entry. */
struct name {
	uint64_t hash;       /* of the content: the same on every replica */
	uint64_t idle_since; /* version of the last drop to 0 */
	uint32_t users;
	bool queued;    /* in the idle queue */
	bool shares_id; /* next hops only */
};

struct name_idle {
	uint64_t version;
	uint32_t index;
};

struct name_freed {
	struct rcu_later later;
	struct name_freed *next;
	struct name_space *space;
	uint32_t index;
};

#define NAME_OFFSET ((sizeof(struct name) + 7) & ~(size_t)7)

static struct name *
name_of(const struct name_space *s, uint32_t index)
{
	return stable_at(&s->entries, index);
}

static void *
entry_of(const struct name_space *s, uint32_t index)
{
	return (char *)stable_at(&s->entries, index) + NAME_OFFSET;
}

static void
space_init(struct name_space *s, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->size = size;
	stable_init(&s->entries, NAME_OFFSET + ((size + 7) & ~(size_t)7));
	rcumap_init(&s->by_content);
	rcumap_init(&s->by_id);
	atomic_init(&s->freed, NULL);
}

static void
space_fini(struct name_space *s)
{
	struct name_freed *f = atomic_load(&s->freed);

	while (f) {
		struct name_freed *next = f->next;

		free(f);
		f = next;
	}
	stable_fini(&s->entries);
	rcumap_fini(&s->by_content);
	rcumap_fini(&s->by_id);
	free(s->free);
	free(s->idle);
}

void
names_init(struct names *n)
{
	space_init(&n->prefixes, sizeof(struct ip_prefix));
	space_init(&n->nexthops, sizeof(struct nexthop));
	space_init(&n->attrs, sizeof(struct path_attrs));
	n->nexthops.ids = true;
}

void
names_fini(struct names *n)
{
	space_fini(&n->prefixes);
	space_fini(&n->nexthops);
	space_fini(&n->attrs);
}

static bool
same_content(const void *ctx, uint32_t index, const void *key)
{
	const struct name_space *s = ctx;

	return memcmp(entry_of(s, index), key, s->size) == 0;
}

static void
push_free(struct name_space *s, uint32_t index)
{
	if (s->n_free == s->cap_free) {
		s->cap_free = s->cap_free ? s->cap_free * 2 : 64;
		s->free = must_realloc(s->free, s->cap_free * sizeof(*s->free));
	}
	s->free[s->n_free++] = index;
}

/* Indices whose grace period has ended, handed over by the callback thread. */
static void
collect_freed(struct name_space *s)
{
	struct name_freed *f = atomic_exchange_explicit(&s->freed, NULL, memory_order_acquire);

	while (f) {
		struct name_freed *next = f->next;

		push_free(s, f->index);
		free(f);
		f = next;
	}
}

static uint32_t
space_name(struct name_space *s, const void *content) ON_WRITER
{
	uint64_t hash = hash_bytes(content, s->size);
	uint32_t index = rcumap_find_own(&s->by_content, hash, same_content, s, content);

	if (index != RCUMAP_NONE)
		return index;
	if (!s->n_free)
		collect_freed(s);
	index = s->n_free ? s->free[--s->n_free] : stable_grow(&s->entries);
	memcpy(entry_of(s, index), content, s->size);
	*name_of(s, index) = (struct name){.hash = hash};
	s->live++;
	rcumap_insert(&s->by_content, hash, index);
	return index;
}

uint32_t
prefix_name(struct names *n, const struct ip_prefix *p)
{
	return space_name(&n->prefixes, p);
}

static bool
same_id(const void *ctx, uint32_t index, const void *key)
{
	const struct nexthop *nh = entry_of(ctx, index);

	return nh->path_id == *(const uint32_t *)key;
}

/* One of those with this identifier is found; each was marked when the next one came. */
static void
index_id(struct name_space *s, uint32_t index) ON_WRITER
{
	uint32_t id = ((const struct nexthop *)entry_of(s, index))->path_id;
	uint32_t other = rcumap_find_own(&s->by_id, hash_mix(id), same_id, s, &id);

	if (other != RCUMAP_NONE) {
		name_of(s, other)->shares_id = true;
		name_of(s, index)->shares_id = true;
	}
	rcumap_insert(&s->by_id, hash_mix(id), index);
}

uint32_t
nexthop_name(struct names *n, const struct nexthop *nh)
{
	uint32_t live = n->nexthops.live, index = space_name(&n->nexthops, nh);

	if (n->nexthops.live != live)
		index_id(&n->nexthops, index);
	return index;
}

uint32_t
attrs_name(struct names *n, const struct path_attrs *a)
{
	return space_name(&n->attrs, a);
}

const struct ip_prefix *
prefix_at(const struct names *n, uint32_t index)
{
	return entry_of(&n->prefixes, index);
}

const struct nexthop *
nexthop_at(const struct names *n, uint32_t index)
{
	return entry_of(&n->nexthops, index);
}

const struct path_attrs *
attrs_at(const struct names *n, uint32_t index)
{
	return entry_of(&n->attrs, index);
}

uint32_t
prefix_find(const struct names *n, const struct ip_prefix *p)
{
	return rcumap_find(
	    &n->prefixes.by_content, hash_bytes(p, sizeof(*p)), same_content, &n->prefixes, p);
}

uint32_t
prefix_find_own(const struct names *n, const struct ip_prefix *p)
{
	return rcumap_find_own(
	    &n->prefixes.by_content, hash_bytes(p, sizeof(*p)), same_content, &n->prefixes, p);
}

uint64_t
name_hash(const struct name_space *s, uint32_t index)
{
	return name_of(s, index)->hash;
}

void
name_hold(struct name_space *s, uint32_t index)
{
	name_of(s, index)->users++;
}

static void
queue_idle(struct name_space *s, uint32_t index, uint64_t version)
{
	if (s->idle_tail == s->cap_idle) {
		uint32_t waiting = s->idle_tail - s->idle_head;

		if (waiting * 2 > s->cap_idle || !s->cap_idle) {
			s->cap_idle = s->cap_idle ? s->cap_idle * 2 : 64;
			s->idle = must_realloc(s->idle, s->cap_idle * sizeof(*s->idle));
		}
		memmove(s->idle, s->idle + s->idle_head, waiting * sizeof(*s->idle));
		s->idle_head = 0;
		s->idle_tail = waiting;
	}
	s->idle[s->idle_tail++] = (struct name_idle){.version = version, .index = index};
	name_of(s, index)->queued = true;
}

void
name_drop(struct name_space *s, uint32_t index, uint64_t version)
{
	struct name *name = name_of(s, index);

	must(name->users > 0);
	name->users--;
	if (name->users)
		return;
	name->idle_since = version;
	if (!name->queued)
		queue_idle(s, index, version);
}

/* On liburcu's callback thread: lock-free hand-over to the writer. */
static void
after_grace(struct rcu_later *later)
{
	struct name_freed *f = (struct name_freed *)later; /* later is its first member */
	struct name_freed *head = atomic_load_explicit(&f->space->freed, memory_order_relaxed);

	do
		f->next = head;
	while (!atomic_compare_exchange_weak_explicit(
	    &f->space->freed, &head, f, memory_order_release, memory_order_relaxed));
}

static void
give_back(struct name_space *s, uint32_t index) ON_WRITER
{
	struct name_freed *f = must_alloc(sizeof(*f));

	rcumap_remove(&s->by_content, hash_bytes(entry_of(s, index), s->size), index);
	if (s->ids) {
		const struct nexthop *nh = entry_of(s, index);

		rcumap_remove(&s->by_id, hash_mix(nh->path_id), index);
	}
	s->live--;
	f->space = s;
	f->index = index;
	rcu_retire(&f->later, after_grace);
}

static void
space_reclaim(struct name_space *s, uint64_t floor) ON_WRITER
{
	while (s->idle_head < s->idle_tail && s->idle[s->idle_head].version <= floor) {
		uint32_t index = s->idle[s->idle_head++].index;

		struct name *name = name_of(s, index);

		name->queued = false;
		if (name->users)
			continue;
		if (name->idle_since <= floor)
			give_back(s, index);
		else /* was used again meanwhile: wait for the later version */
			queue_idle(s, index, name->idle_since);
	}
}

void
names_reclaim(struct names *n, uint64_t floor)
{
	space_reclaim(&n->prefixes, floor);
	space_reclaim(&n->nexthops, floor);
	space_reclaim(&n->attrs, floor);
}

bool
nexthop_shares_id(const struct names *n, uint32_t index)
{
	return name_of(&n->nexthops, index)->shares_id;
}

uint32_t
nexthop_bound(const struct names *n)
{
	return stable_len(&n->nexthops.entries);
}

uint32_t
attrs_bound(const struct names *n)
{
	return stable_len(&n->attrs.entries);
}

uint32_t
prefix_bound(const struct names *n)
{
	return stable_len(&n->prefixes.entries);
}
