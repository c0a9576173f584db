/* SPDX-License-Identifier: Apache-2.0 */
/* Routes on the way to a peer, and what the session says between them. */
#include "story_table.h"

#define STORY(name) cmocka_unit_test(name)

/* After the routes: the second End-of-RIB, and nothing more. */
static void
expect_rest(struct side *c)
{
	expect_end_of_rib(c, IP_V6);
	expect_nothing(c);
}

static void
end_of_rib_comes_last_and_once_for_each_family(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	routes_are(st, 1, 500, 2);
	barrier_is_reached(st);
	is_established(&st->tor);
	assert_int_equal(expect_table(&st->tor), 1000);
	expect_rest(&st->tor);
	assert_int_equal(st->history.paths_sent, 1000);
	routes_are(st, 501, 501, 1);
	assert_non_null(expect(&st->tor, BGP_UPDATE, &(size_t){0}));
	expect_nothing(&st->tor);
	story_end(st);
}

static void
an_empty_table_is_an_end_of_rib(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	barrier_is_reached(st);
	is_established(&st->tor);
	expect_end_of_rib(&st->tor, IP_V4);
	expect_rest(&st->tor);
	story_end(st);
}

static void
end_of_rib_waits_for_the_barrier(void **unused)
{
	struct story *st = story_begin();
	size_t n = 0;

	(void)unused;
	routes_are(st, 1, 10, 1);
	is_established(&st->tor);
	expect(&st->tor, BGP_UPDATE, &n);
	for (int i = 0; i < 5; i++) {
		waker_wait(&st->waker, 20 * NS_PER_MS);
		expect_nothing(&st->tor);
	}
	barrier_is_reached(st);
	expect_end_of_rib(&st->tor, IP_V4);
	expect_rest(&st->tor);
	story_end(st);
}

static void
a_refresh_sends_the_table_again_between_its_brackets(void **unused)
{
	struct story *st = story_begin();
	size_t n = 0;

	(void)unused;
	routes_are(st, 1, 3, 2);
	barrier_is_reached(st);
	is_established(&st->tor);
	assert_int_equal(expect_table(&st->tor), 6);
	expect_rest(&st->tor);
	hears_refresh(&st->tor, IP_V4);
	expect_refresh(&st->tor, IP_V4, REFRESH_BEGIN);
	expect(&st->tor, BGP_UPDATE, &n);
	expect(&st->tor, BGP_UPDATE, &n);
	expect_refresh(&st->tor, IP_V4, REFRESH_END);
	expect_nothing(&st->tor);
	assert_int_equal(st->history.refreshes_in, 1);
	assert_int_equal(st->history.paths_sent, 12);
	story_end(st);
}

static void
refreshes_that_come_together_are_one(void **unused)
{
	struct story *st = story_begin();
	unsigned begun = 0;
	size_t n = 0;
	const uint8_t *m;

	(void)unused;
	barrier_is_reached(st);
	is_established(&st->tor);
	expect_end_of_rib(&st->tor, IP_V4);
	expect_rest(&st->tor);
	st->tor.room = 0;
	for (int i = 0; i < 1000; i++)
		hears_refresh(&st->tor, i % 2 ? IP_V4 : IP_V6);
	st->tor.room = SIZE_MAX;
	for (int i = 0; i < 20; i++) {
		waker_wait(&st->waker, 5 * NS_PER_MS);
		drive(&st->tor);
	}
	while ((m = next_message(&st->tor, &n)) != NULL)
		begun += m[18] == BGP_ROUTE_REFRESH && m[21] == REFRESH_BEGIN;
	assert_in_range(begun, 2, 4);
	story_end(st);
}

static void
a_refresh_without_the_enhanced_capability_has_no_brackets(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();
	size_t n = 0;

	(void)unused;
	o.capabilities.present &= ~CAPABILITY_BIT(ENHANCED_REFRESH);
	routes_are(st, 1, 1, 1);
	barrier_is_reached(st);
	is_established_with(&st->tor, &o);
	assert_int_equal(expect_table(&st->tor), 1);
	expect_rest(&st->tor);
	hears_refresh(&st->tor, IP_V4);
	expect(&st->tor, BGP_UPDATE, &n);
	expect_nothing(&st->tor);
	story_end(st);
}

static void
a_refresh_of_a_family_that_was_not_negotiated_is_counted_and_ignored(void **unused)
{
	struct story *st = story_begin();
	struct open o = tor_open();

	(void)unused;
	o.capabilities.families[V6] = false;
	barrier_is_reached(st);
	is_established_with(&st->tor, &o);
	expect_end_of_rib(&st->tor, IP_V4);
	hears_refresh(&st->tor, IP_V6);
	expect_nothing(&st->tor);
	assert_int_equal(st->history.malformed_in, 1);
	assert_int_equal(st->history.refreshes_in, 0);
	story_end(st);
}

static void
a_refresh_of_a_wrong_length_ends_the_session(void **unused)
{
	static const uint8_t body[] = {0, 1, REFRESH_BEGIN, 1, 0};
	struct story *st = story_begin();
	uint8_t message[BGP_HEADER_SIZE + sizeof(body)];

	(void)unused;
	bgp_header_encode(message, sizeof(message), BGP_ROUTE_REFRESH);
	memcpy(message + BGP_HEADER_SIZE, body, sizeof(body));
	is_established(&st->tor);
	hears(&st->tor, message, sizeof(message));
	assert_int_equal(st->tor.session.state, SESSION_IDLE);
	assert_int_equal(st->history.malformed_in, 1);
	story_end(st);
}

static void
keepalives_go_out_between_messages_and_never_inside_one(void **unused)
{
	struct story *st = story_begin();
	struct update_context ctx = {
	    .as4 = true, .families = {true, true}, .add_path = {true, true}};
	unsigned keepalives = 0, paths = 0;
	const uint8_t *m;
	size_t n = 0;

	(void)unused;
	routes_are(st, 1, 3000, 2);
	barrier_is_reached(st);
	is_established(&st->tor);
	waker_wait(&st->waker, 100 * NS_PER_MS);
	while (paths < 6000) {
		struct update u;

		st->tor.room = 997; /* prime: every place in a message is met */
		wait_seconds(st, 31);
		hears_keepalive(&st->tor);
		waker_wait(&st->waker, NS_PER_MS);
		while ((m = next_message(&st->tor, &n)) != NULL) {
			if (m[18] == BGP_KEEPALIVE) {
				keepalives++;
				continue;
			}
			assert_int_equal(m[18], BGP_UPDATE);
			update_decode(m, n, &ctx, &u);
			assert_int_equal(u.verdict, ATTR_OK);
			paths += u.announced;
		}
	}
	assert_true(keepalives > 0);
	story_end(st);
}

static void
a_notification_waits_for_the_end_of_the_message_that_is_half_sent(void **unused)
{
	struct story *st = story_begin();
	struct notification n;
	const uint8_t *m, *last = NULL;
	size_t size, last_size = 0;

	(void)unused;
	role_is_io();
	routes_are(st, 1, 3000, 2);
	is_established(&st->tor);
	st->tor.room = 5000;
	for (int i = 0; st->tor.room && i < 100; i++) {
		waker_wait(&st->waker, 10 * NS_PER_MS);
		drive(&st->tor);
	}
	assert_int_equal(st->tor.room, 0);
	hears_message(&st->tor, 77, NULL, 0);
	assert_false(st->tor.closed);
	st->tor.room = SIZE_MAX;
	drive(&st->tor);
	assert_true(st->tor.closed);
	while ((m = next_message(&st->tor, &size)) != NULL) {
		last = m;
		last_size = size;
	}
	assert_int_equal(st->tor.taken, st->tor.n);
	assert_non_null(last);
	assert_int_equal(last[18], BGP_NOTIFICATION);
	assert_true(notification_decode(last, last_size, &n));
	assert_int_equal(n.code, NOTIFY_HEADER);
	/* Routes that had not begun were left. */
	assert_true(st->tor.n < 30000);
	story_end(st);
}

static void
routes_do_the_work_of_keepalives(void **unused)
{
	struct story *st = story_begin();

	(void)unused;
	is_established(&st->tor);
	for (uint32_t i = 1; i <= 20; i++) {
		wait_seconds(st, 20);
		hears_keepalive(&st->tor);
		routes_are(st, i, i, 1);
		expect_route(&st->tor, i);
	}
	expect_nothing(&st->tor);
	story_end(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORY(end_of_rib_comes_last_and_once_for_each_family),
	    STORY(an_empty_table_is_an_end_of_rib),
	    STORY(end_of_rib_waits_for_the_barrier),
	    STORY(a_refresh_sends_the_table_again_between_its_brackets),
	    STORY(refreshes_that_come_together_are_one),
	    STORY(a_refresh_without_the_enhanced_capability_has_no_brackets),
	    STORY(a_refresh_of_a_family_that_was_not_negotiated_is_counted_and_ignored),
	    STORY(a_refresh_of_a_wrong_length_ends_the_session),
	    STORY(keepalives_go_out_between_messages_and_never_inside_one),
	    STORY(a_notification_waits_for_the_end_of_the_message_that_is_half_sent),
	    STORY(routes_do_the_work_of_keepalives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
