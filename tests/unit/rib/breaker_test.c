/* SPDX-License-Identifier: Apache-2.0 */
/* What may leave the RIB, what is held, and how it goes or stays. */
#include "breaker_world.h"

/* ---- the limit ---- */

static void
removals_within_the_limit_go_at_once(void **state)
{
	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 15; i++) /* 15 % */
		put(i, 0);
	assert_int_equal(breaker.holds.n, 0);
	assert_int_equal(table.live_paths, 1700);
}

static void
what_exceeds_the_limit_is_held_and_stays_announced(void **state)
{
	int64_t opened = metric_read(METRIC_BREAKER_OPENED);

	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	assert_int_equal(table.live_paths, 1700);
	assert_int_equal(held(HOLD_LIMIT), 1700);
	assert_int_equal(announced(0), 0);
	assert_int_equal(announced(99), 0xfffff);
	assert_int_equal(metric_read(METRIC_BREAKER_OPENED) - opened, 1);
	pass(24 * 3600 * S); /* no time releases it */
	assert_int_equal(table.live_paths, 1700);
	assert_int_equal(breaker_next_ns(&breaker), NS_NEVER);
}

static void
one_large_removal_is_held_whole(void **state)
{
	(void)state;
	put_class(1, 0xffffffff, CLASS_EXTERNAL_IP);
	for (uint32_t i = 10; i < 40; i++)
		put_class(i, 0xffff, CLASS_EXTERNAL_IP);
	with(&(struct breaker_rules){.percent = 1, .paths = 10, .window_ns = 60 * S});
	for (uint32_t i = 10; i < 40; i++)
		put_class(i, 0xffff, CLASS_EXTERNAL_IP);
	put_class(1, 0xffffffff, CLASS_EXTERNAL_IP);
	put_class(1, 0x1, CLASS_EXTERNAL_IP);
	assert_int_equal(announced(1), 0xffffffff);
}

static void
a_small_class_is_exempt_by_the_number_of_paths(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		put(i, 0xfffff);
	pass(120 * S);
	for (uint32_t i = 0; i < 5; i++)
		put(i, 0);
	assert_int_equal(table.live_paths, 0);
	assert_int_equal(breaker.holds.n, 0);
}

static void
classes_are_counted_apart(void **state)
{
	(void)state;
	two_thousand_paths();
	for (uint32_t i = 200; i < 205; i++)
		put_class(i, 0xfffff, CLASS_LOAD_BALANCER);
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	for (uint32_t i = 200; i < 205; i++)
		put_class(i, 0, CLASS_LOAD_BALANCER);
	assert_int_equal(breaker.holds.by[CLASS_LOAD_BALANCER][HOLD_LIMIT], 0);
	assert_int_equal(announced(203), 0);
}

static void
a_set_that_moves_loses_nothing(void **state)
{
	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0xfffffull << 20);
	assert_int_equal(breaker.holds.n, 0);
	assert_int_equal(announced(50), 0xfffffull << 20);
}

static void
additions_flow_while_removals_are_held(void **state)
{
	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0x1);
	assert_int_equal(announced(99), 0xfffff);
	put(99, 1ull << 40 | 0x1);
	assert_int_equal(announced(99), 1ull << 40 | 0xfffff);
	put(150, 0xf);
	assert_int_equal(announced(150), 0xf);
}

static void
what_comes_back_is_no_longer_held(void **state)
{
	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0xfffff);
	assert_int_equal(breaker.holds.n, 0);
	assert_int_equal(table.live_paths, 2000);
	assert_false(breaker.by[CLASS_CLUSTER_IP].open);
}

static void
a_slow_drain_passes_window_by_window(void **state)
{
	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++) {
		put(i, 0);
		pass(20 * S); /* 60 or 80 a window */
	}
	assert_int_equal(table.live_paths, 0);
}

static void
the_window_slides(void **state)
{
	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 15; i++)
		put(i, 0);
	pass(30 * S);
	put(20, 0);
	assert_int_equal(held(HOLD_LIMIT), 20); /* 16 % within a minute */
	pass(31 * S);
	put(21, 0);
	assert_int_equal(held(HOLD_LIMIT), 20); /* what was held stays; this one may go */
	assert_int_equal(announced(21), 0);
}

static void
a_hundred_percent_is_no_limit(void **state)
{
	(void)state;
	with(&(struct breaker_rules){.percent = 100, .paths = 1, .window_ns = 60 * S});
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	assert_int_equal(table.live_paths, 0);
}

/* ---- letting go ---- */

static void
released_paths_go_as_fast_as_the_limit_allows(void **state)
{
	struct hold_match all = {.prefix_class = -1};
	unsigned minutes = 0;

	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	assert_int_equal(breaker_release(&breaker, &all, false, now), 1700);
	table_commit(&table);
	assert_int_equal(table.live_paths, 1700); /* this minute's share is used up */
	for (; table.live_paths; minutes++) {
		uint64_t before = table.live_paths;

		assert_true(minutes < 60);
		for (unsigned s = 0; s < 60; s++)
			pass(S);
		assert_true(before - table.live_paths <=
		            (before * 15 / 100 > 100 ? before * 15 / 100 : 100) + 100);
	}
	assert_in_range(minutes, 5, 30);
	assert_int_equal(breaker.holds.n, 0);
	assert_int_equal(breaker_next_ns(&breaker), NS_NEVER);
}

static void
dropped_holds_go_at_once(void **state)
{
	struct hold_match all = {.prefix_class = -1};
	uint64_t version;

	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	version = table_version(&table);
	assert_int_equal(breaker_release(&breaker, &all, true, now), 1700);
	table_commit(&table);
	assert_int_equal(table.live_paths, 0);
	assert_int_equal(table_version(&table) - version, 85); /* each prefix once */
	assert_int_equal(breaker.holds.n, 0);
}

static void
one_prefix_or_class_may_be_let_go(void **state)
{
	struct ip_prefix p = prefix_of(77);
	struct hold_match one = {.prefix_class = -1, .prefix = &p},
	                  other = {.prefix_class = CLASS_POD_CIDR};

	(void)state;
	two_thousand_paths();
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	assert_int_equal(breaker_release(&breaker, &other, true, now), 0);
	assert_int_equal(breaker_release(&breaker, &one, true, now), 20);
	table_commit(&table);
	assert_int_equal(announced(77), 0);
	assert_int_equal(announced(78), 0xfffff);
}

/* ---- no-withdraw ---- */

static void
an_order_not_to_withdraw_holds_everything_that_would_go(void **state)
{
	(void)state;
	two_thousand_paths();
	breaker_no_withdraw(&breaker, true, now);
	put(1, 0);
	put(2, 0x3);
	put(3, 0xfffff | 1ull << 30);
	assert_int_equal(held(HOLD_NO_WITHDRAW), 20 + 18);
	assert_int_equal(announced(1), 0xfffff);
	assert_int_equal(announced(3), 0xfffff | 1ull << 30);
	breaker_no_withdraw(&breaker, false, now);
	table_commit(&table);
	assert_int_equal(breaker.holds.n, 0);
	assert_int_equal(announced(1), 0);
	assert_int_equal(announced(2), 0x3);
}

static void
when_the_order_ends_the_limit_counts(void **state)
{
	(void)state;
	two_thousand_paths();
	breaker_no_withdraw(&breaker, true, now);
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0);
	assert_int_equal(table.live_paths, 2000);
	breaker_no_withdraw(&breaker, false, now);
	table_commit(&table);
	assert_int_equal(table.live_paths, 1700);
	assert_int_equal(held(HOLD_LIMIT), 1700);
}

/* ---- the last ones ---- */

static const struct breaker_rules patient = {.percent = 15,
    .paths = 100,
    .window_ns = 60 * S,
    .last_path_ns = 3 * S,
    .last_prefix_ns = 30 * S};

static void
the_last_paths_of_a_prefix_wait_a_little(void **state)
{
	(void)state;
	with(&patient);
	put(1, 0x3);
	put(2, 0x3);
	put(1, 0x1); /* not the last one */
	assert_int_equal(announced(1), 0x1);
	put(1, 0);
	assert_int_equal(announced(1), 0x1);
	assert_int_equal(held(HOLD_LAST_PATH), 1);
	assert_int_equal(breaker_next_ns(&breaker), now + 3 * S);
	pass(2 * S);
	assert_int_equal(announced(1), 0x1);
	pass(S);
	assert_int_equal(announced(1), 0);
	assert_int_equal(breaker_next_ns(&breaker), NS_NEVER);
}

static void
the_last_prefix_of_a_class_waits_longer(void **state)
{
	(void)state;
	with(&patient);
	put(1, 0x3);
	put(1, 0);
	assert_int_equal(held(HOLD_LAST_PREFIX), 2);
	pass(29 * S);
	assert_int_equal(announced(1), 0x3);
	pass(S);
	assert_int_equal(announced(1), 0);
}

static void
who_comes_back_in_time_has_never_been_away(void **state)
{
	uint64_t version;

	(void)state;
	with(&patient);
	put(1, 0x3);
	put(2, 0x3);
	version = table_version(&table);
	put(1, 0);
	pass(S);
	put(1, 0x3);
	assert_int_equal(table_version(&table), version);
	pass(10 * S);
	assert_int_equal(announced(1), 0x3);
	assert_int_equal(breaker.holds.n, 0);
}

static void
another_next_hop_ends_the_wait_for_the_last_one(void **state)
{
	(void)state;
	with(&patient);
	put(1, 0x1);
	put(2, 0x1);
	put(1, 0);
	put(1, 0x8); /* the held one keeps its time */
	assert_int_equal(announced(1), 0x9);
	pass(3 * S);
	assert_int_equal(announced(1), 0x8);
}

static void
a_held_path_is_no_reason_to_hold_others(void **state)
{
	(void)state;
	with(&patient);
	two_thousand_paths();
	put(1, 0);
	pass(S);
	put(1, 0);
	assert_int_equal(held(HOLD_LAST_PATH), 20);
	pass(2 * S);
	assert_int_equal(announced(1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BREAKING(removals_within_the_limit_go_at_once),
	    BREAKING(what_exceeds_the_limit_is_held_and_stays_announced),
	    BREAKING(one_large_removal_is_held_whole),
	    BREAKING(a_small_class_is_exempt_by_the_number_of_paths),
	    BREAKING(classes_are_counted_apart),
	    BREAKING(a_set_that_moves_loses_nothing),
	    BREAKING(additions_flow_while_removals_are_held),
	    BREAKING(what_comes_back_is_no_longer_held),
	    BREAKING(a_slow_drain_passes_window_by_window),
	    BREAKING(the_window_slides),
	    BREAKING(a_hundred_percent_is_no_limit),
	    BREAKING(released_paths_go_as_fast_as_the_limit_allows),
	    BREAKING(dropped_holds_go_at_once),
	    BREAKING(one_prefix_or_class_may_be_let_go),
	    BREAKING(an_order_not_to_withdraw_holds_everything_that_would_go),
	    BREAKING(when_the_order_ends_the_limit_counts),
	    BREAKING(the_last_paths_of_a_prefix_wait_a_little),
	    BREAKING(the_last_prefix_of_a_class_waits_longer),
	    BREAKING(who_comes_back_in_time_has_never_been_away),
	    BREAKING(another_next_hop_ends_the_wait_for_the_last_one),
	    BREAKING(a_held_path_is_no_reason_to_hold_others),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
