/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view: which of a prefix's paths a peer is shown. Switch chips hold some hundred next hops a group and few
 * distinct groups, so a view may cap the next hops, prefer near ones, and come in variants so that the whole
 * fleet still reaches every node.
 *
 * A choice is a pure function of the view, the prefix and the paths there are now: each next hop has a
 * rank of its own (rendezvous hashing), and the highest ranks are chosen. So a lost or added next hop changes
 * one member of a choice at most, and both replicas choose alike. Nothing of it is stored: what a peer may have
 * been shown before is reconstructed well enough from the paths' `since` (view_change()), at the cost of
 * a few repeated words.
 */
#pragma once

#include "rib/table.h"
#include "ribout/filter.h"

#include <stdbool.h>
#include <stdint.h>

enum view_prefer { VIEW_PREFER_NONE, VIEW_PREFER_RACK, VIEW_PREFER_ZONE };

/* Rules and the peer's place among them. Part of struct format, which is compared as bytes: start from a zeroed
 * one. All zero: every path. */
struct view {
	uint64_t rack, zone; /* place_hash() of the peer's, where preferred; 0: unknown */
	uint32_t max;        /* next hops of a prefix; 0: all */
	uint32_t min;        /* with `only`: fewer near ones than this are not enough */
	uint32_t variant, variants; /* which of how many; 0 and 0 (or 1): there is one */
	uint8_t prefer;             /* enum view_prefer: these rank first */
	uint8_t only; /* nothing but the near ones, where there are `min` of them */
	uint8_t
	    weight; /* send link bandwidth in proportion to endpoints, where they are counted */
	uint8_t zero;
	uint32_t
	    filter; /* number of filter.h: prefixes that it does not pass are not told at all */
};
_Static_assert(sizeof(struct view) == 40, "no padding: views are compared as bytes");

/* Bytes/s of one endpoint where the service does not say it (heliograph.io/weight): 1 Gbit/s. Only the proportion counts. */
#define VIEW_ENDPOINT_BANDWIDTH 125000000u

/* What is known of one path while a choice is made. */
struct view_item {
	uint64_t rank; /* higher is better, after local_pref */
	uint32_t
	    local_pref; /* routers use the highest only (RFC 4271 9.1.1): so does a choice */
	uint32_t path;  /* index in the set */
	uint8_t tier;   /* 0: own rack, 1: own zone, 2: elsewhere */
	bool known;     /* in its present state since before the peer was last told */
	bool chosen;    /* now */
	bool was;       /* may have been chosen when the peer was last told */
	bool surely;    /* was chosen then, as it is */
};

/* Scratch memory, used again and again. */
struct view_items {
	struct view_item *at;
	uint32_t n, cap;
};

void view_items_fini(struct view_items *v);

/* Every path is shown: nothing needs to be chosen. */
static inline bool
view_is_all(const struct view *v)
{
	return v->max == 0 && !v->only;
}

/* The set's live paths, best first, with `chosen`. The set is the caller's (read side). */
void view_choose(const struct view *v, const struct names *names,
    const struct ip_prefix *prefix, const struct pathset *s, struct view_items *out);

/*
 * The same, and what a peer may hold that was last told of the prefix at version `known`: who was chosen then
 * depends on paths that have changed since, so `was` says more than it must and `surely` less.
 */
void
view_change(const struct view *v, const struct names *names, const struct ip_prefix *prefix,
    const struct pathset *s, uint64_t known, struct view_items *out);

/*
 * The one path for peers that take only one (no ADD-PATH): highest LOCAL_PREF, then rank. NULL: the
 * set is empty.
 */
const struct path *view_best(const struct view *v, const struct names *names,
    const struct ip_prefix *prefix, const struct pathset *s);
