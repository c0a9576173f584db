/* SPDX-License-Identifier: Apache-2.0 */
/* One evhttp for the TCP listener and one for the control socket, which takes orders too. The state of an answer is its struct stream_out. */
#include "watch/http.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#define HEADERS_MAX  8192
#define IDLE_SECONDS 30
#define STREAMS_MAX  64 /* answers that are being written page by page */
#define BACKLOG      64

/* An answer under way. */
struct stream_out {
	struct stream_out *next, **prev_next;
	struct http *http;
	struct evhttp_request *req;
	struct evkeyvalq query; /* the call borrows from it */
	struct call *call;
};

struct http {
	struct evhttp *by_socket[HTTP_SOCKETS];
	const struct watch_sources *sources;
	struct stream_out *streams;
	unsigned n_streams;
};

static const struct {
	int status;
	const char *text;
} reasons[] = {{200, "OK"}, {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"},
    {405, "Method Not Allowed"}, {409, "Conflict"}, {503, "Service Unavailable"}};

static const char *
reason_of(int status)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Error";
}

static void
stream_free(struct stream_out *s)
{
	if (s->prev_next) {
		*s->prev_next = s->next;
		if (s->next)
			s->next->prev_next = s->prev_next;
		s->http->n_streams--;
	}
	evhttp_clear_headers(&s->query);
	call_free(s->call);
	free(s);
}

/* The client is gone in the middle of an answer. */
static void
on_closed(struct evhttp_connection *connection, void *ctx)
{
	struct stream_out *s = ctx;

	(void)connection;
	/* libevent has taken the request off the connection and left it to us; not at shutdown. */
	if (!evhttp_request_get_connection(s->req))
		evhttp_send_reply_end(s->req);
	stream_free(s);
}

static void on_page_sent(struct evhttp_connection *connection, void *ctx);

static void
send_page(struct stream_out *s) ON_WATCH
{
	while (s->call->page && evbuffer_get_length(s->call->out) == 0)
		call_more(s->call);
	if (evbuffer_get_length(s->call->out) > 0) {
		evhttp_send_reply_chunk_with_cb(s->req, s->call->out, on_page_sent, s);
		return;
	}
	evhttp_connection_set_closecb(evhttp_request_get_connection(s->req), NULL, NULL);
	evhttp_send_reply_end(s->req);
	stream_free(s);
}

static void
on_page_sent(struct evhttp_connection *connection, void *ctx)
{
	(void)connection;
	role_is_watch();
	send_page(ctx);
}

static void
send_whole(struct stream_out *s)
{
	evhttp_send_reply(s->req, s->call->status, reason_of(s->call->status), s->call->out);
	stream_free(s);
}

static void
begin_stream(struct stream_out *s) ON_WATCH
{
	struct http *h = s->http;

	s->next = h->streams;
	s->prev_next = &h->streams;
	if (s->next)
		s->next->prev_next = &s->next;
	h->streams = s;
	h->n_streams++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(s->req), on_closed, s);
	evhttp_send_reply_start(s->req, s->call->status, reason_of(s->call->status));
	send_page(s);
}

/* The query's names and values into the call; false: answered with an error. */
static bool
take_query(struct stream_out *s, const char *query)
{
	struct evkeyval *pair;

	if (query && evhttp_parse_query_str(query, &s->query) != 0) {
		call_fail(s->call, 400, "the query is not name=value&name=value");
		return false;
	}
	for (pair = TAILQ_FIRST(&s->query); pair; pair = TAILQ_NEXT(pair, next)) {
		if (call_set(s->call, pair->key, pair->value))
			continue;
		call_fail(s->call, 400, "there is no parameter \"%.40s\"", pair->key);
		return false;
	}
	return true;
}

static void
answer(struct stream_out *s, enum call_method method) ON_WATCH
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(s->req);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

	if (!take_query(s, uri ? evhttp_uri_get_query(uri) : NULL))
		call_finish(s->call);
	else
		call_run(s->call, method, path ? path : "");
}

static void
serve(struct http *h, struct evhttp_request *req, bool orders) ON_WATCH
{
	struct stream_out *s = must_calloc(1, sizeof(*s));
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
	bool post = evhttp_request_get_command(req) == EVHTTP_REQ_POST;

	s->http = h;
	s->req = req;
	s->call = call_new(h->sources);
	TAILQ_INIT(&s->query);
	answer(s, !post ? CALL_GET : orders ? CALL_POST : CALL_POST_REFUSED);
	evhttp_add_header(headers, "Content-Type", s->call->type);
	evhttp_add_header(headers, "Cache-Control", "no-store");
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	if (!s->call->page) {
		send_whole(s);
	} else if (h->n_streams >= STREAMS_MAX) {
		evhttp_send_error(req, 503, "Too many long answers at once; try again");
		stream_free(s);
	} else {
		begin_stream(s);
	}
}

static void
on_tcp_request(struct evhttp_request *req, void *ctx)
{
	role_is_watch();
	serve(ctx, req, false);
}

static void
on_control_request(struct evhttp_request *req, void *ctx)
{
	role_is_watch();
	serve(ctx, req, true);
}

static struct evhttp *
server_new(struct event_base *base, void (*on_request)(struct evhttp_request *, void *),
    struct http *h)
{
	struct evhttp *e = evhttp_new(base);

	if (!e)
		die("out of memory for the HTTP server");
	evhttp_set_allowed_methods(e, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(e, HEADERS_MAX);
	evhttp_set_max_body_size(e, 0);
	evhttp_set_timeout(e, IDLE_SECONDS);
	evhttp_set_default_content_type(e, NULL);
	evhttp_set_gencb(e, on_request, h);
	return e;
}

struct http *
http_new(struct event_base *base, const struct watch_sources *sources)
{
	struct http *h = must_calloc(1, sizeof(*h));

	h->sources = sources;
	h->by_socket[HTTP_TCP] = server_new(base, on_tcp_request, h);
	h->by_socket[HTTP_CONTROL] = server_new(base, on_control_request, h);
	return h;
}

void
http_free(struct http *h)
{
	if (!h)
		return;
	for (int i = 0; i < HTTP_SOCKETS; i++)
		evhttp_free(h->by_socket[i]); /* runs on_closed() for what is under way */
	while (h->streams)
		stream_free(h->streams);
	free(h);
}

void
http_listen(struct http *h, enum http_socket socket, int fd)
{
	if (!evhttp_accept_socket_with_handle(h->by_socket[socket], fd))
		die("cannot watch a listening socket");
}

int
http_bind(const struct ip_addr *addr, uint16_t port, char *why, size_t size)
{
	struct sockaddr_storage ss;
	socklen_t len = ip_to_sockaddr(addr, port, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	char text[IP_TEXT_MAX];

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (addr->family == IP_V6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&ss, len) == 0 && listen(fd, BACKLOG) == 0)
			return fd;
	}
	snprintf(why, size, "http %s port %u: %s; %s", ip_text(addr, text), port,
	    strerror(errno),
	    errno == EADDRINUSE ? "another program listens there: stop it or change http"
	                        : "change http in the configuration");
	if (fd >= 0)
		close(fd);
	return -1;
}
