/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"
#include "core/metric.h"
#include "core/must.h"
#include "rib/breaker_own.h"

#include <stdlib.h>
#include <string.h>

#define STAGGER_PART 10u /* of the withdraw limit: beyond it removals are staggered */

void
breaker_init(struct breaker *b, const struct breaker_rules *r, struct table *t)
{
	memset(b, 0, sizeof(*b));
	b->rules = *r;
	must(r->window_ns >= BREAKER_SLICES);
	b->table = t;
	b->next_due_ns = NS_NEVER;
	holds_init(&b->holds);
	prefix_limit_init(&b->limit, r->max_prefixes, t);
}

void
breaker_fini(struct breaker *b)
{
	holds_fini(&b->holds);
	prefix_limit_fini(&b->limit);
	free(b->merged);
}

void
breaker_configure(struct breaker *b, const struct breaker_rules *r, uint64_t now_ns)
{
	must(r->window_ns >= BREAKER_SLICES);
	b->rules = *r;
	b->limit.max = r->max_prefixes;
	b->slice = now_ns / (r->window_ns / BREAKER_SLICES);
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned i = 0; i < BREAKER_SLICES; i++)
			b->by[k].was[i] = b->by[k].size;
}

/* ---- the window ---- */

void
breaker_now(struct breaker *b, uint64_t now_ns)
{
	uint64_t slice = now_ns / (b->rules.window_ns / BREAKER_SLICES);
	uint64_t passed = slice - b->slice;

	if (passed > BREAKER_SLICES)
		passed = BREAKER_SLICES;
	for (uint64_t i = 0; i < passed; i++)
		for (unsigned k = 0; k < CLASS_COUNT; k++)
			b->by[k].was[(slice - i) % BREAKER_SLICES] = b->by[k].size;
	b->slice = slice;
}

/* How large it was at most within the window. */
static uint64_t
size_before(const struct breaker_class *c)
{
	uint64_t most = c->size;

	for (unsigned i = 0; i < BREAKER_SLICES; i++)
		most = c->was[i] > most ? c->was[i] : most;
	return most;
}

static uint64_t
limit_of(const struct breaker *b, uint64_t before)
{
	uint64_t share = before * b->rules.percent / 100;

	return share > b->rules.paths ? share : b->rules.paths;
}

/* So many more paths may leave the class now. */
static uint64_t
allowance(const struct breaker *b, unsigned prefix_class)
{
	const struct breaker_class *c = &b->by[prefix_class];
	uint64_t before = size_before(c), limit = limit_of(b, before);

	return limit > before - c->size ? limit - (before - c->size) : 0;
}

/* With these gone too the class would have lost more than is lost every day. */
static bool
is_staggered(const struct breaker *b, unsigned prefix_class, uint32_t lost)
{
	const struct breaker_class *c = &b->by[prefix_class];
	uint64_t before = size_before(c);

	return b->second && b->rules.stagger_ns &&
	       before - c->size + lost > limit_of(b, before) / STAGGER_PART;
}

bool
breaker_exceeds(const struct breaker *b, unsigned prefix_class, uint32_t lost)
{
	return b->rules.percent < 100 && lost > allowance(b, prefix_class);
}

static void
count_sizes(struct breaker *b, const struct pathset *s, int64_t sign)
{
	struct breaker_class *c = &b->by[s->prefix_class];

	c->size += (uint64_t)(sign * s->n);
	c->prefixes += (uint32_t)(sign * (s->n > 0));
	if (c->size > c->was[b->slice % BREAKER_SLICES])
		c->was[b->slice % BREAKER_SLICES] = c->size;
}

/* ---- one prefix ---- */

void
breaker_apply(
    struct breaker *b, uint32_t prefix, struct set_kind kind, uint32_t n, uint32_t *clashes)
{
	const struct pathset *s = table_get_own(b->table, prefix);

	if (s)
		count_sizes(b, s, -1);
	table_set(b->table, prefix, kind, b->merged, n, clashes);
	s = table_get_own(b->table, prefix);
	if (s)
		count_sizes(b, s, 1);
}

/* The identifier goes on with another next hop: nobody is told of a removal (table.h). */
static bool
is_replaced(const struct breaker *b, uint32_t nexthop, const struct path_in *paths, uint32_t n)
    ON_WRITER
{
	const struct names *names = b->table->names;
	uint32_t id = nexthop_at(names, nexthop)->path_id;

	if (!nexthop_shares_id(names, nexthop))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (nexthop_at(names, paths[i].nexthop)->path_id == id)
			return true;
	return false;
}

/* What is about to happen to a set. */
struct loss {
	uint32_t removed; /* paths that go and were not held before */
	uint32_t added;
	uint32_t held; /* paths that are gone and held already */
};

static struct loss
loss_of(struct breaker *b, uint32_t prefix, const struct pathset *old,
    const struct path_in *paths, uint32_t n) ON_WRITER
{
	struct loss l = {0};
	uint32_t i = 0, k = 0, old_n = old ? old->n : 0;

	while (i < old_n || k < n) {
		if (k == n || (i < old_n && old->path[i].nexthop < paths[k].nexthop)) {
			if (holds_find(&b->holds, prefix, old->path[i].nexthop))
				l.held++;
			else
				l.removed++;
			i++;
		} else if (i == old_n || paths[k].nexthop < old->path[i].nexthop) {
			l.added++;
			k++;
		} else {
			i++;
			k++;
		}
	}
	return l;
}

/* Why the set's removals must wait, until when; false: they need not. */
static bool
must_hold(const struct breaker *b, unsigned prefix_class, const struct loss *l, uint32_t n,
    uint64_t now_ns, enum hold_reason *reason, uint64_t *until_ns) ON_WRITER
{
	bool last_prefix = b->by[prefix_class].prefixes == 1;
	uint64_t wait = last_prefix ? b->rules.last_prefix_ns : b->rules.last_path_ns;

	*until_ns = NS_NEVER;
	if (l->removed == 0 || b->forced)
		return false;
	if (b->no_withdraw) {
		*reason = HOLD_NO_WITHDRAW;
		return true;
	}
	if (l->removed > l->added && breaker_exceeds(b, prefix_class, l->removed - l->added)) {
		*reason = HOLD_LIMIT;
		return true;
	}
	*reason = last_prefix ? HOLD_LAST_PREFIX : HOLD_LAST_PATH;
	*until_ns = now_ns + wait;
	if (n == 0 && l->held == 0 && wait > 0)
		return true;
	*reason = HOLD_STAGGER;
	*until_ns = now_ns + b->rules.stagger_ns;
	return l->removed > l->added && is_staggered(b, prefix_class, l->removed - l->added);
}

static void
tell_open(struct breaker *b, unsigned prefix_class)
{
	struct breaker_class *c = &b->by[prefix_class];

	if (c->open)
		return;
	c->open = true;
	metric_inc(METRIC_BREAKER_OPENED);
	log_warn("more routes would be withdrawn than the limit allows: they are held and stay "
	         "announced; see helioctl hold list, and release them if they are to go",
	    f_str("class", prefix_class_names[prefix_class]), f_u64("paths", c->size),
	    f_u64("before", size_before(c)), f_u64("allowed", allowance(b, prefix_class)));
}

static void
tell_closed(struct breaker *b)
{
	for (unsigned k = 0; k < CLASS_COUNT; k++) {
		if (!b->by[k].open || b->holds.by[k][HOLD_LIMIT])
			continue;
		b->by[k].open = false;
		log_info("no withdrawal is held by the limit any more",
		    f_str("class", prefix_class_names[k]));
	}
}

static void
hold_one(struct breaker *b, uint32_t prefix, const struct pathset *old, const struct path *p,
    enum hold_reason reason, uint64_t now_ns, uint64_t until_ns) ON_WRITER
{
	struct hold h = {.prefix = prefix,
	    .nexthop = p->nexthop,
	    .attrs = p->attrs,
	    .prefix_class = old->prefix_class,
	    .reason = (uint8_t)reason,
	    .since_ns = now_ns,
	    .until_ns = until_ns};

	holds_add(&b->holds, &h);
	if (until_ns < b->next_due_ns)
		b->next_due_ns = until_ns;
}

void
breaker_room(struct breaker *b, uint32_t n)
{
	if (n <= b->cap_merged)
		return;
	b->cap_merged = n * 2;
	free(b->merged);
	b->merged = must_alloc(b->cap_merged * sizeof(*b->merged));
}

/* The new paths and those old ones that stay. Returns how many. */
static uint32_t
merge(struct breaker *b, uint32_t prefix, const struct pathset *old,
    const struct path_in *paths, uint32_t n, bool hold, enum hold_reason reason,
    uint64_t now_ns, uint64_t until_ns) ON_WRITER
{
	uint32_t i = 0, k = 0, out = 0, old_n = old ? old->n : 0;

	breaker_room(b, old_n + n);
	while (i < old_n || k < n) {
		if (k == n || (i < old_n && old->path[i].nexthop < paths[k].nexthop)) {
			const struct path *p = &old->path[i++];
			bool held = holds_find(&b->holds, prefix, p->nexthop) != NULL;

			if (is_replaced(b, p->nexthop, paths, n)) {
				holds_remove(&b->holds, prefix, p->nexthop);
				continue;
			}
			if (!held && !hold)
				continue;
			if (!held)
				hold_one(b, prefix, old, p, reason, now_ns, until_ns);
			b->merged[out++] = (struct path_in){p->nexthop, p->attrs};
			continue;
		}
		holds_remove(&b->holds, prefix, paths[k].nexthop);
		i += i < old_n && old->path[i].nexthop == paths[k].nexthop;
		b->merged[out++] = paths[k++];
	}
	return out;
}

void
breaker_set(struct breaker *b, uint32_t prefix, struct set_kind kind,
    const struct path_in *paths, uint32_t n, uint64_t now_ns, uint32_t *clashes)
{
	const struct pathset *old = table_get_own(b->table, prefix);
	struct loss l = loss_of(b, prefix, old, paths, n);
	unsigned prefix_class = old && old->n ? old->prefix_class : (unsigned)kind.prefix_class;
	enum hold_reason reason = HOLD_LIMIT;
	uint64_t until_ns;
	bool hold;

	if (!prefix_limit_admits(&b->limit, prefix, kind.prefix_class, n, now_ns))
		return;
	hold = must_hold(b, prefix_class, &l, n, now_ns, &reason, &until_ns);

	if (hold && reason == HOLD_LIMIT)
		tell_open(b, prefix_class);
	breaker_apply(b, prefix, kind,
	    merge(b, prefix, old, paths, n, hold, reason, now_ns, until_ns), clashes);
	tell_closed(b);
}

/* ---- letting go ---- */

/* Take the prefix's holds that are `going` (until_ns 0) out of the table. */
static void
let_go(struct breaker *b, uint32_t prefix) ON_WRITER
{
	const struct pathset *s = table_get_own(b->table, prefix);
	struct set_kind kind;
	uint32_t n = 0, clashes = 0;

	must(s);
	kind = (struct set_kind){(enum prefix_class)s->prefix_class, s->everywhere};
	breaker_room(b, s->n);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct hold *h = holds_find(&b->holds, prefix, s->path[i].nexthop);

		if (h && h->until_ns == 0)
			holds_remove(&b->holds, prefix, s->path[i].nexthop);
		else
			b->merged[n++] = (struct path_in){s->path[i].nexthop, s->path[i].attrs};
	}
	breaker_apply(b, prefix, kind, n, &clashes);
}

/* All that are going, each prefix once. */
static void
let_all_go(struct breaker *b) ON_WRITER
{
	for (uint32_t i = 0; i < b->holds.bound; i++)
		if (b->holds.at[i].prefix != HOLD_NONE && b->holds.at[i].until_ns == 0)
			let_go(b, b->holds.at[i].prefix);
}

/* May this hold end now, when so many of its class are going already? One of those that end by
 * themselves is held on by the limit. */
static bool
may_go(struct breaker *b, struct hold *h, uint32_t going, uint64_t now_ns) ON_WRITER
{
	if (h->until_ns > now_ns && !h->approved)
		return false;
	if (b->no_withdraw && !h->approved) {
		holds_change(&b->holds, h, HOLD_NO_WITHDRAW, NS_NEVER);
		return false;
	}
	if (!breaker_exceeds(b, h->prefix_class, going + 1))
		return true;
	if (!h->approved) {
		tell_open(b, h->prefix_class);
		holds_change(&b->holds, h, HOLD_LIMIT, NS_NEVER);
	}
	return false;
}

void
breaker_tick(struct breaker *b, uint64_t now_ns)
{
	uint64_t next = NS_NEVER, slice_ns = b->rules.window_ns / BREAKER_SLICES;
	uint32_t going[CLASS_COUNT] = {0};

	if (now_ns < b->next_due_ns)
		return;
	for (uint32_t i = 0; i < b->holds.bound; i++) {
		struct hold *h = &b->holds.at[i];

		if (h->prefix == HOLD_NONE)
			continue;
		if (may_go(b, h, going[h->prefix_class], now_ns)) {
			h->until_ns = 0;
			going[h->prefix_class]++;
		} else if (h->approved) {
			next =
			    (b->slice + 1) * slice_ns < next ? (b->slice + 1) * slice_ns : next;
		} else if (h->until_ns < next) {
			next = h->until_ns;
		}
	}
	let_all_go(b);
	b->next_due_ns = next;
	tell_closed(b);
}

uint64_t
breaker_next_ns(const struct breaker *b)
{
	return b->next_due_ns;
}

bool
breaker_matches(const struct breaker *b, const struct hold *h, const struct hold_match *m)
{
	if (h->prefix == HOLD_NONE)
		return false;
	if (m->prefix_class >= 0 && h->prefix_class != m->prefix_class)
		return false;
	return !m->prefix || ip_prefix_equal(m->prefix, prefix_at(b->table->names, h->prefix));
}

uint32_t
breaker_release(struct breaker *b, const struct hold_match *m, bool at_once, uint64_t now_ns)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->holds.bound; i++) {
		struct hold *h = &b->holds.at[i];

		if (!breaker_matches(b, h, m))
			continue;
		n++;
		h->approved = true;
		holds_touch(&b->holds);
		if (at_once)
			h->until_ns = 0;
	}
	let_all_go(b);
	b->next_due_ns = 0;
	breaker_tick(b, now_ns);
	return n;
}

void
breaker_no_withdraw(struct breaker *b, bool on, uint64_t now_ns)
{
	b->no_withdraw = on;
	if (on)
		return;
	for (uint32_t i = 0; i < b->holds.bound; i++) {
		struct hold *h = &b->holds.at[i];

		if (h->prefix != HOLD_NONE && h->reason == HOLD_NO_WITHDRAW)
			h->until_ns = now_ns;
	}
	holds_touch(&b->holds);
	b->next_due_ns = 0;
	breaker_tick(b, now_ns);
}
