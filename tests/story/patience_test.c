/* SPDX-License-Identifier: Apache-2.0 */
/* Silence, stalls and patience: every timer of the session. */
#include "story_table.h"

#define STORY(name) cmocka_unit_test(name)

static void
a_peer_that_says_nothing_for_the_hold_time_is_closed(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	wait_seconds(st, 89);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	wait_seconds(st, 2);
	skip_keepalives(&st->tor);
	expect_end(&st->tor, NOTIFY_HOLD_TIMER, 0, NULL, 0);
	assert_int_equal(st->history.flaps, 1);
	story_end(st);
}

static void
any_byte_of_the_peer_refreshes_the_hold_time(void **unused)
{
	struct story *st = story_begin();
	uint8_t keepalive[BGP_HEADER_SIZE];

	(void)unused;
	keepalive_encode(keepalive);
	is_established(&st->tor);
	for (unsigned i = 0; i < 10; i++) {
		wait_seconds(st, 80);
		hears(&st->tor, keepalive + i, 1);
		assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	}
	story_end(st);
}

static void
a_keepalive_goes_out_every_third_of_the_hold_time(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	for (unsigned i = 0; i < 30; i++) {
		wait_seconds(st, 10);
		hears_keepalive(&st->tor);
	}
	/* 300 s: one every 30 s, up to a quarter sooner. */
	assert_in_range(skip_keepalives(&st->tor), 10, 14);
	story_end(st);
}

static void
a_hold_time_of_zero_means_no_keepalives_and_no_end(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	o.hold_time = 0;
	is_established_with(&st->tor, &o);
	wait_seconds(st, 100000);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	expect_nothing(&st->tor);
	story_end(st);
}

static void
a_peer_that_sends_no_open_is_waited_for_four_minutes(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	connects(&st->tor);
	expect_open(&st->tor);
	wait_seconds(st, 239);
	assert_int_equal(st->tor.session.state, SESSION_OPEN_SENT);
	wait_seconds(st, 1.5);
	expect_end(&st->tor, NOTIFY_HOLD_TIMER, 0, NULL, 0);
	story_end(st);
}

static void
a_peer_that_takes_no_byte_for_the_send_hold_time_is_closed(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	st->tor.room = 0;
	for (unsigned i = 0; i < 17; i++) { /* it lives, and talks to us */
		wait_seconds(st, 30);
		hears_keepalive(&st->tor);
	}
	assert_int_equal(st->history.flaps, 1);
	assert_non_null(strstr(st->history.last_error, "Send Hold"));
	assert_true(st->tor.closed); /* although the NOTIFICATION did not leave either */
	story_end(st);
}

static void
one_byte_taken_restarts_the_send_hold_time(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	routes_are(st, 1, 2000, 2);
	is_established(&st->tor);
	st->tor.room = 0;
	for (unsigned i = 0; i < 60; i++) {
		wait_seconds(st, 60);
		st->tor.room = 1;
		hears_keepalive(&st->tor);
	}
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	story_end(st);
}

static void
a_failed_connection_is_tried_again_after_the_connect_retry_time(void **unused)
{
	struct story *st = story_begin();
	struct session *s = &st->tor.session;

	(void)unused;
	role_is_io();
	st->options.connect_retry_ns = 20 * NS_PER_S;
	session_start(s, st->now);
	session_event(s, SESSION_CONNECTING, NULL, st->now);
	session_event(s, SESSION_CONNECT_FAILED, "Connection refused", st->now);
	assert_int_equal(s->state, SESSION_ACTIVE);
	assert_string_equal(st->history.last_error, "connecting failed: Connection refused");
	wait_seconds(st, 14.9); /* a quarter sooner at the earliest */
	assert_int_equal(session_wish(s), SESSION_WISH_NOTHING);
	wait_seconds(st, 5.2);
	assert_int_equal(session_wish(s), SESSION_WISH_CONNECT);
	story_end(st);
}

static void
an_attempt_without_an_answer_is_given_up(void **unused)
{
	struct story *st = story_begin();
	struct session *s = &st->tor.session;

	(void)unused;
	role_is_io();
	session_start(s, st->now);
	session_event(s, SESSION_CONNECTING, NULL, st->now);
	wait_seconds(st, 6);
	assert_int_equal(session_wish(s), SESSION_WISH_CLOSE);
	session_event(s, SESSION_CLOSED, NULL, st->now);
	assert_int_equal(s->state, SESSION_ACTIVE);
	wait_seconds(st, 6);
	assert_int_equal(session_wish(s), SESSION_WISH_CONNECT);
	story_end(st);
}

static void
errors_in_a_row_make_the_rest_in_idle_longer(void **unused)
{
	struct story *st = story_begin();
	struct session *s = &st->tor.session;
	uint64_t rest[8];

	(void)unused;
	role_is_io();
	for (unsigned i = 0; i < 8; i++) {
		connects(&st->tor);
		expect_open(&st->tor);
		hears_keepalive(&st->tor); /* an error */
		assert_int_equal(s->state, SESSION_IDLE);
		assert_false(session_accepts(s));
		rest[i] = session_deadline(s) - st->now;
		st->now += rest[i];
		session_tick(s, st->now);
		st->tor.taken = st->tor.n;
	}
	assert_in_range(rest[0], NS_PER_S * 3 / 4, NS_PER_S);
	assert_in_range(rest[1], 2 * NS_PER_S * 3 / 4, 2 * NS_PER_S);
	assert_in_range(rest[4], 16 * NS_PER_S * 3 / 4, 16 * NS_PER_S);
	assert_in_range(rest[7], 60 * NS_PER_S * 3 / 4, 60 * NS_PER_S);
	story_end(st);
}

static void
a_session_that_lasted_makes_up_for_errors(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	st->history.failures = 6;
	is_established(&st->tor);
	wait_seconds(st, 61);
	hears_message(&st->tor, 77, NULL, 0);
	assert_int_equal(st->tor.session.state, SESSION_IDLE);
	assert_int_equal(st->history.failures, 1);
	story_end(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(a_peer_that_says_nothing_for_the_hold_time_is_closed),
	    STORY(any_byte_of_the_peer_refreshes_the_hold_time),
	    STORY(a_keepalive_goes_out_every_third_of_the_hold_time),
	    STORY(a_hold_time_of_zero_means_no_keepalives_and_no_end),
	    STORY(a_peer_that_sends_no_open_is_waited_for_four_minutes),
	    STORY(a_peer_that_takes_no_byte_for_the_send_hold_time_is_closed),
	    STORY(one_byte_taken_restarts_the_send_hold_time),
	    STORY(a_failed_connection_is_tried_again_after_the_connect_retry_time),
	    STORY(an_attempt_without_an_answer_is_given_up),
	    STORY(errors_in_a_row_make_the_rest_in_idle_longer),
	    STORY(a_session_that_lasted_makes_up_for_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
