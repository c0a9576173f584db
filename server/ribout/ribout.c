/* SPDX-License-Identifier: Apache-2.0 */
/* The list of groups and the packers. Its lock is taken when peers come and go, never on the
 * way of a route. */
#include "ribout/ribout.h"

#include "core/clock.h"
#include "core/cpus.h"
#include "core/must.h"
#include "ribout/ribout_own.h"

#include <stdlib.h>
#include <string.h>

#define PACKERS_MAX      32u
#define IO_WAKERS_MAX    64u
#define SNAPSHOT_CHANGES 1024u
#define WINDOW_DEFAULT   ((uint64_t)16 * 1024 * 1024)

struct ribout {
	struct table *table;
	uint64_t window_bytes;
	uint32_t snapshot_changes;
	pthread_mutex_t lock;
	struct group *groups;
	uint64_t next_id;
	unsigned n_packers;
	struct packer packer[PACKERS_MAX];
	struct waker *io[IO_WAKERS_MAX];
	unsigned n_io;
	uint64_t played_ns; /* the time for ribout_work() */
};

/* Encoding is done once for all members of a group: it needs threads only where there are many groups (racks). */
static unsigned
count_packers(const struct ribout_options *o)
{
	unsigned n = o->packers ? o->packers : cpus_usable() / 4;

	return n < 1 ? 1 : n < PACKERS_MAX ? n : PACKERS_MAX;
}

struct ribout *
ribout_new(const struct ribout_options *o, struct table *rib)
{
	struct ribout *r = must_calloc(1, sizeof(*r));

	r->table = rib;
	r->window_bytes = o->window_bytes ? o->window_bytes : WINDOW_DEFAULT;
	r->snapshot_changes = o->snapshot_changes ? o->snapshot_changes : SNAPSHOT_CHANGES;
	pthread_mutex_init(&r->lock, NULL);
	r->n_packers = count_packers(o);
	for (unsigned i = 0; i < r->n_packers; i++)
		packer_init(&r->packer[i], r, i);
	return r;
}

void
ribout_free(struct ribout *r)
{
	must(!r->groups);
	for (unsigned i = 0; i < r->n_packers; i++)
		packer_fini(&r->packer[i]);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void
ribout_start(struct ribout *r)
{
	for (unsigned i = 0; i < r->n_packers; i++)
		packer_start(&r->packer[i]);
}

void
ribout_stop(struct ribout *r)
{
	for (unsigned i = 0; i < r->n_packers; i++)
		packer_stop(&r->packer[i]);
}

void
ribout_wakes(struct ribout *r, struct waker *w)
{
	must(r->n_io < IO_WAKERS_MAX);
	r->io[r->n_io++] = w;
}

unsigned
ribout_io_threads(const struct ribout *r)
{
	return r->n_io ? r->n_io : 1;
}

void
ribout_wake_io(struct ribout *r)
{
	for (unsigned i = 0; i < r->n_io; i++)
		waker_wake(r->io[i]);
}

struct table *
ribout_table(const struct ribout *r)
{
	return r->table;
}

uint64_t
ribout_window_bytes(const struct ribout *r)
{
	return r->window_bytes;
}

uint32_t
ribout_snapshot_changes(const struct ribout *r)
{
	return r->snapshot_changes;
}

void
group_wake(struct group *g)
{
	waker_wake(&g->packer->waker);
}

static struct group *
add_group(struct ribout *r, const struct format *f)
{
	struct group *g = group_new(r, f, ++r->next_id);

	g->packer = &r->packer[g->id % r->n_packers];
	g->next = r->groups;
	r->groups = g;
	g->packer_next = g->packer->groups;
	g->packer->groups = g;
	return g;
}

struct group *
ribout_join(struct ribout *r, const struct format *f)
{
	struct group *g;

	pthread_mutex_lock(&r->lock);
	for (g = r->groups; g; g = g->next)
		if (memcmp(&g->format, f, sizeof(*f)) == 0)
			break;
	if (!g)
		g = add_group(r, f);
	atomic_fetch_add_explicit(&g->members, 1, memory_order_relaxed);
	pthread_mutex_unlock(&r->lock);
	return g;
}

void
group_leave(struct group *g)
{
	struct packer *p = g->packer; /* g may be gone after the last member */

	if (atomic_fetch_sub_explicit(&g->members, 1, memory_order_acq_rel) == 1)
		waker_wake(&p->waker);
}

uint64_t
group_id(const struct group *g)
{
	return g->id;
}

const struct format *
group_format(const struct group *g)
{
	return &g->format;
}

struct group *
ribout_groups_of(struct ribout *r, const struct packer *p)
{
	struct group *g;

	pthread_mutex_lock(&r->lock);
	g = p->groups;
	pthread_mutex_unlock(&r->lock);
	return g;
}

/* Unlink the first group without members. */
static struct group *
take_empty(struct ribout *r, struct packer *p)
{
	struct group **at, *g;

	pthread_mutex_lock(&r->lock);
	for (at = &p->groups; (g = *at) != NULL; at = &g->packer_next)
		if (atomic_load_explicit(&g->members, memory_order_acquire) == 0)
			break;
	if (g) {
		*at = g->packer_next;
		for (at = &r->groups; *at != g; at = &(*at)->next)
			;
		*at = g->next;
	}
	pthread_mutex_unlock(&r->lock);
	return g;
}

void
ribout_reap(struct ribout *r, struct packer *p)
{
	struct group *g;

	while ((g = take_empty(r, p)) != NULL)
		group_free(g);
}

bool
ribout_work(struct ribout *r)
{
	bool worked = false;

	r->played_ns += NS_PER_S;
	for (unsigned i = 0; i < r->n_packers; i++)
		worked = packer_round(&r->packer[i], r->played_ns) || worked;
	return worked;
}

static void
fill_info(struct group *g, struct group_info *i)
{
	struct window *w = &g->window;
	struct snapshot *s;

	*i = (struct group_info){.format = g->format, .id = g->id};
	i->members = atomic_load_explicit(&g->members, memory_order_relaxed);
	i->window_chunks =
	    window_tail(w) - atomic_load_explicit(&w->head, memory_order_relaxed);
	i->window_bytes = atomic_load_explicit(&w->bytes, memory_order_relaxed);
	i->packed = atomic_load_explicit(&g->packed, memory_order_relaxed);
	i->table_version = table_version(ribout_table(g->ribout));
	i->chunks_made = atomic_load_explicit(&g->chunks_made, memory_order_relaxed);
	i->bytes_made = atomic_load_explicit(&g->bytes_made, memory_order_relaxed);
	rcu_enter();
	s = rcu_get(g->snapshot);
	if (s) {
		i->snapshot_version = s->version;
		i->snapshot_bytes = atomic_load_explicit(&s->bytes, memory_order_relaxed);
	}
	rcu_leave();
}

void
ribout_each(struct ribout *r, void (*fn)(void *ctx, const struct group_info *), void *ctx)
{
	struct group_info info;

	pthread_mutex_lock(&r->lock);
	for (struct group *g = r->groups; g; g = g->next) {
		fill_info(g, &info);
		fn(ctx, &info);
	}
	pthread_mutex_unlock(&r->lock);
}
