/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities, label selectors and the search for the key that was meant. */
#include "config/quantity.h"
#include "config/rows.h"
#include "config/selector.h"
#include "core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
durations_are_read_in_any_unit_and_printed_in_the_largest(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"60s", "1m"}, {"90", "90s"}, {"1m30s", "90s"}, {"500ms", "500ms"},
	    {"0", "0s"}, {"1h", "1h"}, {"36h", "36h"}, {"1d", "1d"}, {"250us", "250us"}};
	static const char *const bad[] = {"", "s", "-1s", "1.5s", "1 s", "1s1", "1x", "1ss",
	    "99999999999999999999s", "18446744073709551615s", "0x10"};
	char buf[CONFIG_QUANTITY_MAX];
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(config_duration_parse(rows[i].in, &ns));
		assert_string_equal(config_duration_text(ns, buf), rows[i].out);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(config_duration_parse(bad[i], &ns));
}

static void
sizes_are_read_in_any_unit_and_printed_in_the_largest(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {{"131072", "128KiB"}, {"128KiB", "128KiB"}, {"1GiB", "1GiB"},
	    {"10MB", "10000000"}, {"1kB", "1000"}, {"0", "0"}};
	static const char *const bad[] = {
	    "", "KiB", "1KiB1", "1 KiB", "-5", "1Ki", "20000000TiB"};
	char buf[CONFIG_QUANTITY_MAX];
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(config_size_parse(rows[i].in, &n));
		assert_string_equal(config_size_text(n, buf), rows[i].out);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(config_size_parse(bad[i], &n));
}

static void
a_label_selector_is_written_as_in_kubernetes(void **state)
{
	static const char *const good[] = {"role=edge", "role==edge", "role = core",
	    "role!=core", "absent", "!absent", "spare=", "zone in (a, b)", "zone in (b,c)",
	    "zone notin (b)", "role=edge, zone in (a), !absent", "spare in ()",
	    "node.kubernetes.io/type = a.b-c_d"};
	char why[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct selector *s = selector_new(good[i], why, sizeof(why));

		if (!s)
			fail_msg("%s: %s", good[i], why);
		selector_free(s);
	}
}

static void
a_text_that_is_no_label_selector_is_refused(void **state)
{
	static const char *const bad[] = {"", "=a", "a b", "a in b", "a in (b", "a in (b c)",
	    "a,", ",a", "a=b c", "a~b", "!a=b", "a like (b)", "!"};
	char why[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (selector_new(bad[i], why, sizeof(why)))
			fail_msg("accepted: %s", bad[i]);
}

static void
a_close_key_is_proposed_and_a_far_one_is_not(void **state)
{
	(void)state;
	assert_string_equal(config_row_nearest(SECTION_config, "router-id"), "router_id");
	assert_string_equal(config_row_nearest(SECTION_config_peer, "adress"), "address");
	assert_string_equal(config_row_nearest(SECTION_config_peer, "vieww"), "view");
	assert_null(config_row_nearest(SECTION_config, "bandwidth"));
	assert_null(config_row_nearest(
	    SECTION_config, "a_key_that_is_far_longer_than_any_key_of_this_program_ever_was"));
	assert_int_equal(config_distance("kitten", "sitting", 9), 3);
	assert_int_equal(config_distance("", "abc", 9), 3);
	assert_int_equal(config_distance("abc", "xyz", 1), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(durations_are_read_in_any_unit_and_printed_in_the_largest),
	    cmocka_unit_test(sizes_are_read_in_any_unit_and_printed_in_the_largest),
	    cmocka_unit_test(a_label_selector_is_written_as_in_kubernetes),
	    cmocka_unit_test(a_text_that_is_no_label_selector_is_refused),
	    cmocka_unit_test(a_close_key_is_proposed_and_a_far_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
