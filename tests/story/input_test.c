/* SPDX-License-Identifier: Apache-2.0 */
/* What peers send that they should not, and how they cut it up. */
#include "story.h"

#define STORY(name) cmocka_unit_test(name)

static void
messages_in_one_byte_segments_are_the_same_messages(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();
	uint8_t buf[OPEN_SIZE_MAX + 3 * BGP_HEADER_SIZE];
	size_t n = open_encode(&o, buf, OPEN_SIZE_MAX);

	(void)unused;
	for (unsigned i = 0; i < 3; i++)
		n += keepalive_encode(buf + n);
	connects(&st->tor);
	expect_open(&st->tor);
	for (size_t i = 0; i < n; i++)
		hears(&st->tor, buf + i, 1);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	assert_int_equal(st->history.messages_in, 4);
	assert_null(st->tor.session.in.at);
	story_end(st);
}

static void
messages_in_segments_of_any_size_are_the_same_messages(void **unused)
{
	struct story *st = story_begin();
	uint8_t buf[100 * BGP_HEADER_SIZE];
	size_t n = 0;

	(void)unused;
	for (unsigned i = 0; i < 100; i++)
		n += keepalive_encode(buf + n);
	is_established(&st->tor);
	for (size_t at = 0, step = 1; at < n; at += step, step = step % 57 + 1)
		hears(&st->tor, buf + at, step < n - at ? step : n - at);
	assert_int_equal(st->history.messages_in, 2 + 100);
	assert_null(st->tor.session.in.at);
	story_end(st);
}

static void
a_broken_marker_ends_the_session_at_the_header(void **unused)
{
	struct story *st = story_begin();
	uint8_t buf[BGP_HEADER_SIZE];

	(void)unused;
	keepalive_encode(buf);
	buf[7] = 0;
	is_established(&st->tor);
	hears(&st->tor, buf, sizeof(buf));
	expect_end(&st->tor, NOTIFY_HEADER, NOTIFY_HEADER_NOT_SYNCHRONIZED, NULL, 0);
	story_end(st);
}

static void
an_oversized_message_ends_the_session_before_its_body_has_come(void **unused)
{
	static const uint8_t length[] = {0x10, 0x01}; /* 4097 */
	struct story *st = story_begin();
	struct open o = tor_open();
	uint8_t buf[BGP_HEADER_SIZE];

	(void)unused;
	st->options.extended = false;
	bgp_header_encode(buf, 4097, BGP_UPDATE);
	is_established_with(&st->tor, &o);
	hears(&st->tor, buf, sizeof(buf));
	expect_end(&st->tor, NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, length, sizeof(length));
	story_end(st);
}

static void
an_extended_message_is_taken_where_we_offered_to(void **unused)
{
	struct story *st = story_begin();
	uint8_t *buf = calloc(1, BGP_MESSAGE_MAX_EXTENDED);

	(void)unused;
	/* An UPDATE that withdraws 0.0.0.0/0 65,512 times: strange, and sound. */
	bgp_header_encode(buf, BGP_MESSAGE_MAX_EXTENDED, BGP_UPDATE);
	wire_store_u16(buf + 19, BGP_MESSAGE_MAX_EXTENDED - 23);
	is_established(&st->tor);
	hears(&st->tor, buf, 30000);
	assert_int_equal(st->tor.session.in.cap, BGP_MESSAGE_MAX_EXTENDED);
	hears(&st->tor, buf + 30000, BGP_MESSAGE_MAX_EXTENDED - 30000);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	assert_int_equal(st->history.updates_in, 1);
	assert_null(st->tor.session.in.at);
	free(buf);
	story_end(st);
}

static void
a_message_of_an_unknown_type_ends_the_session(void **unused)
{
	static const uint8_t type[] = {77};
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	hears_message(&st->tor, 77, NULL, 0);
	expect_end(&st->tor, NOTIFY_HEADER, NOTIFY_HEADER_BAD_TYPE, type, sizeof(type));
	story_end(st);
}

static void
a_keepalive_with_a_body_has_a_bad_length(void **unused)
{
	static const uint8_t length[] = {0, 20};
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	hears_message(&st->tor, BGP_KEEPALIVE, "x", 1);
	expect_end(&st->tor, NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, length, sizeof(length));
	story_end(st);
}

static void
a_malformed_attribute_is_treated_as_withdraw_and_the_session_stays(void **unused)
{
	/* 192.0.2.0/24 with ORIGIN 9, an empty AS_PATH and a NEXT_HOP: RFC 7606 section 7.1 */
	static const uint8_t body[] = {0, 0, 0, 21, 0x40, 1, 1, 9, 0x40, 2, 0, 0x40, 3, 4, 10,
	    0, 0, 1, 0x40, 5, 4, 0, 0, 0, 100, 24, 192, 0, 2};
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	hears_message(&st->tor, BGP_UPDATE, body, sizeof(body));
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	assert_int_equal(st->history.malformed_in, 1);
	assert_non_null(strstr(st->history.malformed, "ORIGIN"));
	expect_nothing(&st->tor);
	story_end(st);
}

static void
an_update_whose_lengths_do_not_fit_ends_the_session(void **unused)
{
	static const uint8_t body[] = {
	    0, 9, 0, 0}; /* nine octets of withdrawals, and none there */
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	hears_message(&st->tor, BGP_UPDATE, body, sizeof(body));
	expect_end(&st->tor, NOTIFY_UPDATE, NOTIFY_UPDATE_ATTRIBUTE_LIST, NULL, 0);
	assert_int_equal(st->history.malformed_in, 1);
	story_end(st);
}

static void
a_sound_update_is_counted_and_not_answered(void **unused)
{
	static const uint8_t body[] = {0, 0, 0, 0}; /* an End-of-RIB */
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	hears_message(&st->tor, BGP_UPDATE, body, sizeof(body));
	assert_int_equal(st->history.updates_in, 1);
	assert_int_equal(st->history.malformed_in, 0);
	expect_nothing(&st->tor);
	story_end(st);
}

static void
after_a_fatal_error_the_rest_is_dropped_unread(void **unused)
{
	struct story *st = story_begin();
	uint8_t buf[10 * BGP_HEADER_SIZE];

	(void)unused;
	for (unsigned i = 0; i < 10; i++)
		keepalive_encode(buf + i * BGP_HEADER_SIZE);
	buf[2 * BGP_HEADER_SIZE + 18] = 99; /* the third one */
	is_established(&st->tor);
	hears(&st->tor, buf, sizeof(buf));
	assert_int_equal(st->history.messages_in, 2 + 2);
	assert_int_equal(st->history.malformed_in, 1);
	story_end(st);
}

static void
a_notification_is_never_answered_and_what_follows_is_dropped(void **unused)
{
	static const uint8_t body[] = {
	    NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN, 4, 'b', 'y', 'e', '!'};
	struct story *st = story_begin();
	uint8_t buf[200];
	size_t n = BGP_HEADER_SIZE + sizeof(body);

	(void)unused;
	bgp_header_encode(buf, (uint16_t)n, BGP_NOTIFICATION);
	memcpy(buf + BGP_HEADER_SIZE, body, sizeof(body));
	n += keepalive_encode(buf + n);
	is_established(&st->tor);
	hears(&st->tor, buf, n);
	expect_nothing(&st->tor);
	assert_true(st->tor.closed);
	assert_int_equal(st->history.messages_in, 2 + 1);
	assert_non_null(strstr(st->history.notification_received, "Administrative Shutdown"));
	assert_non_null(strstr(st->history.notification_received, "bye!"));
	/* A Cease is no error of ours: nothing to be damped for. */
	assert_int_equal(st->tor.session.state, SESSION_ACTIVE);
	story_end(st);
}

static void
the_operator_s_words_go_out_with_the_cease(void **unused)
{
	static const uint8_t text[] = {
	    11, 'b', 'a', 'c', 'k', ' ', 'a', 't', ' ', '5', 'p', 'm'};
	struct story *st = story_begin();

	(void)unused;
	role_is_io();
	is_established(&st->tor);
	session_stop(&st->tor.session, NOTIFY_CEASE_SHUTDOWN, "back at 5pm", st->now);
	expect_end(&st->tor, NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN, text, sizeof(text));
	assert_int_equal(session_deadline(&st->tor.session), NS_NEVER);
	story_end(st);
}

static void
a_session_that_is_dropped_says_nothing(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	role_is_io();
	o.capabilities.present |= CAPABILITY_BIT(GRACEFUL_RESTART);
	o.capabilities.gr[V4].present = true;
	o.capabilities.gr_time = 90;
	is_established_with(&st->tor, &o);
	assert_true(session_survives_drop(&st->tor.session));
	session_drop(&st->tor.session, "restart", st->now);
	expect_nothing(&st->tor);
	assert_true(st->tor.closed);
	story_end(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(messages_in_one_byte_segments_are_the_same_messages),
	    STORY(messages_in_segments_of_any_size_are_the_same_messages),
	    STORY(a_broken_marker_ends_the_session_at_the_header),
	    STORY(an_oversized_message_ends_the_session_before_its_body_has_come),
	    STORY(an_extended_message_is_taken_where_we_offered_to),
	    STORY(a_message_of_an_unknown_type_ends_the_session),
	    STORY(a_keepalive_with_a_body_has_a_bad_length),
	    STORY(a_malformed_attribute_is_treated_as_withdraw_and_the_session_stays),
	    STORY(an_update_whose_lengths_do_not_fit_ends_the_session),
	    STORY(a_sound_update_is_counted_and_not_answered),
	    STORY(after_a_fatal_error_the_rest_is_dropped_unread),
	    STORY(a_notification_is_never_answered_and_what_follows_is_dropped),
	    STORY(the_operator_s_words_go_out_with_the_cease),
	    STORY(a_session_that_is_dropped_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
