/* SPDX-License-Identifier: Apache-2.0 */
/* From the connection to Established, and the OPENs that are refused. */
#include "story.h"

#define STORY(name) cmocka_unit_test(name)

static void
a_session_is_established_by_two_opens_and_two_keepalives(void **unused)
{
	struct story *st = story_begin();
	struct open ours, theirs = tor_open();

	(void)unused;
	connects(&st->tor);
	assert_int_equal(st->tor.session.state, SESSION_OPEN_SENT);
	ours = expect_open(&st->tor);
	assert_int_equal(ours.as, OUR_AS);
	assert_int_equal(ours.router_id, OUR_ID);
	assert_int_equal(ours.hold_time, 90);
	hears_open(&st->tor, &theirs);
	assert_int_equal(st->tor.session.state, SESSION_OPEN_CONFIRM);
	expect_keepalive(&st->tor);
	hears_keepalive(&st->tor);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	assert_int_equal(st->history.established, 1);
	story_end(st);
}

static void
our_open_offers_what_the_options_say(void **unused)
{
	struct story *st = story_begin();
	struct open ours;

	(void)unused;
	st->options.family[V6] = false;
	st->options.extended = false;
	st->options.hostname = "reflector-1";
	st->options.restarting_until_ns = st->now + NS_PER_S;
	connects(&st->tor);
	ours = expect_open(&st->tor);
	assert_true(ours.capabilities.families[V4]);
	assert_false(ours.capabilities.families[V6]);
	assert_true(ours.capabilities.add_path_send[V4]);
	assert_false(ours.capabilities.add_path_send[V6]);
	assert_false(ours.capabilities.add_path_receive[V4]);
	assert_false(capabilities_have(&ours.capabilities, CAPABILITY_BIT(EXT_MESSAGE)));
	assert_true(capabilities_have(&ours.capabilities,
	    CAPABILITY_BIT(AS4) | CAPABILITY_BIT(ROUTE_REFRESH) |
	        CAPABILITY_BIT(ENHANCED_REFRESH) | CAPABILITY_BIT(GRACEFUL_RESTART)));
	assert_true(ours.capabilities.gr_restarting);
	assert_int_equal(ours.capabilities.gr_time, 120);
	assert_true(ours.capabilities.gr[V4].present && ours.capabilities.gr[V4].forwarding);
	assert_false(ours.capabilities.gr[V6].present);
	assert_string_equal(ours.capabilities.host, "reflector-1");
	story_end(st);
}

static void
the_group_follows_from_what_was_negotiated(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	st->peer_as[0] = 65001;
	o.as = o.capabilities.as4 = 65001;
	o.capabilities.add_path_receive[V6] = false;
	o.capabilities.present &= ~CAPABILITY_BIT(EXT_MESSAGE);
	is_established_with(&st->tor, &o);
	assert_true(st->tor.session.agreed.ebgp);
	assert_true(st->tor.session.agreed.add_path_tx[V4]);
	assert_false(st->tor.session.agreed.add_path_tx[V6]);
	assert_false(st->tor.session.agreed.extended_tx);
	story_end(st);
}

static void
a_peer_of_a_range_may_have_any_of_its_as_numbers(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	st->peer_as[0] = 65001;
	st->peer_as[1] = 65002;
	st->options.n_peer_as = 2;
	o.as = o.capabilities.as4 = 65002;
	is_established_with(&st->tor, &o);
	story_end(st);
}

static void
the_smaller_hold_time_counts(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	o.hold_time = 9;
	is_established_with(&st->tor, &o);
	assert_int_equal(st->tor.session.hold_ns, 9 * NS_PER_S);
	assert_int_equal(st->tor.session.keepalive_ns, 3 * NS_PER_S);
	story_end(st);
}

static void
an_open_with_a_wrong_as_is_answered_with_bad_peer_as(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	o.as = o.capabilities.as4 = 65009;
	connects(&st->tor);
	expect_open(&st->tor);
	hears_open(&st->tor, &o);
	expect_end(&st->tor, NOTIFY_OPEN, NOTIFY_OPEN_BAD_PEER_AS, NULL, 0);
	assert_int_equal(st->history.malformed_in, 1);
	story_end(st);
}

static void
an_open_with_version_3_is_answered_with_the_version_that_we_speak(void **unused)
{
	static const uint8_t four[] = {0, 4};
	struct story *st = story_begin();
	struct open o = tor_open();
	uint8_t buf[OPEN_SIZE_MAX];
	size_t n = open_encode(&o, buf, sizeof(buf));

	(void)unused;
	buf[19] = 3;
	connects(&st->tor);
	expect_open(&st->tor);
	hears(&st->tor, buf, n);
	expect_end(&st->tor, NOTIFY_OPEN, NOTIFY_OPEN_VERSION, four, sizeof(four));
	story_end(st);
}

static void
an_internal_peer_with_our_own_identifier_is_refused(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	o.router_id = OUR_ID;
	connects(&st->tor);
	expect_open(&st->tor);
	hears_open(&st->tor, &o);
	expect_end(&st->tor, NOTIFY_OPEN, NOTIFY_OPEN_BAD_ID, NULL, 0);
	story_end(st);
}

static void
a_hold_time_of_one_second_is_unacceptable(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	o.hold_time = 1;
	connects(&st->tor);
	expect_open(&st->tor);
	hears_open(&st->tor, &o);
	expect_end(&st->tor, NOTIFY_OPEN, NOTIFY_OPEN_HOLD_TIME, NULL, 0);
	story_end(st);
}

static void
a_keepalive_instead_of_an_open_is_an_error_of_the_state_machine(void **unused)
{
	static const uint8_t type[] = {BGP_KEEPALIVE};
	struct story *st = story_begin();

	(void)unused;
	connects(&st->tor);
	expect_open(&st->tor);
	hears_keepalive(&st->tor);
	expect_end(&st->tor, NOTIFY_FSM, NOTIFY_FSM_OPEN_SENT, type, sizeof(type));
	story_end(st);
}

static void
an_update_before_the_first_keepalive_is_an_error_of_the_state_machine(void **unused)
{
	static const uint8_t type[] = {BGP_UPDATE}, body[4] = {0};
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	connects(&st->tor);
	reaches_open_confirm(&st->tor, &o);
	hears_message(&st->tor, BGP_UPDATE, body, sizeof(body));
	expect_end(&st->tor, NOTIFY_FSM, NOTIFY_FSM_OPEN_CONFIRM, type, sizeof(type));
	story_end(st);
}

static void
a_second_open_in_an_established_session_is_an_error_of_the_state_machine(void **unused)
{
	static const uint8_t type[] = {BGP_OPEN};
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	is_established(&st->tor);
	hears_open(&st->tor, &o);
	expect_end(&st->tor, NOTIFY_FSM, NOTIFY_FSM_ESTABLISHED, type, sizeof(type));
	story_end(st);
}

static void
a_passive_session_waits_to_be_called(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	role_is_io();
	st->options.passive = true;
	session_start(&st->tor.session, st->now);
	assert_int_equal(session_wish(&st->tor.session), SESSION_WISH_NOTHING);
	assert_int_equal(session_deadline(&st->tor.session), NS_NEVER);
	is_called(&st->tor);
	reaches_open_confirm(&st->tor, &o);
	hears_keepalive(&st->tor);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	story_end(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(a_session_is_established_by_two_opens_and_two_keepalives),
	    STORY(our_open_offers_what_the_options_say),
	    STORY(the_group_follows_from_what_was_negotiated),
	    STORY(a_peer_of_a_range_may_have_any_of_its_as_numbers),
	    STORY(the_smaller_hold_time_counts),
	    STORY(an_open_with_a_wrong_as_is_answered_with_bad_peer_as),
	    STORY(an_open_with_version_3_is_answered_with_the_version_that_we_speak),
	    STORY(an_internal_peer_with_our_own_identifier_is_refused),
	    STORY(a_hold_time_of_one_second_is_unacceptable),
	    STORY(a_keepalive_instead_of_an_open_is_an_error_of_the_state_machine),
	    STORY(an_update_before_the_first_keepalive_is_an_error_of_the_state_machine),
	    STORY(a_second_open_in_an_established_session_is_an_error_of_the_state_machine),
	    STORY(a_passive_session_waits_to_be_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
