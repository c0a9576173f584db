/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/table.h"

#include "core/log.h"
#include "core/metric.h"
#include "core/must.h"
#include "core/waker.h"
#include "rib/pathset.h"

#include <stdlib.h>

#define ORDER_FIRST 1024u /* entries */

/* Prefixes whose set got tombstones, by version: where to look when the floor has risen. */
struct tomb_queue {
	uint32_t head, tail, cap;
	uint64_t changes_since_look; /* prefixes changed since the floors were last read */
	struct order_entry *entry;
};

struct set_slot {
	RCU(struct pathset) set;
};

static struct set_slot *
slot_of(const struct table *t, uint32_t prefix)
{
	return stable_at(&t->sets, prefix);
}

static struct order *
order_new(uint32_t cap)
{
	struct order *o = must_alloc(sizeof(*o) + cap * sizeof(o->entry[0]));

	atomic_init(&o->len, 0);
	o->cap = cap;
	o->renewed = 0;
	return o;
}

void
table_init(struct table *t, struct names *names)
{
	*t = (struct table){.names = names};
	stable_init(&t->sets, sizeof(struct set_slot));
	t->order.rcu_only_ = order_new(ORDER_FIRST);
	atomic_init(&t->version, 0);
	atomic_init(&t->purged, 0);
	t->tombstones_max = TOMBSTONES_MAX;
	atomic_init(&t->more, false);
	atomic_init(&t->barrier, UINT64_MAX);
	t->tombs = must_calloc(1, sizeof(*t->tombs));
	pthread_mutex_init(&t->readers_lock, NULL);
}

void
table_fini(struct table *t)
{
	must(!t->readers);
	for (uint32_t i = 0; i < stable_len(&t->sets); i++)
		pathset_retire(rcu_own(slot_of(t, i)->set));
	rcu_retire_block(rcu_own(t->order));
	rcu_drain();
	stable_fini(&t->sets);
	free(t->tombs->entry);
	free(t->tombs);
	pthread_mutex_destroy(&t->readers_lock);
}

void
table_wakes(struct table *t, struct waker *w)
{
	must(t->n_wakers < COUNT_OF(t->wakers));
	t->wakers[t->n_wakers++] = w;
}

/* ---- the order ---- */

static bool
entry_is_live(const struct table *t, const struct order_entry *e) ON_WRITER
{
	const struct pathset *s = rcu_own(slot_of(t, e->prefix)->set);

	return s && s->changed == e->version;
}

static void
free_order(struct rcu_later *later)
{
	free(later); /* later is the first member */
}

/*
 * A full order becomes a new one without its stale entries: amortised, each entry is copied
 * about once, and nothing moves under a reader. The entry that is due goes in before the
 * others see the new order, or the prefix would be in neither form in it.
 */
static void
order_renew(struct table *t, struct order_entry due) ON_WRITER
{
	struct order *old = rcu_own(t->order), *o;
	uint32_t live = 1, len = atomic_load_explicit(&old->len, memory_order_relaxed), n = 0;

	for (uint32_t i = 0; i < len; i++)
		live += entry_is_live(t, &old->entry[i]);
	o = order_new(live * 2 > ORDER_FIRST ? live * 2 : ORDER_FIRST);
	for (uint32_t i = 0; i < len; i++)
		if (entry_is_live(t, &old->entry[i]))
			o->entry[n++] = old->entry[i];
	o->entry[n++] = due;
	o->renewed = due.version;
	atomic_init(&o->len, n);
	rcu_publish(t->order, o);
	rcu_retire(&old->later, free_order);
}

static void
order_append(struct table *t, uint64_t version, uint32_t prefix) ON_WRITER
{
	struct order_entry due = {.version = version, .prefix = prefix};
	struct order *o = rcu_own(t->order);
	uint32_t len = atomic_load_explicit(&o->len, memory_order_relaxed);

	if (len == o->cap) {
		order_renew(t, due);
		return;
	}
	o->entry[len] = due;
	atomic_store_explicit(&o->len, len + 1, memory_order_release);
}

const struct order *
table_order(const struct table *t, uint64_t v, uint32_t *pos)
{
	const struct order *o = rcu_get(t->order);
	uint32_t low = 0, high = atomic_load_explicit(
	                      &((struct order *)(uintptr_t)o)->len, memory_order_acquire);

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (o->entry[mid].version <= v)
			low = mid + 1;
		else
			high = mid;
	}
	*pos = low;
	return o;
}

/* ---- tombstones ---- */

static void
tomb_push(struct tomb_queue *q, uint64_t version, uint32_t prefix)
{
	if (q->tail == q->cap) {
		uint32_t waiting = q->tail - q->head;

		if (waiting * 2 >= q->cap) {
			q->cap = q->cap ? q->cap * 2 : 64;
			q->entry = must_realloc(q->entry, q->cap * sizeof(*q->entry));
		}
		for (uint32_t i = 0; i < waiting; i++)
			q->entry[i] = q->entry[q->head + i];
		q->head = 0;
		q->tail = waiting;
	}
	q->entry[q->tail++] = (struct order_entry){.version = version, .prefix = prefix};
}

/* And the lowest of those that are vital. */
static uint64_t
lowest_floor(struct table *t, uint64_t *vital)
{
	uint64_t floor = table_version(t);

	*vital = floor;

	pthread_mutex_lock(&t->readers_lock);
	for (struct table_reader *r = t->readers; r; r = r->next) {
		uint64_t f = atomic_load_explicit(&r->floor, memory_order_acquire);

		if (f < floor)
			floor = f;
		if (r->vital && f < *vital)
			*vital = f;
	}
	pthread_mutex_unlock(&t->readers_lock);
	return floor;
}

/*
 * The names go one version later than the tombstones: a packer that serves a session which has
 * just left has nothing below it but its group's floor, which may stand at the present version.
 */
static void
purge_prefix(struct table *t, uint32_t prefix, uint64_t floor) ON_WRITER
{
	struct set_slot *slot = slot_of(t, prefix);
	struct pathset *old = rcu_own(slot->set), *s;

	if (!old || !old->tombstones)
		return;
	s = pathset_purged(old, floor);
	t->tombstones -= old->tombstones - (s ? s->tombstones : 0);
	rcu_publish(slot->set, s);
	if (s)
		pathset_hold_names(t->names, s);
	pathset_drop_names(t->names, old, t->last + 1);
	pathset_retire(old);
	if (!s)
		name_drop(&t->names->prefixes, prefix, t->last + 1);
}

/* Reading the floors touches a cache line per reader, so do it only once about as many changes
 * have come; what waits a little longer costs 12 bytes a path. */
#define CHANGES_PER_LOOK 64u

/*
 * A peer that reads nothing is closed after minutes only; what others withdraw meanwhile must not pile up without
 * end. Up to which version tombstones go: the floor, or that of the elder half of them.
 */
static uint64_t
purge_up_to(const struct table *t, uint64_t floor, uint64_t vital)
{
	const struct tomb_queue *q = t->tombs;
	uint64_t middle;

	if (t->tombstones <= t->tombstones_max || q->head == q->tail)
		return floor;
	middle = q->entry[q->head + (q->tail - q->head) / 2].version;
	if (middle > vital)
		middle = vital;
	if (middle <= floor)
		return floor;
	metric_inc(METRIC_TOMBSTONES_GIVEN_UP);
	log_warn(
	    "peers are too far behind: withdrawals are forgotten that they were not told of, "
	    "and their sessions will be closed to start anew",
	    f_u64("tombstones", t->tombstones), f_u64("limit", t->tombstones_max),
	    f_u64("behind", middle - floor));
	return middle;
}

static void
purge(struct table *t) ON_WRITER
{
	struct tomb_queue *q = t->tombs;
	uint64_t floor, vital, up_to;

	if (q->changes_since_look < CHANGES_PER_LOOK + t->n_readers && t->n_readers)
		return;
	q->changes_since_look = 0;
	floor = lowest_floor(t, &vital);
	up_to = purge_up_to(t, floor, vital);
	/* Never back: after the elder half went, the floor of who needs it may still be below. */
	if (up_to > atomic_load_explicit(&t->purged, memory_order_relaxed))
		atomic_store_explicit(&t->purged, up_to, memory_order_release);
	while (q->head < q->tail && q->entry[q->head].version <= up_to)
		purge_prefix(t, q->entry[q->head++].prefix, up_to);
	names_reclaim(t->names, floor);
}

/* ---- the writer ---- */

static void
count_change(
    struct table *t, uint32_t prefix, const struct pathset *old, const struct pathset *s)
{
	unsigned family = ip_family_index(prefix_at(t->names, prefix)->addr.family);
	uint32_t was = old ? old->n : 0, is = s ? s->n : 0;
	uint32_t tombs_were = old ? old->tombstones : 0, tombs = s ? s->tombstones : 0;

	t->live_paths += is;
	t->live_paths -= was;
	t->live_prefixes += is > 0;
	t->live_prefixes -= was > 0;
	t->tombstones += tombs;
	t->tombstones -= tombs_were;
	if (old)
		t->digest[old->prefix_class][family] -= old->digest;
	if (s)
		t->digest[s->prefix_class][family] += s->digest;
	t->tombs->changes_since_look++;
}

bool
table_set(struct table *t, uint32_t prefix, struct set_kind kind, const struct path_in *paths,
    uint32_t n, uint32_t *clashes)
{
	struct pathset_change c = {.paths = paths, .n = n, .kind = kind, .prefix = prefix};
	struct pathset *old, *s;
	struct set_slot *slot;

	while (stable_len(&t->sets) <= prefix)
		must(stable_grow(&t->sets) <= prefix);
	slot = slot_of(t, prefix);
	old = rcu_own(slot->set);
	if (!pathset_differs(old, paths, n))
		return false;
	c.old = old;
	c.version = t->last + 1;
	c.floor = atomic_load_explicit(&t->purged, memory_order_relaxed);
	s = pathset_next(t->names, &c, clashes);
	if (!s) /* a prefix that never was, or a clash left nothing */
		return false;
	t->last = c.version;
	count_change(t, prefix, old, s);
	rcu_publish(slot->set, s);
	order_append(t, c.version, prefix);
	pathset_hold_names(t->names, s);
	if (!old)
		name_hold(&t->names->prefixes, prefix);
	else
		pathset_drop_names(t->names, old, c.version);
	pathset_retire(old);
	if (s->tombstones)
		tomb_push(t->tombs, c.version, prefix);
	return true;
}

static void
tell(const struct table *t)
{
	metric_inc(METRIC_COMMITS);
	metric_set(METRIC_PATHS, (int64_t)t->live_paths);
	metric_set(METRIC_PREFIXES, t->live_prefixes);
	metric_set(METRIC_TOMBSTONES, (int64_t)t->tombstones);
}

static void
wake_readers(struct table *t)
{
	for (unsigned i = 0; i < t->n_wakers; i++)
		waker_wake(t->wakers[i]);
}

uint64_t
table_commit(struct table *t)
{
	if (t->last == atomic_load_explicit(&t->version, memory_order_relaxed))
		return t->last;
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			atomic_store_explicit(
			    &t->shown_digest[k][f], t->digest[k][f], memory_order_relaxed);
	atomic_store_explicit(&t->version, t->last, memory_order_release);
	wake_readers(t);
	purge(t);
	tell(t);
	return t->last;
}

void
table_expect_more(struct table *t, bool more)
{
	bool was = atomic_exchange_explicit(&t->more, more, memory_order_relaxed);

	/* With changes not yet committed, the commit wakes them. */
	if (was && !more && t->last == atomic_load_explicit(&t->version, memory_order_relaxed))
		wake_readers(t);
}

void
table_set_barrier(struct table *t)
{
	atomic_store_explicit(&t->barrier, table_version(t), memory_order_release);
	wake_readers(t);
}

/* ---- readers ---- */

/* Read again while a commit moves the version in between; its digests are then one later or not: in an idle
 * moment, which comes, they agree. */
uint64_t
table_digests(const struct table *t, uint64_t digest[CLASS_COUNT][IP_FAMILIES])
{
	struct table *m = (struct table *)(uintptr_t)t; /* C11 atomics load from non-const */
	uint64_t version;

	do {
		version = table_version(t);
		for (unsigned k = 0; k < CLASS_COUNT; k++)
			for (unsigned f = 0; f < IP_FAMILIES; f++)
				digest[k][f] = atomic_load_explicit(
				    &m->shown_digest[k][f], memory_order_acquire);
	} while (version != table_version(t));
	return version;
}

const struct pathset *
table_get(const struct table *t, uint32_t prefix)
{
	if (prefix >= stable_len(&t->sets))
		return NULL;
	return rcu_get(slot_of(t, prefix)->set);
}

const struct pathset *
table_get_own(const struct table *t, uint32_t prefix)
{
	if (prefix >= stable_len(&t->sets))
		return NULL;
	return rcu_own(slot_of(t, prefix)->set);
}

uint64_t
table_join(struct table *t, struct table_reader *r)
{
	uint64_t version;

	pthread_mutex_lock(&t->readers_lock);
	version = table_version(t);
	atomic_init(&r->floor, version);
	r->prev_next = &t->readers;
	r->next = t->readers;
	if (r->next)
		r->next->prev_next = &r->next;
	t->readers = r;
	t->n_readers++;
	pthread_mutex_unlock(&t->readers_lock);
	return version;
}

void
table_leave(struct table *t, struct table_reader *r)
{
	pthread_mutex_lock(&t->readers_lock);
	*r->prev_next = r->next;
	if (r->next)
		r->next->prev_next = r->prev_next;
	t->n_readers--;
	pthread_mutex_unlock(&t->readers_lock);
}
