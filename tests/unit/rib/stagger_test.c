/* SPDX-License-Identifier: Apache-2.0 */
/* Removals of many paths on the replica that is not the first. */
#include "breaker_world.h"

static const struct breaker_rules staggered = {
    .percent = 15, .paths = 100, .window_ns = 60 * S, .stagger_ns = 2 * S};

static void
where_another_replica_goes_first_removals_beyond_a_tenth_of_the_limit_wait(void **state)
{
	(void)state;
	with(&staggered);
	two_thousand_paths(); /* limit: 300; a tenth: 30 */
	breaker.second = true;
	put(0, 0);
	assert_int_equal(announced(0), 0); /* 20: as every day */
	put(1, 0);
	assert_int_equal(announced(1), 0xfffff); /* 40 */
	assert_int_equal(held(HOLD_STAGGER), 20);
	pass(2 * S - 1);
	assert_int_equal(announced(1), 0xfffff);
	pass(1);
	assert_int_equal(announced(1), 0);
	assert_int_equal(breaker.holds.n, 0);
}

static void
what_is_back_before_its_time_was_never_withdrawn(void **state)
{
	(void)state;
	with(&staggered);
	two_thousand_paths();
	breaker.second = true;
	put(0, 0);
	put(1, 0);
	pass(1 * S);
	put(1, 0xfffff);
	pass(5 * S);
	assert_int_equal(announced(1), 0xfffff);
	assert_int_equal(breaker.holds.n, 0);
}

static void
the_first_replica_does_not_wait_and_a_set_that_only_changes_does_not_either(void **state)
{
	(void)state;
	with(&staggered);
	two_thousand_paths();
	for (uint32_t i = 0; i < 5; i++)
		put(i, 0);
	assert_int_equal(breaker.holds.n, 0);
	breaker.second = true;
	put(7, 0xfffff00000); /* twenty others */
	assert_int_equal(announced(7), 0xfffff00000);
	assert_int_equal(breaker.holds.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BREAKING(
	        where_another_replica_goes_first_removals_beyond_a_tenth_of_the_limit_wait),
	    BREAKING(what_is_back_before_its_time_was_never_withdrawn),
	    BREAKING(
	        the_first_replica_does_not_wait_and_a_set_that_only_changes_does_not_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
