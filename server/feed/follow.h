/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows one resource of the API for ever: list, then watch from there, list again when the
 * server has forgotten where we were.
 *
 *     STREAMING ------ initial events have ended -------> WATCHING --- 410 ---> STREAMING
 *      | a server that cannot: 400, 403, 422                 ^
 *      `-> LISTING (pages) ------------ last page -----------'
 *     any of the first two -- 404 of an optional resource --> ABSENT, looked at again later
 *     any of the three -- 403 of one that we may be denied --> DENIED, asked for again later
 *
 * Sans-IO: it says which request is due when, is given the answer's bytes and the time, and tells
 * the sink what it learns. Faults of server and network only ever lead to a later request. One
 * thread.
 */
#pragma once

#include "feed/answer.h"
#include "feed/frames.h"
#include "feed/source.h"

struct follow_sink {
	/* All that exists follows, up to listing_ends(); a listing can begin again before. */
	void (*listing_begins)(void *ctx, const struct source *source);
	void (*listing_ends)(
	    void *ctx, const struct source *source, struct value_span resource_version);
	/* The object's message without its envelope, or its JSON (form.h), borrowed; a change, or part of a listing. */
	void (*object)(void *ctx, const struct source *source, struct value_span raw);
	void (*deleted)(void *ctx, const struct source *source, struct value_span raw);
	/* We may not read it: nothing more is known of such objects, and the listing goes on without. */
	void (*denied)(void *ctx, const struct source *source);
};

struct follow_options {
	unsigned page_limit; /* objects in a page of a list */
	bool no_streaming;   /* never ask for initial events */
	uint64_t seed;       /* of the jitter */
	uint64_t absent_ns;  /* how often an absent or denied resource is looked for; 0: 20 s */
	uint64_t backoff_first; /* ns; 0: FOLLOW_BACKOFF_FIRST */
};

#define FOLLOW_BACKOFF_FIRST (250 * NS_PER_MS)
#define FOLLOW_BACKOFF_MAX   (15 * NS_PER_S)
#define FOLLOW_BODY_MAX      ((size_t)1024 * 1024 * 1024) /* one answer to a list */

enum follow_state {
	FOLLOW_STREAMING,
	FOLLOW_LISTING,
	FOLLOW_WATCHING,
	FOLLOW_ABSENT,
	FOLLOW_DENIED
};

#define FOLLOW_VERSION_MAX 64 /* a resourceVersion: a number of at most 20 digits, so far */

struct follow {
	const struct source *source;
	const struct follow_sink *sink;
	void *ctx;
	struct follow_options options;
	enum follow_state state;
	uint64_t due_ns;
	uint64_t random;
	/* The request under way. */
	bool busy, stopped; /* stopped: by us, for the reason in error or fault */
	int http_status;
	uint64_t began_ns;
	struct frames frames;
	uint8_t *body;
	size_t body_len, body_cap;
	struct api_status error;
	const char *fault;
	/* Where we are. */
	char version[FOLLOW_VERSION_MAX + 1]; /* resourceVersion; "": nowhere */
	char *next_page;                      /* NULL: the first */
	bool unpaged;                         /* a token for the next page has expired before */
	bool streaming_refused;
	bool older_path;
	unsigned failures;      /* in a row */
	unsigned refusals;      /* of them, those of a server that answers a watch */
	enum follow_state told; /* ABSENT or DENIED: that has been logged, and no watch since */
	char last_error[320];
};

void follow_init(struct follow *f, const struct source *source,
    const struct follow_options *options, const struct follow_sink *sink, void *ctx);
void follow_fini(struct follow *f);

/* When follow_request() is to be called; NS_NEVER while a request is under way. */
uint64_t follow_due(const struct follow *f);

struct follow_request {
	char *path;         /* with its query; the caller frees it */
	bool watch;         /* the answer is a stream of frames */
	unsigned timeout_s; /* how long the server lets the answer last; 0: a list */
};

/* The request to be sent now. Its answer goes to the three functions below, in this order. */
void follow_request(struct follow *f, uint64_t now_ns, struct follow_request *out);
void follow_answer(struct follow *f, int http_status);
/* False: the answer is not wanted any further; close it, then call follow_done(). */
bool follow_bytes(struct follow *f, const void *bytes, size_t n) MUST_USE;
/* transport_error: NULL if the answer ended as it should; retry_after_s: the header's, or 0. */
void follow_done(
    struct follow *f, const char *transport_error, unsigned retry_after_s, uint64_t now_ns);

/* List everything anew, now. A request under way must have been closed without follow_done(). */
void follow_restart(struct follow *f, uint64_t now_ns);

const char *follow_state_text(enum follow_state state);
