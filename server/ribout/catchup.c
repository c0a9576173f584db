/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laggards ask for what changed since they fell out; the packer answers in slices of bounded size. After a
 * disturbance many ask at once and for nearly the same, so one slice answers all that wait for about as much:
 * who needs the least then hears some things again, but twice as much at most, and nothing is encoded twice.
 */
#include "core/metric.h"
#include "ribout/group.h"

#include <stdlib.h>

struct catchup *
catchup_ask(struct group *g, struct catchup_from from, uint64_t at, uint64_t shown)
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

static void
slice_drop(struct slice *s)
{
	if (atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) != 1)
		return;
	for (unsigned i = 0; i < s->n; i++)
		chunk_drop(s->chunk[i]);
	free(s->chunk);
	free(s);
}

void
catchup_drop(struct catchup *k)
{
	if (atomic_fetch_sub_explicit(&k->holders, 1, memory_order_acq_rel) != 1)
		return;
	if (k->slice)
		slice_drop(k->slice);
	free(k);
}

/* ---- the packer's side ---- */

/* The requests come as a stack, the last one first: turned round, behind those that wait. */
static void
take_requests(struct group *g) ON_PACKER
{
	struct catchup *k = atomic_exchange_explicit(&g->requests, NULL, memory_order_acquire);
	struct catchup *turned = NULL, **end = &g->queue;

	while (k) {
		struct catchup *next = k->next;

		k->next = turned;
		turned = k;
		k = next;
	}
	while (*end)
		end = &(*end)->next;
	*end = turned;
}

static bool
is_first(const struct catchup *k)
{
	return k->at == k->from.since;
}

/* A slice that answers k answers q too, at a cost that is worth it. */
static bool
fits(const struct catchup *k, const struct catchup *q, uint64_t version)
{
	uint64_t behind = version - k->from.since, other = version - q->from.since;

	if (q->shown > version)
		return false;
	if (!is_first(k) || !is_first(q))
		return q->from.since == k->from.since && q->from.known == k->from.known &&
		       q->at == k->at;
	return other <= behind && other >= behind / 2;
}

/* The first request that waits for no commit, or the one among its like that is furthest behind. */
static struct catchup *
choose(struct group *g, uint64_t version) ON_PACKER
{
	const struct catchup *first;
	struct catchup *k = g->queue;

	while (k && k->shown > version)
		k = k->next;
	first = k;
	for (struct catchup *q = k; q; q = q->next)
		if (is_first(q) && q->shown <= version && q->from.since < k->from.since &&
		    is_first(first) && fits(q, first, version))
			k = q;
	return k;
}

/* Out of the queue: k and whoever fits, in a list of their own. */
static struct catchup *
take_those_like(struct group *g, const struct catchup *k, uint64_t version) ON_PACKER
{
	struct catchup **at = &g->queue, *q, *taken = NULL, **end = &taken;

	while ((q = *at) != NULL) {
		if (q != k && !fits(k, q, version)) {
			at = &q->next;
			continue;
		}
		*at = q->next;
		q->next = NULL;
		*end = q;
		end = &q->next;
	}
	return taken;
}

static void
slice_add(struct slice *s, struct chunk *c)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 4;
		s->chunk = must_realloc(s->chunk, s->cap * sizeof(struct chunk *));
	}
	s->chunk[s->n++] = c;
}

static struct slice *
make_slice(struct group *g, const struct gather_for *f, uint64_t at, uint64_t to,
    struct gather *scratch, struct encoder *e) ON_PACKER
{
	struct slice *s = must_calloc(1, sizeof(*s));
	struct chunk *c;

	gather_start(scratch, &g->format);
	s->last = gather_changes(scratch, f, &at, to, CATCHUP_PATHS);
	s->at = at;
	s->to = to;
	gather_sort(scratch);
	s->newest = later_of(scratch->newest, to);
	g->told = later_of(g->told, s->newest);
	encoder_start(e, scratch);
	while ((c = encoder_next(e)) != NULL) {
		c->newest = s->newest;
		group_count(g, c);
		slice_add(s, c);
	}
	atomic_init(&s->holders, 1);
	return s;
}

/* What all of them need. */
static struct gather_for
all_of(const struct catchup *k)
{
	struct gather_for f = {.since = k->from.since, .known = k->from.known};

	for (; k; k = k->next) {
		f.since = k->from.since < f.since ? k->from.since : f.since;
		f.known = k->from.known < f.known ? k->from.known : f.known;
		f.told = later_of(f.told, later_of(k->shown, k->from.known));
	}
	return f;
}

bool
catchup_serve(struct group *g, struct gather *scratch, struct encoder *e)
{
	uint64_t version = table_version(ribout_table(g->ribout)), at;
	struct catchup *k, *next;
	struct gather_for f;
	struct slice *s;

	take_requests(g);
	k = choose(g, version);
	if (!k)
		return false;
	at = k->at;
	k = take_those_like(g, k, version);
	f = all_of(k);
	s = make_slice(g, &f, at, version, scratch, e);
	for (; k; k = next) {
		next = k->next;
		k->from = (struct catchup_from){.since = f.since, .known = f.known};
		k->slice = s;
		atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed);
		atomic_store_explicit(&k->state, CATCHUP_READY, memory_order_release);
		catchup_drop(k);
	}
	slice_drop(s);
	ribout_wake_io(g->ribout);
	return true;
}
