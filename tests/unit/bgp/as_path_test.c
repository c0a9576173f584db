/* SPDX-License-Identifier: Apache-2.0 */
/* AS paths: counting, prepending, joining with AS4_PATH, text. */
#include "bgp/as_path.h"
#include "bgp/attr.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A 4-octet path from a list: a type and a count introduce each segment, 0 ends. */
static struct as_path
path(uint8_t *buf, const uint32_t *items)
{
	uint8_t *p = buf;

	while (*items) {
		uint32_t count = items[1];

		*p++ = (uint8_t)items[0];
		*p++ = (uint8_t)count;
		for (items += 2; count > 0; count--, p += 4)
			wire_store_u32(p, *items++);
	}
	return (struct as_path){buf, (size_t)(p - buf), true};
}

static void
assert_text(struct as_path p, const char *want)
{
	char text[AS_PATH_TEXT_MAX];

	assert_string_equal(as_path_text(p, text), want);
}

static void
a_path_can_be_read(void **state)
{
	static const uint32_t items[] = {
	    2, 2, 65001, 4200000000u, 1, 2, 7, 8, 3, 1, 9, 4, 2, 5, 6, 0};
	uint8_t buf[128];
	struct as_path p = path(buf, items);

	(void)state;
	assert_text(p, "65001 4200000000 {7 8} (9) [5 6]");
	assert_text((struct as_path){0}, "");
}

static void
a_set_is_one_hop_and_confederations_are_none(void **state)
{
	static const uint32_t items[] = {2, 2, 65001, 2, 1, 3, 7, 8, 9, 3, 1, 9, 4, 2, 5, 6, 0};
	uint8_t buf[128];
	struct as_path p = path(buf, items);

	(void)state;
	assert_int_equal(as_path_hops(p), 3);
	assert_int_equal(as_path_hops((struct as_path){0}), 0);
	assert_true(as_path_has(p, 9) && as_path_has(p, 6) && !as_path_has(p, 4));
}

static void
first_and_origin_are_known_for_sequences_only(void **state)
{
	static const uint32_t sequence[] = {2, 3, 1, 2, 3, 0}, set[] = {1, 2, 1, 2, 0};
	uint8_t buf[128];

	(void)state;
	assert_int_equal(as_path_first(path(buf, sequence)), 1);
	assert_int_equal(as_path_origin(path(buf, sequence)), 3);
	assert_int_equal(as_path_first(path(buf, set)), 0);
	assert_int_equal(as_path_origin(path(buf, set)), 0);
	assert_int_equal(as_path_first((struct as_path){0}), 0);
}

static void
prepending_extends_the_first_sequence_or_begins_one(void **state)
{
	static const uint32_t sequence[] = {2, 2, 1, 2, 0}, set[] = {1, 2, 1, 2, 0};
	uint8_t buf[128], out[2048];
	struct wire_out w = wire_out(out, sizeof(out));

	(void)state;
	as_path_prepend(&w, 9, 2, path(buf, sequence));
	assert_int_equal(out[1], 4);
	assert_text((struct as_path){out, wire_written(&w), true}, "9 9 1 2");
	w = wire_out(out, sizeof(out));
	as_path_prepend(&w, 9, 1, path(buf, set));
	assert_text((struct as_path){out, wire_written(&w), true}, "9 {1 2}");
	w = wire_out(out, sizeof(out));
	as_path_prepend(&w, 9, 300, (struct as_path){0});
	assert_int_equal(out[1], 255);
	assert_int_equal(wire_written(&w), 300 * 4 + 2 * 2);
	assert_int_equal(as_path_hops((struct as_path){out, wire_written(&w), true}), 300);
	assert_int_equal(
	    as_path_check((struct as_path){out, wire_written(&w), true}, false), AS_PATH_OK);
}

static void
a_path_that_does_not_fit_its_text_ends_in_dots(void **state)
{
	char text[AS_PATH_TEXT_MAX];
	uint8_t out[2048];
	struct wire_out w = wire_out(out, sizeof(out));

	(void)state;
	as_path_prepend(&w, 4200000000u, 200, (struct as_path){0});
	as_path_text((struct as_path){out, wire_written(&w), true}, text);
	assert_string_equal(text + strlen(text) - 3, "...");
}

/* The numbers that a 2-octet peer's AS_PATH and AS4_PATH mean together, as text. */
static void
assert_merged(struct as_path four, const uint8_t *two, uint16_t n, const char *want)
{
	uint8_t out[256];
	struct wire_out w = wire_out(out, sizeof(out));
	struct attrs a = {.as_path = {two, n}, .as4_path = {four.at, (uint16_t)four.n}};

	a.present = ATTR_BIT(ATTR_AS_PATH) | (four.n ? ATTR_BIT(ATTR_AS4_PATH) : 0);
	as_path_merge(&w, &a);
	assert_text((struct as_path){out, wire_written(&w), true}, want);
}

static void
as4_path_replaces_the_tail_of_as_path(void **state)
{
	/* 10 20 AS_TRANS */
	static const uint8_t two[] = {2, 3, 0, 10, 0, 20, 0x5b, 0xa0};
	static const uint8_t with_set[] = {2, 1, 0, 10, 1, 2, 0, 1, 0, 2, 2, 1, 0x5b, 0xa0};
	static const uint32_t same[] = {2, 3, 10, 20, 70000, 0}, tail[] = {2, 1, 70000, 0},
	                      longer[] = {2, 4, 1, 2, 3, 4, 0},
	                      confed[] = {3, 1, 5, 2, 1, 70000, 0};
	uint8_t buf[64];

	(void)state;
	assert_merged((struct as_path){0}, two, sizeof(two), "10 20 23456");
	assert_merged(path(buf, same), two, sizeof(two), "10 20 70000");
	assert_merged(path(buf, tail), two, sizeof(two), "10 20 70000");
	assert_merged(path(buf, longer), two, sizeof(two), "10 20 23456");
	assert_merged(path(buf, confed), two, sizeof(two), "10 20 70000");
	assert_merged(path(buf, tail), with_set, sizeof(with_set), "10 {1 2} 70000");
}

static void
faults_of_structure_come_before_others(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t n;
		enum as_path_fault want;
	} rows[] = {
	    {{3, 1, 0, 0, 0, 0, 2, 1}, 8, AS_PATH_TRUNCATED},
	    {{3, 1, 0, 0, 0, 9}, 6, AS_PATH_CONFED},
	    {{2, 1, 0, 0, 0, 0}, 6, AS_PATH_AS_ZERO},
	    {{2, 0}, 2, AS_PATH_EMPTY_SEGMENT},
	    {{9, 1, 0, 0, 0, 1}, 6, AS_PATH_BAD_TYPE},
	    {{2}, 1, AS_PATH_TRUNCATED},
	    {{0}, 0, AS_PATH_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(
		    as_path_check((struct as_path){rows[i].bytes, rows[i].n, true}, false),
		    rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_can_be_read),
	    cmocka_unit_test(a_set_is_one_hop_and_confederations_are_none),
	    cmocka_unit_test(first_and_origin_are_known_for_sequences_only),
	    cmocka_unit_test(prepending_extends_the_first_sequence_or_begins_one),
	    cmocka_unit_test(a_path_that_does_not_fit_its_text_ends_in_dots),
	    cmocka_unit_test(as4_path_replaces_the_tail_of_as_path),
	    cmocka_unit_test(faults_of_structure_come_before_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
