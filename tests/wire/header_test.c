/* SPDX-License-Identifier: Apache-2.0 */
/* Message headers: RFC 4271 section 6.1, RFC 8654. */
#include "wire_test.h"

#define MARKER "ffffffffffffffffffffffffffffffff"

static enum bgp_frame
frame(const char *text, bool extended, size_t *size, struct notification *why)
{
	uint8_t bytes[64], type;
	size_t n = hex(bytes, text);

	return bgp_frame(bytes, n, extended, size, &type, why);
}

static void
a_header_that_is_not_complete_waits_for_more(void **state)
{
	struct notification why;
	size_t size;

	(void)state;
	assert_int_equal(frame("", false, &size, &why), BGP_FRAME_MORE);
	assert_int_equal(size, 19);
	assert_int_equal(frame(MARKER "0013", false, &size, &why), BGP_FRAME_MORE);
	assert_int_equal(frame(MARKER "001702"
	                              "0000",
	                     false, &size, &why),
	    BGP_FRAME_MORE);
	assert_int_equal(size, 23);
}

static void
a_keepalive_is_one_message(void **state)
{
	uint8_t bytes[19], type;
	struct notification why;
	size_t size;

	(void)state;
	assert_int_equal(keepalive_encode(bytes), 19);
	assert_bytes(bytes, 19, MARKER "001304");
	assert_int_equal(bgp_frame(bytes, 19, false, &size, &type, &why), BGP_FRAME_OK);
	assert_int_equal(type, BGP_KEEPALIVE);
	assert_int_equal(size, 19);
}

static void
a_wrong_marker_is_connection_not_synchronized(void **state)
{
	struct notification why;
	size_t size;

	(void)state;
	assert_int_equal(frame("ffffffffffffffffffffffffffffff00"
	                       "001304",
	                     false, &size, &why),
	    BGP_FRAME_BAD);
	assert_notification(&why, 1, 1, "");
	assert_int_equal(frame("00000000000000000000000000000000"
	                       "000000",
	                     false, &size, &why),
	    BGP_FRAME_BAD);
	assert_notification(&why, 1, 1, "");
}

static void
a_length_that_the_type_cannot_have_is_bad_message_length(void **state)
{
	static const struct {
		const char *length_and_type, *data;
		bool extended, ok;
	} rows[] = {
	    {"0012 04", "0012", false, false},
	    {"0000 02", "0000", false, false},
	    {"0012 09", "0012", false, false}, /* before the type is judged */
	    {"1001 02", "1001", false, false}, /* 4097 */
	    {"1000 02", "", false, true},      /* 4096 */
	    {"1001 02", "", true, true},
	    {"ffff 02", "", true, true},
	    {"ffff 05", "", true, true},
	    {"ffff 03", "", true, true},
	    {"1001 01", "1001", true, false},  /* RFC 8654: never an OPEN */
	    {"0014 04", "0014", false, false}, /* a KEEPALIVE has 19 octets */
	    {"1001 04", "1001", true, false},
	    {"001c 01", "001c", false, false},
	    {"001d 01", "", false, true},
	    {"0016 02", "0016", false, false},
	    {"0017 02", "", false, true},
	    {"0014 03", "0014", false, false},
	    {"0015 03", "", false, true},
	    {"0013 05", "", false, true}, /* refresh_decode() judges it */
	    {"ffff 02", "ffff", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct notification why;
		char text[64];
		size_t size;

		snprintf(text, sizeof(text), MARKER "%s", rows[i].length_and_type);
		if (rows[i].ok) {
			assert_int_not_equal(
			    frame(text, rows[i].extended, &size, &why), BGP_FRAME_BAD);
			continue;
		}
		assert_int_equal(frame(text, rows[i].extended, &size, &why), BGP_FRAME_BAD);
		assert_notification(&why, 1, 2, rows[i].data);
	}
}

static void
an_unknown_type_is_bad_message_type_with_the_type_as_data(void **state)
{
	static const char *const types[] = {"00", "06", "80", "ff"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		struct notification why;
		char text[64];
		size_t size;

		snprintf(text, sizeof(text), MARKER "0013 %s", types[i]);
		assert_int_equal(frame(text, false, &size, &why), BGP_FRAME_BAD);
		assert_notification(&why, 1, 3, types[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_that_is_not_complete_waits_for_more),
	    cmocka_unit_test(a_keepalive_is_one_message),
	    cmocka_unit_test(a_wrong_marker_is_connection_not_synchronized),
	    cmocka_unit_test(a_length_that_the_type_cannot_have_is_bad_message_length),
	    cmocka_unit_test(an_unknown_type_is_bad_message_type_with_the_type_as_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
