/* SPDX-License-Identifier: Apache-2.0 */
/* The streaming JSON writer, text for text. */
#include "core/json_out.h"
#include "core/must.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[1 << 16];
static size_t len, pieces;

static void
collect(void *ctx, const char *at, size_t n)
{
	assert_ptr_equal(ctx, text);
	assert_in_range(n, 1, JSON_OUT_BUFFER);
	assert_true(len + n < sizeof(text));
	memcpy(text + len, at, n);
	len += n;
	text[len] = '\0';
	pieces++;
}

static struct json_out *
begin(void)
{
	static struct json_out j;

	len = pieces = 0;
	text[0] = '\0';
	json_out_init(&j, collect, text);
	return &j;
}

static void
nesting_and_commas_are_right_at_every_depth(void **state)
{
	struct json_out *j = begin();

	(void)state;
	json_begin_object(j, NULL);
	json_u64(j, "a", 1);
	json_begin_array(j, "list");
	json_end(j);
	json_begin_array(j, "more");
	json_begin_object(j, NULL);
	json_end(j);
	json_i64(j, NULL, -2);
	json_begin_array(j, NULL);
	json_str(j, NULL, "x");
	json_str(j, NULL, "y");
	json_end(j);
	json_end(j);
	json_bool(j, "last", false);
	json_end(j);
	json_out_flush(j);
	assert_string_equal(
	    text, "{\"a\":1,\"list\":[],\"more\":[{},-2,[\"x\",\"y\"]],\"last\":false}");
}

static void
every_kind_of_value_has_its_form(void **state)
{
	struct json_out *j = begin();
	struct ip_prefix p;
	struct ip_addr a;

	(void)state;
	assert_true(ip_parse("2001:db8::1", &a));
	assert_true(ip_prefix_parse("10.96.0.0/12", &p));
	json_begin_array(j, NULL);
	json_u64(j, NULL, UINT64_MAX);
	json_i64(j, NULL, INT64_MIN);
	json_f64(j, NULL, 0.5);
	json_f64(j, NULL, 1e300);
	json_f64(j, NULL, NAN);
	json_f64(j, NULL, INFINITY);
	json_bool(j, NULL, true);
	json_put_null(j, NULL);
	json_str(j, NULL, NULL);
	json_strn(j, NULL, "abcdef", 3);
	json_strn(j, NULL, "", 0);
	json_ip(j, NULL, &a);
	json_prefix(j, NULL, &p);
	json_end(j);
	json_out_flush(j);
	assert_string_equal(text,
	    "[18446744073709551615,-9223372036854775808,0.5,1e+300,null,null,true,null,null,"
	    "\"abc\",\"\",\"2001:db8::1\",\"10.96.0.0/12\"]");
}

static void
what_json_cannot_hold_is_escaped_in_values_and_keys(void **state)
{
	struct json_out *j = begin();

	(void)state;
	json_begin_object(j, NULL);
	json_str(j, "k\"\\", "\"\\/\b\n\x1f\x7f");
	json_strn(j, "nul", "a\0b", 3);
	json_str(j, "utf8", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	json_end(j);
	json_out_flush(j);
	assert_string_equal(text, "{\"k\\\"\\\\\":\"\\\"\\\\/\\u0008\\u000a\\u001f\\u007f\","
	                          "\"nul\":\"a\\u0000b\","
	                          "\"utf8\":\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"}");
}

static void
bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
	struct json_out *j = begin();

	(void)state;
	json_begin_array(j, NULL);
	json_str(j, NULL, "a\xff");
	json_str(j, NULL, "\xc0\x80");
	json_strn(j, NULL, "\xe2\x82\xac", 2); /* cut: the byte behind is not looked at */
	json_end(j);
	json_out_flush(j);
	assert_string_equal(text, "[\"a\xef\xbf\xbd\",\"\xef\xbf\xbd\xef\xbf\xbd\","
	                          "\"\xef\xbf\xbd\xef\xbf\xbd\"]");
}

/* Text of every length around the buffer's size comes out whole, in pieces of at most that size. */
static void
a_border_of_the_buffer_may_fall_anywhere(void **state)
{
	static char v[JSON_OUT_BUFFER + 64];

	(void)state;
	memset(v, 'x', sizeof(v));
	for (size_t n = JSON_OUT_BUFFER - 16; n < JSON_OUT_BUFFER + 16; n++) {
		struct json_out *j = begin();

		json_begin_array(j, NULL);
		json_strn(j, NULL, v, n);
		json_str(j, NULL, "\n\xe2\x82\xac");
		json_end(j);
		json_out_flush(j);
		json_out_flush(j); /* nothing is left */
		assert_int_equal(len, 1 + n + 2 + 1 + 11 + 1);
		assert_int_equal(pieces, (len + JSON_OUT_BUFFER - 1) / JSON_OUT_BUFFER);
		assert_string_equal(text + len - 13, ",\"\\u000a\xe2\x82\xac\"]");
		assert_memory_equal(text, "[\"xxx", 5);
	}
}

static void
much_text_needs_no_more_than_one_buffer(void **state)
{
	struct json_out *j = begin();

	(void)state;
	json_begin_array(j, NULL);
	for (unsigned i = 0; i < 10000; i++)
		json_u64(j, NULL, i % 10);
	json_end(j);
	json_out_flush(j);
	assert_int_equal(len, 20001);
	assert_int_equal(pieces, 3);
}

static void
the_deepest_nesting_is_31(void **state)
{
	struct json_out *j = begin();

	(void)state;
	for (unsigned i = 1; i < JSON_OUT_DEPTH; i++)
		json_begin_array(j, NULL);
	for (unsigned i = 1; i < JSON_OUT_DEPTH; i++)
		json_end(j);
	json_out_flush(j);
	assert_int_equal(len, 2 * (JSON_OUT_DEPTH - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nesting_and_commas_are_right_at_every_depth),
	    cmocka_unit_test(every_kind_of_value_has_its_form),
	    cmocka_unit_test(what_json_cannot_hold_is_escaped_in_values_and_keys),
	    cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
	    cmocka_unit_test(a_border_of_the_buffer_may_fall_anywhere),
	    cmocka_unit_test(much_text_needs_no_more_than_one_buffer),
	    cmocka_unit_test(the_deepest_nesting_is_31),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
