/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN: RFC 4271 section 6.2, 5492, 6286, 6793, 7607, 9072; and what two OPENs agree on. */
#include "bgp/open.h"
#include "wire_test.h"

/* Version 4, AS 64512, hold time 90, identifier 10.0.0.1; then the optional parameters. */
#define HEAD "04 fc00 005a 0a000001 "

static bool
decode(const char *body, struct open *o, struct notification *why)
{
	static uint8_t bytes[1024];

	return open_decode(bytes, message(bytes, BGP_OPEN, body), o, why);
}

static void
assert_refused(const char *body, uint8_t subcode, const char *data)
{
	struct notification why;
	struct open o;

	if (decode(body, &o, &why))
		fail_msg("accepted: %s", body);
	assert_notification(&why, NOTIFY_OPEN, subcode, data);
}

static void
an_open_without_parameters_is_understood(void **state)
{
	struct notification why;
	struct open o;

	(void)state;
	assert_true(decode(HEAD "00", &o, &why));
	assert_int_equal(o.as, 64512);
	assert_int_equal(o.hold_time, 90);
	assert_int_equal(o.router_id, 0x0a000001);
	assert_int_equal(o.capabilities.present, 0);
}

static void
another_version_is_refused_and_told_ours(void **state)
{
	(void)state;
	assert_refused("03 fc00 005a 0a000001 00", NOTIFY_OPEN_VERSION, "0004");
	assert_refused("05 fc00 005a 0a000001 00", NOTIFY_OPEN_VERSION, "0004");
	assert_refused("00 0000 0001 00000000 ff", NOTIFY_OPEN_VERSION, "0004");
}

static void
as_zero_and_as_trans_are_bad_peer_as(void **state)
{
	(void)state;
	assert_refused("04 0000 005a 0a000001 00", NOTIFY_OPEN_BAD_PEER_AS, "");
	assert_refused("04 5ba0 005a 0a000001 00", NOTIFY_OPEN_BAD_PEER_AS, "");
	assert_refused(
	    "04 5ba0 005a 0a000001 08 0206 4104 00000000", NOTIFY_OPEN_BAD_PEER_AS, "");
	assert_refused(
	    "04 0000 005a 0a000001 08 0206 4104 0000fde9", NOTIFY_OPEN_BAD_PEER_AS, "");
}

static void
the_as_comes_from_the_4_octet_capability(void **state)
{
	struct notification why;
	struct open o;

	(void)state;
	assert_true(decode("04 5ba0 005a 0a000001 08 0206 4104 fa56ea00", &o, &why));
	assert_int_equal(o.as, 4200000000u);
}

static void
a_hold_time_of_one_or_two_seconds_is_unacceptable(void **state)
{
	struct notification why;
	struct open o;

	(void)state;
	assert_refused("04 fc00 0001 0a000001 00", NOTIFY_OPEN_HOLD_TIME, "");
	assert_refused("04 fc00 0002 0a000001 00", NOTIFY_OPEN_HOLD_TIME, "");
	assert_true(decode("04 fc00 0000 0a000001 00", &o, &why));
	assert_true(decode("04 fc00 0003 0a000001 00", &o, &why));
	assert_true(decode("04 fc00 ffff 0a000001 00", &o, &why));
}

static void
an_identifier_of_zero_is_bad_and_any_other_value_is_fine(void **state)
{
	struct notification why;
	struct open o;

	(void)state;
	assert_refused("04 fc00 005a 00000000 00", NOTIFY_OPEN_BAD_ID, "");
	assert_true(decode("04 fc00 005a e0000001 00", &o, &why)); /* RFC 6286: just a number */
	assert_true(decode("04 fc00 005a 00000001 00", &o, &why));
}

static void
an_internal_peer_with_our_identifier_is_refused_an_external_one_is_not(void **state)
{
	struct notification why;
	struct open o = {.as = 64512, .router_id = 7};

	(void)state;
	assert_false(open_check(&o, 64512, 64512, 7, &why));
	assert_notification(&why, NOTIFY_OPEN, NOTIFY_OPEN_BAD_ID, "");
	assert_true(open_check(&o, 64512, 64512, 8, &why));
	o.as = 65001;
	assert_true(open_check(&o, 65001, 64512, 7, &why));
	assert_true(open_check(&o, 0, 64512, 7, &why));
	assert_false(open_check(&o, 65002, 64512, 7, &why));
	assert_notification(&why, NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, "");
}

static void
an_unknown_optional_parameter_is_unsupported(void **state)
{
	(void)state;
	assert_refused(HEAD "02 0100", NOTIFY_OPEN_PARAMETER, "");
	assert_refused(HEAD "06 0200 0302 0000", NOTIFY_OPEN_PARAMETER, "");
	assert_refused(HEAD "ff ff 0003 01 0000", NOTIFY_OPEN_PARAMETER, "");
	assert_refused(HEAD "ff ff 0003 ff 0000", NOTIFY_OPEN_PARAMETER, "");
}

static void
optional_parameters_that_do_not_fit_are_malformed(void **state)
{
	static const char *const bodies[] = {
	    HEAD "01",                      /* length without octets               */
	    HEAD "02 02",                   /* fewer octets than said              */
	    HEAD "00 02",                   /* more octets than said               */
	    HEAD "02 0200 0200",            /* the same with a whole parameter     */
	    HEAD "01 02",                   /* a type without a length             */
	    HEAD "02 0201",                 /* a parameter longer than the field   */
	    HEAD "03 0202 01",              /* the same with some of it            */
	    HEAD "03 0201 01",              /* a capability without a length       */
	    HEAD "04 0202 0104",            /* a capability longer than its frame  */
	    HEAD "06 0204 4104 0000",       /* the same with some of it            */
	    HEAD "ff ff",                   /* extended: no length                 */
	    HEAD "ff ff 00",                /* half of it                          */
	    HEAD "ff ff 0001",              /* more said than there                */
	    HEAD "ff ff 0000 02",           /* more there than said                */
	    HEAD "ff ff 0002 0200",         /* a parameter with a short length     */
	    HEAD "ff ff 0003 02 0001",      /* a parameter longer than the field   */
	    HEAD "ff ff ffff 02 0000",      /* far longer                          */
	    HEAD "ff ff 0005 02 0002 0104", /* a capability longer than its frame  */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		assert_refused(bodies[i], NOTIFY_UNSPECIFIC, "");
}

static void
an_open_shorter_than_its_fixed_part_has_a_bad_length(void **state)
{
	struct notification why;
	struct open o;

	(void)state;
	assert_false(decode("04 fc00 005a 0a0000", &o, &why));
	assert_notification(&why, NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, "001b");
}

static void
extended_parameters_are_understood_whatever_the_first_length_says(void **state)
{
	static const char *const bodies[] = {HEAD "ff ff 0009 02 0006 4104 0000fc00",
	    HEAD "04 ff 0009 02 0006 4104 0000fc00", HEAD "00 ff 0009 02 0006 4104 0000fc00",
	    HEAD "ff ff 000c 02 0000 02 0006 4104 0000fc00"};
	struct notification why;
	struct open o;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		assert_true(decode(bodies[i], &o, &why));
		assert_int_equal(o.capabilities.present, CAPABILITY_BIT(AS4));
	}
	assert_true(decode(HEAD "ff ff 0000", &o, &why));
}

static void
a_field_of_255_octets_need_not_be_extended(void **state)
{
	char body[640] = HEAD "ff 02 fd c8 fb ";
	struct notification why;
	struct open o;

	(void)state;
	for (int i = 0; i < 251; i++)
		strcat(body, "00");
	assert_true(decode(body, &o, &why));
	assert_int_equal(o.capabilities.unknown, 1);
}

static struct open
full_open(void)
{
	struct open o;
	struct capabilities *c = &o.capabilities;

	memset(&o, 0, sizeof(o)); /* the padding too: it is compared */
	o.as = 4200000000u;
	o.hold_time = 90;
	o.router_id = 0x0a000001;
	c->present = (UINT32_C(1) << CAPABILITY_ROWS) - 1;
	c->families[0] = c->families[1] = true;
	c->add_path_send[0] = c->add_path_receive[1] = c->add_path_send[1] = true;
	c->ext_nexthop = true;
	c->role = BGP_ROLE_PEER;
	c->gr_restarting = c->gr_notification = true;
	c->gr_time = 120;
	c->gr[0] = (struct capability_gr){true, true, true, true, 3600};
	c->gr[1] = (struct capability_gr){true, false, true, false, 0xffffff};
	c->as4 = o.as;
	strcpy(c->host, "reflector-1");
	strcpy(c->domain, "example.net");
	return o;
}

static void
an_open_with_every_capability_has_these_octets(void **state)
{
	uint8_t bytes[OPEN_SIZE_MAX];
	struct notification why;
	struct open o = full_open(), back;
	size_t n = open_encode(&o, bytes, sizeof(bytes));

	(void)state;
	assert_bytes(bytes + BGP_HEADER_SIZE, n - BGP_HEADER_SIZE,
	    "04 5ba0 005a 0a000001 65 0263"
	    "0104 0001 0001 0104 0002 0001"
	    "0200"
	    "0506 0001 0001 0002"
	    "0600"
	    "0901 04"
	    "400a c078 0001 01 80 0002 01 00"
	    "4104 fa56ea00"
	    "4508 0001 01 02 0002 01 03"
	    "4600"
	    "470e 0001 01 80 000e10 0002 01 00 ffffff"
	    "4918 0b 7265666c6563746f722d31 0b 6578616d706c652e6e6574");
	assert_true(open_decode(bytes, n, &back, &why));
	assert_memory_equal(&back, &o, sizeof(o));
}

static void
an_open_without_capabilities_has_29_octets(void **state)
{
	struct open o = {.as = 64512, .hold_time = 90, .router_id = 0x0a000001};
	uint8_t bytes[OPEN_SIZE_MAX];

	(void)state;
	assert_int_equal(open_encode(&o, bytes, sizeof(bytes)), OPEN_SIZE_MIN);
	assert_bytes(bytes + BGP_HEADER_SIZE, 10, HEAD "00");
}

static struct open
speaker(uint32_t as, uint32_t present)
{
	return (struct open){
	    .as = as, .hold_time = 90, .router_id = as, .capabilities = {.present = present}};
}

static void
a_peer_without_multiprotocol_speaks_ipv4_only(void **state)
{
	struct open us = full_open(), peer = speaker(65001, 0);
	struct notification why;
	struct negotiated n;

	(void)state;
	assert_true(open_negotiate(&us, &peer, false, &n, &why));
	assert_true(n.families[0]);
	assert_false(n.families[1]);
	assert_false(n.as4 || n.refresh || n.add_path_tx[0] || n.gr || n.extended_tx);
	assert_true(n.extended_rx);
}

static void
without_a_common_family_the_missing_capability_is_named(void **state)
{
	struct open us = speaker(64512, CAPABILITY_BIT(MULTIPROTOCOL));
	struct open peer = speaker(65001, CAPABILITY_BIT(MULTIPROTOCOL));
	struct notification why;
	struct negotiated n;

	(void)state;
	us.capabilities.families[0] = us.capabilities.families[1] = true;
	assert_false(open_negotiate(&us, &peer, false, &n, &why));
	assert_notification(
	    &why, NOTIFY_OPEN, NOTIFY_OPEN_CAPABILITY, "0104 0001 0001 0104 0002 0001");
}

static void
add_path_needs_a_sender_and_a_receiver(void **state)
{
	struct open us = full_open(), peer = full_open();
	struct notification why;
	struct negotiated n;

	(void)state;
	peer.as = 65001;
	peer.capabilities.add_path_receive[0] = true;
	peer.capabilities.add_path_send[0] = true;
	peer.capabilities.add_path_receive[1] = false;
	assert_true(open_negotiate(&us, &peer, false, &n, &why));
	assert_true(n.add_path_tx[0]);
	assert_false(n.add_path_rx[0]);
	assert_false(n.add_path_tx[1]);
	assert_true(n.add_path_rx[1]);
	assert_true(n.as4 && n.refresh && n.enhanced_refresh && n.ext_nexthop && n.extended_tx);
	assert_true(n.gr && n.gr_notification && n.peer_restarting && n.peer_gr[1].llgr);
	assert_int_equal(n.role, BGP_ROLE_PEER);
}

static void
the_smaller_hold_time_wins_and_zero_is_the_smallest(void **state)
{
	struct open us = speaker(64512, 0), peer = speaker(65001, 0);
	struct notification why;
	struct negotiated n;

	(void)state;
	peer.hold_time = 30;
	assert_true(open_negotiate(&us, &peer, false, &n, &why));
	assert_int_equal(n.hold_time, 30);
	peer.hold_time = 0;
	assert_true(open_negotiate(&us, &peer, false, &n, &why));
	assert_int_equal(n.hold_time, 0);
}

static void
roles_must_fit_each_other(void **state)
{
	static const struct {
		uint8_t local, remote;
		bool ok;
	} rows[] = {{0, 3, true}, {3, 0, true}, {1, 2, true}, {2, 1, true}, {4, 4, true},
	    {0, 0, false}, {0, 4, false}, {1, 1, false}, {3, 3, false}, {4, 3, false},
	    {4, 9, false}};
	struct notification why;
	struct negotiated n;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct open us = speaker(64512, CAPABILITY_BIT(ROLE));
		struct open peer = speaker(65001, CAPABILITY_BIT(ROLE));

		us.capabilities.role = rows[i].local;
		peer.capabilities.role = rows[i].remote;
		assert_int_equal(open_negotiate(&us, &peer, false, &n, &why), rows[i].ok);
		if (!rows[i].ok)
			assert_notification(&why, NOTIFY_OPEN, NOTIFY_OPEN_ROLE_MISMATCH, "");
		peer.as = us.as; /* internal: roles say nothing */
		assert_true(open_negotiate(&us, &peer, true, &n, &why));
		assert_int_equal(n.role, BGP_ROLE_UNSET);
	}
}

static void
a_peer_without_a_role_is_refused_only_in_strict_mode(void **state)
{
	struct open us = speaker(64512, CAPABILITY_BIT(ROLE)), peer = speaker(65001, 0);
	struct notification why;
	struct negotiated n;

	(void)state;
	us.capabilities.role = BGP_ROLE_CUSTOMER;
	assert_true(open_negotiate(&us, &peer, false, &n, &why));
	assert_int_equal(n.role, BGP_ROLE_CUSTOMER);
	assert_false(open_negotiate(&us, &peer, true, &n, &why));
	assert_notification(&why, NOTIFY_OPEN, NOTIFY_OPEN_ROLE_MISMATCH, "");
}

static void
long_lived_restart_without_graceful_restart_is_ignored(void **state)
{
	struct open us = full_open(), peer = full_open();
	struct notification why;
	struct negotiated n;

	(void)state;
	peer.capabilities.present &= ~CAPABILITY_BIT(GRACEFUL_RESTART);
	assert_true(open_negotiate(&us, &peer, false, &n, &why));
	assert_false(n.gr || n.peer_gr[0].llgr);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_open_without_parameters_is_understood),
	    cmocka_unit_test(another_version_is_refused_and_told_ours),
	    cmocka_unit_test(as_zero_and_as_trans_are_bad_peer_as),
	    cmocka_unit_test(the_as_comes_from_the_4_octet_capability),
	    cmocka_unit_test(a_hold_time_of_one_or_two_seconds_is_unacceptable),
	    cmocka_unit_test(an_identifier_of_zero_is_bad_and_any_other_value_is_fine),
	    cmocka_unit_test(
	        an_internal_peer_with_our_identifier_is_refused_an_external_one_is_not),
	    cmocka_unit_test(an_unknown_optional_parameter_is_unsupported),
	    cmocka_unit_test(optional_parameters_that_do_not_fit_are_malformed),
	    cmocka_unit_test(an_open_shorter_than_its_fixed_part_has_a_bad_length),
	    cmocka_unit_test(extended_parameters_are_understood_whatever_the_first_length_says),
	    cmocka_unit_test(a_field_of_255_octets_need_not_be_extended),
	    cmocka_unit_test(an_open_with_every_capability_has_these_octets),
	    cmocka_unit_test(an_open_without_capabilities_has_29_octets),
	    cmocka_unit_test(a_peer_without_multiprotocol_speaks_ipv4_only),
	    cmocka_unit_test(without_a_common_family_the_missing_capability_is_named),
	    cmocka_unit_test(add_path_needs_a_sender_and_a_receiver),
	    cmocka_unit_test(the_smaller_hold_time_wins_and_zero_is_the_smallest),
	    cmocka_unit_test(roles_must_fit_each_other),
	    cmocka_unit_test(a_peer_without_a_role_is_refused_only_in_strict_mode),
	    cmocka_unit_test(long_lived_restart_without_graceful_restart_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
