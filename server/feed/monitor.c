/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/monitor.h"

#include "feed/counts.h"
#include "feed/feed.h"

#include <event2/buffer.h>
#include <event2/http.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX  8192
#define IDLE_SECONDS 30

struct monitor {
	struct evhttp *http;
	struct feed *feed;
};

static void
reply(struct evhttp_request *req, int status, const char *type, struct evbuffer *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", type);
	evhttp_send_reply(req, status, status == HTTP_OK ? "OK" : "Service Unavailable", body);
	evbuffer_free(body);
}

static struct evbuffer *
new_body(void)
{
	struct evbuffer *body = evbuffer_new();

	if (!body)
		die("out of memory");
	return body;
}

static void
on_livez(struct evhttp_request *req, void *ctx)
{
	struct evbuffer *body = new_body();

	(void)ctx;
	evbuffer_add_printf(body, "ok\n");
	reply(req, HTTP_OK, "text/plain; charset=utf-8", body);
}

static void
on_readyz(struct evhttp_request *req, void *ctx)
{
	struct feed *feed = ((struct monitor *)ctx)->feed;
	struct evbuffer *body = new_body();
	struct producer_status status;
	bool ready = feed->caught_up && !feed->ending;

	producer_status_read(feed->producer, &status);
	evbuffer_add_printf(body, "%s\n", ready ? "ready" : "not ready");
	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		const struct follow *f = &feed->follows[i];

		evbuffer_add_printf(body, "%s: %s%s%s\n",
		    resource_rows[f->source->resource].plural, follow_state_text(f->state),
		    f->last_error[0] ? ": " : "", f->last_error);
	}
	evbuffer_add_printf(body, "kafka: %s%s%s\n", producer_state_text(status.state),
	    status.state != PRODUCER_WRITING && status.last_error[0] ? ": " : "",
	    status.state != PRODUCER_WRITING ? status.last_error : "");
	reply(req, ready ? HTTP_OK : HTTP_SERVUNAVAIL, "text/plain; charset=utf-8", body);
}

static void
on_metrics(struct evhttp_request *req, void *ctx)
{
	struct evbuffer *body = new_body();
	char *text = counts_text();

	(void)ctx;
	evbuffer_add(body, text, strlen(text));
	free(text);
	reply(req, HTTP_OK, "application/openmetrics-text; version=1.0.0; charset=utf-8", body);
}

/* "[::1]:80" and "127.0.0.1:80" into address and port. */
static bool
split(const char *where, char *address, size_t size, uint16_t *port)
{
	const char *colon = strrchr(where, ':');
	char *end;
	unsigned long n = colon ? strtoul(colon + 1, &end, 10) : 0;
	size_t len = colon ? (size_t)(colon - where) : 0;

	if (!colon || *end || n == 0 || n > UINT16_MAX || len == 0)
		return false;
	if (where[0] == '[' && where[len - 1] == ']') {
		where++;
		len -= 2;
	}
	if (len >= size)
		return false;
	memcpy(address, where, len);
	address[len] = '\0';
	*port = (uint16_t)n;
	return true;
}

struct monitor *
monitor_new(struct feed *feed, const char *where, char *error)
{
	struct monitor *m = must_calloc(1, sizeof(*m));
	char address[64];
	uint16_t port;

	m->feed = feed;
	m->http = evhttp_new(feed->base);
	if (!m->http)
		die("libevent makes no HTTP server");
	evhttp_set_allowed_methods(m->http, EVHTTP_REQ_GET);
	evhttp_set_max_headers_size(m->http, HEADERS_MAX);
	evhttp_set_max_body_size(m->http, 0);
	evhttp_set_timeout(m->http, IDLE_SECONDS);
	evhttp_set_cb(m->http, "/livez", on_livez, m);
	evhttp_set_cb(m->http, "/readyz", on_readyz, m);
	evhttp_set_cb(m->http, "/metrics", on_metrics, m);
	if (split(where, address, sizeof(address), &port) &&
	    evhttp_bind_socket(m->http, address, port) == 0)
		return m;
	snprintf(error, MONITOR_ERROR_MAX,
	    "--http %.80s: cannot listen there: it takes ADDRESS:PORT, free and of this machine",
	    where);
	monitor_free(m);
	return NULL;
}

void
monitor_free(struct monitor *m)
{
	if (!m)
		return;
	evhttp_free(m->http);
	free(m);
}
