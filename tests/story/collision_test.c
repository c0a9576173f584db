/* SPDX-License-Identifier: Apache-2.0 */
/* Two connections with one peer (RFC 4271 section 6.8). `tor` is ours, `second` the peer's. */
#include "story.h"

#define STORY(name) cmocka_unit_test(name)

/* Both connections stand, OPENs of ours have gone out on both. */
static void
both_connect(struct story *st)
{
	role_is_io();
	connects(&st->tor);
	session_set_rivals(&st->tor.session, &st->second.session);
	is_called(&st->second);
	expect_open(&st->tor);
	expect_open(&st->second);
}

static struct open
open_of(uint32_t router_id)
{
	struct open o = tor_open();

	o.router_id = router_id;
	return o;
}

static void
with_the_higher_identifier_our_connection_stays(void **unused)
{
	struct story *st = story_begin();
	struct open o = open_of(TOR_ID);

	(void)unused;
	both_connect(st);
	hears_open(&st->tor, &o);
	hears_open(&st->second, &o);
	expect_end(&st->second, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, NULL, 0);
	expect_keepalive(&st->tor);
	hears_keepalive(&st->tor);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	story_end(st);
}

static void
it_stays_also_when_its_open_comes_last(void **unused)
{
	struct story *st = story_begin();
	struct open o = open_of(TOR_ID);

	(void)unused;
	both_connect(st);
	hears_open(&st->second, &o);
	expect_keepalive(&st->second);
	hears_open(&st->tor, &o);
	expect_end(&st->second, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, NULL, 0);
	assert_int_equal(st->tor.session.state, SESSION_OPEN_CONFIRM);
	story_end(st);
}

static void
with_the_lower_identifier_the_peer_s_connection_stays(void **unused)
{
	struct story *st = story_begin();
	struct open o = open_of(HIGH_ID);

	(void)unused;
	both_connect(st);
	hears_open(&st->tor, &o);
	expect_keepalive(&st->tor);
	hears_open(&st->second, &o);
	expect_end(&st->tor, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, NULL, 0);
	expect_keepalive(&st->second);
	hears_keepalive(&st->second);
	assert_int_equal(st->second.session.state, SESSION_ESTABLISHED);
	story_end(st);
}

static void
an_established_session_outlives_a_second_connection(void **unused)
{
	struct story *st = story_begin();
	struct open o = open_of(HIGH_ID);

	(void)unused;
	role_is_io();
	is_established_with(&st->tor, &o);
	session_set_rivals(&st->tor.session, &st->second.session);
	is_called(&st->second);
	expect_open(&st->second);
	hears_open(&st->second, &o);
	expect_end(&st->second, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, NULL, 0);
	assert_int_equal(st->tor.session.state, SESSION_ESTABLISHED);
	story_end(st);
}

static void
a_peer_with_graceful_restart_that_comes_back_replaces_its_dead_session(void **unused)
{
	struct story *st = story_begin();
	struct open o = open_of(TOR_ID);

	(void)unused;
	role_is_io();
	o.capabilities.present |= CAPABILITY_BIT(GRACEFUL_RESTART);
	o.capabilities.gr[V4].present = true;
	is_established_with(&st->tor, &o);
	wait_seconds(st, 5);
	session_set_rivals(&st->tor.session, &st->second.session);
	is_called(&st->second);
	expect_open(&st->second);
	hears_open(&st->second, &o);
	expect_keepalive(&st->second);
	hears_keepalive(&st->second);
	assert_int_equal(st->second.session.state, SESSION_ESTABLISHED);
	assert_true(st->tor.closed);
	expect_nothing(&st->tor);
	story_end(st);
}

static void
equal_identifiers_are_decided_by_the_as_number(void **unused)
{
	struct story *st = story_begin();
	struct open o = open_of(OUR_ID);

	(void)unused;
	st->peer_as[0] = o.as = o.capabilities.as4 = 65001; /* higher than ours */
	both_connect(st);
	hears_open(&st->tor, &o);
	expect_keepalive(&st->tor);
	hears_open(&st->second, &o);
	expect_end(&st->tor, NOTIFY_CEASE, NOTIFY_CEASE_COLLISION, NULL, 0);
	assert_int_equal(st->second.session.state, SESSION_OPEN_CONFIRM);
	story_end(st);
}

static void
an_attempt_of_ours_ends_when_the_peer_s_connection_is_established(void **unused)
{
	struct story *st = story_begin();
	struct session *s = &st->tor.session;
	struct open o = tor_open();

	(void)unused;
	role_is_io();
	session_start(s, st->now);
	session_event(s, SESSION_CONNECTING, NULL, st->now);
	session_set_rivals(s, &st->second.session);
	is_called(&st->second);
	reaches_open_confirm(&st->second, &o);
	hears_keepalive(&st->second);
	assert_int_equal(st->second.session.state, SESSION_ESTABLISHED);
	assert_int_equal(session_wish(s), SESSION_WISH_CLOSE);
	story_end(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(with_the_higher_identifier_our_connection_stays),
	    STORY(it_stays_also_when_its_open_comes_last),
	    STORY(with_the_lower_identifier_the_peer_s_connection_stays),
	    STORY(an_established_session_outlives_a_second_connection),
	    STORY(a_peer_with_graceful_restart_that_comes_back_replaces_its_dead_session),
	    STORY(equal_identifiers_are_decided_by_the_as_number),
	    STORY(an_attempt_of_ours_ends_when_the_peer_s_connection_is_established),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
