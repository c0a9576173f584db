/* SPDX-License-Identifier: Apache-2.0 */
/* Ratios, and who the limit is. */
#include "compare.h"
#include "contender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
a_ratio_with_a_missing_side_is_none(void **state)
{
	(void)state;
	assert_true(compare_ratio(3, 2) > 1.49 && compare_ratio(3, 2) < 1.51);
	assert_true(compare_ratio(3, 0) == 0);
	assert_true(compare_ratio(0, 2) == 0);
}

static void
the_limit_counts_only_for_work_that_it_did(void **state)
{
	struct compare c = {.row_count = 2,
	    .rows = {{.name = "frr"}, {.name = "limit", .works = {{.done = true}}}}};

	(void)state;
	assert_ptr_equal(compare_limit(&c, COMPARE_ARRIVE), &c.rows[1]);
	assert_null(compare_limit(&c, COMPARE_JOIN));
	c.row_count = 1;
	assert_null(compare_limit(&c, COMPARE_ARRIVE));
}

static void
bytes_per_path_counts_all_bytes_of_the_sessions(void **state)
{
	const struct compare_work w = {.bytes = 200 * 9 + 58, .paths = 200};

	(void)state;
	assert_true(compare_bytes_per_path(&w) > 9.28 && compare_bytes_per_path(&w) < 9.30);
}

static void
contenders_have_names(void **state)
{
	struct compare_row row = {0};

	(void)state;
	assert_true(contender_known("limit", &row));
	assert_string_equal(row.title, "bytes-only limit");
	assert_true(contender_known("heliograph", &row));
	assert_true(contender_known("frr", &row));
	assert_string_equal(row.title, "FRR");
	assert_false(contender_known("quagga", &row));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_ratio_with_a_missing_side_is_none),
	    cmocka_unit_test(the_limit_counts_only_for_work_that_it_did),
	    cmocka_unit_test(bytes_per_path_counts_all_bytes_of_the_sessions),
	    cmocka_unit_test(contenders_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
