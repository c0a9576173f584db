/* SPDX-License-Identifier: Apache-2.0 */
/* One resource followed through what a server can answer; what the sink hears is one line of text. */
#include "build.h"
#include "core/clock.h"
#include "feed/follow.h"
#include "feed/form.h"

#include <stdio.h>
#include <stdlib.h>

struct world {
	struct follow f;
	char heard[1000];
	uint64_t now;
	struct follow_request request;
};

static void
hear(struct world *w, const char *what, struct value_span raw)
{
	struct object_meta meta = {.name = {.n = 0}};
	size_t n = strlen(w->heard);

	if (raw.at)
		assert_true(form_meta_read(w->f.source, raw, &meta));
	snprintf(w->heard + n, sizeof(w->heard) - n, "%s%s%.*s", n ? " " : "", what,
	    (int)meta.name.n, meta.name.n ? (const char *)meta.name.at : "");
}

static void
begins(void *ctx, const struct source *source)
{
	(void)source;
	hear(ctx, "begin", (struct value_span){.at = NULL, .n = 0});
}

static void
ends(void *ctx, const struct source *source, struct value_span version)
{
	char text[80];

	(void)source;
	snprintf(text, sizeof(text), "end@%.*s", (int)version.n,
	    version.n ? (const char *)version.at : "");
	hear(ctx, text, (struct value_span){.at = NULL, .n = 0});
}

static void
object(void *ctx, const struct source *source, struct value_span raw)
{
	(void)source;
	hear(ctx, "+", raw);
}

static void
deleted(void *ctx, const struct source *source, struct value_span raw)
{
	(void)source;
	hear(ctx, "-", raw);
}

static void
denied(void *ctx, const struct source *source)
{
	(void)source;
	hear(ctx, "denied", (struct value_span){.at = NULL, .n = 0});
}

static const struct follow_sink sink = {.listing_begins = begins,
    .listing_ends = ends,
    .object = object,
    .deleted = deleted,
    .denied = denied};

static struct world *
world(enum source_id id, bool no_streaming)
{
	struct world *w = must_calloc(1, sizeof(*w));
	struct follow_options o = {.page_limit = 500, .no_streaming = no_streaming, .seed = 1};

	w->now = 1000 * NS_PER_S;
	follow_init(&w->f, &sources[id], &o, &sink, w);
	return w;
}

static void
end_world(struct world *w)
{
	free(w->request.path);
	follow_fini(&w->f);
	free(w);
}

static void
assert_heard(struct world *w, const char *text)
{
	assert_string_equal(w->heard, text);
	w->heard[0] = '\0';
}

/* The request that is due now, or within a second; its path must hold the text. */
static void
expect_request(struct world *w, const char *holds)
{
	assert_true(follow_due(&w->f) <= w->now + NS_PER_S);
	free(w->request.path);
	follow_request(&w->f, w->now, &w->request);
	assert_true(follow_due(&w->f) == NS_NEVER);
	if (!strstr(w->request.path, holds))
		print_message("path: %s\n", w->request.path);
	assert_non_null(strstr(w->request.path, holds));
}

static struct bytes
node(const char *name, const char *version)
{
	struct bytes raw = {.n = 0};

	put_meta(&raw, "", name, version);
	return envelope("v1", "Node", &raw);
}

static void
event(struct world *w, const char *type, struct bytes o)
{
	struct bytes frame = {.n = 0};

	put_event(&frame, type, &o);
	assert_true(follow_bytes(&w->f, frame.at, frame.n));
}

/* An event at which the follow closes the stream. */
static void
last_event(struct world *w, const char *type, struct bytes o)
{
	struct bytes frame = {.n = 0};

	put_event(&frame, type, &o);
	assert_false(follow_bytes(&w->f, frame.at, frame.n));
	follow_done(&w->f, "closed by us", 0, w->now);
}

static struct bytes
initial_events_end(const char *version)
{
	struct bytes raw = {.n = 0}, meta = {.n = 0}, entry = {.n = 0};

	put_text(&entry, 1, "k8s.io/initial-events-end");
	put_text(&entry, 2, "true");
	put_text(&meta, 6, version);
	put_message(&meta, 12, &entry);
	put_message(&raw, 1, &meta);
	return envelope("v1", "Node", &raw);
}

static struct bytes
status(unsigned code, const char *reason)
{
	struct bytes raw = {.n = 0};

	put_text(&raw, 3, "because");
	put_text(&raw, 4, reason);
	put_number(&raw, 6, code);
	return envelope("v1", "Status", &raw);
}

static void
refuse(struct world *w, unsigned code, const char *reason)
{
	struct bytes body = status(code, reason);

	follow_answer(&w->f, (int)code);
	assert_true(follow_bytes(&w->f, body.at, body.n));
	follow_done(&w->f, NULL, 0, w->now);
}

static void
answer_page(struct world *w, const char *name, const char *version, const char *next)
{
	struct bytes raw = {.n = 0}, meta = {.n = 0}, item = {.n = 0}, body;

	put_text(&meta, 2, version);
	put_text(&meta, 3, next);
	put_message(&raw, 1, &meta);
	put_meta(&item, "", name, "1");
	put_message(&raw, 2, &item);
	body = envelope("v1", "NodeList", &raw);
	follow_answer(&w->f, 200);
	assert_true(follow_bytes(&w->f, body.at, 10));
	assert_true(follow_bytes(&w->f, body.at + 10, body.n - 10));
	follow_done(&w->f, NULL, 0, w->now);
}

/* Up to a watch that runs, from version 100. */
static void
reach_watching(struct world *w)
{
	expect_request(w, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
	follow_answer(&w->f, 200);
	event(w, "ADDED", node("a", "7"));
	event(w, "BOOKMARK", initial_events_end("100"));
	assert_heard(w, "begin +a end@100");
	assert_int_equal(w->f.state, FOLLOW_WATCHING);
}

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
	    cmocka_unit_test(a_resource_in_json_is_streamed_line_by_line),
	    cmocka_unit_test(a_resource_in_json_is_listed_in_pages),
	    cmocka_unit_test(what_is_no_event_in_json_is_a_fault_and_is_listed_again),
	    cmocka_unit_test(an_error_in_a_watch_of_json_is_read),
	    cmocka_unit_test(
	        a_resource_that_we_may_be_denied_is_gone_without_and_asked_for_later),
	    cmocka_unit_test(a_resource_that_is_needed_and_denied_is_asked_for_ever),
	    cmocka_unit_test(a_server_that_asks_for_patience_gets_it),
	    cmocka_unit_test(initial_events_that_break_off_are_asked_for_anew),
	    cmocka_unit_test(what_cannot_be_read_in_a_watch_lists_again),
	    cmocka_unit_test(a_watch_that_a_server_keeps_refusing_lists_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
