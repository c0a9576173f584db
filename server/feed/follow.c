/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "core/hash.h"
#include "core/log.h"
#include "feed/counts.h"
#include "feed/follow_own.h"
#include "feed/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT_NS      (20 * NS_PER_S)
#define WATCH_SECONDS  300      /* a watch is asked for this long, and up to as long again */
#define SHORT_WATCH_NS NS_PER_S /* one that ended sooner counts as a failure */
#define ERROR_BODY_MAX 65536

void
follow_start_over(struct follow *f)
{
	bool list = f->options.no_streaming || f->streaming_refused;

	f->state = list ? FOLLOW_LISTING : FOLLOW_STREAMING;
	free(f->next_page);
	f->next_page = NULL;
	f->version[0] = '\0';
}

void
follow_init(struct follow *f, const struct source *source, const struct follow_options *options,
    const struct follow_sink *sink, void *ctx)
{
	memset(f, 0, sizeof(*f));
	f->source = source;
	f->options = *options;
	f->sink = sink;
	f->ctx = ctx;
	f->random = hash_two(options->seed, source->resource);
	if (f->options.absent_ns == 0)
		f->options.absent_ns = ABSENT_NS;
	if (f->options.backoff_first == 0)
		f->options.backoff_first = FOLLOW_BACKOFF_FIRST;
	frames_init(&f->frames, source->form == FORM_JSON);
	follow_start_over(f);
}

void
follow_fini(struct follow *f)
{
	frames_fini(&f->frames);
	free(f->body);
	free(f->next_page);
	memset(f, 0, sizeof(*f));
}

uint64_t
follow_due(const struct follow *f)
{
	return f->busy ? NS_NEVER : f->due_ns;
}

/* --- requests --- */

static void
put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		             (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
		             c == '~';

		fprintf(out, plain ? "%c" : "%%%02X", c);
	}
}

static void
put_query(struct follow *f, FILE *out, struct follow_request *r)
{
	if (f->state == FOLLOW_LISTING) {
		if (!f->unpaged)
			fprintf(out, "?limit=%u", f->options.page_limit);
		if (f->next_page) {
			fputs(f->unpaged ? "?continue=" : "&continue=", out);
			put_escaped(out, f->next_page);
		}
		return;
	}
	r->watch = true;
	r->timeout_s = WATCH_SECONDS + (unsigned)follow_random(f, WATCH_SECONDS);
	fprintf(out, "?watch=1&allowWatchBookmarks=true&timeoutSeconds=%u", r->timeout_s);
	if (f->state == FOLLOW_STREAMING) {
		fputs("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", out);
	} else {
		fputs("&resourceVersion=", out);
		put_escaped(out, f->version);
	}
}

void
follow_request(struct follow *f, uint64_t now_ns, struct follow_request *out)
{
	size_t size;
	FILE *text;

	must(!f->busy);
	if (f->state == FOLLOW_ABSENT || f->state == FOLLOW_DENIED)
		follow_start_over(f);
	memset(out, 0, sizeof(*out));
	text = open_memstream(&out->path, &size);
	if (!text)
		die("out of memory");
	fputs(f->older_path ? f->source->older_path : f->source->path, text);
	put_query(f, text, out);
	fclose(text);
	f->busy = true;
	f->stopped = false;
	f->http_status = 0;
	f->began_ns = now_ns;
	f->fault = NULL;
	f->body_len = 0;
	memset(&f->error, 0, sizeof(f->error));
	frames_reset(&f->frames);
}

/* --- answers --- */

void
follow_answer(struct follow *f, int http_status)
{
	bool first = f->state == FOLLOW_STREAMING ||
	             (f->state == FOLLOW_LISTING && f->next_page == NULL);

	f->http_status = http_status;
	if (http_status == HTTP_OK && f->state != FOLLOW_LISTING)
		f->told = f->state; /* it is followed: what stops that is news */
	if (http_status == HTTP_OK && first)
		f->sink->listing_begins(f->ctx, f->source);
}

static bool
stop(struct follow *f, const char *fault)
{
	f->stopped = true;
	f->fault = fault;
	return false;
}

static void
keep_version(struct follow *f, struct value_span v)
{
	if (v.n == 0 || v.n > FOLLOW_VERSION_MAX)
		return;
	memcpy(f->version, v.at, v.n);
	f->version[v.n] = '\0';
}

static void
listing_is_complete(struct follow *f, struct value_span version)
{
	f->streaming_refused = false; /* the server may be a newer one the next time */
	f->unpaged = false;
	f->failures = f->refusals = 0;
	f->last_error[0] = '\0';
	free(f->next_page);
	f->next_page = NULL;
	keep_version(f, version);
	f->state = FOLLOW_WATCHING;
	f->sink->listing_ends(f->ctx, f->source, version);
}

static bool
take_bookmark(struct follow *f, const struct object_meta *meta)
{
	if (f->state == FOLLOW_WATCHING) {
		keep_version(f, meta->resource_version);
		return true;
	}
	if (!meta->initial_events_end) {
		/* It does not know what it was asked for and would never say that this is all. */
		f->streaming_refused = true;
		return stop(f, "the server does not stream initial events");
	}
	listing_is_complete(f, meta->resource_version);
	return true;
}

static bool
take_event(struct follow *f, const struct watch_event *e)
{
	struct object_meta meta;

	if (e->type == WATCH_ERROR) {
		form_event_status(f->source, e, &f->error);
		return stop(f, NULL);
	}
	if (!form_event_is_of(f->source, e) || !form_meta_read(f->source, e->object.raw, &meta))
		return stop(f, "an object of the watch is not of the resource's kind");
	counts_add(COUNT_EVENTS, 1);
	if (e->type == WATCH_BOOKMARK)
		return take_bookmark(f, &meta);
	if (f->state == FOLLOW_WATCHING) {
		f->failures = f->refusals = 0;
		f->last_error[0] = '\0';
		keep_version(f, meta.resource_version);
	}
	if (e->type == WATCH_DELETED)
		f->sink->deleted(f->ctx, f->source, e->object.raw);
	else
		f->sink->object(f->ctx, f->source, e->object.raw);
	return true;
}

static bool
on_frame(void *ctx, struct value_span payload)
{
	struct follow *f = ctx;
	struct watch_event e;
	const char *fault;
	bool wanted;

	wanted = form_event_open(f->source, payload, &e, &fault) ? take_event(f, &e)
	                                                         : stop(f, fault);
	form_event_close(&e);
	return wanted;
}

static bool
keep_body(struct follow *f, const void *bytes, size_t n)
{
	size_t max = f->http_status == HTTP_OK ? FOLLOW_BODY_MAX : ERROR_BODY_MAX;

	if (n > max - f->body_len) {
		if (f->http_status == HTTP_OK)
			return stop(f, "the answer is longer than a list can be");
		n = max - f->body_len; /* what is wrong stands at the beginning */
	}
	if (f->body_len + n > f->body_cap) {
		f->body_cap = (f->body_len + n) * 2;
		f->body = must_realloc(f->body, f->body_cap);
	}
	if (n > 0)
		memcpy(f->body + f->body_len, bytes, n);
	f->body_len += n;
	return true;
}

bool
follow_bytes(struct follow *f, const void *bytes, size_t n)
{
	if (f->http_status != HTTP_OK || f->state == FOLLOW_LISTING)
		return keep_body(f, bytes, n);
	if (frames_feed(&f->frames, bytes, n, on_frame, f))
		return true;
	return f->stopped ? false : stop(f, f->frames.fault);
}

/* --- what follows from an answer --- */

/* Every object of the page to the sink; NULL, or what is wrong. */
static const char *
each_of_page(struct follow *f, struct list_page *page)
{
	struct value_span body = {.at = f->body, .n = f->body_len};
	struct value_span item;
	enum pb_next next;

	if (!form_list_open(f->source, body, page))
		return f->source->form == FORM_JSON
		           ? "the answer is not a list of the resource in JSON"
		           : "the answer is not a list of the resource in Kubernetes protobuf";
	while ((next = form_list_next(f->source, page, &item)) == PB_FIELD)
		f->sink->object(f->ctx, f->source, item);
	return next == PB_BAD ? "a list breaks off in its middle" : NULL;
}

static void
take_page(struct follow *f, uint64_t now_ns)
{
	struct list_page page = {.json = NULL};
	const char *wrong = each_of_page(f, &page);

	if (wrong) {
		form_list_close(&page);
		follow_start_over(f);
		follow_fail(f, wrong, 0, now_ns);
		return;
	}
	f->due_ns = now_ns;
	free(f->next_page);
	f->next_page = page.next.n ? strndup((const char *)page.next.at, page.next.n) : NULL;
	if (!f->next_page)
		listing_is_complete(f, page.resource_version);
	form_list_close(&page);
}

static void
broke_off(struct follow *f, const char *error, uint64_t now_ns)
{
	bool refused_streaming = f->stopped && f->streaming_refused;

	/* A page can be asked for again, and a watch goes on where it was; initial events cannot. */
	if (f->state == FOLLOW_STREAMING)
		follow_start_over(f);
	if (f->fault && f->state == FOLLOW_WATCHING)
		follow_start_over(f); /* what was not understood may have been a change */
	if (refused_streaming)
		f->due_ns = now_ns;
	else
		follow_fail(f, error, 0, now_ns);
}

static void
ended(struct follow *f, uint64_t now_ns)
{
	if (f->state == FOLLOW_LISTING)
		take_page(f, now_ns);
	else if (f->state == FOLLOW_STREAMING)
		broke_off(f, "the watch ended before its initial events did", now_ns);
	else if (now_ns - f->began_ns < SHORT_WATCH_NS)
		follow_fail(f, "the watch ended at once", 0, now_ns);
	else
		f->due_ns = now_ns;
}

void
follow_done(
    struct follow *f, const char *transport_error, unsigned retry_after_s, uint64_t now_ns)
{
	struct value_span body = {.at = f->body, .n = f->body_len};

	must(f->busy);
	f->busy = false;
	if (f->http_status != 0 && f->http_status != HTTP_OK) {
		api_status_read(body, &f->error);
		follow_refused(f, f->http_status, retry_after_s, now_ns);
	} else if (f->stopped && !f->fault) {
		follow_refused(f, f->error.code, retry_after_s, now_ns);
	} else if (f->stopped) {
		broke_off(f, f->fault, now_ns);
	} else if (transport_error) {
		broke_off(f, transport_error, now_ns);
	} else {
		ended(f, now_ns);
	}
	free(f->body);
	f->body = NULL;
	f->body_len = f->body_cap = 0;
}

void
follow_restart(struct follow *f, uint64_t now_ns)
{
	f->busy = false;
	follow_start_over(f);
	f->due_ns = now_ns;
}

const char *
follow_state_text(enum follow_state state)
{
	static const char *const texts[] = {
	    "streaming", "listing", "watching", "absent", "denied"};

	return texts[state];
}
