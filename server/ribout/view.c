/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/view.h"

#include "core/hash.h"
#include "core/must.h"

#include <stdlib.h>
#include <string.h>

#define TIERS 3u

void
view_items_fini(struct view_items *v)
{
	free(v->at);
}

/* Prefixes of one class that all nodes serve get one choice: one ECMP group in the switch. */
static uint64_t
key_of(const struct ip_prefix *prefix, const struct pathset *s)
{
	if (s->everywhere)
		return hash_two(s->prefix_class, prefix->addr.family);
	return ip_prefix_hash(prefix);
}

static uint8_t
tier_of(const struct view *v, const struct nexthop *nh)
{
	if (v->prefer == VIEW_PREFER_RACK && v->rack && nh->rack == v->rack)
		return 0;
	if (v->prefer != VIEW_PREFER_NONE && v->zone && nh->zone == v->zone)
		return 1;
	return 2;
}

/*
 * Near ones first; then those at home in the peer's variant, which together are all next hops; then
 * by hash. 61 bits of it: equal ranks of different next hops do not happen, and would be settled by index.
 */
static uint64_t
rank_of(const struct view *v, uint64_t key, const struct nexthop *nh, uint8_t tier)
{
	uint64_t pair = hash_two(key, ip_hash(&nh->addr));
	uint64_t home = v->variants < 2 || pair % v->variants == v->variant;
	uint64_t hash = v->variants < 2 ? pair : hash_two(pair, v->variant);

	return (uint64_t)(TIERS - 1 - tier) << 62 | home << 61 | hash >> 3;
}

static bool
is_better(const struct view_item *a, const struct view_item *b)
{
	if (a->local_pref != b->local_pref)
		return a->local_pref > b->local_pref;
	return a->rank > b->rank;
}

static int
better_first(const void *a, const void *b)
{
	return is_better(a, b) ? -1 : is_better(b, a);
}

/* Most sets are small: qsort's calls would cost more than the comparisons. */
static void
sort_items(struct view_items *v)
{
	if (v->n > 48) {
		qsort(v->at, v->n, sizeof(v->at[0]), better_first);
		return;
	}
	for (uint32_t i = 1; i < v->n; i++) {
		struct view_item x = v->at[i];
		uint32_t k = i;

		for (; k > 0 && is_better(&x, &v->at[k - 1]); k--)
			v->at[k] = v->at[k - 1];
		v->at[k] = x;
	}
}

static void
fill_items(const struct view *v, const struct names *names, const struct ip_prefix *prefix,
    const struct pathset *s, struct view_items *out)
{
	uint64_t key = key_of(prefix, s);

	if (s->n > out->cap) {
		out->cap = s->n * 2;
		free(out->at);
		out->at = must_alloc(out->cap * sizeof(out->at[0]));
	}
	out->n = s->n;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct nexthop *nh = nexthop_at(names, s->path[i].nexthop);
		uint8_t tier = tier_of(v, nh);

		out->at[i] = (struct view_item){.path = i,
		    .tier = tier,
		    .local_pref = attrs_at(names, s->path[i].attrs)->local_pref,
		    .rank = rank_of(v, key, nh, tier)};
	}
	sort_items(out);
}

/* The widest tier that is shown when so many paths of each tier are there. */
static uint8_t
level_of(const struct view *v, const uint32_t count[TIERS])
{
	uint32_t sum = 0;

	for (uint8_t tier = 0; v->only && tier < TIERS - 1; tier++) {
		sum += count[tier];
		if (sum && sum >= v->min)
			return tier;
	}
	return TIERS - 1;
}

static uint32_t
most(const struct view *v)
{
	return v->max ? v->max : UINT32_MAX;
}

void
view_choose(const struct view *v, const struct names *names, const struct ip_prefix *prefix,
    const struct pathset *s, struct view_items *out)
{
	uint32_t count[TIERS] = {0}, taken = 0;
	uint8_t level;

	fill_items(v, names, prefix, s, out);
	for (uint32_t i = 0; i < out->n; i++)
		count[out->at[i].tier]++;
	level = level_of(v, count);
	for (uint32_t i = 0; i < out->n && taken < most(v); i++) {
		out->at[i].chosen = out->at[i].tier <= level;
		taken += out->at[i].chosen;
	}
}

/* Paths that came, went or changed since `known`, whose part in the choice of then is not known. */
static uint32_t
count_unknown(const struct pathset *s, uint64_t known)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n + s->tombstones; i++)
		n += path_since(s, &s->path[i]) > known;
	return n;
}

/*
 * Of what was there at `known`, the known items are still there as they were, and up to `unknown` others were
 * there too. So a known item was chosen at least if it would be with all others before it, and at most if it
 * would be with none of them; an unknown one may always have been.
 */
void
view_change(const struct view *v, const struct names *names, const struct ip_prefix *prefix,
    const struct pathset *s, uint64_t known, struct view_items *out)
{
	uint32_t few[TIERS] = {0}, many[TIERS] = {0}, unknown;
	uint32_t at_least = 0,
	         at_most = 0; /* known ones that came before in the choice of then */
	uint8_t widest, narrowest;

	view_choose(v, names, prefix, s, out);
	unknown = count_unknown(s, known);
	for (uint32_t i = 0; i < out->n; i++) {
		out->at[i].known = path_since(s, &s->path[out->at[i].path]) <= known;
		few[out->at[i].tier] += out->at[i].known;
	}
	many[0] = few[0] + unknown;
	many[1] = few[1];
	many[2] = few[2];
	widest = level_of(v, few);
	narrowest = level_of(v, many);
	for (uint32_t i = 0; i < out->n; i++) {
		struct view_item *x = &out->at[i];

		x->was = !x->known || (x->tier <= widest && at_least < most(v));
		x->surely = x->known && x->tier <= narrowest &&
		            (v->max == 0 || at_most + unknown < v->max);
		at_least += x->known && x->tier <= narrowest;
		at_most += x->known && x->tier <= widest;
	}
}

const struct path *
view_best(const struct view *v, const struct names *names, const struct ip_prefix *prefix,
    const struct pathset *s)
{
	uint64_t key = key_of(prefix, s);
	struct view_item best = {.path = UINT32_MAX};

	for (uint32_t i = 0; i < s->n; i++) {
		const struct nexthop *nh = nexthop_at(names, s->path[i].nexthop);
		struct view_item x = {.path = i,
		    .local_pref = attrs_at(names, s->path[i].attrs)->local_pref,
		    .rank = rank_of(v, key, nh, tier_of(v, nh))};

		if (best.path == UINT32_MAX || is_better(&x, &best))
			best = x;
	}
	return best.path == UINT32_MAX ? NULL : &s->path[best.path];
}
