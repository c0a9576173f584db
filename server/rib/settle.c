/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/settle.h"

#include "core/must.h"

#include <stdlib.h>
#include <string.h>

void
settle_init(struct settle *s, uint64_t wait_ns, struct table *t, struct breaker *b)
{
	*s = (struct settle){
	    .wait_ns = wait_ns, .table = t, .breaker = b, .next_due_ns = NS_NEVER};
	holds_init(&s->waiting);
}

void
settle_fini(struct settle *s)
{
	holds_fini(&s->waiting);
	free(s->paths);
}

static void
room_for(struct settle *s, uint32_t n)
{
	if (n <= s->cap)
		return;
	s->cap = n * 2;
	s->paths = must_realloc(s->paths, s->cap * sizeof(*s->paths));
}

/* A name that waits is in no set: it is held here. */
static void
begin_waiting(struct settle *s, const struct hold *h) ON_WRITER
{
	struct names *names = s->table->names;

	name_hold(&names->prefixes, h->prefix);
	name_hold(&names->nexthops, h->nexthop);
	name_hold(&names->attrs, h->attrs);
	holds_add(&s->waiting, h);
	if (h->until_ns < s->next_due_ns)
		s->next_due_ns = h->until_ns;
}

static void
end_waiting(struct settle *s, const struct hold *h) ON_WRITER
{
	struct names *names = s->table->names;
	struct hold old = *h;

	holds_remove(&s->waiting, old.prefix, old.nexthop);
	name_drop(&names->nexthops, old.nexthop, s->table->last);
	name_drop(&names->attrs, old.attrs, s->table->last);
	name_drop(&names->prefixes, old.prefix, s->table->last);
}

/* The prefix does not want it any more. */
static void
forget_unwanted(struct settle *s, uint32_t prefix, const struct path_in *paths, uint32_t n)
    ON_WRITER
{
	uint32_t next;

	for (uint32_t i = holds_first(&s->waiting, prefix); i != HOLD_NONE; i = next) {
		const struct hold *h = &s->waiting.at[i];
		bool wanted = false;

		next = h->next;
		for (uint32_t k = 0; k < n && !wanted; k++)
			wanted = paths[k].nexthop == h->nexthop;
		if (!wanted)
			end_waiting(s, h);
	}
}

/* Not there yet: since now, or since the time that the prefix's waiting one says. True: it waits on. */
static bool
waits(struct settle *s, uint32_t prefix, struct set_kind kind, const struct path_in *p,
    uint64_t now_ns) ON_WRITER
{
	struct hold h = {.prefix = prefix,
	    .nexthop = p->nexthop,
	    .attrs = p->attrs,
	    .prefix_class = (uint8_t)kind.prefix_class,
	    .everywhere = kind.everywhere,
	    .reason = HOLD_SETTLES,
	    .since_ns = now_ns,
	    .until_ns = now_ns + s->wait_ns};
	const struct hold *before = holds_find(&s->waiting, prefix, p->nexthop);

	if (before) {
		h.since_ns = before->since_ns;
		h.until_ns = before->until_ns;
	}
	if (h.until_ns <= now_ns)
		return false;
	if (!before) {
		begin_waiting(s, &h);
	} else if (before->attrs != h.attrs || before->prefix_class != h.prefix_class ||
	           before->everywhere != h.everywhere) {
		end_waiting(s, before);
		begin_waiting(s, &h);
	}
	return true;
}

/* The paths that are there already, or have waited, in s->paths; how many. */
static uint32_t
sift(struct settle *s, uint32_t prefix, struct set_kind kind, const struct path_in *paths,
    uint32_t n, uint64_t now_ns) ON_WRITER
{
	const struct pathset *old = table_get_own(s->table, prefix);
	uint32_t i = 0, out = 0, old_n = old ? old->n : 0;

	room_for(s, n);
	for (uint32_t k = 0; k < n; k++) {
		while (i < old_n && old->path[i].nexthop < paths[k].nexthop)
			i++;
		if ((i == old_n || old->path[i].nexthop != paths[k].nexthop) &&
		    waits(s, prefix, kind, &paths[k], now_ns))
			continue;
		s->paths[out++] = paths[k];
	}
	return out;
}

void
settle_set(struct settle *s, uint32_t prefix, struct set_kind kind, const struct path_in *paths,
    uint32_t n, uint64_t now_ns, uint32_t *clashes)
{
	const struct pathset *old = table_get_own(s->table, prefix);
	uint32_t settled = n;

	if (s->on && s->wait_ns) {
		forget_unwanted(s, prefix, paths, n);
		settled = sift(s, prefix, kind, paths, n, now_ns);
	}
	if (settled == 0 && n > 0 && (!old || old->n == 0))
		return; /* all of a new prefix waits */
	if (settled == 0 || settled == n) {
		breaker_set(s->breaker, prefix, kind, paths, n, now_ns, clashes);
		forget_unwanted(s, prefix, NULL, 0); /* they are announced */
		return;
	}
	breaker_set(s->breaker, prefix, kind, s->paths, settled, now_ns, clashes);
	for (uint32_t k = 0; k < settled; k++) {
		const struct hold *h = holds_find(&s->waiting, prefix, s->paths[k].nexthop);

		if (h)
			end_waiting(s, h);
	}
}

static int
by_nexthop(const void *a, const void *b)
{
	const struct path_in *x = a, *y = b;

	return x->nexthop < y->nexthop ? -1 : x->nexthop > y->nexthop;
}

/* What the prefix has, without what the breaker holds of it, and those that have waited. */
static void
announce(struct settle *s, uint32_t prefix, uint64_t now_ns) ON_WRITER
{
	const struct pathset *old = table_get_own(s->table, prefix);
	uint32_t old_n = old ? old->n : 0, n = 0, next, clashes = 0;
	struct set_kind kind = {0};

	room_for(s, old_n + s->waiting.n);
	for (uint32_t i = 0; i < old_n; i++)
		if (!holds_find(&s->breaker->holds, prefix, old->path[i].nexthop))
			s->paths[n++] =
			    (struct path_in){old->path[i].nexthop, old->path[i].attrs};
	for (uint32_t i = holds_first(&s->waiting, prefix); i != HOLD_NONE;
	     i = s->waiting.at[i].next) {
		const struct hold *h = &s->waiting.at[i];

		kind = (struct set_kind){(enum prefix_class)h->prefix_class, h->everywhere};
		if (h->until_ns <= now_ns)
			s->paths[n++] = (struct path_in){h->nexthop, h->attrs};
	}
	qsort(s->paths, n, sizeof(*s->paths), by_nexthop);
	breaker_set(s->breaker, prefix, kind, s->paths, n, now_ns, &clashes);
	for (uint32_t i = holds_first(&s->waiting, prefix); i != HOLD_NONE; i = next) {
		const struct hold *h = &s->waiting.at[i];

		next = h->next;
		if (h->until_ns <= now_ns)
			end_waiting(s, h);
	}
}

void
settle_tick(struct settle *s, uint64_t now_ns)
{
	uint64_t next = NS_NEVER;

	if (now_ns < s->next_due_ns)
		return;
	for (uint32_t i = 0; i < s->waiting.bound; i++) {
		const struct hold *h = &s->waiting.at[i];

		if (h->prefix == HOLD_NONE)
			continue;
		if (h->until_ns <= now_ns)
			announce(s, h->prefix, now_ns);
		else if (h->until_ns < next)
			next = h->until_ns;
	}
	s->next_due_ns = next;
}

uint64_t
settle_next_ns(const struct settle *s)
{
	return s->next_due_ns;
}
