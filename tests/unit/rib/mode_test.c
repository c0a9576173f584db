/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's mode on the disk: what comes back, and what a wrong file means. */
#include "core/file.h"
#include "rib/mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/helio-mode-XXXXXX", path[64], why[512];

static int
begin(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/mode", dir);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void
an_order_comes_back_as_it_was_given(void **state)
{
	struct mode_order in = {MODE_FROZEN, 1764000000123, "storage incident #7"}, out;

	(void)state;
	assert_true(mode_store(path, &in, why, sizeof(why)));
	assert_true(mode_load(path, &out, why, sizeof(why)));
	assert_int_equal(out.mode, MODE_FROZEN);
	assert_int_equal(out.since_ms, in.since_ms);
	assert_string_equal(out.reason, in.reason);
}

static void
without_a_file_nothing_was_ordered(void **state)
{
	struct mode_order out;

	(void)state;
	unlink(path);
	assert_true(mode_load(path, &out, why, sizeof(why)));
	assert_int_equal(out.mode, MODE_NORMAL);
}

static void
a_file_that_is_none_of_ours_means_no_withdrawals(void **state)
{
	static const char *const texts[] = {"", "garbage", "heliograph mode 1\n",
	    "heliograph mode 1\nburning\n1\n\n", "heliograph mode 1\nfrozen\nsoon\n\n",
	    "heliograph mode 2\nfrozen\n1\n\n"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct mode_order out;

		assert_true(file_replace(path, texts[i], strlen(texts[i]), why, sizeof(why)));
		assert_false(mode_load(path, &out, why, sizeof(why)));
		assert_int_equal(out.mode, MODE_NO_WITHDRAW);
		assert_non_null(strstr(why, "helioctl resume"));
	}
}

static void
a_file_that_cannot_be_written_leaves_the_old_one(void **state)
{
	char other[96];

	(void)state;
	assert_true(file_replace(path, "old", 3, why, sizeof(why)));
	snprintf(other, sizeof(other), "%s/none/mode", dir);
	assert_false(file_replace(other, "new", 3, why, sizeof(why)));
	assert_non_null(strstr(why, "No such file"));
	assert_int_equal(access(path, R_OK), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_order_comes_back_as_it_was_given),
	    cmocka_unit_test(without_a_file_nothing_was_ordered),
	    cmocka_unit_test(a_file_that_is_none_of_ours_means_no_withdrawals),
	    cmocka_unit_test(a_file_that_cannot_be_written_leaves_the_old_one),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
