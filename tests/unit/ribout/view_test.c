/* SPDX-License-Identifier: Apache-2.0 */
/* Which next hops a view shows, how little that changes when one is lost, and that replicas choose alike. */
#include "views.h"

#define MANY 2000u /* next hops at most */

/* Prefix i is served by nodes 0..n-1 but for `without`. */
static void
serve(uint32_t i, uint32_t n, uint32_t without, uint32_t racks, struct set_kind kind) ALL_ROLES
{
	static struct path_in in[MANY];
	uint32_t k = 0, clashes = 0, attrs = attrs_of(1);

	for (uint32_t h = 0; h < n; h++)
		if (h != without)
			in[k++] = (struct path_in){node_name(h, racks), attrs};
	qsort(in, k, sizeof(in[0]), by_name);
	table_set(&table, prefix_index_of(i), kind, in, k, &clashes);
}

static const struct set_kind host = {.prefix_class = CLASS_CLUSTER_IP};
static const struct set_kind everywhere = {
    .prefix_class = CLASS_LOAD_BALANCER, .everywhere = true};

/* The chosen next hops of prefix i, by number, ascending. Returns how many. */
static uint32_t
choose(const struct view *v, uint32_t i, uint32_t *hops)
{
	struct ip_prefix p = prefix_of(i);
	const struct pathset *s = get(i);
	uint32_t n = 0;

	view_choose(v, &names, &p, s, &items);
	assert_int_equal(items.n, s->n);
	for (uint32_t k = 0; k < items.n; k++)
		if (items.at[k].chosen)
			hops[n++] =
			    nexthop_at(&names, s->path[items.at[k].path].nexthop)->path_id - 1;
	for (uint32_t a = 1; a < n; a++) /* insertion sort: few */
		for (uint32_t b = a; b > 0 && hops[b] < hops[b - 1]; b--) {
			uint32_t swap = hops[b];

			hops[b] = hops[b - 1];
			hops[b - 1] = swap;
		}
	return n;
}

static bool
has(const uint32_t *hops, uint32_t n, uint32_t hop)
{
	for (uint32_t k = 0; k < n; k++)
		if (hops[k] == hop)
			return true;
	return false;
}

static struct view
capped(uint32_t max)
{
	return (struct view){.max = max};
}

/* ---- cap ---- */

static void
a_view_without_rules_shows_every_path(void **state)
{
	const struct view v = {.max = 0};
	uint32_t hops[MANY];

	(void)state;
	serve(1, 100, MANY, 10, host);
	assert_true(view_is_all(&v));
	assert_int_equal(choose(&v, 1, hops), 100);
}

static void
a_cap_shows_so_many_and_all_where_there_are_fewer(void **state)
{
	const struct view v = capped(8);
	uint32_t hops[MANY];

	(void)state;
	serve(1, 100, MANY, 10, host);
	serve(2, 5, MANY, 10, host);
	assert_int_equal(choose(&v, 1, hops), 8);
	assert_int_equal(choose(&v, 2, hops), 5);
}

/* 500 prefixes over 200 nodes, 16 shown: a node that is lost was shown for 40 of them or so. */
static void
a_lost_node_changes_one_member_of_the_groups_that_had_it_and_no_other_group(void **state)
{
	const struct view v = capped(16);
	uint32_t groups = 0, members = 0;

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		uint32_t before[MANY], after[MANY], n, kept = 0;

		serve(i, 200, MANY, 10, host);
		n = choose(&v, i, before);
		serve(i, 200, 77, 10, host);
		assert_int_equal(choose(&v, i, after), n);
		for (uint32_t k = 0; k < n; k++)
			kept += has(after, n, before[k]);
		if (has(before, n, 77)) {
			assert_int_equal(kept, n - 1);
			groups++;
			members++;
		} else {
			assert_int_equal(kept, n);
		}
		serve(i, 200, MANY, 10, host); /* and back: what it was */
		choose(&v, i, after);
		assert_memory_equal(before, after, n * sizeof(before[0]));
	}
	assert_in_range(groups, 20, 60);
	assert_int_equal(members, groups);
	print_message("one node of 200 lost, 500 prefixes capped at 16: %u groups change, one "
	              "member each\n",
	    groups);
}

static void
the_load_of_capped_prefixes_is_spread_over_all_nodes(void **state)
{
	const struct view v = capped(16);
	uint32_t used[200] = {0}, hops[MANY];

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		serve(i, 200, MANY, 10, host);
		for (uint32_t k = 0, n = choose(&v, i, hops); k < n; k++)
			used[hops[k]]++;
	}
	for (uint32_t h = 0; h < 200; h++) /* 80 each, give or take */
		assert_in_range(used[h], 40, 120);
}

static void
the_choice_is_the_same_however_another_replica_came_to_its_tables(void **state) ALL_ROLES
{
	const struct view v = {.max = 8, .variants = 4, .variant = 2};
	static uint32_t was[100][8];

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		serve(i, 50, MANY, 10, host);
		choose(&v, i, was[i]);
	}
	end_viewing(NULL);
	begin_viewing(NULL);
	for (uint32_t h = 60; h-- > 0;) /* other indices */
		node_name(h, 10);
	for (uint32_t i = 100; i-- > 0;) {
		uint32_t hops[MANY];

		serve(i, 50, MANY, 10, host);
		choose(&v, i, hops);
		assert_memory_equal(hops, was[i], sizeof(was[i]));
	}
}

static void
the_highest_local_pref_is_chosen_before_any_rank(void **state) ALL_ROLES
{
	const struct view v = capped(3);
	uint32_t hops[MANY], clashes = 0;
	struct path_in in[20];
	struct path_attrs a;

	(void)state;
	for (uint32_t h = 0; h < 20; h++) {
		memset(&a, 0, sizeof(a));
		a.local_pref = h % 10 == 4 ? 200 : 100;
		in[h] = (struct path_in){node_name(h, 5), attrs_name(&names, &a)};
	}
	qsort(in, 20, sizeof(in[0]), by_name);
	table_set(&table, prefix_index_of(1), host, in, 20, &clashes);
	assert_int_equal(choose(&v, 1, hops), 3);
	assert_true(has(hops, 3, 4) && has(hops, 3, 14));
}

/* ---- shared sets ---- */

static void
prefixes_that_every_node_serves_have_one_set(void **state)
{
	const struct view v = capped(16);
	uint32_t first[MANY], hops[MANY];

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		serve(i, 200, MANY, 10, everywhere);
		assert_int_equal(choose(&v, i, i ? hops : first), 16);
		if (i)
			assert_memory_equal(hops, first, 16 * sizeof(hops[0]));
	}
}

/* ---- spread ---- */

static void
the_variants_together_show_every_node(void **state)
{
	bool shown[200] = {false};
	uint32_t hops[MANY];

	(void)state;
	serve(1, 200, MANY, 10, everywhere);
	for (uint32_t variant = 0; variant < 8; variant++) {
		const struct view v = {.max = 40, .variants = 8, .variant = variant};
		uint32_t n = choose(&v, 1, hops);

		assert_int_equal(n, 40);
		for (uint32_t k = 0; k < n; k++)
			shown[hops[k]] = true;
	}
	for (uint32_t h = 0; h < 200; h++)
		assert_true(shown[h]);
}

static void
a_lost_node_changes_one_member_of_a_variants_choice(void **state)
{
	(void)state;
	for (uint32_t variant = 0; variant < 8; variant++) {
		const struct view v = {.max = 40, .variants = 8, .variant = variant};
		uint32_t before[MANY], after[MANY], kept = 0;

		serve(1, 200, MANY, 10, everywhere);
		choose(&v, 1, before);
		serve(1, 200, 123, 10, everywhere);
		assert_int_equal(choose(&v, 1, after), 40);
		for (uint32_t k = 0; k < 40; k++)
			kept += has(after, 40, before[k]);
		assert_int_equal(kept, has(before, 40, 123) ? 39 : 40);
	}
}

/* ---- near first ---- */

static void
the_own_rack_comes_first_then_the_own_zone_then_the_rest(void **state)
{
	uint32_t hops[MANY], n, own_rack = 0, own_zone = 0;
	struct view v = near("r3", "z0", 20);

	(void)state;
	serve(1, 160, MANY, 16, host); /* ten nodes a rack, eight racks a zone */
	n = choose(&v, 1, hops);
	assert_int_equal(n, 20);
	for (uint32_t k = 0; k < n; k++) {
		own_rack += hops[k] % 16 == 3;
		own_zone += hops[k] % 16 < 8;
	}
	assert_int_equal(own_rack, 10);
	assert_int_equal(own_zone, 20);
	v.max = 100;
	assert_int_equal(choose(&v, 1, hops), 100);
	own_zone = 0;
	for (uint32_t k = 0; k < 100; k++)
		own_zone += hops[k] % 16 < 8;
	assert_int_equal(own_zone, 80);
}

static void
only_near_ones_are_shown_while_there_are_enough(void **state)
{
	struct view v = near("r3", "z0", 0);
	uint32_t hops[MANY];

	(void)state;
	v.only = true;
	v.min = 4;
	serve(1, 160, MANY, 16, host);
	assert_int_equal(choose(&v, 1, hops), 10); /* its rack */
	v.min = 11;
	assert_int_equal(choose(&v, 1, hops), 80); /* its zone */
	v.min = 81;
	assert_int_equal(choose(&v, 1, hops), 160);
}

static void
a_peer_whose_rack_is_unknown_prefers_nobody(void **state)
{
	struct view v = near("", NULL, 0);
	uint32_t hops[MANY];

	(void)state;
	v.only = true;
	v.min = 1;
	serve(1, 160, MANY, 16, host);
	assert_int_equal(choose(&v, 1, hops), 160);
}

/* ---- one path ---- */

static void
peers_without_add_path_of_other_variants_take_other_next_hops(void **state)
{
	bool used[16] = {false};
	uint32_t distinct = 0;

	(void)state;
	serve(1, 16, MANY, 4, host);
	for (uint32_t variant = 0; variant < 16; variant++) {
		const struct view v = {.variants = 16, .variant = variant};
		struct ip_prefix p = prefix_of(1);
		const struct path *best = view_best(&v, &names, &p, get(1));

		used[nexthop_at(&names, best->nexthop)->path_id - 1] = true;
	}
	for (uint32_t h = 0; h < 16; h++)
		distinct += used[h];
	assert_in_range(distinct, 6, 16);
}

static void
the_one_path_is_a_near_one_where_there_is_one(void **state)
{
	struct view v = near("r3", "z0", 0);
	struct ip_prefix p;

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		const struct path *best;

		serve(i, 160, MANY, 16, host);
		p = prefix_of(i);
		best = view_best(&v, &names, &p, get(i));
		assert_int_equal((nexthop_at(&names, best->nexthop)->path_id - 1) % 16, 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VIEWING(a_view_without_rules_shows_every_path),
	    VIEWING(a_cap_shows_so_many_and_all_where_there_are_fewer),
	    VIEWING(
	        a_lost_node_changes_one_member_of_the_groups_that_had_it_and_no_other_group),
	    VIEWING(the_load_of_capped_prefixes_is_spread_over_all_nodes),
	    VIEWING(the_choice_is_the_same_however_another_replica_came_to_its_tables),
	    VIEWING(the_highest_local_pref_is_chosen_before_any_rank),
	    VIEWING(prefixes_that_every_node_serves_have_one_set),
	    VIEWING(the_variants_together_show_every_node),
	    VIEWING(a_lost_node_changes_one_member_of_a_variants_choice),
	    VIEWING(the_own_rack_comes_first_then_the_own_zone_then_the_rest),
	    VIEWING(only_near_ones_are_shown_while_there_are_enough),
	    VIEWING(a_peer_whose_rack_is_unknown_prefers_nobody),
	    VIEWING(peers_without_add_path_of_other_variants_take_other_next_hops),
	    VIEWING(the_one_path_is_a_near_one_where_there_is_one),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
