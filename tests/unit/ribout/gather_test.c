/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader at a version is given: everything that changed behind it, and one stable choice for
 * peers that take only one path. */
#include "../rib/fixture.h"
#include "ribout/gather.h"

static struct gather g;
static const struct view every_path;

static int
begin_gathering(void **state)
{
	begin(state);
	gather_init(&g, &table);
	return 0;
}

static int
end_gathering(void **state)
{
	gather_fini(&g);
	return end(state);
}

static const struct format all_paths = {.family = {true, true}, .add_path = {true, true}};

/* Next hops announced (or withdrawn) of prefix i in what is gathered. */
static uint64_t
taken(const struct gather_paths *p, uint32_t i) ALL_ROLES
{
	uint32_t prefix = prefix_index_of(i);
	uint64_t bits = 0;

	for (uint32_t k = 0; k < p->n; k++)
		if (p->at[k].prefix == prefix)
			bits |= 1ull << (nexthop_at(&names, p->at[k].nexthop)->path_id - 1);
	return bits;
}

static bool
take_up_to(uint64_t since, uint64_t *at, uint64_t to, uint32_t budget) ALL_ROLES
{
	gather_start(&g, &all_paths);
	return gather_changes(&g, &(struct gather_for){since, since, since}, at, to, budget);
}

static void
take_all(uint64_t since, uint64_t to)
{
	uint64_t at = since;

	assert_true(take_up_to(since, &at, to, UINT32_MAX));
}

static void
only_what_is_newer_than_the_reader_is_taken(void **state) ALL_ROLES
{
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	set(1, 0x3, 1);
	set(2, 0x3, 1);
	table_commit(&table);
	set(1, 0x6, 1); /* 0 goes, 1 stays, 2 comes */
	table_commit(&table);
	take_all(2, 3);
	assert_int_equal(g.announce.n, 1);
	assert_int_equal(taken(&g.announce, 1), 0x4);
	assert_int_equal(g.withdraw[0].n, 1);
	assert_int_equal(taken(&g.withdraw[0], 1), 0x1);
	assert_int_equal(g.newest, 3);
	take_all(0, 3);
	assert_int_equal(taken(&g.announce, 1), 0x6);
	assert_int_equal(taken(&g.announce, 2), 0x3);
	take_all(3, 3);
	assert_int_equal(g.announce.n + g.withdraw[0].n, 0);
	table_leave(&table, &r);
}

static void
a_prefix_that_changed_often_is_taken_once_as_it_is_now(void **state) ALL_ROLES
{
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	for (uint32_t i = 0; i < 10; i++)
		set(1, 1ull << i, 1);
	table_commit(&table);
	take_all(0, 10);
	assert_int_equal(taken(&g.announce, 1), 0x200);
	assert_int_equal(g.announce.n, 1);
	assert_int_equal(g.withdraw[0].n, 9);
	table_leave(&table, &r);
}

static void
the_whole_table_is_its_live_paths(void **state) ALL_ROLES
{
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	for (uint32_t i = 0; i < 3000; i++) /* several read sides */
		set(i, 0x3, 1);
	set(7, 0x1, 1);
	set(8, 0, 1);
	table_commit(&table);
	gather_start(&g, &all_paths);
	gather_all(&g);
	assert_int_equal(g.announce.n, 2 * 3000 - 1 - 2);
	assert_int_equal(g.withdraw[0].n, 0);
	table_leave(&table, &r);
}

/*
 * The commit under way has superseded what the reader looks for, and the order was renewed
 * meanwhile: the old entry is gone and the new one lies behind the reader's end.
 */
static void
a_change_superseded_by_the_commit_under_way_is_not_passed_over(void **state) ALL_ROLES
{
	uint64_t seen = 0, to;

	(void)state;
	set(1, 0x1, 1);
	to = table_commit(&table);
	set(1, 0x3, 1);
	for (uint32_t i = 0; i < 1100; i++)
		set(2 + i % 5, 0x1, i);
	take_all(0, to);
	seen |= taken(&g.announce, 1);
	take_all(to, table_commit(&table));
	seen |= taken(&g.announce, 1);
	assert_int_equal(seen, 0x3);
}

/*
 * The same with a reader that stops for want of budget: prefix 1's first change stood before the
 * place where it stops, the one that superseded it stands behind.
 */
static void
a_change_superseded_while_a_slow_reader_pauses_is_not_passed_over(void **state) ALL_ROLES
{
	uint64_t seen = 0, at = 0;
	bool all = false;

	(void)state;
	set(1, 0x1, 1);
	for (uint32_t i = 0; i < 900; i++)
		set(2 + i, 0x1, 1);
	set(1, 0x3, 1);
	for (uint32_t i = 0; i < 2000; i++) /* renewed: of prefix 1 the later entry is left */
		set(1500, 0x1, i);
	table_commit(&table);
	for (unsigned slices = 0; !all; slices++) {
		all = take_up_to(0, &at, table_version(&table), 100);
		seen |= taken(&g.announce, 1);
		assert_true(slices > 7 || seen == 0); /* it stands late */
	}
	assert_int_equal(seen, 0x3);
}

static void
a_budget_ends_a_slice_and_the_next_one_goes_on_behind_it(void **state) ALL_ROLES
{
	uint32_t announced = 0, slices = 0;
	uint64_t at = 0;
	bool all;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		set(i, 0xff, 1);
	table_commit(&table);
	do {
		all = take_up_to(0, &at, 3000, 1000);
		announced += g.announce.n;
		assert_true(g.announce.n <= 1000 + 8);
		slices++;
	} while (!all);
	assert_int_equal(announced, 3000 * 8);
	assert_int_equal(slices, 24);
	assert_int_equal(at, 3000);
}

static void
sorted_paths_stand_together_by_next_hop_then_attributes(void **state) ALL_ROLES
{
	(void)state;
	for (uint32_t big = 0; big < 2; big++) { /* the small and the counting sort */
		for (uint32_t i = 0; i < (big ? 500u : 20u); i++)
			set(i, 0xf0full << i % 5, i % 3);
		table_commit(&table);
		gather_start(&g, &all_paths);
		gather_all(&g);
		gather_sort(&g);
		assert_int_equal(g.announce.n, (big ? 500 : 20) * 8);
		for (uint32_t k = 1; k < g.announce.n; k++) {
			const struct gather_path *a = &g.announce.at[k - 1], *b = a + 1;

			assert_true(a->nexthop <= b->nexthop);
			assert_true(a->nexthop < b->nexthop || a->attrs <= b->attrs);
			assert_true(a->nexthop < b->nexthop || a->attrs < b->attrs ||
			            a->prefix < b->prefix);
		}
	}
}

/* ---- one path for those that take only one ---- */

static uint32_t
best(uint32_t i) ALL_ROLES
{
	struct ip_prefix p = prefix_of(i);
	const struct path *path = view_best(&every_path, &names, &p, get(i));

	return nexthop_at(&names, path->nexthop)->path_id - 1;
}

static void
a_lost_next_hop_moves_only_the_prefixes_that_used_it(void **state)
{
	uint32_t was[1000], used[10] = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		set(i, 0x3ff, 1);
		was[i] = best(i);
		used[was[i]]++;
	}
	for (uint32_t h = 0; h < 10; h++) /* spread: 100 each, give or take */
		assert_in_range(used[h], 60, 140);
	for (uint32_t i = 0; i < 1000; i++) {
		set(i, 0x3ff & ~(1u << 3), 1);
		if (was[i] == 3)
			assert_int_not_equal(best(i), 3);
		else
			assert_int_equal(best(i), was[i]);
		set(i, 0x3ff, 1); /* and back */
		assert_int_equal(best(i), was[i]);
	}
}

static void
the_choice_does_not_depend_on_the_order_in_which_next_hops_were_seen(void **state) ALL_ROLES
{
	uint32_t was[200];

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		set(i, 0x3ff, 1);
		was[i] = best(i);
	}
	end_gathering(NULL);
	begin_gathering(NULL);
	for (uint32_t h = 10; h-- > 0;) /* as another replica may */
		hop_name(h);
	for (uint32_t i = 200; i-- > 0;) {
		set(i, 0x3ff, 1);
		assert_int_equal(best(i), was[i]);
	}
}

static void
the_highest_local_pref_wins_over_the_hash(void **state) ALL_ROLES
{
	struct path_attrs a;
	struct path_in in[10];
	uint32_t clashes = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		for (uint32_t h = 0; h < 10; h++) {
			memset(&a, 0, sizeof(a));
			a.local_pref = h == i % 10 ? 101 : 100;
			in[h] = (struct path_in){hop_name(h), attrs_name(&names, &a)};
		}
		table_set(&table, prefix_index_of(i),
		    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, in, 10, &clashes);
		assert_int_equal(best(i), i % 10);
	}
}

static void
a_prefix_without_paths_has_no_best_one_and_is_withdrawn(void **state) ALL_ROLES
{
	struct format one = all_paths;
	struct table_reader r = {.vital = false};
	struct ip_prefix p = prefix_of(1);
	uint64_t at = 1;

	(void)state;
	one.add_path[0] = false;
	table_join(&table, &r);
	set(1, 0x3, 1);
	table_commit(&table);
	set(1, 0, 1);
	table_commit(&table);
	assert_null(view_best(&every_path, &names, &p, get(1)));
	gather_start(&g, &one);
	assert_true(gather_changes(&g, &(struct gather_for){1, 1, 1}, &at, 2, UINT32_MAX));
	assert_int_equal(g.announce.n, 0);
	assert_int_equal(g.withdraw[0].n, 1);
	table_leave(&table, &r);
}

int
main(void)
{
#define GATHERING(test) cmocka_unit_test_setup_teardown(test, begin_gathering, end_gathering)
	const struct CMUnitTest tests[] = {
	    GATHERING(only_what_is_newer_than_the_reader_is_taken),
	    GATHERING(a_prefix_that_changed_often_is_taken_once_as_it_is_now),
	    GATHERING(the_whole_table_is_its_live_paths),
	    GATHERING(a_change_superseded_by_the_commit_under_way_is_not_passed_over),
	    GATHERING(a_change_superseded_while_a_slow_reader_pauses_is_not_passed_over),
	    GATHERING(a_budget_ends_a_slice_and_the_next_one_goes_on_behind_it),
	    GATHERING(sorted_paths_stand_together_by_next_hop_then_attributes),
	    GATHERING(a_lost_next_hop_moves_only_the_prefixes_that_used_it),
	    GATHERING(the_choice_does_not_depend_on_the_order_in_which_next_hops_were_seen),
	    GATHERING(the_highest_local_pref_wins_over_the_hash),
	    GATHERING(a_prefix_without_paths_has_no_best_one_and_is_withdrawn),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
