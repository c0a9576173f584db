/* SPDX-License-Identifier: Apache-2.0 */
/* The table behind a story: what it holds, that it is complete, and reading it from the peer. */
#pragma once

#include "story.h"

/* IPv4 service addresses 10.96.x.y, first to last, each by two nodes; n_hops 0 takes them out. */
static inline void
routes_are(struct story *st, uint32_t first, uint32_t last, unsigned n_hops)
{
	struct path_attrs attrs = {.local_pref = 100};
	struct path_in paths[2];
	uint32_t clashes = 0;

	as_writer();
	role_is_writer();
	for (uint32_t i = first; i <= last; i++) {
		struct ip_addr a = ip_v4(0x0a600000u + i);
		struct ip_prefix prefix = ip_host_prefix(&a);

		for (uint32_t h = 0; h < n_hops; h++) {
			uint32_t node = 0xc0a80001u + h;
			struct nexthop nh = {
			    .addr = ip_v4(node), .path_id = node, .originator = node};

			paths[h] = (struct path_in){.nexthop = nexthop_name(&st->names, &nh),
			    .attrs = attrs_name(&st->names, &attrs)};
		}
		if (n_hops == 2 && paths[0].nexthop > paths[1].nexthop) {
			struct path_in swapped = paths[0]; /* indices are given out again */

			paths[0] = paths[1];
			paths[1] = swapped;
		}
		table_set(&st->table, prefix_name(&st->names, &prefix),
		    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, paths, n_hops,
		    &clashes);
	}
	table_commit(&st->table);
	as_io();
}

/* The stream has caught up. */
static inline void
barrier_is_reached(struct story *st)
{
	as_writer();
	role_is_writer();
	table_set_barrier(&st->table);
	as_io();
}

/* Reads UPDATEs until an End-of-RIB of IPv4, and returns how many paths they announced. */
static inline unsigned
expect_table(struct side *c)
{
	struct update_context ctx = {
	    .as4 = true, .families = {true, true}, .add_path = {true, true}};
	unsigned paths = 0;

	for (;;) {
		struct update u;
		size_t n = 0;
		const uint8_t *m = expect(c, BGP_UPDATE, &n);

		update_decode(m, n, &ctx, &u);
		assert_int_equal(u.verdict, ATTR_OK);
		if (u.end_of_rib == IP_V4)
			return paths;
		paths += u.announced;
	}
}

/*
 * Reads UPDATEs until one announces 10.96.x.y of routes_are(). One that was announced before may come again: a table that changes
 * while its snapshot is made is told by both.
 */
static inline void
expect_route(struct side *c, uint32_t i)
{
	const uint8_t nlri[] = {32, 10, 96, (uint8_t)(i >> 8), (uint8_t)i};
	const uint8_t *m;
	size_t n = 0;

	do
		m = expect(c, BGP_UPDATE, &n);
	while (!memmem(m, n, nlri, sizeof(nlri)));
}
