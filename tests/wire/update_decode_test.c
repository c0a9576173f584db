/* SPDX-License-Identifier: Apache-2.0 */
/* UPDATEs that we read: what good ones mean; End-of-RIB and its look-alikes; loops and leaks. */
#include "wire_test.h"

#define MARKER "ffffffffffffffffffffffffffffffff"

static uint8_t bytes[BGP_MESSAGE_MAX_EXTENDED];
static struct update u;

#define GOOD "40010100 400200 4003040a000002 40050400000064 "

static void
decode(size_t n, bool ebgp, bool add_path)
{
	struct update_context ctx = context(ebgp);

	ctx.add_path[0] = ctx.add_path[1] = add_path;
	update_decode(bytes, n, &ctx, &u);
}

static void
assert_next(struct nlri_in *in, const char *text, uint32_t id)
{
	char buf[IP_TEXT_MAX];
	struct nlri n;

	assert_true(nlri_next(in, &n));
	assert_string_equal(ip_prefix_text(&n.prefix, buf), text);
	assert_int_equal(n.path_id, id);
}

static void
assert_end(struct nlri_in *in)
{
	struct nlri n;

	assert_false(nlri_next(in, &n));
	assert_true(nlri_ok(in));
}

static void
an_end_of_rib_is_exact_for_both_families(void **state)
{
	size_t n = update_end_of_rib_encode(bytes, IP_V4);

	(void)state;
	assert_bytes(bytes, n, MARKER "0017 02 0000 0000");
	decode(n, false, true);
	assert_int_equal(u.end_of_rib, IP_V4);
	n = update_end_of_rib_encode(bytes, IP_V6);
	assert_bytes(bytes, n, MARKER "001d 02 0000 0006 800f03 0002 01");
	decode(n, false, true);
	assert_int_equal(u.end_of_rib, IP_V6);
	assert_int_equal(u.verdict, ATTR_OK);
}

static void
an_end_of_rib_may_be_written_in_other_ways(void **state)
{
	(void)state;
	decode(update_message(bytes, "", "900f0003 0002 01", ""), false, false);
	assert_int_equal(u.end_of_rib, IP_V6);
	decode(update_message(bytes, "", "800f03 0001 01", ""), false, false);
	assert_int_equal(u.end_of_rib, IP_V4);
}

static void
what_only_looks_like_an_end_of_rib_is_none(void **state)
{
	static const struct {
		const char *withdrawn, *attrs, *nlri;
	} rows[] = {
	    {"08 0a", "", ""},    /* a withdrawal */
	    {"", "40010100", ""}, /* attributes alone */
	    {"", "40010100 400200 4003040a000002", ""},
	    {"", "800f04 0002 01 00", ""}, /* ::/0 withdrawn */
	    {"", "800f05 0001 01 08 0a", ""},
	    {"", "800f03 0002 01 40010100", ""}, /* more than the marker */
	    {"", "40010100 800f03 0002 01", ""},
	    {"08 0a", "800f03 0002 01", ""},
	    {"", "800f03 0002 01 c0c800", ""}, /* even if unknown */
	    {"", "800e15 0002 01 10 20010db8000000000000000000000002 00",
	        ""},                    /* an empty reach */
	    {"", "800f03 0002 02", ""}, /* not our family */
	    {"", "800f03 4004 47", ""},
	    {"", "800f03 0002 01 00", ""}, /* an octet left over */
	    {"", "800f03 0002 01 800f03 0002 01", ""},
	    {"", "400f03 0002 01", ""}, /* wrong flags */
	    {"", "800f02 0002", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		decode(update_message(bytes, rows[i].withdrawn, rows[i].attrs, rows[i].nlri),
		    false, false);
		if (u.end_of_rib != IP_NONE)
			fail_msg("row %zu", i);
	}
}

static void
an_end_of_rib_of_a_family_not_negotiated_is_none(void **state)
{
	struct update_context ctx = context(false);

	(void)state;
	ctx.families[0] = false;
	update_decode(bytes, update_end_of_rib_encode(bytes, IP_V4), &ctx, &u);
	assert_int_equal(u.end_of_rib, IP_NONE);
	ctx.families[1] = false;
	update_decode(bytes, update_end_of_rib_encode(bytes, IP_V6), &ctx, &u);
	assert_int_equal(u.end_of_rib, IP_NONE);
	assert_int_equal(u.ignored_families, 1);
	assert_int_equal(u.verdict, ATTR_OK);
}

static void
routes_of_families_not_negotiated_are_ignored_and_counted(void **state)
{
	struct update_context ctx = context(false);
	size_t n = update_message(bytes, "08 0a",
	    "800e06 4004 47 01 aa 00 800f04 0001 80 00 40010100 400200 40050400000064",
	    "08 0b");

	(void)state;
	ctx.families[0] = false;
	update_decode(bytes, n, &ctx, &u);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_int_equal(u.ignored_families, 4);
	assert_int_equal(u.announced + u.withdrawals, 0);
	assert_int_equal(u.withdrawn.family, IP_NONE);
	assert_int_equal(u.mp_reach.family, IP_NONE);
}

static void
bits_behind_the_prefix_length_are_cleared(void **state)
{
	(void)state;
	decode(update_message(bytes, "09 0aff 00 20 0a000001 11 0affff", "", ""), false, false);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_next(&u.withdrawn, "10.128.0.0/9", 0);
	assert_next(&u.withdrawn, "0.0.0.0/0", 0);
	assert_next(&u.withdrawn, "10.0.0.1/32", 0);
	assert_next(&u.withdrawn, "10.255.128.0/17", 0);
	assert_end(&u.withdrawn);
}

static void
loops_are_reported_and_the_session_goes_on(void **state)
{
	(void)state;
	decode(update_message(bytes, "", GOOD, "08 0a"), false, false);
	assert_int_equal(u.flags, 0);
	decode(update_message(bytes, "", GOOD "8009040a000001", "08 0a"), false, false);
	assert_int_equal(u.flags, UPDATE_LOOP_ORIGINATOR);
	decode(update_message(bytes, "", GOOD "800a080a0000010a0000fe", "08 0a"), false, false);
	assert_int_equal(u.flags, UPDATE_LOOP_CLUSTER);
	decode(update_message(
	           bytes, "", "40010100 40020a 0202 0000fde9 0000fc00 4003040a000002", "08 0a"),
	    true, false);
	assert_int_equal(u.flags, UPDATE_LOOP_AS);
	assert_int_equal(u.verdict, ATTR_OK);
	decode(update_message(bytes, "",
	           "40010100 40020c 0201 0000fde9 0101 0000fc00 4003040a000002", "08 0a"),
	    true, false);
	assert_int_equal(u.flags, UPDATE_LOOP_AS);
}

static void
our_own_address_as_next_hop_is_reported(void **state)
{
	struct update_context ctx = context(false);

	(void)state;
	ctx.local_addr = ip_v4(0x0a000002);
	update_decode(bytes, update_message(bytes, "", GOOD, "08 0a"), &ctx, &u);
	assert_int_equal(u.flags, UPDATE_OWN_NEXT_HOP);
	assert_int_equal(u.verdict, ATTR_OK);
}

static void
only_to_customer_marks_leaks_by_our_role(void **state)
{
	static const struct {
		uint8_t role;
		const char *otc;
		bool leak;
	} rows[] = {
	    {BGP_ROLE_PROVIDER, "c023040000fde9", true},
	    {BGP_ROLE_RS, "c023040000fde9", true},
	    {BGP_ROLE_PEER, "c023040000fde9", false},
	    {BGP_ROLE_PEER, "c023040000fdea", true},
	    {BGP_ROLE_CUSTOMER, "c023040000fdea", false},
	    {BGP_ROLE_RS_CLIENT, "c023040000fdea", false},
	    {BGP_ROLE_UNSET, "c023040000fdea", false},
	    {BGP_ROLE_PROVIDER, "", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct update_context ctx = context(true);
		char attrs[128];

		ctx.local_role = rows[i].role;
		snprintf(attrs, sizeof(attrs),
		    "40010100 400206 0201 0000fde9 4003040a000002 %s", rows[i].otc);
		update_decode(bytes, update_message(bytes, "", attrs, "08 0a"), &ctx, &u);
		assert_int_equal(u.flags, rows[i].leak ? UPDATE_LEAK : 0);
		assert_int_equal(u.verdict, ATTR_OK);
	}
}

static void
unknown_transitive_attributes_are_kept_aside_others_are_not(void **state)
{
	(void)state;
	decode(update_message(bytes, "", GOOD "80c801aa c0c902bbcc e0ca00", "08 0a"), false,
	    false);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_int_equal(u.unknown, 3);
	assert_int_equal(u.attrs.unknown_count, 2);
	assert_int_equal(u.attrs.unknown[0].code, 0xc9);
	assert_int_equal(u.attrs.unknown[1].flags, 0xe0);
}

static void
attributes_may_come_in_any_order_and_with_a_long_length(void **state)
{
	(void)state;
	decode(update_message(
	           bytes, "", "5005000400000064 500300040a000002 50020000 5001000100", "08 0a"),
	    false, false);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_int_equal(u.attrs.local_pref, 100);
}

static void
an_aggregator_that_knew_no_as4_voids_the_as4_attributes(void **state)
{
	struct update_context ctx = context(true);

	(void)state;
	ctx.as4 = false;
	update_decode(bytes,
	    update_message(bytes, "",
	        "40010100 400206 0202 fde9 5ba0 4003040a000002 c00706 fde9 00000001"
	        "c01106 0201 fa56ea00 c01208 00011170 00000001",
	        "08 0a"),
	    &ctx, &u);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_int_equal(u.attrs.aggregator.as, 65001);
	assert_false(attrs_have(&u.attrs, ATTR_AS4_PATH));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_end_of_rib_is_exact_for_both_families),
	    cmocka_unit_test(an_end_of_rib_may_be_written_in_other_ways),
	    cmocka_unit_test(what_only_looks_like_an_end_of_rib_is_none),
	    cmocka_unit_test(an_end_of_rib_of_a_family_not_negotiated_is_none),
	    cmocka_unit_test(routes_of_families_not_negotiated_are_ignored_and_counted),
	    cmocka_unit_test(bits_behind_the_prefix_length_are_cleared),
	    cmocka_unit_test(loops_are_reported_and_the_session_goes_on),
	    cmocka_unit_test(our_own_address_as_next_hop_is_reported),
	    cmocka_unit_test(only_to_customer_marks_leaks_by_our_role),
	    cmocka_unit_test(unknown_transitive_attributes_are_kept_aside_others_are_not),
	    cmocka_unit_test(attributes_may_come_in_any_order_and_with_a_long_length),
	    cmocka_unit_test(an_aggregator_that_knew_no_as4_voids_the_as4_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
