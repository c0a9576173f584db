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

/* A node with role=edge, zone=a and an empty label "spare". */
static const char *
label_of(const void *ctx, const char *key, size_t len)
{
	(void)ctx;
	if (len == 4 && memcmp(key, "role", 4) == 0)
		return "edge";
	if (len == 4 && memcmp(key, "zone", 4) == 0)
		return "a";
	return len == 5 && memcmp(key, "spare", 5) == 0 ? "" : NULL;
}

static void
a_label_selector_means_what_it_means_in_kubernetes(void **state)
{
	static const struct {
		const char *text;
		bool matches;
	} rows[] = {{"role=edge", true}, {"role==edge", true}, {"role = core", false},
	    {"role!=core", true}, {"absent!=x", true}, {"absent", false}, {"!absent", true},
	    {"!role", false}, {"spare", true}, {"spare=", true}, {"zone in (a, b)", true},
	    {"zone in (b,c)", false}, {"zone notin (b)", true}, {"absent notin (b)", true},
	    {"absent in (b)", false}, {"role=edge, zone in (a), !absent", true},
	    {"role=edge,zone=b", false}, {"spare in ()", true}, {"zone in (b, a)", true}};
	char why[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_true(config_selector_check(rows[i].text, why, sizeof(why)));
		if (config_selector_match(rows[i].text, label_of, NULL) != rows[i].matches)
			fail_msg("%s", rows[i].text);
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
		if (config_selector_check(bad[i], why, sizeof(why)))
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
	    cmocka_unit_test(a_label_selector_means_what_it_means_in_kubernetes),
	    cmocka_unit_test(a_text_that_is_no_label_selector_is_refused),
	    cmocka_unit_test(a_close_key_is_proposed_and_a_far_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
