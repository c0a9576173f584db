/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for next, by what the server answered. */
#include "follow_world.h"

static void
initial_events_become_a_watch_on_the_same_stream(void **state)
{
	struct world *w = world(SOURCE_NODE, false);

	(void)state;
	reach_watching(w);
	event(w, "MODIFIED", node("a", "101"));
	event(w, "DELETED", node("a", "102"));
	assert_heard(w, "+a -a");
	w->now += 60 * NS_PER_S;
	follow_done(&w->f, NULL, 0, w->now); /* the server's time for a watch is over */
	expect_request(w, "resourceVersion=102");
	assert_null(strstr(w->request.path, "sendInitialEvents"));
	end_world(w);
}

static void
a_bookmark_moves_the_place_to_watch_from(void **state)
{
	struct world *w = world(SOURCE_NODE, false);

	(void)state;
	reach_watching(w);
	event(w, "BOOKMARK", node("", "150"));
	follow_done(&w->f, "connection reset", 0, w->now);
	assert_true(follow_due(&w->f) > w->now);
	expect_request(w, "resourceVersion=150");
	assert_heard(w, "");
	end_world(w);
}

static void
a_server_that_cannot_stream_is_listed_in_pages(void **state)
{
	static const unsigned codes[] = {400, 403, 422};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		struct world *w = world(SOURCE_NODE, false);

		expect_request(w, "sendInitialEvents");
		refuse(w, codes[i], "Invalid");
		expect_request(w, "/api/v1/nodes?limit=500");
		assert_false(w->request.watch);
		answer_page(w, "a", "90", "next/page+");
		expect_request(w, "continue=next%2Fpage%2B");
		answer_page(w, "b", "90", "");
		assert_heard(w, "begin +a +b end@90");
		expect_request(w, "watch=1");
		assert_non_null(strstr(w->request.path, "resourceVersion=90"));
		end_world(w);
	}
}

static void
an_old_server_that_takes_the_question_for_a_plain_watch_is_listed(void **state)
{
	struct world *w = world(SOURCE_NODE, false);

	(void)state;
	expect_request(w, "sendInitialEvents");
	follow_answer(&w->f, 200);
	event(w, "ADDED", node("a", "7"));
	last_event(w, "BOOKMARK", node("", "8"));
	expect_request(w, "limit=500");
	end_world(w);
}

static void
gone_lists_again_whether_it_comes_as_answer_or_as_event(void **state)
{
	(void)state;
	for (unsigned form = 0; form < 2; form++) {
		struct world *w = world(SOURCE_NODE, false);

		reach_watching(w);
		if (form == 0) {
			last_event(w, "ERROR", status(410, "Expired"));
		} else {
			w->now += 10 * NS_PER_S;
			follow_done(&w->f, NULL, 0, w->now);
			expect_request(w, "resourceVersion=100");
			refuse(w, 410, "Gone");
		}
		expect_request(w, "sendInitialEvents");
		follow_answer(&w->f, 200);
		assert_heard(w, "begin");
		end_world(w);
	}
}

static void
an_expired_page_lists_again_without_pages(void **state)
{
	struct world *w = world(SOURCE_NODE, true);

	(void)state;
	expect_request(w, "limit=500");
	answer_page(w, "a", "90", "t");
	expect_request(w, "continue=t");
	refuse(w, 410, "Expired");
	expect_request(w, "/api/v1/nodes");
	assert_null(strchr(w->request.path, '?'));
	answer_page(w, "b", "95", "");
	assert_heard(w, "begin +a begin +b end@95");
	end_world(w);
}

static void
an_absent_optional_resource_is_an_empty_listing_and_looked_for_later(void **state)
{
	struct world *w = world(SOURCE_CIDR, false);

	(void)state;
	expect_request(w, "networking.k8s.io/v1/servicecidrs");
	refuse(w, 404, "NotFound");
	expect_request(w, "networking.k8s.io/v1beta1/servicecidrs");
	refuse(w, 404, "NotFound");
	assert_heard(w, "begin end@");
	assert_true(follow_due(&w->f) >= w->now + 20 * NS_PER_S);
	w->now = follow_due(&w->f);
	expect_request(w, "networking.k8s.io/v1/servicecidrs");
	end_world(w);
}

static void
a_resource_that_must_be_there_is_asked_for_ever(void **state)
{
	struct world *w = world(SOURCE_NODE, false);
	uint64_t longest = 0;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		free(w->request.path);
		follow_request(&w->f, w->now, &w->request);
		if (i % 2)
			refuse(w, 404, "NotFound");
		else
			follow_done(&w->f, "connection refused", 0, w->now);
		assert_true(follow_due(&w->f) > w->now);
		if (follow_due(&w->f) - w->now > longest)
			longest = follow_due(&w->f) - w->now;
		w->now = follow_due(&w->f);
	}
	assert_true(longest <= FOLLOW_BACKOFF_MAX);
	assert_true(longest > FOLLOW_BACKOFF_MAX / 2);
	assert_heard(w, "");
	end_world(w);
}

static void
a_server_that_asks_for_patience_gets_it(void **state)
{
	struct world *w = world(SOURCE_NODE, false);

	(void)state;
	expect_request(w, "nodes");
	follow_answer(&w->f, 429);
	follow_done(&w->f, NULL, 7, w->now);
	assert_true(follow_due(&w->f) >= w->now + 7 * NS_PER_S);
	assert_true(follow_due(&w->f) <= w->now + 8 * NS_PER_S);
	end_world(w);
}

static void
initial_events_that_break_off_are_asked_for_anew(void **state)
{
	struct world *w = world(SOURCE_NODE, false);

	(void)state;
	expect_request(w, "sendInitialEvents");
	follow_answer(&w->f, 200);
	event(w, "ADDED", node("a", "7"));
	follow_done(&w->f, "reset", 0, w->now);
	assert_heard(w, "begin +a");
	reach_watching(w);
	end_world(w);
}

static void
what_cannot_be_read_in_a_watch_lists_again(void **state)
{
	struct bytes raw = {.n = 0};
	struct world *w = world(SOURCE_NODE, false);

	(void)state;
	reach_watching(w);
	put_meta(&raw, "x", "p", "1");
	last_event(w, "ADDED", envelope("v1", "Pod", &raw));
	expect_request(w, "sendInitialEvents");
	follow_answer(&w->f, 200);
	assert_false(follow_bytes(&w->f, "<html>", 6));
	follow_done(&w->f, "closed by us", 0, w->now);
	assert_heard(w, "begin");
	end_world(w);
}

static void
a_watch_that_a_server_keeps_refusing_lists_again(void **state)
{
	struct world *w = world(SOURCE_NODE, false);

	(void)state;
	reach_watching(
	    w); /* and etcd is put back from a backup: our version is in its future */
	follow_done(&w->f, "reset", 0, w->now);
	for (unsigned i = 0; i < 5; i++) {
		w->now = follow_due(&w->f);
		expect_request(w, "resourceVersion=100");
		refuse(w, 504, "Timeout");
	}
	w->now = follow_due(&w->f);
	expect_request(w, "sendInitialEvents");
	end_world(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(initial_events_become_a_watch_on_the_same_stream),
	    cmocka_unit_test(a_bookmark_moves_the_place_to_watch_from),
	    cmocka_unit_test(a_server_that_cannot_stream_is_listed_in_pages),
	    cmocka_unit_test(an_old_server_that_takes_the_question_for_a_plain_watch_is_listed),
	    cmocka_unit_test(gone_lists_again_whether_it_comes_as_answer_or_as_event),
	    cmocka_unit_test(an_expired_page_lists_again_without_pages),
	    cmocka_unit_test(
	        an_absent_optional_resource_is_an_empty_listing_and_looked_for_later),
	    cmocka_unit_test(a_resource_that_must_be_there_is_asked_for_ever),
	    cmocka_unit_test(a_server_that_asks_for_patience_gets_it),
	    cmocka_unit_test(initial_events_that_break_off_are_asked_for_anew),
	    cmocka_unit_test(what_cannot_be_read_in_a_watch_lists_again),
	    cmocka_unit_test(a_watch_that_a_server_keeps_refusing_lists_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
