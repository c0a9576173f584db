/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/plan.h"

#include "core/must.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
plan_init(struct plan *p, struct table *t, struct breaker *b)
{
	*p = (struct plan){.table = t, .breaker = b};
}

void
plan_fini(struct plan *p)
{
	free(p->at);
	p->at = NULL;
}

static struct plan_prefix *
entry_of(struct plan *p, uint32_t prefix)
{
	if (prefix >= p->n) {
		uint32_t n = prefix < 1024 ? 2048 : prefix * 2;

		p->at = must_realloc(p->at, n * sizeof(*p->at));
		memset(&p->at[p->n], 0, (n - p->n) * sizeof(*p->at));
		p->n = n;
	}
	return &p->at[prefix];
}

void
plan_set(struct plan *p, uint32_t prefix, struct set_kind kind, const struct path_in *paths,
    uint32_t n)
{
	const struct pathset *old = table_get_own(p->table, prefix);
	uint32_t i = 0, k = 0, old_n = old ? old->n : 0;
	struct plan_prefix e = {
	    .prefix_class = (uint8_t)(old_n ? old->prefix_class : kind.prefix_class)};

	while (i < old_n || k < n) {
		if (k == n || (i < old_n && old->path[i].nexthop < paths[k].nexthop)) {
			e.removed +=
			    !holds_find(&p->breaker->holds, prefix, old->path[i].nexthop);
			i++;
		} else if (i == old_n || paths[k].nexthop < old->path[i].nexthop) {
			e.added++;
			k++;
		} else {
			e.changed += old->path[i++].attrs != paths[k++].attrs;
		}
	}
	e.gone = n == 0 && e.removed > 0;
	*entry_of(p, prefix) = e;
}

void
plan_sum(struct plan *p)
{
	memset(p->by, 0, sizeof(p->by));
	for (uint32_t i = 0; i < p->n; i++) {
		const struct plan_prefix *e = &p->at[i];
		struct plan_class *c = &p->by[e->prefix_class];

		c->added += e->added;
		c->removed += e->removed;
		c->changed += e->changed;
		c->prefixes_gone += e->gone;
	}
	for (unsigned k = 0; k < CLASS_COUNT; k++) {
		uint64_t held = 0;

		for (unsigned r = 0; r < HOLD_REASONS; r++)
			held += p->breaker->holds.by[k][r];
		p->by[k].paths = p->breaker->by[k].size - held;
	}
}

bool
plan_is_dangerous(const struct plan *p, char *why, size_t size)
{
	for (unsigned k = 0; k < CLASS_COUNT; k++) {
		const struct plan_class *c = &p->by[k];
		uint64_t net = c->removed > c->added ? c->removed - c->added : 0;

		if (c->paths && c->removed == c->paths && c->added == 0) {
			snprintf(why, size,
			    "all %" PRIu64 " paths of class %s would be withdrawn", c->paths,
			    prefix_class_names[k]);
			return true;
		}
		if (net && breaker_exceeds(p->breaker, k, (uint32_t)net)) {
			snprintf(why, size,
			    "%" PRIu64 " of %" PRIu64
			    " paths of class %s would be withdrawn, more than safety.withdraw_limit allows",
			    net, c->paths, prefix_class_names[k]);
			return true;
		}
	}
	return false;
}
