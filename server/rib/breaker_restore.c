/* SPDX-License-Identifier: Apache-2.0 */
/* What a former run held. */
#include "rib/breaker_own.h"

/* The paths there are, and those of `held` that are not among them; the others are marked. Returns how many. */
static uint32_t
add_held(struct breaker *b, const struct pathset *old, struct hold *held, uint32_t n) ON_WRITER
{
	uint32_t i = 0, k = 0, out = 0, old_n = old ? old->n : 0;

	breaker_room(b, old_n + n);
	while (i < old_n || k < n) {
		if (k < n && (i == old_n || held[k].nexthop < old->path[i].nexthop)) {
			if (nexthop_shares_id(b->table->names, held[k].nexthop))
				held[k].prefix = HOLD_NONE;
			else
				b->merged[out++] =
				    (struct path_in){held[k].nexthop, held[k].attrs};
			k++;
			continue;
		}
		if (k < n && held[k].nexthop == old->path[i].nexthop)
			held[k++].prefix = HOLD_NONE;
		b->merged[out++] = (struct path_in){old->path[i].nexthop, old->path[i].attrs};
		i++;
	}
	return out;
}

uint32_t
breaker_restore(struct breaker *b, uint32_t prefix, struct set_kind kind, struct hold *held,
    uint32_t n, uint64_t now_ns)
{
	const struct pathset *old = table_get_own(b->table, prefix);
	uint32_t restored = 0, clashes = 0;

	if (old && old->n)
		kind = (struct set_kind){(enum prefix_class)old->prefix_class, old->everywhere};
	breaker_apply(b, prefix, kind, add_held(b, old, held, n), &clashes);
	for (uint32_t k = 0; k < n; k++) {
		if (held[k].prefix == HOLD_NONE)
			continue;
		held[k].prefix_class = (uint8_t)kind.prefix_class;
		if (held[k].reason == HOLD_NO_WITHDRAW && !b->no_withdraw)
			held[k].until_ns = now_ns; /* that order was taken back */
		if (held[k].reason == HOLD_LIMIT)
			b->by[kind.prefix_class].open = true;
		if (held[k].approved || held[k].until_ns != NS_NEVER)
			b->next_due_ns = 0;
		holds_add(&b->holds, &held[k]);
		restored++;
	}
	return restored;
}
