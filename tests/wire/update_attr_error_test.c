/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Malformed path attributes: RFC 4271 section 6.3 as RFC 7606 sections 3, 4 and 7 revise it, and
 * the RFCs of the newer attributes, from internal, external and 2-octet peers.
 */
#include "update_rows.h"

/* Attribute text between the good ones and the NLRI, from an internal peer. */
#define WITH(attr) "", GOOD attr, NLRI

/* long because it is one table, a row per attribute and fault */
static void
attributes_of_wrong_length_or_value_have_the_verdict_of_their_rfc(void **state)
{
	static const struct row rows[] = {
	    {"all is well", "", GOOD, NLRI, ATTR_OK, 0, ""},
	    /* RFC 7606 7.1 */
	    {"ORIGIN 3", "", "40010103" AS_PATH NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 6,
	        "40010103"},
	    {"ORIGIN 255", "", "400101ff" AS_PATH NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 6,
	        "400101ff"},
	    {"ORIGIN empty", "", "400100" AS_PATH NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 5,
	        "400100"},
	    {"ORIGIN long", "", "4001020000" AS_PATH NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 5,
	        "4001020000"},
	    /* 7.2 */
	    {"segment type 0", "", ORIGIN "400206 0001 0000fde9" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"segment type 5", "", ORIGIN "400206 0501 0000fde9" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"segment overrun", "", ORIGIN "400206 0202 0000fde9" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"one octet left", "", ORIGIN "400207 0201 0000fde9 02" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"one octet alone", "", ORIGIN "400201 02" NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 11,
	        ""},
	    {"segment of length 0", "", ORIGIN "400208 0200 0201 0000fde9" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"segment of length 0 alone", "", ORIGIN "400202 0200" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"2-octet numbers", "", ORIGIN "400204 0201 fde9" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"confederation sequence", "", ORIGIN "400206 0301 0000fde9" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"confederation set", "", ORIGIN "40020c 0201 0000fde9 0401 00000001" NEXT_HOP PREF,
	        NLRI, ATTR_WITHDRAW, 11, ""},
	    {"AS 0, RFC 7607", "", ORIGIN "40020a 0202 0000fde9 00000000" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"AS 0 in a set", "", ORIGIN "400206 0101 00000000" NEXT_HOP PREF, NLRI,
	        ATTR_WITHDRAW, 11, ""},
	    {"empty path", "", ORIGIN "400200" NEXT_HOP PREF, NLRI, ATTR_OK, 0, ""},
	    /* 7.3 */
	    {"NEXT_HOP short", "", ORIGIN AS_PATH "400303 0a0000" PREF, NLRI, ATTR_WITHDRAW, 5,
	        "400303 0a0000"},
	    {"NEXT_HOP empty", "", ORIGIN AS_PATH "400300" PREF, NLRI, ATTR_WITHDRAW, 5,
	        "400300"},
	    {"NEXT_HOP of 16", "", ORIGIN AS_PATH "400310" SIX PREF, NLRI, ATTR_WITHDRAW, 5,
	        "400310" SIX},
	    {"NEXT_HOP 0.0.0.0", "", ORIGIN AS_PATH "400304 00000000" PREF, NLRI, ATTR_WITHDRAW,
	        8, "400304 00000000"},
	    {"NEXT_HOP 127.0.0.1", "", ORIGIN AS_PATH "400304 7f000001" PREF, NLRI,
	        ATTR_WITHDRAW, 8, "400304 7f000001"},
	    {"NEXT_HOP multicast", "", ORIGIN AS_PATH "400304 e0000001" PREF, NLRI,
	        ATTR_WITHDRAW, 8, "400304 e0000001"},
	    {"NEXT_HOP broadcast", "", ORIGIN AS_PATH "400304 ffffffff" PREF, NLRI,
	        ATTR_WITHDRAW, 8, "400304 ffffffff"},
	    {"NEXT_HOP 0.0.0.0 beside MP_REACH_NLRI alone", "",
	        MP_REACH ORIGIN AS_PATH "400304 00000000" PREF, "", ATTR_OK, 0, ""},
	    /* 7.4, 7.5 */
	    {"MED short", WITH("800403 000000"), ATTR_WITHDRAW, 5, "800403 000000"},
	    {"MED long", WITH("800405 0000000000"), ATTR_WITHDRAW, 5, "800405 0000000000"},
	    {"MED empty", WITH("800400"), ATTR_WITHDRAW, 5, "800400"},
	    {"LOCAL_PREF short", "", ORIGIN AS_PATH NEXT_HOP "400503 000000", NLRI,
	        ATTR_WITHDRAW, 5, "400503 000000"},
	    {"LOCAL_PREF empty", "", ORIGIN AS_PATH NEXT_HOP "400500", NLRI, ATTR_WITHDRAW, 5,
	        "400500"},
	    /* 7.6, 7.7 */
	    {"ATOMIC_AGGREGATE with a value", WITH("400601 00"), ATTR_DISCARD, 5, "400601 00"},
	    {"ATOMIC_AGGREGATE", WITH("400600"), ATTR_OK, 0, ""},
	    {"AGGREGATOR", WITH("c00708 0000fde9 0a000001"), ATTR_OK, 0, ""},
	    {"AGGREGATOR of 6", WITH("c00706 fde9 0a000001"), ATTR_DISCARD, 5,
	        "c00706 fde9 0a000001"},
	    {"AGGREGATOR of 7", WITH("c00707 00fde9 0a000001"), ATTR_DISCARD, 5,
	        "c00707 00fde9 0a000001"},
	    {"AGGREGATOR empty", WITH("c00700"), ATTR_DISCARD, 5, "c00700"},
	    {"AGGREGATOR with AS 0", WITH("c00708 00000000 0a000001"), ATTR_DISCARD, 9,
	        "c00708 00000000 0a000001"},
	    /* 7.8, 7.14, 7.15, RFC 8092 */
	    {"COMMUNITIES", WITH("c00808 fde90001 fde90002"), ATTR_OK, 0, ""},
	    {"COMMUNITIES empty", WITH("c00800"), ATTR_WITHDRAW, 5, "c00800"},
	    {"COMMUNITIES of 5", WITH("c00805 fde9000100"), ATTR_WITHDRAW, 5,
	        "c00805 fde9000100"},
	    {"EXT_COMMUNITIES", WITH("c01008 0002fde900000001"), ATTR_OK, 0, ""},
	    {"EXT_COMMUNITIES of a type unknown", WITH("c01008 ffffffffffffffff"), ATTR_OK, 0,
	        ""},
	    {"EXT_COMMUNITIES empty", WITH("c01000"), ATTR_WITHDRAW, 5, "c01000"},
	    {"EXT_COMMUNITIES of 4", WITH("c01004 00000000"), ATTR_WITHDRAW, 5,
	        "c01004 00000000"},
	    {"IPV6_EXT_COMMUNITIES of 8", WITH("c01908 0000000000000000"), ATTR_WITHDRAW, 5,
	        "c01908 0000000000000000"},
	    {"IPV6_EXT_COMMUNITIES empty", WITH("c01900"), ATTR_WITHDRAW, 5, "c01900"},
	    {"LARGE_COMMUNITIES", WITH("c0200c 000000010000000200000003"), ATTR_OK, 0, ""},
	    {"LARGE_COMMUNITIES empty", WITH("c02000"), ATTR_WITHDRAW, 5, "c02000"},
	    {"LARGE_COMMUNITIES of 8", WITH("c02008 0000000100000002"), ATTR_WITHDRAW, 5,
	        "c02008 0000000100000002"},
	    /* 7.9, 7.10 */
	    {"ORIGINATOR_ID short", WITH("800903 0a0000"), ATTR_WITHDRAW, 5, "800903 0a0000"},
	    {"ORIGINATOR_ID empty", WITH("800900"), ATTR_WITHDRAW, 5, "800900"},
	    {"CLUSTER_LIST of 6", WITH("800a06 000000010000"), ATTR_WITHDRAW, 5,
	        "800a06 000000010000"},
	    {"CLUSTER_LIST empty", WITH("800a00"), ATTR_WITHDRAW, 5, "800a00"},
	    /* RFC 9234 */
	    {"OTC short", WITH("c02302 0001"), ATTR_WITHDRAW, 5, "c02302 0001"},
	    {"OTC empty", WITH("c02300"), ATTR_WITHDRAW, 5, "c02300"},
	    /* RFC 6793 section 6: from a 4-octet speaker they are dropped whatever they say */
	    {"AS4_PATH", WITH("c01106 0201 0000fde9"), ATTR_DISCARD, 0, ""},
	    {"AS4_AGGREGATOR", WITH("c01203 000000"), ATTR_DISCARD, 0, ""},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
flags_that_conflict_with_the_type_treat_as_withdraw(void **state)
{
	static const struct row rows[] = {
	    {"ORIGIN optional", "", "c0010100" AS_PATH NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 4,
	        "c0010100"},
	    {"ORIGIN not transitive", "", "00010100" AS_PATH NEXT_HOP PREF, NLRI, ATTR_WITHDRAW,
	        4, "00010100"},
	    {"AS_PATH optional", "", ORIGIN "c00200" NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 4,
	        "c00200"},
	    {"NEXT_HOP optional", "", ORIGIN AS_PATH "800304 0a000002" PREF, NLRI,
	        ATTR_WITHDRAW, 4, "800304 0a000002"},
	    {"MED well-known", WITH("400404 00000001"), ATTR_WITHDRAW, 4, "400404 00000001"},
	    {"MED transitive", WITH("c00404 00000001"), ATTR_WITHDRAW, 4, "c00404 00000001"},
	    {"LOCAL_PREF optional", "", ORIGIN AS_PATH NEXT_HOP "c00504 00000064", NLRI,
	        ATTR_WITHDRAW, 4, "c00504 00000064"},
	    {"ATOMIC_AGGREGATE optional", WITH("c00600"), ATTR_WITHDRAW, 4, "c00600"},
	    {"AGGREGATOR not transitive", WITH("800708 0000fde9 0a000001"), ATTR_WITHDRAW, 4,
	        "800708 0000fde9 0a000001"},
	    {"COMMUNITIES not transitive", WITH("800804 00000001"), ATTR_WITHDRAW, 4,
	        "800804 00000001"},
	    {"ORIGINATOR_ID transitive", WITH("c00904 0a000009"), ATTR_WITHDRAW, 4,
	        "c00904 0a000009"},
	    {"CLUSTER_LIST well-known", WITH("400a04 0a000009"), ATTR_WITHDRAW, 4,
	        "400a04 0a000009"},
	    {"EXT_COMMUNITIES well-known", WITH("401008 0000000000000000"), ATTR_WITHDRAW, 4,
	        "401008 0000000000000000"},
	    {"LARGE_COMMUNITIES not transitive", WITH("80200c 000000010000000200000003"),
	        ATTR_WITHDRAW, 4, "80200c 000000010000000200000003"},
	    {"OTC not transitive", WITH("802304 0000fde9"), ATTR_WITHDRAW, 4,
	        "802304 0000fde9"},
	    /* The other flag bits are not judged. */
	    {"ORIGIN partial", "", "60010100" AS_PATH NEXT_HOP PREF, NLRI, ATTR_OK, 0, ""},
	    {"unused flag bits", "", "4f010100" AS_PATH NEXT_HOP PREF, NLRI, ATTR_OK, 0, ""},
	    /* RFC 7606 5.3: the flags of MP attributes are part of their syntax. */
	    {"MP_REACH_NLRI transitive", "",
	        "c00e17 0002 01 10 " SIX "00 08 20" ORIGIN AS_PATH PREF, "", ATTR_RESET, 4,
	        "c00e17 0002 01 10 " SIX "00 08 20"},
	    {"MP_REACH_NLRI well-known", "",
	        "400e17 0002 01 10 " SIX "00 08 20" ORIGIN AS_PATH PREF, "", ATTR_RESET, 4,
	        "400e17 0002 01 10 " SIX "00 08 20"},
	    {"MP_UNREACH_NLRI well-known", "", "400f05 0002 01 08 20", "", ATTR_RESET, 4,
	        "400f05 0002 01 08 20"},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
unknown_attributes_are_judged_by_their_flags_alone(void **state)
{
	static const struct row rows[] = {
	    {"optional", WITH("80c803 010203"), ATTR_OK, 0, ""},
	    {"optional transitive", WITH("c0c803 010203"), ATTR_OK, 0, ""},
	    {"partial", WITH("e0c803 010203"), ATTR_OK, 0, ""},
	    {"empty", WITH("c0c800"), ATTR_OK, 0, ""},
	    {"code 0", WITH("c00000"), ATTR_OK, 0, ""},
	    {"well-known", WITH("40c803 010203"), ATTR_RESET, 2, "40c803 010203"},
	    {"neither", WITH("00ff00"), ATTR_RESET, 2, "00ff00"},
	    {"well-known, among withdrawals", "08 0a", "40c800", "", ATTR_RESET, 2, "40c800"},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
a_missing_mandatory_attribute_treats_as_withdraw(void **state)
{
	static const struct row rows[] = {
	    {"no ORIGIN", "", AS_PATH NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 3, "01"},
	    {"no AS_PATH", "", ORIGIN NEXT_HOP PREF, NLRI, ATTR_WITHDRAW, 3, "02"},
	    {"no NEXT_HOP", "", ORIGIN AS_PATH PREF, NLRI, ATTR_WITHDRAW, 3, "03"},
	    {"no LOCAL_PREF", "", ORIGIN AS_PATH NEXT_HOP, NLRI, ATTR_WITHDRAW, 3, "05"},
	    {"no attributes", "", "", NLRI, ATTR_WITHDRAW, 3, "01"},
	    {"MP without NEXT_HOP", "", MP_REACH ORIGIN AS_PATH PREF, "", ATTR_OK, 0, ""},
	    {"MP without ORIGIN", "", MP_REACH AS_PATH PREF, "", ATTR_WITHDRAW, 3, "01"},
	    {"MP without AS_PATH", "", MP_REACH ORIGIN PREF, "", ATTR_WITHDRAW, 3, "02"},
	    {"both forms without NEXT_HOP", "", MP_REACH ORIGIN AS_PATH PREF, NLRI,
	        ATTR_WITHDRAW, 3, "03"},
	    {"withdrawals alone", "08 0a", "", "", ATTR_OK, 0, ""},
	    {"withdrawals with an attribute", "08 0a", ORIGIN, "", ATTR_OK, 0, ""},
	    {"MP withdrawals alone", "", "800f05 0002 01 08 20", "", ATTR_OK, 0, ""},
	    {"attributes without NLRI", "", GOOD, "", ATTR_OK, 0, ""},
	    {"MP_REACH_NLRI with another family", "", "800e06 4004 47 01 aa 00", "", ATTR_OK, 0,
	        ""},
	};
	struct update_context ctx = context(false);
	const struct row external = {
	    "external: no LOCAL_PREF", "", ORIGIN AS_PATH NEXT_HOP, NLRI, ATTR_OK, 0, ""};

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
	ctx = context(true);
	judge(&external, &ctx);
}

static void
a_repeated_attribute_counts_once_and_an_mp_one_resets(void **state)
{
	static const struct row rows[] = {
	    {"ORIGIN twice", WITH(ORIGIN), ATTR_DISCARD, 1, ""},
	    {"ORIGIN twice, the second bad", WITH("400101ff"), ATTR_DISCARD, 1, ""},
	    {"ORIGIN twice, the first bad", "", "400101ff" GOOD, NLRI, ATTR_WITHDRAW, 6,
	        "400101ff"},
	    {"unknown twice", WITH("c0c800 c0c800"), ATTR_DISCARD, 1, ""},
	    {"MP_REACH_NLRI twice", "", MP_REACH MP_REACH ORIGIN AS_PATH PREF, "", ATTR_RESET,
	        1, ""},
	    {"MP_UNREACH_NLRI twice", "", "800f03 0002 01 800f03 0001 01", "", ATTR_RESET, 1,
	        ""},
	    {"both once", "", MP_REACH "800f05 0002 01 08 20" ORIGIN AS_PATH PREF, "", ATTR_OK,
	        0, ""},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
what_only_internal_peers_send_is_discarded_from_external_ones(void **state)
{
	static const struct row rows[] = {
	    {"LOCAL_PREF", WITH(""), ATTR_DISCARD, 0, ""},
	    {"LOCAL_PREF malformed", "", ORIGIN AS_PATH NEXT_HOP "400503 000000", NLRI,
	        ATTR_DISCARD, 0, ""},
	    {"LOCAL_PREF with wrong flags", "", ORIGIN AS_PATH NEXT_HOP "c00504 00000064", NLRI,
	        ATTR_DISCARD, 0, ""},
	    {"ORIGINATOR_ID", "", ORIGIN AS_PATH NEXT_HOP "800904 0a000001", NLRI, ATTR_DISCARD,
	        0, ""},
	    {"ORIGINATOR_ID malformed", "", ORIGIN AS_PATH NEXT_HOP "800901 0a", NLRI,
	        ATTR_DISCARD, 0, ""},
	    {"CLUSTER_LIST", "", ORIGIN AS_PATH NEXT_HOP "800a04 0a0000fe", NLRI, ATTR_DISCARD,
	        0, ""},
	    {"CLUSTER_LIST malformed", "", ORIGIN AS_PATH NEXT_HOP "800a00", NLRI, ATTR_DISCARD,
	        0, ""},
	};
	struct update_context ctx = context(true);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
attributes_that_overrun_their_field_treat_as_withdraw(void **state)
{
	static const struct row rows[] = {
	    {"one octet left", WITH("c0"), ATTR_WITHDRAW, 1, ""},
	    {"two octets left", WITH("c008"), ATTR_WITHDRAW, 1, ""},
	    {"three octets of an extended one left", WITH("d00800"), ATTR_WITHDRAW, 1, ""},
	    {"the last attribute is too long", WITH("c00804 000000"), ATTR_WITHDRAW, 1, ""},
	    {"it is far too long", WITH("d008ffff 00000000"), ATTR_WITHDRAW, 1, ""},
	    {"the first attribute is too long", "", "4001ff00" AS_PATH NEXT_HOP, NLRI,
	        ATTR_WITHDRAW, 1, ""},
	    {"a worse fault decides", WITH("40c800 c0"), ATTR_RESET, 2, "40c800"},
	    {"the cut one is MP_REACH_NLRI", "", ORIGIN AS_PATH PREF "800e40 0002 01", "",
	        ATTR_RESET, 9, "800e40 0002 01"},
	    {"the cut one is MP_UNREACH_NLRI", WITH("800f04 0002 01"), ATTR_RESET, 9,
	        "800f04 0002 01"},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
from_an_old_speaker_bad_as4_attributes_are_dropped(void **state)
{
#define OLD ORIGIN "400204 0201 fde9 " NEXT_HOP PREF
	static const struct row rows[] = {
	    {"well", "", OLD "c01106 0201 0000fde9", NLRI, ATTR_OK, 0, ""},
	    {"empty", "", OLD "c01100", NLRI, ATTR_DISCARD, 5, "c01100"},
	    {"odd", "", OLD "c01107 0201 0000fde900", NLRI, ATTR_DISCARD, 9,
	        "c01107 0201 0000fde900"},
	    {"segment without numbers", "", OLD "c01102 0200", NLRI, ATTR_DISCARD, 9,
	        "c01102 0200"},
	    {"2-octet numbers", "", OLD "c01104 0201 fde9", NLRI, ATTR_DISCARD, 9,
	        "c01104 0201 fde9"},
	    {"segment type 7", "", OLD "c01106 0701 0000fde9", NLRI, ATTR_DISCARD, 9,
	        "c01106 0701 0000fde9"},
	    {"AS 0", "", OLD "c01106 0201 00000000", NLRI, ATTR_DISCARD, 9,
	        "c01106 0201 00000000"},
	    {"confederation segments are skipped", "", OLD "c01106 0301 0000fde9", NLRI,
	        ATTR_OK, 0, ""},
	    {"AS4_AGGREGATOR of 6", "", OLD "c01206 fde9 0a000001", NLRI, ATTR_DISCARD, 5,
	        "c01206 fde9 0a000001"},
	    {"AS4_AGGREGATOR with AS 0", "", OLD "c01208 00000000 0a000001", NLRI, ATTR_DISCARD,
	        9, "c01208 00000000 0a000001"},
	    {"AGGREGATOR of 6", "", OLD "c00706 fde9 0a000001", NLRI, ATTR_OK, 0, ""},
	    {"AGGREGATOR of 8", "", OLD "c00708 0000fde9 0a000001", NLRI, ATTR_DISCARD, 5,
	        "c00708 0000fde9 0a000001"},
	    {"4-octet numbers in AS_PATH", "", GOOD, NLRI, ATTR_WITHDRAW, 11, ""},
	};
	struct update_context ctx = context(false);

	(void)state;
	ctx.as4 = false;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
a_first_as_that_is_not_the_peers_treats_as_withdraw_where_asked(void **state)
{
	static const struct row rows[] = {
	    {"the peer's", "", ORIGIN AS_PATH NEXT_HOP, NLRI, ATTR_OK, 0, ""},
	    {"another", "", ORIGIN "400206 0201 0000fdea" NEXT_HOP, NLRI, ATTR_WITHDRAW, 11,
	        ""},
	    {"a set", "", ORIGIN "400206 0101 0000fde9" NEXT_HOP, NLRI, ATTR_WITHDRAW, 11, ""},
	    {"none", "", ORIGIN "400200" NEXT_HOP, NLRI, ATTR_WITHDRAW, 11, ""},
	};
	struct update_context ctx = context(true);

	(void)state;
	ctx.enforce_first_as = true;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

static void
the_strongest_of_several_verdicts_wins(void **state)
{
	static const struct row rows[] = {
	    {"discard, withdraw", WITH("400601 00 800400"), ATTR_WITHDRAW, 5, "800400"},
	    {"withdraw, discard", WITH("800400 400601 00"), ATTR_WITHDRAW, 5, "800400"},
	    {"withdraw, reset", WITH("800400 40c800"), ATTR_RESET, 2, "40c800"},
	    {"reset, withdraw", WITH("40c800 800400"), ATTR_RESET, 2, "40c800"},
	    {"two withdraws: the first is told", WITH("800400 c00800"), ATTR_WITHDRAW, 5,
	        "800400"},
	};
	struct update_context ctx = context(false);

	(void)state;
	judge_all(rows, COUNT_OF(rows), &ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(attributes_of_wrong_length_or_value_have_the_verdict_of_their_rfc),
	    cmocka_unit_test(flags_that_conflict_with_the_type_treat_as_withdraw),
	    cmocka_unit_test(unknown_attributes_are_judged_by_their_flags_alone),
	    cmocka_unit_test(a_missing_mandatory_attribute_treats_as_withdraw),
	    cmocka_unit_test(a_repeated_attribute_counts_once_and_an_mp_one_resets),
	    cmocka_unit_test(what_only_internal_peers_send_is_discarded_from_external_ones),
	    cmocka_unit_test(attributes_that_overrun_their_field_treat_as_withdraw),
	    cmocka_unit_test(from_an_old_speaker_bad_as4_attributes_are_dropped),
	    cmocka_unit_test(a_first_as_that_is_not_the_peers_treats_as_withdraw_where_asked),
	    cmocka_unit_test(the_strongest_of_several_verdicts_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
