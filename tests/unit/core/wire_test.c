/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded cursors: what is read or written past an end fails, once and for good. */
#include "core/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t seven[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07};

static void
numbers_are_big_endian(void **state)
{
	struct wire_in w = wire_in(seven, sizeof(seven));

	(void)state;
	assert_int_equal(wire_u8(&w), 0x01);
	assert_int_equal(wire_u16(&w), 0x0203);
	assert_int_equal(wire_u32(&w), 0x04050607);
	assert_true(wire_done(&w));
}

static void
a_read_past_the_end_gives_zero_and_the_error_stays(void **state)
{
	struct wire_in w = wire_in(seven, 3);

	(void)state;
	assert_int_equal(wire_u32(&w), 0);
	assert_false(wire_ok(&w));
	/* The three bytes that are there are not handed out any more. */
	assert_int_equal(wire_left(&w), 0);
	assert_int_equal(wire_u8(&w), 0);
	assert_null(wire_take(&w, 0));
	assert_false(wire_ok(&w));
	assert_false(wire_done(&w));
}

static void
what_is_left_over_is_not_done(void **state)
{
	struct wire_in w = wire_in(seven, 2);

	(void)state;
	wire_u8(&w);
	assert_true(wire_ok(&w));
	assert_false(wire_done(&w));
	assert_int_equal(wire_left(&w), 1);
}

static void
nothing_can_be_read_from_nothing(void **state)
{
	struct wire_in w = wire_in(seven, 0), child = wire_child(&w, 0);

	(void)state;
	assert_true(wire_done(&w));
	assert_true(wire_done(&child));
	assert_ptr_equal(wire_take(&w, 0), seven);
	wire_u8(&child);
	assert_false(wire_ok(&child));
	assert_true(wire_done(&w));
}

static void
a_child_ends_where_its_length_says_and_the_parent_goes_on_behind_it(void **state)
{
	struct wire_in w = wire_in(seven, sizeof(seven)), child = wire_child(&w, 3);

	(void)state;
	assert_int_equal(wire_u16(&child), 0x0102);
	assert_int_equal(wire_u16(&child), 0); /* one byte is left in it, six in the parent */
	assert_false(wire_ok(&child));
	assert_true(wire_ok(&w));
	assert_int_equal(wire_u8(&w), 0x04);
}

static void
a_child_longer_than_its_parent_fails_both(void **state)
{
	struct wire_in w = wire_in(seven, sizeof(seven)), child = wire_child(&w, 8);

	(void)state;
	assert_false(wire_ok(&w));
	assert_false(wire_ok(&child));
	assert_int_equal(wire_left(&child), 0);
	assert_int_equal(wire_u8(&child), 0);
	child = wire_child(&w, SIZE_MAX);
	assert_false(wire_ok(&child));
}

static void
what_is_written_is_read_back(void **state)
{
	uint8_t buf[9];
	struct wire_out out = wire_out(buf, sizeof(buf));
	struct wire_in in = wire_in(buf, sizeof(buf));

	(void)state;
	wire_put_u8(&out, 0xfe);
	wire_put_u16(&out, 0x8001);
	wire_put_u32(&out, 0xdeadbeef);
	wire_put(&out, "ab", 2);
	assert_false(out.failed);
	assert_int_equal(wire_written(&out), 9);
	assert_int_equal(wire_room(&out), 0);
	assert_int_equal(wire_u8(&in), 0xfe);
	assert_int_equal(wire_u16(&in), 0x8001);
	assert_int_equal(wire_u32(&in), 0xdeadbeef);
	assert_memory_equal(wire_take(&in, 2), "ab", 2);
}

static void
a_writer_without_room_writes_nothing_more(void **state)
{
	uint8_t buf[4] = {9, 9, 9, 9};
	struct wire_out out = wire_out(buf, 3);

	(void)state;
	wire_put_u16(&out, 0x0102);
	wire_put_u16(&out, 0x0304);
	assert_true(out.failed);
	wire_put_u8(&out, 5); /* would fit, but something is missing before it */
	wire_put(&out, NULL, 0);
	assert_null(wire_reserve(&out, 1));
	assert_int_equal(wire_written(&out), 2);
	assert_memory_equal(buf, "\x01\x02\x09\x09", 4);
}

static void
nothing_may_be_put_where_there_is_no_room(void **state)
{
	uint8_t buf[1];
	struct wire_out out = wire_out(buf, 0);

	(void)state;
	wire_put(&out, NULL, 0);
	assert_false(out.failed);
	wire_put_u32(&out, 1);
	assert_true(out.failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_are_big_endian),
	    cmocka_unit_test(a_read_past_the_end_gives_zero_and_the_error_stays),
	    cmocka_unit_test(what_is_left_over_is_not_done),
	    cmocka_unit_test(nothing_can_be_read_from_nothing),
	    cmocka_unit_test(
	        a_child_ends_where_its_length_says_and_the_parent_goes_on_behind_it),
	    cmocka_unit_test(a_child_longer_than_its_parent_fails_both),
	    cmocka_unit_test(what_is_written_is_read_back),
	    cmocka_unit_test(a_writer_without_room_writes_nothing_more),
	    cmocka_unit_test(nothing_may_be_put_where_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
