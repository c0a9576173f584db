/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/transport.h"

#include "core/clock.h"
#include "core/log.h"
#include "feed/counts.h"
#include "feed/form.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS 10L
#define LIST_SECONDS    300L
#define SLACK_SECONDS   30L  /* a watch may last this much longer than was asked for */
#define SILENT_SECONDS  150L /* the server sends a bookmark every minute */
#define KEEPALIVE_IDLE  20L
#define RECEIVE_BYTES   (256L * 1024)

/* One follow and its request. HTTP/1.1: each has a connection of its own, which can be held off. */
struct line {
	struct transport *transport;
	struct follow *follow;
	CURL *curl; /* NULL: no request under way */
	struct curl_slist *headers;
	struct event *timer;
	bool held; /* libcurl does not read for now */
	bool answered;
	char error[CURL_ERROR_SIZE];
};

struct transport {
	struct event_base *base;
	const struct access *access;
	CURLM *multi;
	struct event *timer; /* libcurl's own */
	bool (*full)(void *ctx);
	void *ctx;
	struct line *lines;
	unsigned n;
};

/* --- one request --- */

static void
tell_answer(struct line *l)
{
	long status = 0;

	if (l->answered)
		return;
	curl_easy_getinfo(l->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 0)
		return;
	l->answered = true;
	follow_answer(l->follow, (int)status);
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct line *l = ctx;

	(void)size; /* libcurl: always 1 */
	if (l->transport->full(l->transport->ctx)) {
		l->held = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	tell_answer(l);
	counts_add(COUNT_API_BYTES, (int64_t)n);
	counts_set(COUNT_LAST_ANSWER, (int64_t)(clock_wall_ns() / NS_PER_S));
	return follow_bytes(l->follow, bytes, n) ? n : 0;
}

static void
set_blob(CURL *curl, CURLoption option, const struct access_blob *b)
{
	/* The access outlives the request, so the bytes need not be copied. */
	struct curl_blob blob = {.data = b->bytes, .len = b->n, .flags = CURL_BLOB_NOCOPY};

	if (b->bytes)
		curl_easy_setopt(curl, option, &blob);
}

static void
set_tls(CURL *curl, const struct access *a)
{
	if (a->ca_file || a->ca.bytes)
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL); /* this CA and no other */
	/* A CA that was rotated in its file is known within a minute. */
	curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 60L);
	if (a->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, a->ca_file);
	set_blob(curl, CURLOPT_CAINFO_BLOB, &a->ca);
	if (a->cert_file)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, a->cert_file);
	set_blob(curl, CURLOPT_SSLCERT_BLOB, &a->cert);
	if (a->key_file)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, a->key_file);
	set_blob(curl, CURLOPT_SSLKEY_BLOB, &a->key);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void
set_url(struct line *l, const char *path)
{
	char *url;

	if (asprintf(&url, "%s%s", l->transport->access->server, path) < 0)
		die("out of memory");
	curl_easy_setopt(l->curl, CURLOPT_URL, url); /* copies */
	free(url);
}

static struct curl_slist *
header(struct curl_slist *list, const char *text)
{
	list = curl_slist_append(list, text);
	if (!list)
		die("out of memory");
	return list;
}

/* False: the token cannot be read; error says why. */
static bool
set_headers(struct line *l, bool watch, char *error)
{
	char *token, *bearer;

	if (!access_token(l->transport->access, &token, error))
		return false;
	l->headers = header(NULL, form_accept(l->follow->source, watch));
	if (token) {
		if (asprintf(&bearer, "Authorization: Bearer %s", token) < 0)
			die("out of memory");
		l->headers = header(l->headers, bearer);
		explicit_bzero(bearer, strlen(bearer));
		free(bearer);
		explicit_bzero(token, strlen(token));
		free(token);
	}
	curl_easy_setopt(l->curl, CURLOPT_HTTPHEADER, l->headers);
	return true;
}

static void
set_patience(CURL *curl, const struct follow_request *r)
{
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT,
	    r->watch ? (long)r->timeout_s + SLACK_SECONDS : LIST_SECONDS);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_IDLE / 2);
}

/* What libcurl holds for the request goes; the follow is not told. */
static void
hang_up(struct line *l)
{
	if (!l->curl)
		return;
	curl_multi_remove_handle(l->transport->multi, l->curl);
	curl_easy_cleanup(l->curl);
	curl_slist_free_all(l->headers);
	l->curl = NULL;
	l->headers = NULL;
	l->held = false;
}

static void
plan(struct line *l)
{
	uint64_t due = follow_due(l->follow), now = clock_mono_ns();
	uint64_t wait = due > now ? due - now : 0;
	struct timeval tv = {.tv_sec = (time_t)(wait / NS_PER_S),
	    .tv_usec = (suseconds_t)(wait % NS_PER_S / 1000 + 1)};

	if (due == NS_NEVER)
		event_del(l->timer);
	else
		event_add(l->timer, &tv);
}

static void
request(struct line *l)
{
	struct transport *t = l->transport;
	struct follow_request r;
	char error[ACCESS_ERROR_MAX];

	follow_request(l->follow, clock_mono_ns(), &r);
	counts_add(COUNT_REQUESTS, 1);
	l->curl = curl_easy_init();
	if (!l->curl)
		die("libcurl makes no handle");
	l->answered = false;
	l->error[0] = '\0';
	curl_easy_setopt(l->curl, CURLOPT_PRIVATE, l);
	curl_easy_setopt(l->curl, CURLOPT_ERRORBUFFER, l->error);
	curl_easy_setopt(l->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(l->curl, CURLOPT_WRITEDATA, l);
	curl_easy_setopt(l->curl, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
	curl_easy_setopt(l->curl, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(l->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(l->curl, CURLOPT_USERAGENT, "heliofeed/" HELIO_VERSION);
	set_url(l, r.path);
	set_tls(l->curl, t->access);
	set_patience(l->curl, &r);
	log_debug("asking the API", f_str("path", r.path));
	free(r.path);
	if (set_headers(l, r.watch, error)) {
		curl_multi_add_handle(t->multi, l->curl);
		return;
	}
	curl_easy_cleanup(l->curl);
	l->curl = NULL;
	follow_done(l->follow, error, 0, clock_mono_ns());
	plan(l);
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct line *l = ctx;

	(void)fd;
	(void)what;
	if (l->curl || follow_due(l->follow) > clock_mono_ns()) {
		plan(l);
		return;
	}
	if (!l->transport->full(l->transport->ctx)) /* else transport_wake() comes back here */
		request(l);
}

/* --- libcurl on libevent --- */

static void
on_done(struct line *l, CURLcode code)
{
	const char *error = code == CURLE_OK ? NULL
	                    : l->error[0]    ? l->error
	                                     : curl_easy_strerror(code);
	curl_off_t retry_after = 0;

	tell_answer(l); /* an answer without a body */
	curl_easy_getinfo(l->curl, CURLINFO_RETRY_AFTER, &retry_after);
	hang_up(l);
	follow_done(l->follow, error,
	    retry_after > 0 && retry_after < 3600 ? (unsigned)retry_after : 0, clock_mono_ns());
	plan(l);
}

static void
collect(struct transport *t)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(t->multi, &left))) {
		CURLcode code = m->data.result;
		struct line *l;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&l);
		on_done(l, code);
	}
}

static void
on_socket_ready(evutil_socket_t fd, short what, void *ctx)
{
	struct transport *t = ctx;
	int running;
	int flags =
	    (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(t->multi, fd, flags, &running);
	collect(t);
}

/* libcurl says what it waits for on a socket; the event is remembered there by itself. */
static int
on_socket(CURL *curl, curl_socket_t fd, int what, void *ctx, void *assigned)
{
	struct transport *t = ctx;
	struct event *e = assigned;
	short flags = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
	                      (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)curl;
	if (e)
		event_free(e);
	e = NULL;
	if (what != CURL_POLL_REMOVE) {
		e = event_new(t->base, fd, flags, on_socket_ready, t);
		if (!e || event_add(e, NULL) < 0)
			die("libevent takes no socket");
	}
	curl_multi_assign(t->multi, fd, e);
	return 0;
}

static void
on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct transport *t = ctx;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(t);
}

static int
on_timer(CURLM *multi, long ms, void *ctx)
{
	struct transport *t = ctx;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		event_del(t->timer);
	else
		event_add(t->timer, &tv);
	return 0;
}

/* --- all of it --- */

struct transport *
transport_new(struct event_base *base, const struct access *access, struct follow *follows,
    unsigned n_follows, bool (*full)(void *ctx), void *ctx)
{
	struct transport *t = must_calloc(1, sizeof(*t));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die("libcurl does not start");
	t->base = base;
	t->access = access;
	t->full = full;
	t->ctx = ctx;
	t->multi = curl_multi_init();
	t->timer = event_new(base, -1, 0, on_timeout, t);
	if (!t->multi || !t->timer)
		die("out of memory");
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
	t->n = n_follows;
	t->lines = must_calloc(n_follows, sizeof(*t->lines));
	for (unsigned i = 0; i < n_follows; i++) {
		struct line *l = &t->lines[i];

		l->transport = t;
		l->follow = &follows[i];
		l->timer = event_new(base, -1, 0, on_due, l);
		if (!l->timer)
			die("out of memory");
		plan(l);
	}
	return t;
}

void
transport_free(struct transport *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		hang_up(&t->lines[i]);
		event_free(t->lines[i].timer);
	}
	curl_multi_cleanup(t->multi);
	event_free(t->timer);
	free(t->lines);
	free(t);
	curl_global_cleanup();
}

void
transport_wake(struct transport *t)
{
	if (t->full(t->ctx))
		return;
	for (unsigned i = 0; i < t->n; i++) {
		struct line *l = &t->lines[i];

		if (l->held) {
			l->held = false;
			curl_easy_pause(l->curl, CURLPAUSE_CONT);
		}
		plan(l);
	}
}

void
transport_restart(struct transport *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		hang_up(&t->lines[i]);
		follow_restart(t->lines[i].follow, clock_mono_ns());
		plan(&t->lines[i]);
	}
}
