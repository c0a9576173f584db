/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "watch/difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define OURS 0x8000000000000001ull

static uint64_t rnd_state = 1;

/* Never 0, hardly ever the same. */
static uint64_t
rnd(void)
{
	rnd_state = rnd_state * 6364136223846793005ull + 1442695040888963407ull;
	return rnd_state | 1;
}

static void
equal_digests_never_differ(void **state)
{
	struct difference d = {0};

	(void)state;
	for (uint64_t s = 1; s < 1000; s++) {
		uint64_t digest = rnd();

		assert_false(difference_take(&d, digest, digest, s * NS_PER_S));
	}
}

static void
routes_that_change_all_the_time_are_no_difference(void **state)
{
	struct difference d = {0};

	(void)state;
	for (uint64_t s = 1; s < 1000; s++)
		assert_false(difference_take(&d, rnd(), rnd(), s * NS_PER_S));
}

static void
the_same_difference_counts_after_fifteen_seconds_from_its_first_sight(void **state)
{
	struct difference d = {0};

	(void)state;
	for (uint64_t s = 1; s <= 15; s++)
		assert_false(difference_take(&d, OURS, OURS + 7, s * NS_PER_S));
	assert_true(difference_take(&d, OURS, OURS + 7, 16 * NS_PER_S));
	assert_int_equal(d.since_ns, NS_PER_S);
}

static void
the_sum_of_both_may_move_while_the_difference_stays(void **state)
{
	struct difference d = {0};
	bool differs = false;

	(void)state;
	for (uint64_t s = 1; s <= 16; s++) {
		uint64_t churn = rnd();

		differs = difference_take(&d, OURS + churn, OURS + churn - 9, s * NS_PER_S);
	}
	assert_true(differs);
}

static void
a_lasting_difference_is_seen_through_churn(void **state)
{
	struct difference d = {0};
	bool differs = false;

	(void)state;
	/* Every fifth comparison falls into a quiet moment. */
	for (uint64_t s = 1; s <= 30; s++)
		differs =
		    difference_take(&d, OURS, OURS + 7 + (s % 5 ? rnd() : 0), s * NS_PER_S);
	assert_true(differs);
	assert_int_equal(d.since_ns, 5 * NS_PER_S);
	assert_false(difference_take(&d, OURS, OURS, 31 * NS_PER_S)); /* and its end in one */
}

static void
a_moment_of_equality_starts_it_again(void **state)
{
	struct difference d = {0};

	(void)state;
	for (uint64_t s = 1; s < 1000; s++)
		assert_false(difference_take(&d, OURS, OURS + (s % 15 ? 7 : 0), s * NS_PER_S));
}

static void
three_sights_far_apart_are_too_few(void **state)
{
	struct difference d = {0};

	(void)state;
	for (uint64_t s = 1; s <= 3; s++)
		assert_false(difference_take(&d, OURS, OURS + 7, s * 60 * NS_PER_S));
	assert_true(difference_take(&d, OURS, OURS + 7, 240 * NS_PER_S));
}

static void
an_amount_that_is_out_of_sight_is_forgotten(void **state)
{
	struct difference d = {0};

	(void)state;
	for (uint64_t s = 1; s < 1000; s++)
		assert_false(difference_take(
		    &d, OURS, OURS + (s % (DIFFERENCE_KEPT / 2) ? rnd() : 7), s * NS_PER_S));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_digests_never_differ),
	    cmocka_unit_test(routes_that_change_all_the_time_are_no_difference),
	    cmocka_unit_test(
	        the_same_difference_counts_after_fifteen_seconds_from_its_first_sight),
	    cmocka_unit_test(the_sum_of_both_may_move_while_the_difference_stays),
	    cmocka_unit_test(a_lasting_difference_is_seen_through_churn),
	    cmocka_unit_test(a_moment_of_equality_starts_it_again),
	    cmocka_unit_test(three_sights_far_apart_are_too_few),
	    cmocka_unit_test(an_amount_that_is_out_of_sight_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
