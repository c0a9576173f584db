/* SPDX-License-Identifier: Apache-2.0 */
/* Resources that come in JSON, and those that we may be denied. */
#include "follow_world.h"
#include "heard_log.h"

/* Bytes of an answer in JSON, in two pieces. */
static void
json_bytes(struct world *w, const char *text)
{
	size_t half = strlen(text) / 2;

	assert_true(follow_bytes(&w->f, text, half));
	assert_true(follow_bytes(&w->f, text + half, strlen(text) - half));
}

#define POOL(name, version)                                                                    \
	"{\"kind\":\"IPPool\",\"metadata\":{\"name\":\"" name                                  \
	"\",\"resourceVersion\":\"" version "\"}}"

static void
a_resource_in_json_is_streamed_line_by_line(void **state)
{
	struct world *w = world(SOURCE_IPPOOL, false);

	(void)state;
	expect_request(w, "crd.projectcalico.org/v1/ippools?watch=1");
	follow_answer(&w->f, 200);
	json_bytes(w,
	    "{\"type\":\"ADDED\",\"object\":" POOL("a",
	        "4") "}\n"
	             "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"IPPool\",\"metadata\":{"
	             "\"resourceVersion\":\"5\",\"annotations\":{"
	             "\"k8s.io/initial-events-end\":\"true\"}}}}\n");
	assert_heard(w, "begin +a end@5");
	json_bytes(w, "{\"type\":\"MODIFIED\",\"object\":" POOL(
	                  "a", "6") "}\n\n"
	                            "{\"type\":\"DELETED\",\"object\":" POOL("a", "7") "}\n");
	assert_heard(w, "+a -a");
	w->now += 60 * NS_PER_S;
	follow_done(&w->f, NULL, 0, w->now);
	expect_request(w, "resourceVersion=7");
	end_world(w);
}

static void
a_resource_in_json_is_listed_in_pages(void **state)
{
	struct world *w = world(SOURCE_BGPCONFIG, true);

	(void)state;
	expect_request(w, "bgpconfigurations?limit=500");
	follow_answer(&w->f, 200);
	json_bytes(w,
	    "{\"kind\":\"BGPConfigurationList\",\"metadata\":{\"resourceVersion\":\"9\","
	    "\"continue\":\"more\"},\"items\":[{\"metadata\":{\"name\":\"default\"}}]}");
	follow_done(&w->f, NULL, 0, w->now);
	expect_request(w, "continue=more");
	follow_answer(&w->f, 200);
	json_bytes(w,
	    "{\"kind\":\"BGPConfigurationList\",\"metadata\":{\"resourceVersion\":\"9\"},"
	    "\"items\":[{\"metadata\":{\"name\":\"other\"}}]}");
	follow_done(&w->f, NULL, 0, w->now);
	assert_heard(w, "begin +default +other end@9");
	expect_request(w, "watch=1");
	end_world(w);
}

static void
what_is_no_event_in_json_is_a_fault_and_is_listed_again(void **state)
{
	static const char *const lines[] = {"<html>\n", "{\"type\":\"ADDED\"}\n", "[]\n",
	    "{\"type\":\"ODD\",\"object\":{}}\n",
	    "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Node\",\"metadata\":{}}}\n"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct world *w = world(SOURCE_BGPPEER, false);

		expect_request(w, "bgppeers?watch=1");
		follow_answer(&w->f, 200);
		assert_false(follow_bytes(&w->f, lines[i], strlen(lines[i])));
		follow_done(&w->f, "closed by us", 0, w->now);
		assert_heard(w, "begin");
		assert_true(w->f.last_error[0]);
		expect_request(w, "sendInitialEvents=true");
		end_world(w);
	}
}

static void
an_error_in_a_watch_of_json_is_read(void **state)
{
	struct world *w = world(SOURCE_BGPPEER, false);
	const char *error = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
	                    "\"reason\":\"Expired\",\"message\":\"too old\"}}\n";

	(void)state;
	expect_request(w, "watch=1");
	follow_answer(&w->f, 200);
	assert_false(follow_bytes(&w->f, error, strlen(error)));
	follow_done(&w->f, "closed by us", 0, w->now);
	expect_request(w, "sendInitialEvents=true");
	assert_int_equal(w->f.error.code, 0); /* of the new request */
	end_world(w);
}

static void
a_resource_that_we_may_be_denied_is_gone_without_and_asked_for_later(void **state)
{
	struct world *w = world(SOURCE_IPPOOL, false);

	(void)state;
	expect_request(w, "ippools?watch=1");
	refuse(w, 403, "Forbidden"); /* initial events, or all of it? */
	expect_request(w, "ippools?limit");
	refuse(w, 403, "Forbidden");
	assert_heard(w, "denied");
	assert_string_equal(follow_state_text(w->f.state), "denied");
	assert_true(follow_due(&w->f) >= w->now + 20 * NS_PER_S);
	w->now = follow_due(&w->f);
	expect_request(w, "crd.projectcalico.org/v1/ippools");
	end_world(w);
}

static void
an_object_with_a_nul_in_its_text_holds_up_no_other(void **state)
{
	struct world *w = world(SOURCE_IPPOOL, true);

	(void)state;
	expect_request(w, "ippools?limit");
	follow_answer(&w->f, 200);
	json_bytes(w, "{\"kind\":\"IPPoolList\",\"metadata\":{\"resourceVersion\":\"9\"},"
	              "\"items\":[{\"metadata\":{\"name\":\"a\",\"annotations\":{"
	              "\"x\":\"\\u0000\"}}},{\"metadata\":{\"name\":\"b\"}}]}");
	follow_done(&w->f, NULL, 0, w->now);
	assert_heard(w, "begin +a +b end@9");
	end_world(w);
}

static void
a_resource_in_json_that_is_absent_in_both_groups_is_taken_up_when_it_comes(void **state)
{
	struct world *w = world(SOURCE_IPPOOL, false);

	(void)state;
	expect_request(w, "/apis/crd.projectcalico.org/v1/ippools");
	refuse(w, 404, "NotFound");
	expect_request(w, "/apis/projectcalico.org/v3/ippools");
	refuse(w, 404, "NotFound");
	assert_heard(w, "begin end@");
	assert_true(follow_due(&w->f) >= w->now + 20 * NS_PER_S);
	assert_true(follow_due(&w->f) <= w->now + 40 * NS_PER_S);
	w->now = follow_due(&w->f);
	expect_request(w, "/apis/crd.projectcalico.org/v1/ippools?watch=1");
	follow_answer(&w->f, 200);
	json_bytes(w, "{\"type\":\"ADDED\",\"object\":" POOL("a", "4") "}\n");
	assert_heard(w, "begin +a");
	end_world(w);
}

static void
a_denial_is_said_once_with_what_to_grant_whatever_went_wrong_before(void **state)
{
	struct world *w = world(SOURCE_IPPOOL, true);
	struct heard_log log;

	(void)state;
	log_begin(&log);
	expect_request(w, "ippools?limit"); /* the API server is not up yet */
	follow_done(&w->f, "connection refused", 0, w->now);
	for (unsigned i = 0; i < 5; i++) {
		w->now = follow_due(&w->f);
		expect_request(w, "ippools?limit");
		refuse(w, 403, "Forbidden");
	}
	log_end(&log);
	assert_int_equal(times(log.text, "does not let us read"), 1);
	assert_int_equal(times(log.text, "list and watch"), 1);
	assert_non_null(strstr(w->f.last_error, "list and watch"));
	end_world(w);
}

static void
a_resource_that_may_be_listed_but_not_watched_is_read_now_and_then(void **state)
{
	struct world *w = world(SOURCE_IPPOOL, false);
	struct heard_log log;

	(void)state;
	log_begin(&log);
	for (unsigned i = 0; i < 5; i++) {
		expect_request(w, "sendInitialEvents=true");
		refuse(w, 403, "Forbidden");
		expect_request(w, "ippools?limit");
		follow_answer(&w->f, 200);
		json_bytes(w,
		    "{\"kind\":\"IPPoolList\",\"metadata\":{\"resourceVersion\":\"9\"},"
		    "\"items\":[{\"metadata\":{\"name\":\"a\"}}]}");
		follow_done(&w->f, NULL, 0, w->now);
		expect_request(w, "ippools?watch=1");
		refuse(w, 403, "Forbidden");
		assert_heard(w, "begin +a end@9 denied");
		assert_true(follow_due(&w->f) >= w->now + 20 * NS_PER_S);
		w->now = follow_due(&w->f);
	}
	log_end(&log);
	assert_int_equal(times(log.text, "does not let us read"), 1);
	assert_int_equal(times(log.text, "\n"), 2); /* and that lists are read instead */
	end_world(w);
}

static void
an_older_api_whose_server_is_away_is_gone_without(void **state)
{
	struct world *w = world(SOURCE_IPPOOL, true);

	(void)state;
	expect_request(w, "/apis/crd.projectcalico.org/v1/ippools?limit");
	refuse(w, 404, "NotFound");
	expect_request(w, "/apis/projectcalico.org/v3/ippools?limit");
	refuse(w, 503, "ServiceUnavailable"); /* an APIService that nothing serves */
	assert_heard(w, "denied");
	assert_non_null(strstr(w->f.last_error, "503"));
	assert_true(follow_due(&w->f) >= w->now + 20 * NS_PER_S);
	w->now = follow_due(&w->f);
	expect_request(w, "/apis/crd.projectcalico.org/v1/ippools?limit");
	refuse(w, 503, "ServiceUnavailable"); /* the API server itself: that passes */
	assert_heard(w, "");
	assert_true(follow_due(&w->f) <= w->now + NS_PER_S);
	end_world(w);
}

static void
a_resource_that_is_needed_and_denied_is_asked_for_ever(void **state)
{
	struct world *w = world(SOURCE_NODE, true);

	(void)state;
	expect_request(w, "nodes?limit");
	refuse(w, 403, "Forbidden");
	assert_heard(w, "");
	assert_non_null(strstr(w->f.last_error, "deploy/feed-rbac.yaml"));
	expect_request(w, "nodes?limit");
	end_world(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_resource_in_json_is_streamed_line_by_line),
	    cmocka_unit_test(a_resource_in_json_is_listed_in_pages),
	    cmocka_unit_test(what_is_no_event_in_json_is_a_fault_and_is_listed_again),
	    cmocka_unit_test(an_error_in_a_watch_of_json_is_read),
	    cmocka_unit_test(
	        a_resource_that_we_may_be_denied_is_gone_without_and_asked_for_later),
	    cmocka_unit_test(an_object_with_a_nul_in_its_text_holds_up_no_other),
	    cmocka_unit_test(
	        a_resource_in_json_that_is_absent_in_both_groups_is_taken_up_when_it_comes),
	    cmocka_unit_test(
	        a_denial_is_said_once_with_what_to_grant_whatever_went_wrong_before),
	    cmocka_unit_test(
	        a_resource_that_may_be_listed_but_not_watched_is_read_now_and_then),
	    cmocka_unit_test(an_older_api_whose_server_is_away_is_gone_without),
	    cmocka_unit_test(a_resource_that_is_needed_and_denied_is_asked_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
