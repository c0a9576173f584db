/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/pathset.h"

#include "core/hash.h"
#include "core/must.h"

#include <stdlib.h>
#include <string.h>

bool
pathset_differs(const struct pathset *old, const struct path_in *paths, uint32_t n)
{
	if (!old)
		return n > 0;
	if (old->n != n)
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (old->path[i].nexthop != paths[i].nexthop ||
		    old->path[i].attrs != paths[i].attrs)
			return true;
	return false;
}

static uint32_t
age_at(uint64_t version, uint64_t since)
{
	uint64_t age = version - since;

	return age > UINT32_MAX ? UINT32_MAX : (uint32_t)age;
}

/* True when a path among s->path[0..n) has the identifier of this next hop. */
static bool
has_id(const struct names *names, const struct pathset *s, uint32_t n, uint32_t nexthop)
{
	uint32_t id = nexthop_at(names, nexthop)->path_id;

	for (uint32_t i = 0; i < n; i++)
		if (nexthop_at(names, s->path[i].nexthop)->path_id == id)
			return true;
	return false;
}

/* Live paths: the old `since` where the state is the same, else this version. */
static void
put_live(const struct names *names, const struct pathset_change *c, struct pathset *s,
    uint32_t *clashes) ON_WRITER
{
	uint32_t old_n = c->old ? c->old->n : 0, o = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct path_in *in = &c->paths[i];
		uint32_t age = 0;

		must(i == 0 || in->nexthop > c->paths[i - 1].nexthop);
		while (o < old_n && c->old->path[o].nexthop < in->nexthop)
			o++;
		if (nexthop_shares_id(names, in->nexthop) &&
		    has_id(names, s, s->n, in->nexthop)) {
			(*clashes)++;
			continue;
		}
		if (o < old_n && c->old->path[o].nexthop == in->nexthop &&
		    c->old->path[o].attrs == in->attrs)
			age = age_at(c->version, path_since(c->old, &c->old->path[o]));
		s->path[s->n++] =
		    (struct path){.nexthop = in->nexthop, .attrs = in->attrs, .age = age};
	}
}

static bool
is_live(const struct pathset *s, uint32_t nexthop)
{
	uint32_t low = 0, high = s->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->path[mid].nexthop < nexthop)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && s->path[low].nexthop == nexthop;
}

static void
put_tombstone(const struct names *names, const struct pathset_change *c, struct pathset *s,
    uint32_t nexthop, uint64_t since) ON_WRITER
{
	if (since <= c->floor || is_live(s, nexthop))
		return;
	/* An announcement with the same identifier replaces the path: nothing to withdraw. */
	if (nexthop_shares_id(names, nexthop) &&
	    has_id(names, s, s->n + s->tombstones, nexthop))
		return;
	s->path[s->n + s->tombstones++] =
	    (struct path){.nexthop = nexthop, .attrs = 0, .age = age_at(c->version, since)};
}

/* Old live paths that are gone and old tombstones, merged by next hop. */
static void
put_tombstones(const struct names *names, const struct pathset_change *c, struct pathset *s)
    ON_WRITER
{
	const struct pathset *old = c->old;
	uint32_t i = 0, j = old->n, end = old->n + old->tombstones;

	while (i < old->n || j < end) {
		bool from_live =
		    j == end || (i < old->n && old->path[i].nexthop < old->path[j].nexthop);

		if (from_live) {
			put_tombstone(names, c, s, old->path[i].nexthop, c->version);
			i++;
		} else {
			put_tombstone(
			    names, c, s, old->path[j].nexthop, path_since(old, &old->path[j]));
			j++;
		}
	}
}

/* Order does not matter, and each path counts for itself: a difference is no accident. */
static uint64_t
digest_of(const struct names *names, const struct pathset *s, uint32_t prefix)
{
	uint64_t of_prefix = name_hash(&names->prefixes, prefix), sum = 0;

	for (uint32_t i = 0; i < s->n; i++)
		sum += hash_two(of_prefix ^ name_hash(&names->nexthops, s->path[i].nexthop),
		    name_hash(&names->attrs, s->path[i].attrs));
	return sum;
}

static struct pathset *
trimmed(struct pathset *s)
{
	if (s->n + s->tombstones == 0) {
		free(s);
		return NULL;
	}
	return must_realloc(s, sizeof(*s) + (s->n + s->tombstones) * sizeof(s->path[0]));
}

struct pathset *
pathset_next(const struct names *names, const struct pathset_change *c, uint32_t *clashes)
{
	size_t most = c->n + (c->old ? (size_t)c->old->n + c->old->tombstones : 0);
	struct pathset *s = must_alloc(sizeof(*s) + most * sizeof(s->path[0]));

	memset(s, 0, sizeof(*s));
	s->changed = c->version;
	s->born = c->old ? c->old->born : c->version;
	s->prefix_class = (uint8_t)c->kind.prefix_class;
	s->everywhere = c->kind.everywhere;
	put_live(names, c, s, clashes);
	s->digest = digest_of(names, s, c->prefix);
	if (c->old)
		put_tombstones(names, c, s);
	return trimmed(s);
}

struct pathset *
pathset_purged(const struct pathset *old, uint64_t floor)
{
	struct pathset *s =
	    must_alloc(sizeof(*s) + (old->n + old->tombstones) * sizeof(s->path[0]));

	memcpy(s, old, sizeof(*s) + old->n * sizeof(s->path[0]));
	memset(&s->later, 0, sizeof(s->later));
	s->tombstones = 0;
	for (uint32_t i = old->n; i < old->n + old->tombstones; i++)
		if (path_since(old, &old->path[i]) > floor)
			s->path[s->n + s->tombstones++] = old->path[i];
	return trimmed(s);
}

void
pathset_hold_names(struct names *names, const struct pathset *s)
{
	for (uint32_t i = 0; i < s->n + s->tombstones; i++) {
		name_hold(&names->nexthops, s->path[i].nexthop);
		if (i < s->n)
			name_hold(&names->attrs, s->path[i].attrs);
	}
}

void
pathset_drop_names(struct names *names, const struct pathset *s, uint64_t version)
{
	for (uint32_t i = 0; i < s->n + s->tombstones; i++) {
		name_drop(&names->nexthops, s->path[i].nexthop, version);
		if (i < s->n)
			name_drop(&names->attrs, s->path[i].attrs, version);
	}
}

static void
free_set(struct rcu_later *later)
{
	free(later); /* later is the first member */
}

void
pathset_retire(struct pathset *s)
{
	if (s)
		rcu_retire(&s->later, free_set);
}
