/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/group.h"

#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

#define EVERYTHING    UINT32_MAX /* paths: no budget */
#define FRAMING_BYTES 58u        /* of an IPv4 UPDATE towards iBGP, without its prefixes */

struct group *
group_new(struct ribout *r, const struct format *f, uint64_t id)
{
	struct table *t = ribout_table(r);
	struct group *g =
	    aligned_alloc(64, sizeof(*g)); /* counters on cache lines of their own */

	if (!g)
		die("out of memory for a group");
	memset(g, 0, sizeof(*g));
	g->id = id;
	g->format = *f;
	g->ribout = r;
	window_init(&g->window);
	gather_init(&g->making_gather, t);
	encoder_init(&g->making_encoder, t->names);
	g->floor.vital = true; /* what is not packed yet nobody can have heard */
	atomic_init(&g->packed, table_join(t, &g->floor));
	/* Nobody can go on from before the group was there. */
	atomic_init(
	    &g->window.evicted_to, atomic_load_explicit(&g->packed, memory_order_relaxed));
	return g;
}

static void
drop_all(struct catchup *k)
{
	while (k) {
		struct catchup *next = k->next;

		catchup_drop(k);
		k = next;
	}
}

void
group_free(struct group *g)
{
	struct snapshot *s = rcu_own_as(packer, g->snapshot);

	drop_all(atomic_exchange(&g->requests, NULL));
	drop_all(g->queue);
	if (s)
		snapshot_drop(s);
	if (g->older)
		snapshot_drop(g->older);
	window_fini(&g->window);
	table_leave(ribout_table(g->ribout), &g->floor);
	gather_fini(&g->making_gather);
	encoder_fini(&g->making_encoder);
	free(g);
}

void
group_count(struct group *g, const struct chunk *c)
{
	atomic_fetch_add_explicit(&g->chunks_made, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&g->bytes_made, c->len, memory_order_relaxed);
}

/* ---- commits to the window ---- */

/* `to` of a batch's last chunk is known only when there is no further one. */
static uint64_t
push_batch(struct group *g, struct encoder *e, uint64_t from, uint64_t to, uint64_t newest)
    ON_PACKER
{
	uint64_t budget = ribout_window_bytes(g->ribout);
	struct chunk *c = encoder_next(e);
	uint64_t bytes = 0;
	bool first = true;

	while (c) {
		struct chunk *next = encoder_next(e);

		c->batch_from = from;
		c->batch_to = to;
		c->to = next ? from : to;
		c->newest = newest;
		c->first = first;
		first = false;
		group_count(g, c);
		bytes += c->len;
		window_push(&g->window, c, budget);
		if (next) /* the first bytes leave while the rest is being encoded */
			ribout_wake_io(g->ribout);
		c = next;
	}
	return bytes;
}

uint64_t
group_next_ns(const struct group *g)
{
	struct group *m = (struct group *)(uintptr_t)g; /* C11 atomics load from non-const */

	if (atomic_load_explicit(&m->packed, memory_order_relaxed) ==
	    table_version(ribout_table(g->ribout)))
		return NS_NEVER;
	return pace_next_ns(&g->pace);
}

static uint64_t
cost_ns(const struct group *g, uint64_t bytes)
{
	uint32_t members = atomic_load_explicit(
	    &((struct group *)(uintptr_t)g)->members, memory_order_relaxed);

	return pace_cost_ns(bytes, members, ribout_io_threads(g->ribout));
}

/* In a series of commits: what it costs all members when it is split once more, that is, one UPDATE's
 * header and attributes for each next hop. */
static uint64_t
patience(const struct group *g) ON_PACKER
{
	const struct table *t = ribout_table(g->ribout);

	return table_more(t) ? cost_ns(g, (uint64_t)FRAMING_BYTES * nexthop_bound(t->names))
	                     : 0;
}

static bool
pack_commits(struct group *g, struct gather *scratch, struct encoder *e, uint64_t now_ns)
    ON_PACKER
{
	const struct table *t = ribout_table(g->ribout);
	uint64_t from = atomic_load_explicit(&g->packed, memory_order_relaxed);
	uint64_t to = table_version(t), at = from, bytes, newest;
	struct gather_for members = {
	    .since = from, .known = from, .told = later_of(g->told, from)};

	if (to == from || !pace_may_pack(&g->pace, patience(g), now_ns))
		return false;
	gather_start(scratch, &g->format);
	must(gather_changes(scratch, &members, &at, to, EVERYTHING));
	gather_sort(scratch);
	encoder_start(e, scratch);
	newest = later_of(scratch->newest, to);
	g->told = later_of(g->told, newest);
	bytes = push_batch(g, e, from, to, newest);
	pace_packed(&g->pace, cost_ns(g, bytes), now_ns);
	atomic_store_explicit(&g->packed, to, memory_order_release);
	atomic_store_explicit(&g->floor.floor, to, memory_order_release);
	/* Also when nothing of it concerned this group: those at the tail have got further, and
	 * hold the table's floor and their End-of-RIB back until they know. */
	ribout_wake_io(g->ribout);
	return true;
}

/* ---- the snapshot ---- */

static void
drop_older(struct group *g) ON_PACKER
{
	struct snapshot *s = g->older;

	g->older = NULL;
	if (!s)
		return;
	snapshot_abandon(s);
	snapshot_drop(s);
}

static void
publish_snapshot(struct group *g, struct snapshot *s) ON_PACKER
{
	struct snapshot *old = rcu_own_as(packer, g->snapshot);

	rcu_publish_as(packer, g->snapshot, s);
	if (!old)
		return;
	if (snapshot_is_unread(old)) {
		snapshot_drop(old);
		return;
	}
	drop_older(g);
	g->older = old;
}

static bool
start_snapshot(struct group *g) ON_PACKER
{
	const struct snapshot *s = rcu_own_as(packer, g->snapshot);
	uint64_t want = atomic_load_explicit(&g->want, memory_order_acquire);

	/* Look again when the one being made is done, or when the commit is that is under way
	 * and of which somebody has seen a part. */
	if (!want || g->making || table_version(ribout_table(g->ribout)) + 1 < want)
		return false;
	want = atomic_exchange_explicit(&g->want, 0, memory_order_acquire);
	if (s && s->version + 1 >= want && !snapshot_stale(s)) {
		ribout_wake_io(g->ribout); /* who asked may have seen it stale */
		return false;
	}
	g->making = snapshot_new(ribout_table(g->ribout), ribout_snapshot_changes(g->ribout));
	gather_start(&g->making_gather, &g->format);
	gather_all(&g->making_gather);
	gather_sort(&g->making_gather);
	g->making->newest = later_of(g->making_gather.newest, g->making->version);
	g->told = later_of(g->told, g->making->newest);
	encoder_start(&g->making_encoder, &g->making_gather);
	publish_snapshot(g, g->making);
	return true;
}

/* One chunk more: the first byte leaves while the rest is still being encoded. */
static bool
continue_snapshot(struct group *g) ON_PACKER
{
	struct snapshot *s = g->making;
	struct chunk *c;

	if (!s)
		return false;
	c = encoder_next(&g->making_encoder);
	if (c) {
		c->newest = s->newest;
		group_count(g, c);
		snapshot_add(s, c);
	}
	if (!c || encoder_done(&g->making_encoder)) {
		atomic_store_explicit(&s->done, true, memory_order_release);
		g->making = NULL;
		gather_fini(&g->making_gather);
		gather_init(&g->making_gather, ribout_table(g->ribout));
	}
	ribout_wake_io(g->ribout);
	return true;
}

/* An old snapshot that is too old for joiners only costs memory and keeps tombstones. */
static void
drop_stale_snapshot(struct group *g) ON_PACKER
{
	struct snapshot *s = rcu_own_as(packer, g->snapshot);

	if (s && s != g->making && snapshot_stale(s))
		publish_snapshot(g, NULL);
	if (g->older && snapshot_is_unread(g->older))
		drop_older(g);
}

bool
group_work(struct group *g, struct gather *scratch, struct encoder *e, uint64_t now_ns)
{
	bool worked = pack_commits(g, scratch, e, now_ns);

	if (worked)
		drop_stale_snapshot(g);
	worked = catchup_serve(g, scratch, e) || worked;
	worked = start_snapshot(g) || worked;
	return continue_snapshot(g) || worked;
}
