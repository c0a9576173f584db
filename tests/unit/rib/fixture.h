/* SPDX-License-Identifier: Apache-2.0 */
/* A table with names for tests: prefix i is 10.x.y.z/32, next hop i is 192.0.x.y with i + 1 as path
 * identifier. One thread plays all roles. */
#pragma once

#include "rib/pathset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL_ROLES TSA(no_thread_safety_analysis)

static struct names names;
static struct table table;

static inline int
begin(void **state) ALL_ROLES
{
	(void)state;
	names_init(&names);
	table_init(&table, &names);
	return 0;
}

static inline int
end(void **state) ALL_ROLES
{
	(void)state;
	table.readers = NULL; /* of a test that failed */
	table_fini(&table);
	rcu_drain();
	names_fini(&names);
	return 0;
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, begin, end)

static inline struct ip_prefix
prefix_of(uint32_t i)
{
	struct ip_addr a = ip_v4(0x0a000000u + i);

	return ip_host_prefix(&a);
}

static inline struct nexthop
hop_of(uint32_t i)
{
	struct nexthop nh;

	memset(&nh, 0, sizeof(nh)); /* compared as bytes */
	nh.addr = ip_v4(0xc0000000u + i);
	nh.path_id = i + 1;
	nh.originator = 0xc0000000u + i;
	return nh;
}

static inline uint32_t
hop_name(uint32_t i) ALL_ROLES
{
	struct nexthop nh = hop_of(i);

	return nexthop_name(&names, &nh);
}

static inline uint32_t
attrs_of(uint32_t med) ALL_ROLES
{
	struct path_attrs a;

	memset(&a, 0, sizeof(a));
	a.local_pref = 100;
	a.has_med = 1;
	a.med = med;
	return attrs_name(&names, &a);
}

static inline uint32_t
prefix_index_of(uint32_t i) ALL_ROLES
{
	struct ip_prefix p = prefix_of(i);

	return prefix_name(&names, &p);
}

static inline int
by_name(const void *a, const void *b)
{
	const struct path_in *x = a, *y = b;

	return x->nexthop < y->nexthop ? -1 : x->nexthop > y->nexthop;
}

/* Prefix i has from now on the next hops of the bits in `hops`, all with this MED. */
static inline bool
set(uint32_t i, uint64_t hops, uint32_t med) ALL_ROLES
{
	struct path_in in[64];
	uint32_t n = 0, clashes = 0;
	bool changed;

	for (uint32_t h = 0; h < 64; h++)
		if (hops >> h & 1)
			in[n++] = (struct path_in){hop_name(h), attrs_of(med)};
	qsort(in, n, sizeof(in[0]), by_name);
	changed = table_set(&table, prefix_index_of(i),
	    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, in, n, &clashes);
	assert_int_equal(clashes, 0);
	return changed;
}

static inline const struct pathset *
get(uint32_t i) ALL_ROLES
{
	struct ip_prefix p = prefix_of(i);
	uint32_t index = prefix_find_own(&names, &p);

	return index == RCUMAP_NONE ? NULL : table_get_own(&table, index);
}

/* Which next hops the prefix has (or, with tombstones, had), as bits. */
static inline uint64_t
hops_of(const struct pathset *s, bool tombstones)
{
	uint64_t bits = 0;

	if (!s)
		return 0;
	for (uint32_t k = tombstones ? s->n : 0; k < s->n + (tombstones ? s->tombstones : 0u);
	     k++)
		bits |= 1ull << (nexthop_at(&names, s->path[k].nexthop)->path_id - 1);
	return bits;
}

static inline const struct path *
path_of(const struct pathset *s, uint32_t hop)
{
	for (uint32_t k = 0; k < s->n + s->tombstones; k++)
		if (nexthop_at(&names, s->path[k].nexthop)->path_id == hop + 1)
			return &s->path[k];
	fail_msg("no path over next hop %u", hop);
	return NULL;
}
