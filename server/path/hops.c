/* SPDX-License-Identifier: Apache-2.0 */
#include "path/hops.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

static bool
addr_equal(const void *ctx, uint32_t index, const void *key)
{
	const struct hops *h = ctx;

	return ip_equal(&h->at[index].addr, key);
}

void
hops_init(struct hops *h, path_id_hash *hash)
{
	memset(h, 0, sizeof(*h));
	h->hash = hash;
	rcumap_init(&h->by_addr);
}

void
hops_fini(struct hops *h)
{
	rcumap_fini(&h->by_addr);
	free(h->at);
	free(h->free);
	free(h->touched);
	free(h->slots);
	free(h->slots_free);
	free(h->slots_past);
}

void
hops_touch(struct hops *h, uint32_t hop)
{
	if (hop == HOP_NONE || h->at[hop].touched)
		return;
	h->at[hop].touched = true;
	h->touched[h->n_touched++] = hop;
}

/* The stacks are as long as the array: each hop is in each at most once. */
static uint32_t
hop_new(struct hops *h, const struct ip_addr *addr)
{
	uint32_t hop;

	if (h->n_free == 0 && h->bound == h->cap) {
		h->cap = h->cap ? 2 * h->cap : 64;
		h->at = must_realloc(h->at, h->cap * sizeof(*h->at));
		h->free = must_realloc(h->free, h->cap * sizeof(*h->free));
		h->touched = must_realloc(h->touched, h->cap * sizeof(*h->touched));
	}
	hop = h->n_free ? h->free[--h->n_free] : h->bound++;
	h->at[hop] = (struct hop){.addr = *addr, .slot = SLOT_NONE};
	if (addr->family == IP_V4)
		h->at[hop].path_id = path_id_v4(addr);
	return hop;
}

uint32_t
hops_hold(struct hops *h, const struct ip_addr *addr)
{
	uint64_t hash = ip_hash(addr);
	uint32_t hop = rcumap_find_own(&h->by_addr, hash, addr_equal, h, addr);

	if (hop == RCUMAP_NONE) {
		hop = hop_new(h, addr);
		rcumap_insert(&h->by_addr, hash, hop);
	}
	if (h->at[hop].nodes++ == 0 && addr->family == IP_V6) {
		h->n_v6++;
		h->v6_changed = true;
	}
	hops_touch(h, hop);
	return hop;
}

void
hops_drop(struct hops *h, uint32_t hop)
{
	if (hop == HOP_NONE)
		return;
	must(h->at[hop].nodes > 0);
	if (--h->at[hop].nodes == 0 && h->at[hop].addr.family == IP_V6) {
		h->n_v6--;
		h->v6_changed = true;
	}
	hops_touch(h, hop);
}

static void
assign_v6(struct hops *h)
{
	struct ip_addr *addrs = must_calloc(h->n_v6 + 1, sizeof(*addrs));
	uint32_t *ids = must_calloc(h->n_v6 + 1, sizeof(*ids));
	uint32_t *which = must_calloc(h->n_v6 + 1, sizeof(*which));
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->bound; i++) {
		if (h->at[i].nodes == 0 || h->at[i].addr.family != IP_V6)
			continue;
		addrs[n] = h->at[i].addr;
		which[n++] = i;
	}
	must(n == h->n_v6);
	path_ids_assign(addrs, n, h->hash, ids);
	for (uint32_t i = 0; i < n; i++) {
		struct hop *hop = &h->at[which[i]];

		if (hop->path_id == ids[i])
			continue;
		hop->path_id = ids[i];
		hops_touch(h, which[i]);
	}
	free(addrs);
	free(ids);
	free(which);
}

void
hops_assign_ids(struct hops *h)
{
	if (h->v6_changed)
		assign_v6(h);
	h->v6_changed = false;
	for (uint32_t i = 0; i < h->n_touched; i++)
		h->at[h->touched[i]].spoken = false;
}

/* Of several nodes with one address the one with the lowest originator, then place, speaks for it. */
void
hops_node(struct hops *h, uint32_t hop, uint32_t originator, uint64_t rack, uint64_t zone)
{
	struct hop *p = &h->at[hop];
	uint64_t mine = originator ? originator : UINT32_MAX;
	uint64_t theirs = p->originator ? p->originator : UINT32_MAX;

	if (p->spoken && (mine > theirs || (mine == theirs && hash_two(rack, zone) >=
	                                                          hash_two(p->rack, p->zone))))
		return;
	p->spoken = true;
	p->originator = originator;
	p->rack = rack;
	p->zone = zone;
}

static uint32_t
slot_new(struct hops *h, const struct path_nexthop *value)
{
	uint32_t slot;

	if (h->n_slots_free == 0 && h->slots_bound == h->slots_cap) {
		h->slots_cap = h->slots_cap ? 2 * h->slots_cap : 64;
		h->slots = must_realloc(h->slots, h->slots_cap * sizeof(*h->slots));
		h->slots_free =
		    must_realloc(h->slots_free, h->slots_cap * sizeof(*h->slots_free));
		h->slots_past =
		    must_realloc(h->slots_past, h->slots_cap * sizeof(*h->slots_past));
	}
	slot = h->n_slots_free ? h->slots_free[--h->n_slots_free] : h->slots_bound++;
	h->slots[slot] = *value;
	return slot;
}

static void
slot_let_go(struct hops *h, uint32_t slot)
{
	if (slot != SLOT_NONE)
		h->slots_past[h->n_slots_past++] = slot;
}

static bool
value_equal(const struct path_nexthop *a, const struct path_nexthop *b)
{
	return ip_equal(&a->addr, &b->addr) && a->originator == b->originator &&
	       a->path_id == b->path_id && a->rack == b->rack && a->zone == b->zone;
}

static void
renew(struct hops *h, struct hop *hop, const struct path_sink *sink)
{
	struct path_nexthop value = {.addr = hop->addr,
	    .originator = hop->originator ? hop->originator : hop->path_id,
	    .path_id = hop->path_id,
	    .rack = hop->rack,
	    .zone = hop->zone};

	if (hop->slot != SLOT_NONE && value_equal(&h->slots[hop->slot], &value))
		return;
	slot_let_go(h, hop->slot);
	hop->slot = slot_new(h, &value);
	sink->nexthop(sink->ctx, hop->slot, &value);
}

void
hops_renew(struct hops *h, const struct path_sink *sink)
{
	for (uint32_t i = 0; i < h->n_touched; i++) {
		uint32_t index = h->touched[i];
		struct hop *hop = &h->at[index];

		hop->touched = false;
		if (hop->nodes) {
			renew(h, hop, sink);
			continue;
		}
		slot_let_go(h, hop->slot);
		rcumap_remove(&h->by_addr, ip_hash(&hop->addr), index);
		h->free[h->n_free++] = index;
	}
	h->n_touched = 0;
}

void
hops_release(struct hops *h, const struct path_sink *sink)
{
	for (uint32_t i = 0; i < h->n_slots_past; i++) {
		sink->nexthop(sink->ctx, h->slots_past[i], NULL);
		h->slots_free[h->n_slots_free++] = h->slots_past[i];
	}
	h->n_slots_past = 0;
}
