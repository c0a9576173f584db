/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time, and the jitter that keeps peers out of step. */
#include "session/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
without_timers_nothing_is_ever_due(void **unused)
{
	struct timers t;

	(void)unused;
	timers_init(&t, 1);
	assert_int_equal(timers_next(&t), NS_NEVER);
	assert_int_equal(timers_take(&t, NS_NEVER - 1), TIMER_COUNT);
}

static void
what_is_taken_no_longer_runs(void **unused)
{
	struct timers t;

	(void)unused;
	timers_init(&t, 1);
	timer_start(&t, TIMER_HOLD, 100);
	timer_start(&t, TIMER_KEEPALIVE, 50);
	assert_int_equal(timers_next(&t), 50);
	assert_int_equal(timers_take(&t, 49), TIMER_COUNT);
	assert_int_equal(timers_take(&t, 50), TIMER_KEEPALIVE);
	assert_false(timer_runs(&t, TIMER_KEEPALIVE));
	assert_int_equal(timers_next(&t), 100);
}

static void
jitter_shortens_by_a_quarter_at_most_and_spreads(void **unused)
{
	struct timers t;
	uint64_t low = NS_NEVER, high = 0;

	(void)unused;
	timers_init(&t, 42);
	for (int i = 0; i < 10000; i++) {
		uint64_t ns = timers_jitter(&t, 1000000);

		low = ns < low ? ns : low;
		high = ns > high ? ns : high;
	}
	assert_in_range(low, 750000, 760000);
	assert_in_range(high, 990000, 1000000);
}

static void
equal_seeds_give_equal_jitter(void **unused)
{
	struct timers a, b;

	(void)unused;
	timers_init(&a, 5);
	timers_init(&b, 5);
	for (int i = 0; i < 100; i++)
		assert_int_equal(timers_jitter(&a, NS_PER_S), timers_jitter(&b, NS_PER_S));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_timers_nothing_is_ever_due),
	    cmocka_unit_test(what_is_taken_no_longer_runs),
	    cmocka_unit_test(jitter_shortens_by_a_quarter_at_most_and_spreads),
	    cmocka_unit_test(equal_seeds_give_equal_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
