/* SPDX-License-Identifier: Apache-2.0 */
/* Export filters: which prefixes pass, and that equal ones have one number. */
#include "ribout/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix p;

	assert_true(ip_prefix_parse(text, &p));
	return p;
}

static struct filter_rule_out
rule(enum filter_match match, const char *cidr, uint8_t min, uint8_t max, bool accept)
{
	return (struct filter_rule_out){.cidr = prefix(cidr),
	    .match = (uint8_t)match,
	    .min_len = min,
	    .max_len = max,
	    .accept = accept};
}

static bool
passes(const struct filter_rule_out *rules, uint32_t n, const char *text)
{
	struct ip_prefix p = prefix(text);

	return filter_passes(filter_number(rules, n), &p);
}

static void
without_rules_everything_passes(void **state)
{
	(void)state;
	assert_int_equal(filter_number(NULL, 0), FILTER_NONE);
	assert_true(passes(NULL, 0, "10.96.0.0/12"));
}

static void
the_first_rule_that_fits_decides_and_what_none_fits_passes(void **state)
{
	const struct filter_rule_out rules[] = {rule(FILTER_EQUAL, "10.96.0.7/32", 0, 32, true),
	    rule(FILTER_IN, "10.96.0.0/16", 16, 32, false)};

	(void)state;
	assert_true(passes(rules, 2, "10.96.0.7/32"));
	assert_false(passes(rules, 2, "10.96.0.8/32"));
	assert_false(passes(rules, 2, "10.96.0.0/16"));
	assert_true(passes(rules, 2, "10.96.0.0/12"));
	assert_true(passes(rules, 2, "192.0.2.1/32"));
}

static void
each_operator_means_what_calicos_page_says(void **state)
{
	static const struct {
		enum filter_match match;
		bool same, inside, shorter, longer, outside; /* does it fit? */
	} rows[] = {
	    {FILTER_ANY, true, true, true, true, true},
	    {FILTER_EQUAL, true, false, false, false, false},
	    {FILTER_NOT_EQUAL, false, true, true, true, true},
	    {FILTER_IN, true, true, false, false, false},
	    {FILTER_NOT_IN, false, false, true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct filter_rule_out r = rule(rows[i].match, "10.96.0.0/16", 16, 28, false);

		assert_int_equal(!passes(&r, 1, "10.96.0.0/16"), rows[i].same);
		assert_int_equal(!passes(&r, 1, "10.96.3.0/24"), rows[i].inside);
		assert_int_equal(!passes(&r, 1, "10.96.0.0/12"), rows[i].shorter);
		assert_int_equal(!passes(&r, 1, "10.96.3.4/32"), rows[i].longer);
		assert_int_equal(!passes(&r, 1, "192.0.2.0/24"), rows[i].outside);
	}
}

static void
a_rule_of_one_family_does_not_concern_the_other(void **state)
{
	struct filter_rule_out r = rule(FILTER_ANY, "::/0", 0, 128, false);

	(void)state;
	assert_false(passes(&r, 1, "fd00:96::/108"));
	assert_true(passes(&r, 1, "10.96.0.0/12"));
}

static void
equal_rules_have_one_number_and_others_another(void **state)
{
	struct filter_rule_out a = rule(FILTER_IN, "10.1.0.0/16", 16, 32, false), b = a;
	uint32_t number = filter_number(&a, 1);

	(void)state;
	assert_int_equal(filter_number(&b, 1), number);
	b.max_len = 24;
	assert_int_not_equal(filter_number(&b, 1), number);
	assert_int_equal(filter_number(&a, 1), number);
}

static void
there_are_so_many_different_ones_and_no_more(void **state)
{
	struct filter_rule_out r = rule(FILTER_IN, "10.0.0.0/8", 8, 32, false);
	uint32_t number = 0;

	(void)state;
	for (uint32_t i = 0; i < FILTERS_MAX && number != FILTER_TOO_MANY; i++) {
		r.cidr.addr = ip_v4(0x0a000000u + i);
		number = filter_number(&r, 1);
	}
	assert_int_equal(number, FILTER_TOO_MANY); /* earlier tests have some */
	r.cidr.addr = ip_v4(0x0a000000u);
	assert_int_not_equal(filter_number(&r, 1), FILTER_TOO_MANY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_rules_everything_passes),
	    cmocka_unit_test(the_first_rule_that_fits_decides_and_what_none_fits_passes),
	    cmocka_unit_test(each_operator_means_what_calicos_page_says),
	    cmocka_unit_test(a_rule_of_one_family_does_not_concern_the_other),
	    cmocka_unit_test(equal_rules_have_one_number_and_others_another),
	    cmocka_unit_test(there_are_so_many_different_ones_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
