/* SPDX-License-Identifier: Apache-2.0 */
/* When the k-th of so many a second is due. */
#include "core/clock.h"
#include "core/must.h"
#include "pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START 123456789ull

static void
as_many_are_due_as_the_rate_says_at_any_time(void **state)
{
	static const uint32_t rates[] = {1, 3, 7, 100, 2500, 999983, 1000000};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(rates); i++) {
		struct pace p = pace_start(rates[i], START);

		assert_int_equal(pace_due(&p, START - 1), 0);
		assert_int_equal(pace_due(&p, START), 1);
		p.done = 1;
		for (uint64_t s = 1; s <= 100000; s *= 10)
			assert_true(pace_due(&p, START + s * NS_PER_S) == s * rates[i]);
	}
}

static void
the_next_is_due_exactly_when_it_is_said_to_be(void **state)
{
	static const uint32_t rates[] = {1, 3, 7, 100, 2500, 999983};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(rates); i++) {
		struct pace p = pace_start(rates[i], START);

		for (unsigned k = 0; k < 5000; k++) {
			uint64_t next = pace_next_ns(&p);

			assert_int_equal(pace_due(&p, next), 1);
			assert_true(next == START || pace_due(&p, next - 1) == 0);
			p.done++;
		}
	}
}

static void
what_was_late_is_made_up_for(void **state)
{
	struct pace p = pace_start(10, START);

	(void)state;
	assert_int_equal(pace_due(&p, START + NS_PER_S), 11);
	p.done = 11;
	assert_int_equal(pace_due(&p, START + NS_PER_S), 0);
	assert_true(pace_next_ns(&p) == START + 1100 * NS_PER_MS);
}

static void
more_done_than_due_is_waited_off(void **state)
{
	struct pace p = pace_start(10, START);

	(void)state;
	p.done = 50; /* a burst */
	assert_int_equal(pace_due(&p, START + 4999 * NS_PER_MS), 0);
	assert_int_equal(pace_due(&p, START + 5000 * NS_PER_MS), 1);
}

static void
without_a_rate_all_are_due(void **state)
{
	struct pace p = pace_start(0, START);

	(void)state;
	assert_true(pace_due(&p, START) == UINT64_MAX && pace_next_ns(&p) <= START);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_many_are_due_as_the_rate_says_at_any_time),
	    cmocka_unit_test(the_next_is_due_exactly_when_it_is_said_to_be),
	    cmocka_unit_test(what_was_late_is_made_up_for),
	    cmocka_unit_test(more_done_than_due_is_waited_off),
	    cmocka_unit_test(without_a_rate_all_are_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
