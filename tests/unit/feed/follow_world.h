/* SPDX-License-Identifier: Apache-2.0 */
/* One resource followed through what a server can answer; what the sink hears is one line of text. */
#pragma once

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

static inline void
hear(struct world *w, const char *what, struct value_span raw)
{
	struct object_meta meta = {.name = {.n = 0}};
	size_t n = strlen(w->heard);

	if (raw.at)
		assert_true(form_meta_read(w->f.source, raw, &meta));
	snprintf(w->heard + n, sizeof(w->heard) - n, "%s%s%.*s", n ? " " : "", what,
	    (int)meta.name.n, meta.name.n ? (const char *)meta.name.at : "");
}

static inline void
begins(void *ctx, const struct source *source)
{
	(void)source;
	hear(ctx, "begin", (struct value_span){.at = NULL, .n = 0});
}

static inline void
ends(void *ctx, const struct source *source, struct value_span version)
{
	char text[80];

	(void)source;
	snprintf(text, sizeof(text), "end@%.*s", (int)version.n,
	    version.n ? (const char *)version.at : "");
	hear(ctx, text, (struct value_span){.at = NULL, .n = 0});
}

static inline void
object(void *ctx, const struct source *source, struct value_span raw)
{
	(void)source;
	hear(ctx, "+", raw);
}

static inline void
deleted(void *ctx, const struct source *source, struct value_span raw)
{
	(void)source;
	hear(ctx, "-", raw);
}

static inline void
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

static inline struct world *
world(enum source_id id, bool no_streaming)
{
	struct world *w = must_calloc(1, sizeof(*w));
	struct follow_options o = {.page_limit = 500, .no_streaming = no_streaming, .seed = 1};

	w->now = 1000 * NS_PER_S;
	follow_init(&w->f, &sources[id], &o, &sink, w);
	return w;
}

static inline void
end_world(struct world *w)
{
	free(w->request.path);
	follow_fini(&w->f);
	free(w);
}

static inline void
assert_heard(struct world *w, const char *text)
{
	assert_string_equal(w->heard, text);
	w->heard[0] = '\0';
}

/* The request that is due now, or within a second; its path must hold the text. */
static inline void
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

static inline struct bytes
node(const char *name, const char *version)
{
	struct bytes raw = {.n = 0};

	put_meta(&raw, "", name, version);
	return envelope("v1", "Node", &raw);
}

static inline void
event(struct world *w, const char *type, struct bytes o)
{
	struct bytes frame = {.n = 0};

	put_event(&frame, type, &o);
	assert_true(follow_bytes(&w->f, frame.at, frame.n));
}

/* An event at which the follow closes the stream. */
static inline void
last_event(struct world *w, const char *type, struct bytes o)
{
	struct bytes frame = {.n = 0};

	put_event(&frame, type, &o);
	assert_false(follow_bytes(&w->f, frame.at, frame.n));
	follow_done(&w->f, "closed by us", 0, w->now);
}

static inline struct bytes
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

static inline struct bytes
status(unsigned code, const char *reason)
{
	struct bytes raw = {.n = 0};

	put_text(&raw, 3, "because");
	put_text(&raw, 4, reason);
	put_number(&raw, 6, code);
	return envelope("v1", "Status", &raw);
}

static inline void
refuse(struct world *w, unsigned code, const char *reason)
{
	struct bytes body = status(code, reason);

	follow_answer(&w->f, (int)code);
	assert_true(follow_bytes(&w->f, body.at, body.n));
	follow_done(&w->f, NULL, 0, w->now);
}

static inline void
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
static inline void
reach_watching(struct world *w)
{
	expect_request(w, "sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
	follow_answer(&w->f, 200);
	event(w, "ADDED", node("a", "7"));
	event(w, "BOOKMARK", initial_events_end("100"));
	assert_heard(w, "begin +a end@100");
	assert_int_equal(w->f.state, FOLLOW_WATCHING);
}
