/* SPDX-License-Identifier: Apache-2.0 */
/* ROUTE-REFRESH: RFC 2918, RFC 7313. */
#include "bgp/refresh.h"
#include "wire_test.h"

static uint8_t bytes[64];

static bool
decode(const char *body, bool enhanced, struct refresh *r, struct notification *why)
{
	return refresh_decode(bytes, message(bytes, BGP_ROUTE_REFRESH, body), enhanced, r, why);
}

static void
a_refresh_survives_the_wire(void **state)
{
	struct notification why;
	struct refresh r;

	(void)state;
	assert_int_equal(refresh_encode(bytes, IP_V6, REFRESH_END), 23);
	assert_bytes(bytes, 23, "ffffffffffffffffffffffffffffffff 0017 05 0002 02 01");
	assert_true(refresh_decode(bytes, 23, true, &r, &why));
	assert_int_equal(r.family, IP_V6);
	assert_int_equal(r.subtype, REFRESH_END);
}

static void
without_enhanced_refresh_every_message_is_a_request(void **state)
{
	struct notification why;
	struct refresh r;

	(void)state;
	assert_true(decode("0001 01 01", false, &r, &why));
	assert_int_equal(r.subtype, REFRESH_REQUEST);
	assert_true(decode("0001 02 01 ff", false, &r, &why));
}

static void
a_marker_of_wrong_length_is_answered_with_the_whole_message(void **state)
{
	static const char *const bodies[] = {
	    "0001 01", "0001 02", "0001 01 01 00", "0001 02 01 0102030405"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		struct notification why;
		struct refresh r;

		assert_false(decode(bodies[i], true, &r, &why));
		assert_int_equal(why.code, NOTIFY_REFRESH);
		assert_int_equal(why.subcode, NOTIFY_REFRESH_LENGTH);
		assert_ptr_equal(why.data, bytes);
		assert_int_equal(why.data_len, bytes[17]);
	}
}

static void
a_refresh_too_short_to_name_a_family_has_a_bad_length(void **state)
{
	struct notification why;
	struct refresh r;

	(void)state;
	assert_false(decode("", true, &r, &why));
	assert_notification(&why, 1, 2, "0013");
	assert_false(decode("0001 00", true, &r, &why));
	assert_notification(&why, 1, 2, "0016");
	assert_false(decode("0001 01", false, &r, &why));
	assert_notification(&why, 1, 2, "0016");
}

static void
unknown_families_and_subtypes_are_left_to_be_ignored(void **state)
{
	struct notification why;
	struct refresh r;

	(void)state;
	assert_true(decode("0001 00 80", true, &r, &why));
	assert_int_equal(r.family, IP_NONE);
	assert_true(decode("4004 00 47", true, &r, &why));
	assert_int_equal(r.family, IP_NONE);
	assert_true(decode("0001 07 01 0000", true, &r, &why));
	assert_int_equal(r.subtype, 7);
}

static void
filters_behind_a_request_are_not_an_error(void **state)
{
	struct notification why;
	struct refresh r;

	(void)state;
	assert_true(decode("0001 00 01 01 40 0003 000000", true, &r, &why));
	assert_int_equal(r.family, IP_V4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refresh_survives_the_wire),
	    cmocka_unit_test(without_enhanced_refresh_every_message_is_a_request),
	    cmocka_unit_test(a_marker_of_wrong_length_is_answered_with_the_whole_message),
	    cmocka_unit_test(a_refresh_too_short_to_name_a_family_has_a_bad_length),
	    cmocka_unit_test(unknown_families_and_subtypes_are_left_to_be_ignored),
	    cmocka_unit_test(filters_behind_a_request_are_not_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
