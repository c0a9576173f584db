/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/gather.h"

#include "core/hash.h"
#include "core/must.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_PATHS      65536u /* capacity kept between rounds: 768 KiB per array */
#define SMALL_SORT      512u   /* below it qsort beats clearing a counter per next hop */
#define PREFIXES_A_SIDE 1024u  /* prefixes read within one read side */

void
gather_init(struct gather *g, const struct table *t)
{
	memset(g, 0, sizeof(*g));
	g->table = t;
}

void
gather_fini(struct gather *g)
{
	free(g->announce.at);
	free(g->withdraw[0].at);
	free(g->withdraw[1].at);
	free(g->sorted.at);
	free(g->counts);
	free(g->stamp);
	view_items_fini(&g->items);
}

static void
paths_start(struct gather_paths *p)
{
	if (p->cap > KEEP_PATHS) {
		free(p->at);
		p->at = NULL;
		p->cap = 0;
	}
	p->n = 0;
}

void
gather_start(struct gather *g, const struct format *f)
{
	g->format = *f;
	paths_start(&g->announce);
	paths_start(&g->withdraw[0]);
	paths_start(&g->withdraw[1]);
	paths_start(&g->sorted);
	g->newest = 0;
}

static void
paths_add(struct gather_paths *p, uint32_t nexthop, uint32_t attrs, uint32_t prefix)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap + p->cap / 2 : 1024;
		p->at = must_realloc(p->at, p->cap * sizeof(*p->at));
	}
	p->at[p->n++] =
	    (struct gather_path){.nexthop = nexthop, .attrs = attrs, .prefix = prefix};
}

/* Nobody knows which path was the best one before, so any change says the present one again. */
static void
take_best(struct gather *g, uint32_t prefix, const struct ip_prefix *p, const struct pathset *s)
{
	const struct path *best = view_best(&g->format.view, g->table->names, p, s);

	if (best)
		paths_add(&g->announce, best->nexthop, best->attrs, prefix);
	else
		paths_add(&g->withdraw[ip_family_index(p->addr.family)], 0, 0, prefix);
}

/* All live paths that the view shows. */
static void
take_all(struct gather *g, uint32_t prefix, const struct ip_prefix *p, const struct pathset *s)
{
	if (view_is_all(&g->format.view)) {
		for (uint32_t i = 0; i < s->n; i++)
			paths_add(&g->announce, s->path[i].nexthop, s->path[i].attrs, prefix);
		return;
	}
	view_choose(&g->format.view, g->table->names, p, s, &g->items);
	for (uint32_t i = 0; i < g->items.n; i++) {
		const struct path *path = &s->path[g->items.at[i].path];

		if (g->items.at[i].chosen)
			paths_add(&g->announce, path->nexthop, path->attrs, prefix);
	}
}

/* Who is chosen and not surely was so already; who is not and may have been. */
static void
take_choice(struct gather *g, uint32_t prefix, const struct ip_prefix *p,
    const struct pathset *s, const struct gather_for *f)
{
	struct gather_paths *withdraw = &g->withdraw[ip_family_index(p->addr.family)];
	bool is_new = s->born > f->told; /* nobody can hold any of it */

	view_change(&g->format.view, g->table->names, p, s, f->known, &g->items);
	for (uint32_t i = 0; i < g->items.n; i++) {
		const struct view_item *x = &g->items.at[i];
		const struct path *path = &s->path[x->path];

		if (x->chosen && (!x->surely || path_since(s, path) > f->since))
			paths_add(&g->announce, path->nexthop, path->attrs, prefix);
		else if (!x->chosen && x->was && !is_new)
			paths_add(withdraw, path->nexthop, 0, prefix);
	}
}

static void
take_changed(struct gather *g, uint32_t prefix, const struct pathset *s, uint64_t since)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (path_since(s, &s->path[i]) > since)
			paths_add(&g->announce, s->path[i].nexthop, s->path[i].attrs, prefix);
}

/* All of the prefix that the peers may not have been told. Returns how many paths were taken. */
static uint32_t
take(struct gather *g, uint32_t prefix, const struct pathset *s, const struct gather_for *f)
{
	const struct ip_prefix *p = prefix_at(g->table->names, prefix);
	unsigned family = ip_family_index(p->addr.family);
	uint32_t before = g->announce.n + g->withdraw[family].n;

	if (!g->format.family[family] || !filter_passes(g->format.view.filter, p))
		return 0;
	if (s->changed > g->newest)
		g->newest = s->changed;
	if (!g->format.add_path[family]) {
		take_best(g, prefix, p, s);
		return 1;
	}
	if (view_is_all(&g->format.view))
		take_changed(g, prefix, s, f->since);
	else
		take_choice(g, prefix, p, s, f);
	for (uint32_t i = s->n; i < s->n + s->tombstones; i++)
		if (path_since(s, &s->path[i]) > f->since)
			paths_add(&g->withdraw[family], s->path[i].nexthop, 0, prefix);
	return g->announce.n + g->withdraw[family].n - before;
}

/* True the first time in this round. */
static bool
stamp(struct gather *g, uint32_t prefix)
{
	if (prefix >= g->cap_stamp) {
		uint32_t cap = prefix_bound(g->table->names);

		must(prefix < cap);
		g->stamp = must_realloc(g->stamp, cap * sizeof(*g->stamp));
		memset(g->stamp + g->cap_stamp, 0, (cap - g->cap_stamp) * sizeof(*g->stamp));
		g->cap_stamp = cap;
	}
	if (g->stamp[prefix] == g->round)
		return false;
	g->stamp[prefix] = g->round;
	return true;
}

static void
next_round(struct gather *g)
{
	if (++g->round)
		return;
	if (g->stamp)
		memset(g->stamp, 0, g->cap_stamp * sizeof(*g->stamp));
	g->round = 1;
}

/*
 * One read side: up to PREFIXES_A_SIDE order entries behind *at. True: there are no more. A
 * renewed order is read up to where it was renewed, also behind `to`, even behind what is
 * committed: what was left out of it as superseded is found nowhere else.
 */
static bool
take_some(
    struct gather *g, const struct gather_for *f, uint64_t *at, uint64_t to, uint32_t *budget)
{
	const struct order *o;
	uint32_t pos, len, seen = 0;
	uint64_t end;
	bool all = true;

	rcu_enter();
	o = table_order(g->table, *at, &pos);
	len = atomic_load_explicit(&((struct order *)(uintptr_t)o)->len, memory_order_acquire);
	end = o->renewed > to ? o->renewed : to;
	for (; pos < len && o->entry[pos].version <= end; pos++) {
		uint32_t prefix = o->entry[pos].prefix, taken = 0;
		const struct pathset *s = table_get(g->table, prefix);

		if (seen++ == PREFIXES_A_SIDE || *budget == 0) {
			all = false;
			break;
		}
		/* Also a superseded entry is taken, with the newest state: what it changed
		 * must not wait for the later entry, which may lie behind this reader's end. */
		if (s && stamp(g, prefix))
			taken = take(g, prefix, s, f);
		*budget -= taken < *budget ? taken : *budget;
		*at = o->entry[pos].version;
	}
	rcu_leave();
	return all;
}

bool
gather_changes(
    struct gather *g, const struct gather_for *f, uint64_t *at, uint64_t to, uint32_t budget)
{
	bool all = false;

	next_round(g);
	while (!all && budget)
		all = take_some(g, f, at, to, &budget);
	return all;
}

/* As a joiner is told of it. */
static void
take_now(struct gather *g, uint32_t prefix, const struct pathset *s)
{
	const struct ip_prefix *p = prefix_at(g->table->names, prefix);
	unsigned family = ip_family_index(p->addr.family);

	if (!g->format.family[family] || !filter_passes(g->format.view.filter, p))
		return;
	if (s->changed > g->newest)
		g->newest = s->changed;
	if (g->format.add_path[family])
		take_all(g, prefix, p, s);
	else
		take_best(g, prefix, p, s);
}

void
gather_all(struct gather *g)
{
	uint32_t bound = prefix_bound(g->table->names);

	for (uint32_t prefix = 0; prefix < bound;) {
		rcu_enter();
		for (uint32_t end = prefix + PREFIXES_A_SIDE; prefix < bound && prefix < end;
		     prefix++) {
			const struct pathset *s = table_get(g->table, prefix);

			if (s && s->n)
				take_now(g, prefix, s);
		}
		rcu_leave();
	}
}

static int
by_nexthop(const void *a, const void *b)
{
	const struct gather_path *x = a, *y = b;

	if (x->nexthop != y->nexthop)
		return x->nexthop < y->nexthop ? -1 : 1;
	if (x->attrs != y->attrs)
		return x->attrs < y->attrs ? -1 : 1;
	return x->prefix < y->prefix ? -1 : x->prefix > y->prefix;
}

/* Within the runs of one next hop nearly always all attributes are equal. */
static void
sort_runs(struct gather_paths *p)
{
	for (uint32_t i = 0, end; i < p->n; i = end) {
		bool mixed = false;

		for (end = i + 1; end < p->n && p->at[end].nexthop == p->at[i].nexthop; end++)
			mixed = mixed || p->at[end].attrs != p->at[i].attrs;
		if (mixed)
			qsort(p->at + i, end - i, sizeof(*p->at), by_nexthop);
	}
}

static void
counting_sort(struct gather *g)
{
	struct gather_paths *a = &g->announce, swap;
	uint32_t bound = nexthop_bound(g->table->names), sum = 0;

	if (bound + 1 > g->cap_counts) {
		g->cap_counts = bound + 1;
		g->counts = must_realloc(g->counts, g->cap_counts * sizeof(*g->counts));
	}
	memset(g->counts, 0, (bound + 1) * sizeof(*g->counts));
	for (uint32_t i = 0; i < a->n; i++)
		g->counts[a->at[i].nexthop]++;
	for (uint32_t i = 0; i < bound; i++) {
		uint32_t n = g->counts[i];

		g->counts[i] = sum;
		sum += n;
	}
	if (g->sorted.cap < a->n) {
		free(g->sorted.at);
		g->sorted.cap = a->n;
		g->sorted.at = must_alloc(a->n * sizeof(*a->at));
	}
	for (uint32_t i = 0; i < a->n; i++)
		g->sorted.at[g->counts[a->at[i].nexthop]++] = a->at[i];
	g->sorted.n = a->n;
	swap = g->announce;
	g->announce = g->sorted;
	g->sorted = swap;
}

void
gather_sort(struct gather *g)
{
	if (g->announce.n < 2)
		return;
	if (g->announce.n < SMALL_SORT) {
		qsort(g->announce.at, g->announce.n, sizeof(*g->announce.at), by_nexthop);
		return;
	}
	counting_sort(g);
	sort_runs(&g->announce);
}
