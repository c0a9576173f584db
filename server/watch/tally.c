/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/tally.h"

#include "core/clock.h"
#include "core/hash.h"
#include "core/must.h"

#include <stdlib.h>
#include <string.h>

#define READ_SIDE_PREFIXES 256u /* an aggregate may have thousands of paths */
#define SETS_FIRST         1024u

/* What one prefix contributes. */
struct tally_prefix {
	uint64_t digest;
	uint64_t set; /* hash of its set; 0: of fewer than two next hops */
};

/* A set that prefixes share. Without any it stays until the map is made anew. */
struct tally_set {
	uint64_t hash; /* 0: a free slot */
	uint32_t prefixes, width;
};

struct tally {
	const struct table *table;
	struct tally_kind kind;
	uint64_t version; /* changes up to here are in */
	struct tally_prefix *at;
	uint32_t n;
	bool sweeping; /* the order does not go back to `version`: all prefixes are looked at */
	uint32_t sweep_next;
	uint64_t sweep_to;      /* `version` when it is done */
	struct tally_set *sets; /* open addressing */
	uint32_t sets_size, sets_used, sets_live;
	uint32_t widest;
	bool widest_known;
	uint64_t digest;
	struct view_items items;
};

struct tally *
tally_new(const struct table *t, const struct tally_kind *kind)
{
	struct tally *y = must_calloc(1, sizeof(*y));

	y->table = t;
	y->kind = *kind;
	y->sets_size = SETS_FIRST;
	y->sets = must_calloc(y->sets_size, sizeof(*y->sets));
	return y;
}

void
tally_free(struct tally *y)
{
	if (!y)
		return;
	free(y->at);
	free(y->sets);
	view_items_fini(&y->items);
	free(y);
}

const struct tally_kind *
tally_kind(const struct tally *y)
{
	return &y->kind;
}

uint64_t
tally_bytes(const struct tally *y)
{
	return sizeof(*y) + (uint64_t)y->n * sizeof(*y->at) +
	       (uint64_t)y->sets_size * sizeof(*y->sets) +
	       (uint64_t)y->items.cap * sizeof(*y->items.at);
}

/* ---- the sets ---- */

static struct tally_set *
set_slot(struct tally_set *sets, uint32_t size, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (size - 1);

	while (sets[i].hash && sets[i].hash != hash)
		i = (i + 1) & (size - 1);
	return &sets[i];
}

/* Without the sets that no prefix has any more. */
static void
renew_sets(struct tally *y)
{
	uint32_t size = SETS_FIRST;
	struct tally_set *sets;

	while (size < 4 * y->sets_live)
		size *= 2;
	sets = must_calloc(size, sizeof(*sets));
	for (uint32_t i = 0; i < y->sets_size; i++)
		if (y->sets[i].prefixes)
			*set_slot(sets, size, y->sets[i].hash) = y->sets[i];
	free(y->sets);
	y->sets = sets;
	y->sets_size = size;
	y->sets_used = y->sets_live;
}

static void
add_set(struct tally *y, uint64_t hash, uint32_t width)
{
	struct tally_set *s;

	if (2 * y->sets_used >= y->sets_size)
		renew_sets(y);
	s = set_slot(y->sets, y->sets_size, hash);
	y->sets_used += s->hash == 0;
	y->sets_live += s->prefixes == 0;
	*s = (struct tally_set){.hash = hash, .width = width, .prefixes = s->prefixes + 1};
	if (width > y->widest)
		y->widest = width;
}

static void
drop_set(struct tally *y, uint64_t hash)
{
	struct tally_set *s = set_slot(y->sets, y->sets_size, hash);

	must(s->hash == hash && s->prefixes);
	if (--s->prefixes)
		return;
	y->sets_live--;
	if (s->width == y->widest)
		y->widest_known = false;
}

static void
find_widest(struct tally *y)
{
	y->widest = 0;
	for (uint32_t i = 0; i < y->sets_size; i++)
		if (y->sets[i].prefixes && y->sets[i].width > y->widest)
			y->widest = y->sets[i].width;
	y->widest_known = true;
}

/* ---- one prefix ---- */

/* In the making: routers use the paths of the highest preference together, so they are the set. */
struct shown {
	uint64_t digest, of_prefix; /* of_prefix: hash of its name */
	uint64_t set;
	uint32_t width, local_pref;
};

static void
show(const struct tally *y, const struct path *p, struct shown *out)
{
	const struct names *names = y->table->names;
	const struct path_attrs *a = attrs_at(names, p->attrs);
	uint64_t nexthop = name_hash(&names->nexthops, p->nexthop);

	/* As table_digests() has it. */
	out->digest += hash_two(out->of_prefix ^ nexthop, name_hash(&names->attrs, p->attrs));
	if (out->width && a->local_pref < out->local_pref)
		return;
	if (out->width && a->local_pref > out->local_pref)
		out->set = out->width = 0;
	out->local_pref = a->local_pref;
	out->width++;
	/* A sum does not depend on the order. */
	out->set += hash_two(nexthop, y->kind.view.weight ? a->endpoints : 0);
}

/* All paths of the set that peers of the kind are shown. */
static void
show_set(struct tally *y, uint32_t prefix, const struct pathset *s, struct shown *out)
{
	const struct names *names = y->table->names;
	const struct ip_prefix *p = prefix_at(names, prefix);
	unsigned f = ip_family_index(p->addr.family);

	if (!y->kind.family[f] || !filter_passes(y->kind.view.filter, p))
		return;
	out->of_prefix = name_hash(&names->prefixes, prefix);
	if (!y->kind.add_path[f]) {
		show(y, view_best(&y->kind.view, names, p, s), out);
	} else if (view_is_all(&y->kind.view)) {
		for (uint32_t i = 0; i < s->n; i++)
			show(y, &s->path[i], out);
	} else {
		view_choose(&y->kind.view, names, p, s, &y->items);
		for (uint32_t i = 0; i < y->items.n; i++)
			if (y->items.at[i].chosen)
				show(y, &s->path[y->items.at[i].path], out);
	}
}

static void
grow(struct tally *y, uint32_t prefix)
{
	uint32_t n = prefix_bound(y->table->names);

	if (n <= prefix)
		n = prefix + 1;
	n += n / 8;
	y->at = must_realloc(y->at, n * sizeof(*y->at));
	memset(&y->at[y->n], 0, (n - y->n) * sizeof(*y->at));
	y->n = n;
}

/* What the prefix contributes from now on. s: its present set, or NULL. */
static void
replace(struct tally *y, uint32_t prefix, const struct pathset *s)
{
	struct shown now = {0};
	struct tally_prefix *was;

	if (prefix >= y->n)
		grow(y, prefix);
	was = &y->at[prefix];
	if (s && s->n)
		show_set(y, prefix, s, &now);
	if (now.width < 2) /* one path is no group */
		now.set = 0;
	else if (!now.set)
		now.set = 1;
	y->digest += now.digest - was->digest;
	if (now.set != was->set) {
		if (now.set)
			add_set(y, now.set, now.width);
		if (was->set)
			drop_set(y, was->set);
	}
	*was = (struct tally_prefix){.digest = now.digest, .set = now.set};
}

/* ---- what has changed ---- */

/* A page of the order. */
static void
follow(struct tally *y, const struct order *o, uint32_t pos) RCU_READER
{
	uint32_t len =
	    atomic_load_explicit(&((struct order *)(uintptr_t)o)->len, memory_order_acquire);

	for (uint32_t i = 0; i < READ_SIDE_PREFIXES && pos < len; i++, pos++) {
		const struct order_entry *e = &o->entry[pos];
		const struct pathset *s = table_get(y->table, e->prefix);

		if (!s || s->changed <= e->version) /* else it comes again */
			replace(y, e->prefix, s);
		y->version = e->version;
	}
}

/* A page of all prefixes: those that differ from what they were at `version`, at most. */
static void
sweep(struct tally *y) RCU_READER
{
	uint32_t bound = prefix_bound(y->table->names),
	         end = y->sweep_next + READ_SIDE_PREFIXES;

	if (bound < y->n)
		bound = y->n;
	for (; y->sweep_next < bound && y->sweep_next < end; y->sweep_next++) {
		const struct pathset *s = table_get(y->table, y->sweep_next);

		if (!s ? y->sweep_next < y->n : s->changed > y->version)
			replace(y, y->sweep_next, s);
	}
	if (y->sweep_next < bound)
		return;
	y->sweeping = false;
	y->version = y->sweep_to;
}

/* One read side's worth. */
static void
read_page(struct tally *y) ON_WATCH
{
	const struct order *o;
	uint32_t pos;

	rcu_enter();
	o = table_order(y->table, y->version, &pos);
	if (!y->sweeping && y->version < o->renewed) {
		y->sweeping = true;
		y->sweep_next = 0;
		y->sweep_to = table_version(y->table);
	}
	if (y->sweeping)
		sweep(y);
	else
		follow(y, o, pos);
	rcu_leave();
}

bool
tally_advance(struct tally *y, uint64_t until_ns)
{
	uint64_t to = table_version(y->table);

	while (y->version < to) {
		read_page(y);
		if (until_ns != NS_NEVER && clock_mono_ns() >= until_ns)
			break;
	}
	return y->version >= to;
}

struct tally_count
tally_count(struct tally *y)
{
	if (!y->widest_known)
		find_widest(y);
	return (struct tally_count){
	    .sets = y->sets_live, .widest = y->widest, .digest = y->digest};
}
