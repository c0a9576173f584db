/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thread has an epoll of its own, the sessions that it accepted from the shared listener, and
 * nothing else; the threads share the bytes, which never change, and one flag. A session is a
 * socket and a range of the bytes still to be sent.
 */
#include "blast.h"

#include "bgp/open.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS    256
#define IN_MAX    2048 /* an OPEN and what follows it; UPDATEs of a ToR are never expected */
#define HELLO_MAX (OPEN_SIZE_MAX + BGP_HEADER_SIZE)
#define BACKLOG   4096

struct session {
	struct session *next, **at; /* of the thread's list; at: the pointer that points here */
	int fd;
	bool established, wants_out;
	bool whole; /* it is being sent, or was, the whole table */
	bool again; /* from the start, when what is on the way is sent */
	size_t hello_sent;
	size_t from, to; /* of the shared bytes */
	size_t in_len;
	uint8_t in[IN_MAX];
};

struct blaster;

struct blast_thread {
	struct blaster *blaster;
	pthread_t id;
	int epoll, wake;
	struct session *sessions;
};

struct blaster {
	const struct blast_options *options;
	int listener;
	uint8_t hello[HELLO_MAX];
	size_t hello_len;
	_Atomic bool loaded, ending;
	struct blast_thread *threads;
};

static void
make_hello(struct blaster *b)
{
	/* Hold time 0: no keepalives either way, nothing but the bytes. */
	struct open o = {.as = b->options->as, .router_id = b->options->router_id};
	struct capabilities *c = &o.capabilities;

	c->present = CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(AS4) |
	             CAPABILITY_BIT(ADD_PATH) | CAPABILITY_BIT(EXT_MESSAGE);
	c->as4 = o.as;
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		c->families[f] = c->add_path_send[f] = true;
	b->hello_len = open_encode(&o, b->hello, OPEN_SIZE_MAX);
	b->hello_len += keepalive_encode(b->hello + b->hello_len);
}

static void
watch(struct blast_thread *t, struct session *s, bool out)
{
	struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0u), .data.ptr = s};

	if (s->wants_out == out)
		return;
	s->wants_out = out;
	must(epoll_ctl(t->epoll, EPOLL_CTL_MOD, s->fd, &e) == 0);
}

static void
session_free(struct session *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	close(s->fd);
	free(s);
}

/* Move bytes until the socket is full or nothing is left. False: the session is over. */
static bool
session_send(struct blast_thread *t, struct session *s)
{
	const struct blaster *b = t->blaster;
	size_t chunk = b->options->chunk;
	const uint8_t *bytes = b->hello + s->hello_sent;
	size_t n = b->hello_len - s->hello_sent;
	bool hello = n > 0;

	if (!hello) {
		bytes = b->options->set->bytes + s->from;
		n = s->to - s->from < chunk ? s->to - s->from : chunk;
	}
	if (n) {
		ssize_t sent = send(s->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0)
			return errno == EAGAIN || errno == EINTR;
		if (hello)
			s->hello_sent += (size_t)sent;
		else
			s->from += (size_t)sent;
	}
	if (s->again && s->from == s->to) {
		s->again = false;
		s->from = 0;
	}
	watch(t, s, s->hello_sent < b->hello_len || s->from < s->to);
	return true;
}

/* The session came up, or the table did: what is it to be sent from here on? */
static void
session_aim(struct blast_thread *t, struct session *s, bool whole)
{
	const struct wireset *set = t->blaster->options->set;

	if (!s->established || s->whole)
		return;
	s->whole = whole;
	if (s->from > set->table_size && s->from < s->to) {
		s->again = true; /* amid the End-of-RIB: a message is never cut */
		return;
	}
	s->from = whole ? 0 : set->table_size;
	s->to = set->size;
	watch(t, s, true);
}

/* False: the session is over. */
static bool
session_receive(struct blast_thread *t, struct session *s)
{
	ssize_t got = recv(s->fd, s->in + s->in_len, IN_MAX - s->in_len, MSG_DONTWAIT);
	struct notification why;
	size_t used = 0, size;
	uint8_t type;

	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	s->in_len += (size_t)got;
	while (bgp_frame(s->in + used, s->in_len - used, true, &size, &type, &why) ==
	       BGP_FRAME_OK) {
		used += size;
		if (type == BGP_NOTIFICATION)
			return false;
		if (type == BGP_KEEPALIVE && !s->established) {
			s->established = true;
			session_aim(t, s, atomic_load(&t->blaster->loaded));
		}
	}
	memmove(s->in, s->in + used, s->in_len - used);
	s->in_len -= used;
	return s->in_len < IN_MAX;
}

static void
on_connection(struct blast_thread *t)
{
	int fd = accept4(t->blaster->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC),
	    one = 1;
	struct session *s;

	if (fd < 0)
		return; /* another thread was faster, or the client is gone again */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s = must_calloc(1, sizeof(*s));
	s->fd = fd;
	s->wants_out = true;
	s->next = t->sessions;
	s->at = &t->sessions;
	if (s->next)
		s->next->at = &s->next;
	t->sessions = s;

	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = s};

	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die("epoll_ctl: %s", strerror(errno));
}

/* Nothing is closed here: events of the same batch may still name any session. */
static void
on_wake(struct blast_thread *t)
{
	uint64_t n;

	if (read(t->wake, &n, sizeof(n)) != sizeof(n) || !atomic_load(&t->blaster->loaded))
		return;
	for (struct session *s = t->sessions; s; s = s->next)
		session_aim(t, s, true);
}

static void *
thread_main(void *arg)
{
	struct blast_thread *t = arg;
	struct epoll_event events[EVENTS];

	while (!atomic_load(&t->blaster->ending)) {
		int n = epoll_wait(t->epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct session *s = events[i].data.ptr;
			uint32_t what = events[i].events;

			if (events[i].data.ptr == &t->wake) {
				on_wake(t);
			} else if (events[i].data.ptr == t->blaster) {
				on_connection(t);
			} else if (((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) &&
			               !session_receive(t, s)) ||
			           ((what & EPOLLOUT) && !session_send(t, s))) {
				session_free(s);
			}
		}
	}
	while (t->sessions)
		session_free(t->sessions);
	return NULL;
}

static bool
open_listener(struct blaster *b, char *error)
{
	struct sockaddr_storage sa;
	socklen_t n = ip_to_sockaddr(&b->options->listen.addr, b->options->listen.port, &sa);
	char text[ENDPOINT_TEXT_MAX];
	int one = 1;

	b->listener = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (b->listener >= 0) {
		setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(b->listener, (struct sockaddr *)&sa, n) == 0 &&
		    listen(b->listener, BACKLOG) == 0)
			return true;
	}
	snprintf(error, BLAST_ERROR_MAX, "%s: %s", endpoint_text(&b->options->listen, text),
	    strerror(errno));
	if (b->listener >= 0)
		close(b->listener);
	return false;
}

static void
thread_start(struct blaster *b, struct blast_thread *t)
{
	struct epoll_event wake = {.events = EPOLLIN, .data.ptr = &t->wake};
	struct epoll_event door = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = b};

	t->blaster = b;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->epoll < 0 || t->wake < 0 ||
	    epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->wake, &wake) < 0 ||
	    epoll_ctl(t->epoll, EPOLL_CTL_ADD, b->listener, &door) < 0 ||
	    pthread_create(&t->id, NULL, thread_main, t) != 0)
		die("cannot start a thread of the bytes-only loop: %s", strerror(errno));
}

static void
wake_all(struct blaster *b)
{
	uint64_t one = 1;

	for (uint32_t i = 0; i < b->options->threads; i++)
		must(write(b->threads[i].wake, &one, sizeof(one)) == sizeof(one));
}

/* Read the control descriptor to its end. */
static void
obey(struct blaster *b)
{
	char text[64];
	ssize_t n;

	while ((n = read(b->options->control, text, sizeof(text))) != 0) {
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && !atomic_exchange(&b->loaded, true))
			wake_all(b);
	}
}

bool
blast_run(const struct blast_options *o, char *error)
{
	struct blaster b = {.options = o, .listener = -1};

	atomic_store(&b.loaded, o->loaded);
	make_hello(&b);
	if (!open_listener(&b, error))
		return false;
	b.threads = must_calloc(o->threads, sizeof(*b.threads));
	for (uint32_t i = 0; i < o->threads; i++)
		thread_start(&b, &b.threads[i]);
	obey(&b);
	atomic_store(&b.ending, true);
	wake_all(&b);
	for (uint32_t i = 0; i < o->threads; i++) {
		pthread_join(b.threads[i].id, NULL);
		close(b.threads[i].epoll);
		close(b.threads[i].wake);
	}
	close(b.listener);
	free(b.threads);
	return true;
}
