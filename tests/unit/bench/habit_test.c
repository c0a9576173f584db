/* SPDX-License-Identifier: Apache-2.0 */
/* Who of a fleet is odd, and how. */
#include "core/must.h"
#include "habit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
the_odd_ones_are_the_last_in_the_order_of_their_kinds(void **state)
{
	const struct crowd c = {.slow = {.count = 2, .amount = 500},
	    .flapping = {.count = 1},
	    .stalled = 1,
	    .no_add_path = 1,
	    .ipv4_only = 1,
	    .no_extended = 1,
	    .mixed = 8};
	unsigned seen = 0;

	(void)state;
	assert_int_equal(crowd_unruly(&c), 4);
	assert_int_equal(crowd_odd(&c), 15);
	for (uint32_t i = 0; i < 5; i++) {
		struct habit h = crowd_habit(&c, i, 20);

		assert_true(
		    h.pace == HABIT_NORMAL && !h.no_add_path && !h.ipv4_only && !h.no_extended);
	}
	assert_true(crowd_habit(&c, 5, 20).pace == HABIT_SLOW);
	assert_int_equal(crowd_habit(&c, 6, 20).amount, 500);
	assert_true(crowd_habit(&c, 7, 20).pace == HABIT_FLAPPING);
	assert_int_equal(crowd_habit(&c, 7, 20).amount, HABIT_FLAP_MS);
	assert_true(crowd_habit(&c, 8, 20).pace == HABIT_STALLED);
	assert_true(crowd_habit(&c, 9, 20).no_add_path);
	assert_true(crowd_habit(&c, 10, 20).ipv4_only);
	assert_true(crowd_habit(&c, 11, 20).no_extended);
	for (uint32_t i = 12; i < 20; i++) {
		struct habit h = crowd_habit(&c, i, 20);

		assert_true(h.pace == HABIT_NORMAL);
		seen |= 1u << (h.no_add_path + 2 * h.ipv4_only + 4 * h.no_extended);
	}
	assert_int_equal(seen, 0xff);
}

static void
a_fleet_without_a_crowd_has_no_odd_ones(void **state)
{
	const struct crowd c = {.stalled = 0};
	struct habit h = crowd_habit(&c, 9, 10);

	(void)state;
	assert_int_equal(crowd_odd(&c), 0);
	assert_true(h.pace == HABIT_NORMAL && !h.no_add_path && !h.ipv4_only && !h.no_extended);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_odd_ones_are_the_last_in_the_order_of_their_kinds),
	    cmocka_unit_test(a_fleet_without_a_crowd_has_no_odd_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
