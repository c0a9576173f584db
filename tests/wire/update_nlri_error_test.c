/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Malformed NLRI, field lengths and multiprotocol attributes: RFC 7606 section 5, RFC 4760,
 * RFC 7911; all of them reset the session, because it is not known what to withdraw.
 */
#include "update_rows.h"

#define REST ORIGIN AS_PATH PREF

static void
an_attribute_error_without_announced_nlri_resets(void **state)
{
	static const struct row rows[] = {
	    {"bad ORIGIN, nothing announced", "", "40010103" AS_PATH, "", ATTR_RESET, 6,
	        "40010103"},
	    {"bad ORIGIN among withdrawals", "08 0a", "40010103", "", ATTR_RESET, 6,
	        "40010103"},
	    {"wrong flags among MP withdrawals", "", "800f05 0002 01 08 20 c0010100", "",
	        ATTR_RESET, 4, "c0010100"},
	    {"an octet left over among withdrawals", "08 0a", "c0", "", ATTR_RESET, 1, ""},
	    {"an octet behind MP_UNREACH_NLRI", "", "800f05 0002 01 08 20 c0", "", ATTR_RESET,
	        1, ""},
	    {"an empty MP_REACH_NLRI announces nothing", "",
	        "800e15 0002 01 10 " SIX "00"
	        "40010103" AS_PATH PREF,
	        "", ATTR_RESET, 6, "40010103"},
	    {"an error that is only a discard stays one", "08 0a", "400601 00", "",
	        ATTR_DISCARD, 5, "400601 00"},
	    {"MP_REACH_NLRI announces", "", MP_REACH "40010103" AS_PATH PREF, "", ATTR_WITHDRAW,
	        6, "40010103"},
	    {"another family's MP_REACH_NLRI announces too", "",
	        "800e06 4004 47 01 aa 00 40010103", "", ATTR_RESET, 6, "40010103"},
	    {"the same with NLRI", "", "800e07 4004 47 01 aa 00 00 40010103", "", ATTR_WITHDRAW,
	        6, "40010103"},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
nlri_that_cannot_be_read_reset(void **state)
{
	static const struct row rows[] = {
	    {"33 bits", "", GOOD, "21 0a00000000", ATTR_RESET, 10, ""},
	    {"255 bits", "", GOOD, "ff 0a00000000", ATTR_RESET, 10, ""},
	    {"cut", "", GOOD, "18 0a00", ATTR_RESET, 10, ""},
	    {"cut after a good one", "", GOOD, "08 0a 20 0a0000", ATTR_RESET, 10, ""},
	    {"length alone", "", GOOD, "08", ATTR_RESET, 10, ""},
	    {"withdrawn 33 bits", "21 0a00000000", "", "", ATTR_RESET, 10, ""},
	    {"withdrawn cut", "18 0a00", "", "", ATTR_RESET, 10, ""},
	    {"withdrawn and treat-as-withdraw", "18 0a00", AS_PATH NEXT_HOP PREF, NLRI,
	        ATTR_RESET, 10, ""},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
nlri_with_path_identifiers_need_four_octets_more(void **state)
{
	static const struct row rows[] = {
	    {"well", "", GOOD, "00000001 08 0a", ATTR_OK, 0, ""},
	    {"identifier 0", "", GOOD, "00000000 00", ATTR_OK, 0, ""},
	    {"only an identifier", "", GOOD, "00000001", ATTR_RESET, 10, ""},
	    {"half an identifier", "", GOOD, "0000", ATTR_RESET, 10, ""},
	    {"cut prefix", "", GOOD, "00000001 18 0a00", ATTR_RESET, 10, ""},
	    {"33 bits", "", GOOD, "00000001 21 0a00000000", ATTR_RESET, 10, ""},
	    {"written without identifiers", "", GOOD, "18 0a0000", ATTR_RESET, 10, ""},
	    {"withdrawn without identifiers", "18 0a0000", "", "", ATTR_RESET, 10, ""},
	    {"MP without identifiers", "", "800f05 0002 01 08 20", "", ATTR_RESET, 9,
	        "800f05 0002 01 08 20"},
	    {"MP well", "", "800f09 0002 01 00000007 08 20", "", ATTR_OK, 0, ""},
	};
	struct update_context ctx = context(false);

	(void)state;
	ctx.add_path[0] = ctx.add_path[1] = true;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
multiprotocol_attributes_that_cannot_be_read_reset(void **state)
{
	static const struct row rows[] = {
	    {"reach empty", "", "800e00" REST, "", ATTR_RESET, 9, "800e00"},
	    {"reach of 4", "", "800e04 0002 01 00" REST, "", ATTR_RESET, 9,
	        "800e04 0002 01 00"},
	    {"next hop of 0", "", "800e05 0002 01 00 00" REST, "", ATTR_RESET, 9,
	        "800e05 0002 01 00 00"},
	    {"next hop of 4 for IPv6", "", "800e0b 0002 01 04 0a000001 00 08 20" REST, "",
	        ATTR_RESET, 9, "800e0b 0002 01 04 0a000001 00 08 20"},
	    {"next hop of 15", "",
	        "800e16 0002 01 0f 20010db80000000000000000000000 00 08 20" REST, "",
	        ATTR_RESET, 9, "800e16 0002 01 0f 20010db80000000000000000000000 00 08 20"},
	    {"next hop of 255", "", "800e07 0002 01 ff 000000" REST, "", ATTR_RESET, 9,
	        "800e07 0002 01 ff 000000"},
	    {"next hop up to the end, no reserved octet", "", "800e14 0002 01 10 " SIX REST, "",
	        ATTR_RESET, 9, "800e14 0002 01 10 " SIX},
	    {"IPv6 next hop for IPv4 not negotiated", "",
	        "800e17 0001 01 10 " SIX "00 08 0a" REST, "", ATTR_RESET, 9,
	        "800e17 0001 01 10 " SIX "00 08 0a"},
	    {"129 bits", "", "800e27 0002 01 10 " SIX "00 81 " SIX "00" REST, "", ATTR_RESET, 9,
	        "800e27 0002 01 10 " SIX "00 81 " SIX "00"},
	    {"33 bits of IPv4", "", "800e0f 0001 01 04 0a000001 00 21 0a00000000" REST, "",
	        ATTR_RESET, 9, "800e0f 0001 01 04 0a000001 00 21 0a00000000"},
	    {"cut prefix", "", "800e17 0002 01 10 " SIX "00 10 20" REST, "", ATTR_RESET, 9,
	        "800e17 0002 01 10 " SIX "00 10 20"},
	    {"another family's next hop too long", "", "800e06 4004 47 09 aa 00", "",
	        ATTR_RESET, 9, "800e06 4004 47 09 aa 00"},
	    {"unreach empty", "", "800f00", "", ATTR_RESET, 9, "800f00"},
	    {"unreach of 2", "", "800f02 0002", "", ATTR_RESET, 9, "800f02 0002"},
	    {"unreach cut", "", "800f05 0002 01 10 20", "", ATTR_RESET, 9,
	        "800f05 0002 01 10 20"},
	    {"unreach 129 bits", "", "800f15 0002 01 81 " SIX "00", "", ATTR_RESET, 9,
	        "800f15 0002 01 81 " SIX "00"},
	    /* and those that are fine */
	    {"next hop of 32", "",
	        "800e27 0002 01 20 " SIX "fe800000000000000000000000000001 00 08 20" REST, "",
	        ATTR_OK, 0, ""},
	    {"IPv4 with an IPv4 next hop", "", "800e0b 0001 01 04 0a000001 00 08 0a" REST, "",
	        ATTR_OK, 0, ""},
	    {"reserved octet set", "", "800e17 0002 01 10 " SIX "ff 08 20" REST, "", ATTR_OK, 0,
	        ""},
	    {"next hop :: is no host", "",
	        "800e17 0002 01 10 00000000000000000000000000000000 00 08 20" REST, "",
	        ATTR_WITHDRAW, 9,
	        "800e17 0002 01 10 00000000000000000000000000000000 00 08 20"},
	    {"next hop ff02::1 is no host", "",
	        "800e17 0002 01 10 ff020000000000000000000000000001 00 08 20" REST, "",
	        ATTR_WITHDRAW, 9,
	        "800e17 0002 01 10 ff020000000000000000000000000001 00 08 20"},
	    {"link-local next hop alone", "",
	        "800e17 0002 01 10 fe800000000000000000000000000001 00 08 20" REST, "", ATTR_OK,
	        0, ""},
	};
	struct update_context ctx = context(false);
	const struct row extended = {"negotiated: IPv6 next hop for IPv4", "",
	    "800e17 0001 01 10 " SIX "00 08 0a" REST, "", ATTR_OK, 0, ""};

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
	ctx.ext_nexthop = true;
	judge(&extended, &ctx);
}

static void
field_lengths_beyond_the_message_reset(void **state)
{
	static const char *const bodies[] = {
	    "0001 0000", /* withdrawn: where is the attributes' length? */
	    "ffff 0000",
	    "0000 0001",
	    "0000 ffff 40010100",
	    "0002 080a 0005 40010100",
	    "0003 080a 0000",
	};
	struct update_context ctx = context(false);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		uint8_t bytes[64];
		struct update u;

		update_decode(bytes, message(bytes, BGP_UPDATE, bodies[i]), &ctx, &u);
		assert_int_equal(u.verdict, ATTR_RESET);
		assert_notification(&u.error, NOTIFY_UPDATE, NOTIFY_UPDATE_ATTRIBUTE_LIST, "");
	}
}

static void
an_update_shorter_than_its_fixed_part_has_a_bad_length(void **state)
{
	struct update_context ctx = context(false);
	uint8_t bytes[64];
	struct update u;

	(void)state;
	update_decode(bytes, message(bytes, BGP_UPDATE, "000000"), &ctx, &u);
	assert_int_equal(u.verdict, ATTR_RESET);
	assert_notification(&u.error, NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, "0016");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_attribute_error_without_announced_nlri_resets),
	    cmocka_unit_test(nlri_that_cannot_be_read_reset),
	    cmocka_unit_test(nlri_with_path_identifiers_need_four_octets_more),
	    cmocka_unit_test(multiprotocol_attributes_that_cannot_be_read_reset),
	    cmocka_unit_test(field_lengths_beyond_the_message_reset),
	    cmocka_unit_test(an_update_shorter_than_its_fixed_part_has_a_bad_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
