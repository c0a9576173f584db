/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/from_path.h"

#include "core/clock.h"
#include "core/metric.h"
#include "core/must.h"
#include "rib/guard.h"

#include <stdlib.h>
#include <string.h>

#define NAME_NONE   UINT32_MAX
#define GUARD_BURST 5u /* lines a second */

_Static_assert((int)PATH_CLASS_COUNT == (int)CLASS_COUNT, "one enum, seen from both sides");
_Static_assert((int)PATH_POD_CIDR == (int)CLASS_POD_CIDR, "in the same order");
_Static_assert(PATH_COMMUNITIES_MAX == ATTRS_COMMUNITIES_MAX, "one limit");
_Static_assert(sizeof(struct path_attributes) == sizeof(struct path_attrs), "the same fields");

void
from_path_init(struct from_path *f, const struct config_advertise *config, struct table *t,
    struct settle *s, struct merge *merge, uint32_t cluster)
{
	*f = (struct from_path){
	    .config = config, .table = t, .settle = s, .merge = merge, .cluster = cluster};
}

void
from_path_fini(struct from_path *f)
{
	free(f->nexthops.name);
	free(f->attributes.name);
	free(f->scratch);
}

static uint32_t *
name_of(struct handle_names *h, uint32_t handle)
{
	if (handle >= h->cap) {
		uint32_t cap = h->cap ? h->cap * 2 : 1024;

		while (cap <= handle)
			cap *= 2;
		h->name = must_realloc(h->name, cap * sizeof(*h->name));
		for (uint32_t i = h->cap; i < cap; i++)
			h->name[i] = NAME_NONE;
		h->cap = cap;
	}
	return &h->name[handle];
}

/* The handle stands for `name` from now on (NAME_NONE: for nothing). */
static void
rename_handle(struct from_path *f, struct handle_names *h, struct name_space *space,
    uint32_t handle, uint32_t name) ON_WRITER
{
	uint32_t *mine = name_of(h, handle);

	if (name != NAME_NONE)
		name_hold(space, name);
	if (*mine != NAME_NONE)
		name_drop(space, *mine, f->table->last);
	*mine = name;
}

/* why NULL: it passes. Otherwise it is refused, counted and told. */
static bool
passes_guard(struct from_path *f, const struct ip_prefix *prefix, const struct ip_addr *nexthop,
    const char *why)
{
	uint32_t swallowed;

	if (!why)
		return true;
	metric_inc(METRIC_GUARD_REFUSED);
	if (!log_allow(&f->guard_limit, GUARD_BURST, clock_mono_ns(), &swallowed))
		return false;
	if (prefix)
		log_error("the egress guard refuses a prefix; nothing else is concerned",
		    f_prefix("prefix", *prefix), f_str("because", why),
		    f_u64("swallowed", swallowed));
	else
		log_error("the egress guard refuses a next hop; nothing else is concerned",
		    f_ip("next_hop", *nexthop), f_str("because", why),
		    f_u64("swallowed", swallowed));
	return false;
}

static void
on_nexthop(void *ctx, uint32_t slot, const struct path_nexthop *nh)
{
	struct from_path *f = ctx;
	struct names *names = f->table->names;
	uint32_t name = NAME_NONE;

	role_is_writer();
	if (nh && passes_guard(f, NULL, &nh->addr, guard_nexthop(&nh->addr))) {
		struct nexthop content;

		memset(&content, 0, sizeof(content)); /* names compare padding too */
		content.addr = nh->addr;
		content.path_id = nh->path_id;
		content.originator = nh->originator;
		content.rack = nh->rack;
		content.zone = nh->zone;
		name = nexthop_name(names, &content);
	}
	rename_handle(f, &f->nexthops, &names->nexthops, slot, name);
}

static void
on_attributes(void *ctx, uint32_t id, const struct path_attributes *a)
{
	struct from_path *f = ctx;
	struct names *names = f->table->names;
	uint32_t name = NAME_NONE;

	role_is_writer();
	if (a) {
		struct path_attrs content;

		memset(&content, 0, sizeof(content));
		content.local_pref = a->local_pref;
		content.med = a->med;
		content.weight = a->weight;
		content.endpoints = a->endpoints;
		content.has_med = a->has_med;
		content.n_communities = a->n_communities;
		content.n_large = a->n_large;
		memcpy(content.communities, a->communities, sizeof(content.communities));
		memcpy(content.large, a->large, sizeof(content.large));
		name = attrs_name(names, &content);
	}
	rename_handle(f, &f->attributes, &names->attrs, id, name);
}

static int
by_nexthop(const void *a, const void *b)
{
	const struct path_in *x = a, *y = b;

	return x->nexthop < y->nexthop ? -1 : x->nexthop > y->nexthop;
}

/* Handles to names, without those that the guard has refused; returns how many. Names mostly ascend with the
 * slots, so that there is nothing to sort. */
static uint32_t
translate(struct from_path *f, const struct path_choice *paths, uint32_t n)
{
	bool ascending = true;
	uint32_t out = 0;

	if (n > f->cap_scratch) {
		f->cap_scratch = n * 2;
		free(f->scratch);
		f->scratch = must_alloc(f->cap_scratch * sizeof(*f->scratch));
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t nexthop = f->nexthops.name[paths[i].slot];

		if (nexthop == NAME_NONE)
			continue;
		f->scratch[out].nexthop = nexthop;
		f->scratch[out].attrs = f->attributes.name[paths[i].attributes];
		ascending = ascending && (out == 0 || nexthop > f->scratch[out - 1].nexthop);
		out++;
	}
	if (!ascending)
		qsort(f->scratch, out, sizeof(*f->scratch), by_nexthop);
	return out;
}

static void
on_set(void *ctx, const struct ip_prefix *prefix, enum path_class path_class, bool everywhere,
    const struct path_choice *paths, uint32_t n)
{
	struct from_path *f = ctx;
	struct merged all;
	uint32_t index;

	role_is_writer();
	if (n && !passes_guard(f, prefix, NULL,
	             guard_prefix(f->config, prefix, (enum prefix_class)path_class)))
		n = 0;
	index =
	    n ? prefix_name(f->table->names, prefix) : prefix_find_own(f->table->names, prefix);
	if (index == RCUMAP_NONE)
		return; /* never had a path, has none */
	n = translate(f, paths, n);
	all = (struct merged){f->scratch, n,
	    {.prefix_class = (enum prefix_class)path_class, .everywhere = everywhere}};
	if (f->merge)
		all = merge_set(f->merge, f->cluster, index, all.kind, f->scratch, n);
	if (f->plan) {
		plan_set(f->plan, index, all.kind, all.paths, all.n);
		return;
	}
	settle_set(f->settle, index, all.kind, all.paths, all.n, f->now_ns, &f->clashes);
}

struct path_sink
from_path_sink(struct from_path *f)
{
	return (struct path_sink){
	    .ctx = f, .nexthop = on_nexthop, .attributes = on_attributes, .set = on_set};
}
