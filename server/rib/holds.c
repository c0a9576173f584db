/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/holds.h"

#include "core/clock.h"
#include "core/metric.h"
#include "core/must.h"

#include <stdlib.h>
#include <string.h>

const char *const hold_reason_names[HOLD_REASONS] = {
    [HOLD_LIMIT] = "limit",
    [HOLD_NO_WITHDRAW] = "no_withdraw",
    [HOLD_LAST_PATH] = "last_path",
    [HOLD_LAST_PREFIX] = "last_prefix",
    [HOLD_STAGGER] = "stagger",
    [HOLD_SETTLES] = "settles",
};

void
holds_init(struct holds *h)
{
	memset(h, 0, sizeof(*h));
	h->free = HOLD_NONE;
}

void
holds_fini(struct holds *h)
{
	free(h->at);
	free(h->first);
}

uint32_t
holds_first(const struct holds *h, uint32_t prefix)
{
	return prefix < h->cap_first ? h->first[prefix] : HOLD_NONE;
}

struct hold *
holds_find(struct holds *h, uint32_t prefix, uint32_t nexthop)
{
	for (uint32_t i = holds_first(h, prefix); i != HOLD_NONE; i = h->at[i].next)
		if (h->at[i].nexthop == nexthop)
			return &h->at[i];
	return NULL;
}

static uint32_t *
first_of(struct holds *h, uint32_t prefix)
{
	if (prefix >= h->cap_first) {
		uint32_t cap = h->cap_first ? h->cap_first * 2 : 256;

		while (cap <= prefix)
			cap *= 2;
		h->first = must_realloc(h->first, cap * sizeof(*h->first));
		for (uint32_t i = h->cap_first; i < cap; i++)
			h->first[i] = HOLD_NONE;
		h->cap_first = cap;
	}
	return &h->first[prefix];
}

static uint32_t
take_free(struct holds *h)
{
	uint32_t i = h->free;

	if (i != HOLD_NONE) {
		h->free = h->at[i].next;
		return i;
	}
	if (h->bound == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 256;
		h->at = must_realloc(h->at, h->cap * sizeof(*h->at));
	}
	return h->bound++;
}

/* So many more, or less, are held for the reason. */
static void
count(struct holds *h, unsigned prefix_class, unsigned reason, int sign)
{
	static const enum metric_id metrics[HOLD_REASONS] = {[HOLD_LIMIT] = METRIC_HELD_LIMIT,
	    [HOLD_NO_WITHDRAW] = METRIC_HELD_NO_WITHDRAW,
	    [HOLD_LAST_PATH] = METRIC_HELD_LAST_PATH,
	    [HOLD_LAST_PREFIX] = METRIC_HELD_LAST_PREFIX,
	    [HOLD_STAGGER] = METRIC_HELD_STAGGER,
	    [HOLD_SETTLES] = METRIC_PATHS_SETTLING};

	h->by[prefix_class][reason] += (uint32_t)sign;
	metric_add(metrics[reason], sign);
}

void
holds_touch(struct holds *h)
{
	atomic_fetch_add_explicit(&h->changes, 1, memory_order_relaxed);
}

void
holds_add(struct holds *h, const struct hold *hold)
{
	uint32_t i = take_free(h), *first = first_of(h, hold->prefix);

	h->at[i] = *hold;
	h->at[i].next = *first;
	*first = i;
	h->n++;
	count(h, hold->prefix_class, hold->reason, 1);
	if (hold->until_ns == NS_NEVER)
		holds_touch(h);
}

void
holds_remove(struct holds *h, uint32_t prefix, uint32_t nexthop)
{
	uint32_t i = holds_first(h, prefix), *link;

	if (i == HOLD_NONE)
		return;
	for (link = &h->first[prefix]; (i = *link) != HOLD_NONE; link = &h->at[i].next) {
		if (h->at[i].nexthop != nexthop)
			continue;
		*link = h->at[i].next;
		h->n--;
		if (h->at[i].until_ns == NS_NEVER || h->at[i].approved)
			holds_touch(h);
		count(h, h->at[i].prefix_class, h->at[i].reason, -1);
		h->at[i].next = h->free;
		h->at[i].prefix = HOLD_NONE;
		h->free = i;
		return;
	}
}

void
holds_change(struct holds *h, struct hold *hold, enum hold_reason reason, uint64_t until_ns)
{
	count(h, hold->prefix_class, hold->reason, -1);
	hold->reason = (uint8_t)reason;
	hold->until_ns = until_ns;
	holds_touch(h);
	count(h, hold->prefix_class, reason, 1);
}
