/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: every length that each may have, and what a wrong one does (nothing else). */
#include "bgp/capability.h"
#include "wire_test.h"

static struct capabilities
decode(const char *text)
{
	struct capabilities c = {0};
	uint8_t bytes[512];
	struct wire_in w = wire_in(bytes, hex(bytes, text));

	assert_true(capabilities_decode(&w, &c));
	return c;
}

/* A good neighbour follows each row, so that a bad capability is seen to harm nobody else. */
static void
a_capability_of_wrong_length_is_ignored_alone(void **state)
{
	static const struct {
		const char *text;
		uint32_t bit;
		bool good;
	} rows[] = {
	    {"0104 0001 0001", CAPABILITY_BIT(MULTIPROTOCOL), true},
	    {"0104 4004 0047", CAPABILITY_BIT(MULTIPROTOCOL), true}, /* a family of others */
	    {"0103 0001 00", CAPABILITY_BIT(MULTIPROTOCOL), false},
	    {"0105 0001 0001 00", CAPABILITY_BIT(MULTIPROTOCOL), false},
	    {"0100", CAPABILITY_BIT(MULTIPROTOCOL), false},
	    {"0200", CAPABILITY_BIT(ROUTE_REFRESH), true},
	    {"0201 00", CAPABILITY_BIT(ROUTE_REFRESH), false},
	    {"0506 0001 0001 0002", CAPABILITY_BIT(EXT_NEXTHOP), true},
	    {"050c 0001 0001 0002 0001 0080 0002", CAPABILITY_BIT(EXT_NEXTHOP), true},
	    {"0500", CAPABILITY_BIT(EXT_NEXTHOP), false},
	    {"0505 0001 0001 00", CAPABILITY_BIT(EXT_NEXTHOP), false},
	    {"0507 0001 0001 0002 00", CAPABILITY_BIT(EXT_NEXTHOP), false},
	    {"0600", CAPABILITY_BIT(EXT_MESSAGE), true},
	    {"0601 00", CAPABILITY_BIT(EXT_MESSAGE), false},
	    {"0901 03", CAPABILITY_BIT(ROLE), true},
	    {"0900", CAPABILITY_BIT(ROLE), false},
	    {"0902 0303", CAPABILITY_BIT(ROLE), false},
	    {"4002 0078", CAPABILITY_BIT(GRACEFUL_RESTART), true},
	    {"4006 0078 0001 0180", CAPABILITY_BIT(GRACEFUL_RESTART), true},
	    {"4000", CAPABILITY_BIT(GRACEFUL_RESTART), false},
	    {"4001 00", CAPABILITY_BIT(GRACEFUL_RESTART), false},
	    {"4005 0078 0001 01", CAPABILITY_BIT(GRACEFUL_RESTART), false},
	    {"4007 0078 0001 0180 00", CAPABILITY_BIT(GRACEFUL_RESTART), false},
	    {"4104 0000fc00", CAPABILITY_BIT(AS4), true},
	    {"4100", CAPABILITY_BIT(AS4), false},
	    {"4102 fc00", CAPABILITY_BIT(AS4), false},
	    {"4103 00fc00", CAPABILITY_BIT(AS4), false},
	    {"4105 0000fc0000", CAPABILITY_BIT(AS4), false},
	    {"4504 0001 0101", CAPABILITY_BIT(ADD_PATH), true},
	    {"4508 0001 0103 0002 0102", CAPABILITY_BIT(ADD_PATH), true},
	    {"4504 0001 8001", CAPABILITY_BIT(ADD_PATH), true}, /* a family of others */
	    {"4500", CAPABILITY_BIT(ADD_PATH), false},
	    {"4503 0001 01", CAPABILITY_BIT(ADD_PATH), false},
	    {"4505 0001 0101 00", CAPABILITY_BIT(ADD_PATH), false},
	    {"4504 0001 0100", CAPABILITY_BIT(ADD_PATH), false}, /* send/receive 0, 4, 255 */
	    {"4504 0001 0104", CAPABILITY_BIT(ADD_PATH), false},
	    {"4504 0001 01ff", CAPABILITY_BIT(ADD_PATH), false},
	    {"4508 0001 0101 0002 0104", CAPABILITY_BIT(ADD_PATH), false},
	    {"4600", CAPABILITY_BIT(ENHANCED_REFRESH), true},
	    {"4604 00010001", CAPABILITY_BIT(ENHANCED_REFRESH), false},
	    {"4700", CAPABILITY_BIT(LLGR), true},
	    {"4707 0001 01 80 000e10", CAPABILITY_BIT(LLGR), true},
	    {"4706 0001 01 80 000e", CAPABILITY_BIT(LLGR), false},
	    {"4708 0001 01 80 000e10 00", CAPABILITY_BIT(LLGR), false},
	    {"4904 01 61 01 62", CAPABILITY_BIT(FQDN), true},
	    {"4902 00 00", CAPABILITY_BIT(FQDN), true},
	    {"4900", CAPABILITY_BIT(FQDN), false},
	    {"4901 00", CAPABILITY_BIT(FQDN), false},
	    {"4902 05 61", CAPABILITY_BIT(FQDN), false},
	    {"4904 01 61 02 62", CAPABILITY_BIT(FQDN), false},
	    {"4905 01 61 01 62 63", CAPABILITY_BIT(FQDN), false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool refresh = rows[i].bit == CAPABILITY_BIT(ROUTE_REFRESH);
		uint32_t other =
		    refresh ? CAPABILITY_BIT(EXT_MESSAGE) : CAPABILITY_BIT(ROUTE_REFRESH);
		struct capabilities c;
		char text[128];

		snprintf(text, sizeof(text), "%s %s", rows[i].text, refresh ? "0600" : "0200");
		c = decode(text);
		if (capabilities_have(&c, rows[i].bit) != rows[i].good)
			fail_msg("%s: %s", rows[i].text,
			    rows[i].good ? "was ignored" : "was accepted");
		assert_int_equal(c.present & ~rows[i].bit, other);
		assert_int_equal(c.malformed, !rows[i].good);
	}
}

static void
a_bad_capability_leaves_no_trace_of_its_good_part(void **state)
{
	struct capabilities c = decode("4508 0001 0103 0002 0109");

	(void)state;
	assert_false(c.add_path_send[0] || c.add_path_receive[0]);
}

static void
unknown_capabilities_are_counted(void **state)
{
	struct capabilities c = decode("8000 c803 010203 0200");

	(void)state;
	assert_int_equal(c.unknown, 2);
	assert_int_equal(c.present, CAPABILITY_BIT(ROUTE_REFRESH));
}

static void
each_multiprotocol_capability_adds_its_family(void **state)
{
	struct capabilities c = decode("0104 0001 0001 0104 0002 0001 0104 0001 0080");

	(void)state;
	assert_true(c.families[0] && c.families[1]);
	c = decode("0104 0002 0001");
	assert_true(!c.families[0] && c.families[1]);
	c = decode("0104 0001 0002"); /* multicast */
	assert_true(capabilities_have(&c, CAPABILITY_BIT(MULTIPROTOCOL)));
	assert_false(c.families[0] || c.families[1]);
}

static void
the_last_graceful_restart_capability_counts(void **state)
{
	struct capabilities c = decode("4006 8078 0001 0180 4006 003c 0002 0100");

	(void)state;
	assert_int_equal(c.gr_time, 60);
	assert_false(c.gr_restarting || c.gr[0].present || c.gr[1].forwarding);
	assert_true(c.gr[1].present);
}

static void
two_different_roles_are_a_conflict_two_equal_ones_are_not(void **state)
{
	(void)state;
	assert_true(decode("0901 03 0901 04").role_conflict);
	assert_false(decode("0901 03 0901 03").role_conflict);
}

static void
a_name_is_printable_and_bounded(void **state)
{
	struct capabilities c = decode("4908 04 610a1b62 02 c3a9");
	char text[256] = "495c 5a ";

	(void)state;
	assert_string_equal(c.host, "a??b");
	assert_string_equal(c.domain, "??");
	for (int i = 0; i < 90; i++)
		strcat(text, "61");
	strcat(text, "00");
	c = decode(text);
	assert_int_equal(strlen(c.host), CAPABILITY_NAME_MAX);
}

static void
a_list_without_families_is_not_written(void **state)
{
	struct capabilities c = {.present = CAPABILITY_BIT(MULTIPROTOCOL) |
	                                    CAPABILITY_BIT(ADD_PATH) |
	                                    CAPABILITY_BIT(EXT_NEXTHOP) | CAPABILITY_BIT(LLGR) |
	                                    CAPABILITY_BIT(ROUTE_REFRESH)};
	uint8_t bytes[64];
	struct wire_out w = wire_out(bytes, sizeof(bytes));

	(void)state;
	capabilities_encode(&w, &c);
	assert_bytes(bytes, wire_written(&w), "0200");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_capability_of_wrong_length_is_ignored_alone),
	    cmocka_unit_test(a_bad_capability_leaves_no_trace_of_its_good_part),
	    cmocka_unit_test(unknown_capabilities_are_counted),
	    cmocka_unit_test(each_multiprotocol_capability_adds_its_family),
	    cmocka_unit_test(the_last_graceful_restart_capability_counts),
	    cmocka_unit_test(two_different_roles_are_a_conflict_two_equal_ones_are_not),
	    cmocka_unit_test(a_name_is_printable_and_bounded),
	    cmocka_unit_test(a_list_without_families_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
