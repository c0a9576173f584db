/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thread has an epoll of its own, the sessions that it accepted from the shared listener, and
 * nothing else; the threads share the bytes, which never change, a flag and a count of pulses. A session
 * is a socket, a range of the bytes still to be sent, and how many pulses it has had. The first thread, which is
 * the caller's, obeys the control descriptor too.
 */
#include "blast.h"

#include "bgp/open.h"

#include <errno.h>
#include <netinet/tcp.h>
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
#define LINE_MAX  64

struct session {
	struct session *next, **at; /* of the thread's list; at: the pointer that points here */
	int fd;
	bool established, wants_out;
	bool whole; /* it is being sent, or was, the whole table */
	bool again; /* from the start, when what is on the way is sent */
	size_t hello_sent;
	size_t from, to;   /* of the shared bytes */
	uint64_t pulsed;   /* pulses that it was sent, or that its table made up for */
	size_t pulse_sent; /* bytes of the one on the way */
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
	_Atomic uint64_t pulses; /* ordered so far */
	char line[LINE_MAX];     /* of the control descriptor: what came of it */
	size_t line_len;
	struct blast_thread *threads; /* the first is the caller's, and reads the lines */
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

/* What stands next in a session's stream, and where to count how much of it is sent. */
struct piece {
	const uint8_t *at;
	size_t n; /* 0: nothing, for now */
	size_t *sent;
};

/* The UPDATE of the next pulse. The first one withdraws: the table has the path. */
static struct piece
next_pulse(const struct blaster *b, struct session *s)
{
	const struct wirepath *path = b->options->path;
	bool present = s->pulsed % 2;

	if (!s->whole || s->from < s->to || s->pulsed == atomic_load(&b->pulses))
		return (struct piece){.n = 0};
	return (struct piece){.at = path->bytes[present] + s->pulse_sent,
	    .n = path->size[present] - s->pulse_sent,
	    .sent = &s->pulse_sent};
}

static struct piece
next_piece(const struct blaster *b, struct session *s)
{
	size_t left = s->to - s->from, chunk = b->options->chunk;

	if (s->hello_sent < b->hello_len)
		return (struct piece){.at = b->hello + s->hello_sent,
		    .n = b->hello_len - s->hello_sent,
		    .sent = &s->hello_sent};
	if (left)
		return (struct piece){.at = b->options->set->bytes + s->from,
		    .n = left < chunk ? left : chunk,
		    .sent = &s->from};
	return next_pulse(b, s);
}

/* A piece may have ended: what follows from that. */
static void
end_piece(const struct blaster *b, struct session *s)
{
	if (s->again && s->from == s->to) {
		s->again = false;
		s->from = 0;
	}
	if (s->pulse_sent && s->pulse_sent == b->options->path->size[s->pulsed % 2]) {
		s->pulse_sent = 0;
		s->pulsed++;
	}
}

/* Move the next bytes. False: the session is over. */
static bool
session_send(struct blast_thread *t, struct session *s)
{
	const struct blaster *b = t->blaster;
	struct piece p = next_piece(b, s);

	if (p.n) {
		ssize_t sent = send(s->fd, p.at, p.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (sent > 0)
			*p.sent += (size_t)sent;
	}
	end_piece(b, s);
	watch(t, s, next_piece(b, s).n > 0);
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
	/* The table has the path; a joiner lacks at most the withdrawal that the others had last. */
	s->pulsed = atomic_load(&t->blaster->pulses) & ~1ull;
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

/*
 * A word for all sessions. Nothing is closed here: events of the same batch may still name any session, and one
 * whose socket is broken shows that by an event of its own.
 */
static void
take_word(struct blast_thread *t)
{
	bool loaded = atomic_load(&t->blaster->loaded);

	for (struct session *s = t->sessions; s; s = s->next) {
		if (loaded)
			session_aim(t, s, true);
		if (!s->wants_out)
			(void)session_send(t, s);
	}
}

static void
on_wake(struct blast_thread *t)
{
	uint64_t n;

	if (read(t->wake, &n, sizeof(n)) == sizeof(n))
		take_word(t);
}

static void
wake_others(struct blaster *b)
{
	uint64_t one = 1;

	for (uint32_t i = 1; i < b->options->threads; i++)
		must(write(b->threads[i].wake, &one, sizeof(one)) == sizeof(one));
}

static void
obey(struct blaster *b, const char *line)
{
	if (strcmp(line, "go") == 0) {
		atomic_store(&b->loaded, true);
	} else if (strcmp(line, "pulse") == 0 && b->options->path) {
		atomic_fetch_add(&b->pulses, 1);
	} else {
		fprintf(stderr, "heliobench blast: %s: not understood\n", line);
		return;
	}
	wake_others(b);
	take_word(&b->threads[0]);
}

/* Read the control descriptor, once. At its end everything ends. */
static void
on_control(struct blaster *b)
{
	ssize_t n =
	    read(b->options->control, b->line + b->line_len, sizeof(b->line) - 1 - b->line_len);
	char *line = b->line, *end;

	if (n <= 0) {
		if (n == 0 || errno != EINTR)
			atomic_store(&b->ending, true);
		return;
	}
	b->line_len += (size_t)n;
	b->line[b->line_len] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		obey(b, line);
	}
	b->line_len = strlen(line);
	memmove(b->line, line, b->line_len);
	if (b->line_len == sizeof(b->line) - 1)
		b->line_len = 0; /* no word is as long: it is dropped */
}

static void
on_event(struct blast_thread *t, const struct epoll_event *e)
{
	struct blaster *b = t->blaster;
	struct session *s = e->data.ptr;

	if (e->data.ptr == &t->wake)
		on_wake(t);
	else if (e->data.ptr == &b->listener)
		on_connection(t);
	else if (e->data.ptr == b->line)
		on_control(b);
	else if (((e->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !session_receive(t, s)) ||
	         ((e->events & EPOLLOUT) && !session_send(t, s)))
		session_free(s);
}

static void *
thread_main(void *arg)
{
	struct blast_thread *t = arg;
	struct epoll_event events[EVENTS];

	while (!atomic_load(&t->blaster->ending)) {
		int n = epoll_wait(t->epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++)
			on_event(t, &events[i]);
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
thread_init(struct blaster *b, struct blast_thread *t)
{
	struct epoll_event wake = {.events = EPOLLIN, .data.ptr = &t->wake};
	struct epoll_event door = {
	    .events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &b->listener};

	t->blaster = b;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->epoll < 0 || t->wake < 0 ||
	    epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->wake, &wake) < 0 ||
	    epoll_ctl(t->epoll, EPOLL_CTL_ADD, b->listener, &door) < 0)
		die("cannot start a thread of the bytes-only loop: %s", strerror(errno));
}

/* Files have no epoll: what is in one is read at once, and then it has ended. */
static void
listen_to_control(struct blaster *b)
{
	struct epoll_event control = {.events = EPOLLIN, .data.ptr = b->line};

	if (epoll_ctl(b->threads[0].epoll, EPOLL_CTL_ADD, b->options->control, &control) == 0)
		return;
	while (!atomic_load(&b->ending))
		on_control(b);
}

static void
run_threads(struct blaster *b)
{
	listen_to_control(b);
	for (uint32_t i = 1; i < b->options->threads; i++)
		if (pthread_create(&b->threads[i].id, NULL, thread_main, &b->threads[i]) != 0)
			die("cannot start a thread of the bytes-only loop");
	thread_main(&b->threads[0]);
	wake_others(b);
	for (uint32_t i = 1; i < b->options->threads; i++)
		pthread_join(b->threads[i].id, NULL);
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
		thread_init(&b, &b.threads[i]);
	run_threads(&b);
	for (uint32_t i = 0; i < o->threads; i++) {
		close(b.threads[i].epoll);
		close(b.threads[i].wake);
	}
	close(b.listener);
	free(b.threads);
	return true;
}
