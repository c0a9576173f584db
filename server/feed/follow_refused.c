/* SPDX-License-Identifier: Apache-2.0 */
/* What follows when the server says no, or nothing: waiting, doing without, beginning anew. */
#include "core/clock.h"
#include "core/hash.h"
#include "core/log.h"
#include "feed/counts.h"
#include "feed/follow_own.h"

#include <stdio.h>
#include <string.h>

#define REFUSALS_MAX    5 /* a watch was refused that often from one version: list again */
#define RETRY_AFTER_MAX 60

uint64_t
follow_random(struct follow *f, uint64_t n)
{
	f->random = hash_mix(f->random + 0x9e3779b97f4a7c15ull);
	return f->random % n;
}

void
follow_fail(struct follow *f, const char *error, unsigned retry_after_s, uint64_t now_ns)
{
	uint64_t delay = f->options.backoff_first;

	for (unsigned i = 0; i < f->failures && delay < FOLLOW_BACKOFF_MAX; i++)
		delay *= 2;
	if (delay > FOLLOW_BACKOFF_MAX)
		delay = FOLLOW_BACKOFF_MAX;
	delay = delay / 2 + follow_random(f, delay / 2 + 1);
	if (retry_after_s > RETRY_AFTER_MAX)
		retry_after_s = RETRY_AFTER_MAX;
	if (delay < retry_after_s * NS_PER_S)
		delay = retry_after_s * NS_PER_S + follow_random(f, NS_PER_S);
	f->failures++;
	f->due_ns = now_ns + delay;
	counts_add(COUNT_API_FAILURES, 1);
	/* The same again is said ever less often. */
	if (strncmp(f->last_error, error, sizeof(f->last_error) - 1) == 0 &&
	    (f->failures & (f->failures - 1)) != 0)
		return;
	snprintf(f->last_error, sizeof(f->last_error), "%s", error);
	log_warn("cannot follow the API, trying again",
	    f_str("resource", resource_rows[f->source->resource].plural),
	    f_str("state", follow_state_text(f->state)), f_str("error", error),
	    f_u64("failures", f->failures), f_u64("retry_ms", delay / NS_PER_MS));
}

/* It is looked for again later. True: that is news, to be logged. */
static bool
do_without(struct follow *f, enum follow_state state, uint64_t now_ns)
{
	bool news = f->told != state;

	follow_start_over(f);
	f->state = f->told = state;
	f->older_path = false;
	f->failures = 0;
	f->last_error[0] = '\0';
	f->due_ns = now_ns + f->options.absent_ns + follow_random(f, f->options.absent_ns);
	return news;
}

/* What the account lacks, or the server behind an older path of the API, which may not be there at all. */
static bool
may_go_without(const struct follow *f, int code)
{
	if (f->source->need != SOURCE_MAY_BE_DENIED)
		return false;
	return code == HTTP_FORBIDDEN ||
	       (code == HTTP_UNAVAILABLE && f->older_path && f->state != FOLLOW_WATCHING);
}

static void
be_denied(struct follow *f, const char *error, uint64_t now_ns)
{
	if (do_without(f, FOLLOW_DENIED, now_ns))
		log_info("the API does not let us read this resource, going on without it",
		    f_str("resource", resource_rows[f->source->resource].plural),
		    f_str("error", error));
	snprintf(f->last_error, sizeof(f->last_error), "%s", error);
	f->sink->denied(f->ctx, f->source);
}

static void
be_absent(struct follow *f, uint64_t now_ns)
{
	struct value_span nothing = {.at = NULL, .n = 0};

	if (do_without(f, FOLLOW_ABSENT, now_ns))
		log_info("the API does not have this resource, going on without it",
		    f_str("resource", resource_rows[f->source->resource].plural));
	f->sink->listing_begins(f->ctx, f->source);
	f->sink->listing_ends(f->ctx, f->source, nothing);
}

/* The server has forgotten the version, or the token of the next page. */
static void
be_gone(struct follow *f, uint64_t now_ns)
{
	bool listing = f->state == FOLLOW_LISTING;

	counts_add(COUNT_RELISTS, 1);
	if (listing)
		f->unpaged = f->next_page != NULL;
	follow_start_over(f);
	if (f->failures > 0 || listing) {
		follow_fail(f, "410: the server has forgotten where we were", 0, now_ns);
		return;
	}
	log_info("the server has forgotten where we were, listing again",
	    f_str("resource", resource_rows[f->source->resource].plural));
	f->failures = 1; /* a second time in a row waits */
	f->due_ns = now_ns;
}

static bool
is_refusal_of_streaming(const struct follow *f)
{
	return f->state == FOLLOW_STREAMING &&
	       (f->http_status == HTTP_BAD || f->http_status == HTTP_FORBIDDEN ||
	           f->http_status == HTTP_UNPROCESSABLE);
}

static const char *
hint(int code)
{
	switch (code) {
	case 401:
		return " (the credentials are not accepted)";
	case HTTP_FORBIDDEN:
		return " (grant list and watch: see deploy/feed-rbac.yaml)";
	default:
		return "";
	}
}

void
follow_refused(struct follow *f, int code, unsigned retry_after_s, uint64_t now_ns)
{
	char text[480];

	if (code == HTTP_NOT_FOUND && f->source->older_path[0] && !f->older_path) {
		f->older_path = true;
		follow_start_over(f);
		f->due_ns = now_ns;
		return;
	}
	if (code == HTTP_NOT_FOUND && f->source->need != SOURCE_NEEDED) {
		be_absent(f, now_ns);
		return;
	}
	f->older_path = f->older_path && code != HTTP_NOT_FOUND;
	if (code == HTTP_GONE || strcmp(f->error.reason, "Expired") == 0) {
		be_gone(f, now_ns);
		return;
	}
	if (is_refusal_of_streaming(f)) {
		if (f->told != FOLLOW_DENIED)
			log_info("initial events were refused, reading lists",
			    f_str("resource", resource_rows[f->source->resource].plural),
			    f_str("answer", f->error.message));
		f->streaming_refused = true;
		follow_start_over(f);
		f->due_ns = now_ns;
		return;
	}
	snprintf(text, sizeof(text), "%d %s%s%s", code, f->error.message,
	    f->error.message[0] ? "" : f->error.reason, hint(code));
	if (may_go_without(f, code)) {
		be_denied(f, text, now_ns);
		return;
	}
	if (f->state != FOLLOW_WATCHING || ++f->refusals >= REFUSALS_MAX)
		follow_start_over(f);
	follow_fail(f, text, retry_after_s, now_ns);
}
