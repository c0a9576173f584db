/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"
#include "feed/filter.h"

#include <stdlib.h>

static const struct filter_rule inner[] = {
    {17, FILTER_DROP, NULL}, {12, FILTER_KEYS, NULL}, {0, FILTER_DROP, NULL}};
static const struct filter_rule outer[] = {
    {1, FILTER_INTO, inner}, {9, FILTER_DROP, NULL}, {0, FILTER_DROP, NULL}};
static const struct filter_keys all = {.prefixes = NULL};

/* What the filter makes of it; the output's room is exactly what the header promises. */
static bool
run(const struct bytes *in, const struct filter_keys *keys, struct bytes *out)
{
	uint8_t *room = must_alloc(in->n ? in->n : 1);
	bool ok = filter_apply(outer, keys, span(in), room, &out->n);

	if (ok) {
		assert_true(out->n <= in->n);
		memcpy(out->at, room, out->n);
	}
	free(room);
	return ok;
}

static void
a_field_of_a_rule_is_left_out_at_its_depth_only(void **state)
{
	struct bytes in = {.n = 0}, meta = {.n = 0}, kept = {.n = 0}, want = {.n = 0}, out;

	(void)state;
	put_text(&meta, 1, "web");
	put_text(&meta, 17, "managed fields");
	put_number(&meta, 99, 7);
	put_message(&in, 1, &meta);
	put_text(&in, 17, "not the metadata's");
	put_text(&in, 9, "gone");
	put_number(&in, 1000, 1u << 30);
	assert_true(run(&in, &all, &out));
	put_text(&kept, 1, "web");
	put_number(&kept, 99, 7);
	put_message(&want, 1, &kept);
	put_text(&want, 17, "not the metadata's");
	put_number(&want, 1000, 1u << 30);
	assert_int_equal(out.n, want.n);
	assert_memory_equal(out.at, want.at, want.n);
}

static void
a_message_without_such_fields_is_copied_to_the_byte(void **state)
{
	static const uint8_t other[] = {0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8};
	struct bytes in = {.n = 0}, meta = {.n = 0}, out;
	char big[300];

	(void)state;
	memset(big, 'x', sizeof(big));
	put_text(&meta, 1, "web");
	put_bytes(&meta, 2, big, sizeof(big));
	put_message(&in, 1, &meta);
	put_raw(&in, other, sizeof(other)); /* fields 1 and 2 as fixed32 and fixed64 */
	assert_true(run(&in, &all, &out));
	assert_int_equal(out.n, in.n);
	assert_memory_equal(out.at, in.at, in.n);
}

static void
a_message_that_shrinks_gets_a_shorter_length(void **state)
{
	struct bytes in = {.n = 0}, meta = {.n = 0}, out;
	char big[300];

	(void)state;
	memset(big, 'x', sizeof(big));
	put_bytes(&meta, 17, big, sizeof(big));
	put_text(&meta, 1, "w");
	put_message(&in, 1, &meta);
	assert_true(run(&in, &all, &out));
	assert_int_equal(out.n, 5);
	assert_memory_equal(out.at, "\x0a\x03\x0a\x01w", 5);
}

static void
annotations_stay_by_the_beginning_of_their_key(void **state)
{
	static const char *const prefixes[] = {"heliograph.io/"};
	const struct filter_keys keys = {.prefixes = prefixes, .n = 1};
	struct bytes in = {.n = 0}, meta = {.n = 0}, one = {.n = 0}, two = {.n = 0}, out;

	(void)state;
	put_text(&one, 1, "heliograph.io/weight");
	put_text(&one, 2, "3");
	put_text(&two, 1, "other.io/x");
	put_text(&two, 2, "y");
	put_message(&meta, 12, &one);
	put_message(&meta, 12, &two);
	put_message(&in, 1, &meta);
	assert_true(run(&in, &keys, &out));
	assert_int_equal(out.n, 2 + 2 + one.n);
	assert_memory_equal(out.at + 4, one.at, one.n);
	assert_true(run(&in, &all, &out));
	assert_int_equal(out.n, in.n);
}

static void
an_empty_message_stays_empty(void **state)
{
	struct bytes in = {.n = 0}, out;

	(void)state;
	assert_true(run(&in, &all, &out));
	assert_int_equal(out.n, 0);
}

static void
malformed_messages_are_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
	    {"\x0a", 1},             /* no length */
	    {"\x0a\x05web", 5},      /* longer than what is there */
	    {"\x0b\x0c", 2},         /* a group */
	    {"\x00\x01", 2},         /* field 0 */
	    {"\x0a\x02\x0a\x05", 4}, /* nested too long */
	    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11}, /* no varint */
	    {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}, /* a length of 2^64 - 1 */
	    {"\x15\x01\x02", 3},                                  /* half a fixed32 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct bytes in = {.n = 0}, out;

		put_raw(&in, bad[i].bytes, bad[i].n);
		assert_false(run(&in, &all, &out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_field_of_a_rule_is_left_out_at_its_depth_only),
	    cmocka_unit_test(a_message_without_such_fields_is_copied_to_the_byte),
	    cmocka_unit_test(a_message_that_shrinks_gets_a_shorter_length),
	    cmocka_unit_test(annotations_stay_by_the_beginning_of_their_key),
	    cmocka_unit_test(an_empty_message_stays_empty),
	    cmocka_unit_test(malformed_messages_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
