/* SPDX-License-Identifier: Apache-2.0 */
/* When a batch is packed: at once where nobody is busy, and in larger pieces where many are. */
#include "core/clock.h"
#include "ribout/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS (1000 * 1000ull)

static struct pace p;

static int
setup(void **state) ON_IO ON_PACKER
{
	(void)state;
	p = (struct pace){.not_before_ns = 0};
	for (unsigned i = 0; i < 80; i++)
		assert_false(pace_move(&p, PACE_OUTSIDE, PACE_AT_TAIL));
	return 0;
}

static void
fall_behind(unsigned members) ON_IO
{
	for (unsigned i = 0; i < members; i++)
		assert_false(pace_move(&p, PACE_AT_TAIL, PACE_BEHIND));
}

static void
a_change_in_an_idle_system_is_packed_at_once(void **state) ON_IO ON_PACKER
{
	(void)state;
	assert_true(pace_may_pack(&p, 0, 5 * MS));
	pace_packed(&p, pace_cost_ns(67, 10, 2), 5 * MS);
	assert_true(pace_may_pack(&p, 0, 5 * MS + 200)); /* 167 ns: nothing that anybody sees */
}

static void
after_a_batch_the_next_waits_for_the_time_that_copying_it_takes(void **state) ON_IO ON_PACKER
{
	(void)state;
	assert_true(pace_may_pack(&p, 0, 5 * MS));
	pace_packed(&p, 3 * MS, 5 * MS);
	assert_false(pace_may_pack(&p, 0, 6 * MS));
	assert_int_equal(pace_next_ns(&p), 8 * MS);
	assert_true(pace_may_pack(&p, 0, 8 * MS));
}

static void
cost_grows_with_bytes_and_members_and_shrinks_with_threads(void **state) ON_IO ON_PACKER
{
	(void)state;
	assert_int_equal(pace_cost_ns(4000, 10, 2), 2 * pace_cost_ns(2000, 10, 2));
	assert_int_equal(pace_cost_ns(4000, 10, 2), 2 * pace_cost_ns(4000, 5, 2));
	assert_int_equal(pace_cost_ns(4000, 10, 1), 2 * pace_cost_ns(4000, 10, 2));
}

static void
in_a_series_of_commits_the_first_waits_for_the_others_as_long_as_splitting_costs(void **state)
    ON_IO ON_PACKER
{
	(void)state;
	assert_false(pace_may_pack(&p, 4 * MS, 10 * MS));
	assert_int_equal(pace_next_ns(&p), 14 * MS);
	assert_false(pace_may_pack(&p, 4 * MS, 13 * MS)); /* one more commit changes nothing */
	assert_true(pace_may_pack(&p, 4 * MS, 14 * MS));
	assert_false(
	    pace_may_pack(&p, 4 * MS, 15 * MS)); /* the next piece has its own patience */
}

static void
the_end_of_the_series_ends_the_wait(void **state) ON_IO ON_PACKER
{
	(void)state;
	assert_false(pace_may_pack(&p, 4 * MS, 10 * MS));
	assert_true(pace_may_pack(&p, 0, 11 * MS));
}

static void
patience_has_a_limit_however_many_members_there_are(void **state) ON_IO ON_PACKER
{
	(void)state;
	assert_false(pace_may_pack(&p, 3600 * 1000 * MS, 10 * MS));
	assert_in_range(pace_next_ns(&p), 11 * MS, 1000 * MS);
}

static void
while_more_than_an_eighth_still_send_the_next_batch_waits(void **state) ON_IO ON_PACKER
{
	(void)state;
	fall_behind(10);
	assert_true(pace_may_pack(&p, 0, 10 * MS));
	fall_behind(1);
	assert_false(pace_may_pack(&p, 0, 10 * MS));
	assert_false(pace_may_pack(&p, 0, 50 * MS));
}

static void
in_a_small_fleet_half_may_be_behind(void **state) ON_IO ON_PACKER
{
	(void)state;
	for (unsigned i = 0; i < 78; i++)
		assert_false(pace_move(&p, PACE_AT_TAIL, PACE_OUTSIDE));
	fall_behind(1);
	assert_true(pace_may_pack(
	    &p, 0, 10 * MS)); /* one of two is stalled: what is it to the other? */
	fall_behind(1);
	assert_false(pace_may_pack(&p, 0, 10 * MS));
}

static void
the_member_that_makes_it_enough_wakes_the_packer(void **state) ON_IO ON_PACKER
{
	(void)state;
	fall_behind(12);
	assert_false(pace_may_pack(&p, 0, 10 * MS));
	assert_false(pace_move(&p, PACE_BEHIND, PACE_AT_TAIL));
	assert_true(pace_move(&p, PACE_BEHIND, PACE_AT_TAIL));
	assert_false(pace_move(&p, PACE_BEHIND, PACE_AT_TAIL)); /* once */
	assert_true(pace_may_pack(&p, 0, 10 * MS));
}

static void
a_member_that_leaves_the_window_is_waited_for_no_longer(void **state) ON_IO ON_PACKER
{
	(void)state;
	fall_behind(12);
	assert_false(pace_may_pack(&p, 0, 10 * MS));
	assert_false(pace_move(&p, PACE_BEHIND, PACE_OUTSIDE));
	assert_false(pace_move(&p, PACE_BEHIND, PACE_OUTSIDE));
	assert_true(pace_move(&p, PACE_BEHIND, PACE_OUTSIDE)); /* 9 of 77 */
	assert_true(pace_may_pack(&p, 0, 10 * MS));
}

static void
where_too_many_are_stalled_the_others_are_held_for_a_short_time_only(void **state)
    ON_IO ON_PACKER
{
	(void)state;
	fall_behind(60);
	assert_false(pace_may_pack(&p, 0, 10 * MS));
	assert_int_equal(pace_next_ns(&p), 110 * MS);
	assert_true(pace_may_pack(&p, 0, 110 * MS));
}

static void
after_a_large_batch_they_get_the_time_that_it_takes(void **state) ON_IO ON_PACKER
{
	(void)state;
	assert_true(pace_may_pack(&p, 0, 5 * MS));
	pace_packed(&p, 200 * MS, 5 * MS);
	fall_behind(60);
	assert_false(pace_may_pack(&p, 0, 205 * MS));
	assert_false(pace_may_pack(&p, 0, 1000 * MS));
	assert_true(pace_may_pack(&p, 0, 1005 * MS));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, setup)
	    TEST(a_change_in_an_idle_system_is_packed_at_once),
	    TEST(after_a_batch_the_next_waits_for_the_time_that_copying_it_takes),
	    TEST(cost_grows_with_bytes_and_members_and_shrinks_with_threads),
	    TEST(
	        in_a_series_of_commits_the_first_waits_for_the_others_as_long_as_splitting_costs),
	    TEST(the_end_of_the_series_ends_the_wait),
	    TEST(patience_has_a_limit_however_many_members_there_are),
	    TEST(while_more_than_an_eighth_still_send_the_next_batch_waits),
	    TEST(in_a_small_fleet_half_may_be_behind),
	    TEST(the_member_that_makes_it_enough_wakes_the_packer),
	    TEST(a_member_that_leaves_the_window_is_waited_for_no_longer),
	    TEST(where_too_many_are_stalled_the_others_are_held_for_a_short_time_only),
	    TEST(after_a_large_batch_they_get_the_time_that_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
