/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/conn.h"

#include "tcp/farewell.h"
#include "tcp/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What one peer is sent before it is another's turn, and the pieces of one writev: routes come
 * in chunks of 128 KiB, so four of them, and two for what the session itself says.
 */
#define TURN_BYTES ((size_t)512 * 1024)
#define PIECES     (TURN_BYTES / CHUNK_BYTES + 2)
_Static_assert(PIECES >= 3, "session_output() wants room for three pieces");

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_conn_due(struct deadline *d, uint64_t now);

struct conn *
conn_new(struct peer *p)
{
	struct conn *c = must_calloc(1, sizeof(*c));

	c->peer = p;
	c->fd = -1;
	c->deadline.on_due = on_conn_due;
	session_init(&c->session, &p->options, &p->history, p->io->tcp->ribout);
	return c;
}

static void
idle_leave(struct conn *c)
{
	if (!c->idle_prev)
		return;
	*c->idle_prev = c->idle_next;
	if (c->idle_next)
		c->idle_next->idle_prev = c->idle_prev;
	c->idle_prev = NULL;
}

static void
idle_enter(struct conn *c)
{
	struct io *io = c->peer->io;

	if (c->idle_prev)
		return;
	c->idle_next = io->idle;
	if (io->idle)
		io->idle->idle_prev = &c->idle_next;
	c->idle_prev = &io->idle;
	io->idle = c;
}

/* Take the socket away from the connection. */
static int
detach(struct conn *c)
{
	int fd = c->fd;

	idle_leave(c);
	event_del(&c->readable);
	event_del(&c->writable);
	c->fd = -1;
	c->connecting = c->blocked = false;
	c->remote_port = c->local_port = 0;
	c->local = (struct ip_addr){.family = IP_NONE};
	return fd;
}

void
conn_free(struct conn *c)
{
	if (conn_is_open(c))
		close(detach(c));
	deadline_clear(&c->peer->io->deadlines, &c->deadline);
	session_fini(&c->session);
	free(c);
}

static void
attach(struct conn *c, int fd)
{
	struct event_base *base = c->peer->io->base;

	c->fd = fd;
	event_assign(&c->readable, base, fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->writable, base, fd, EV_WRITE, on_writable, c);
}

static void
watch_writable(struct conn *c)
{
	c->blocked = true;
	event_add(&c->writable, NULL);
}

static void
is_up(struct conn *c)
{
	socket_local(c->fd, &c->local, &c->local_port);
	event_add(&c->readable, NULL);
}

void
conn_accept(struct conn *c, int fd, uint16_t port, uint64_t now)
{
	attach(c, fd);
	c->remote_port = port;
	is_up(c);
	session_event(&c->session, SESSION_ACCEPTED, NULL, now);
}

/* ---- connecting ---- */

static void
connect_failed(struct conn *c, int error, uint64_t now) ON_IO
{
	close(detach(c));
	session_event(&c->session, SESSION_CONNECT_FAILED, strerror(error), now);
}

static void
connected(struct conn *c, uint64_t now) ON_IO
{
	c->connecting = false;
	c->remote_port = (uint16_t)c->peer->config->port;
	is_up(c);
	session_event(&c->session, SESSION_CONNECTED, NULL, now);
}

static void
begin_connecting(struct conn *c, uint64_t now) ON_IO
{
	struct peer *p = c->peer;
	int error, fd = socket_open(p->address.family, &error);

	session_event(&c->session, SESSION_CONNECTING, NULL, now);
	if (fd < 0) {
		session_event(&c->session, SESSION_CONNECT_FAILED, strerror(error), now);
		return;
	}
	attach(c, fd);
	error = peer_prepare_socket(p, fd, true);
	if (!error)
		error = socket_connect(
		    fd, &p->address, (uint16_t)p->config->port, &p->config->source);
	c->connecting = error == EINPROGRESS;
	if (c->connecting)
		watch_writable(c);
	else if (error)
		connect_failed(c, error, now);
	else
		connected(c, now);
}

static void
finish_connecting(struct conn *c, uint64_t now) ON_IO
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error)
		connect_failed(c, error, now);
	else
		connected(c, now);
}

/* ---- reading ---- */

static void
has_ended(struct conn *c, int error, uint64_t now) ON_IO
{
	close(detach(c));
	session_event(&c->session, SESSION_CLOSED, error ? strerror(error) : NULL, now);
}

/* Once per turn: a peer that sends more is asked again after the others. */
static void
read_some(struct conn *c, uint64_t now) ON_IO
{
	struct io *io = c->peer->io;
	ssize_t n = recv(c->fd, io->buffer, sizeof(io->buffer), 0);

	if (n > 0)
		session_receive(&c->session, io->buffer, (size_t)n, now);
	else if (n == 0)
		has_ended(c, 0, now);
	else if (errno != EAGAIN && errno != EINTR)
		has_ended(c, errno, now);
}

/* ---- writing ---- */

/* False: nothing is left, TCP is full, or the connection has ended. */
static bool
write_once(struct conn *c, size_t *sent, uint64_t now) ON_IO
{
	struct iovec iov[PIECES];
	unsigned pieces = session_output(&c->session, iov, PIECES, now);
	struct msghdr msg = {.msg_iov = NULL};
	ssize_t n;

	if (!pieces) {
		if (c->session.state == SESSION_ESTABLISHED)
			idle_enter(c);
		return false;
	}
	msg.msg_iov = iov;
	msg.msg_iovlen = pieces;
	n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		session_wrote(&c->session, 0, now);
		has_ended(c, errno, now);
		return false;
	}
	if (n > 0)
		*sent += (size_t)n;
	session_wrote(&c->session, n > 0 ? (size_t)n : 0, now);
	/* EAGAIN, or the turn is over: the loop comes back after the others. */
	if (n < 0 || *sent >= TURN_BYTES) {
		watch_writable(c);
		return false;
	}
	return true;
}

static void
write_turn(struct conn *c, uint64_t now) ON_IO
{
	size_t sent = 0;

	if (!conn_is_open(c) || c->connecting || c->blocked)
		return;
	idle_leave(c);
	while (write_once(c, &sent, now))
		;
}

void
conn_walk_idle(struct io *io, uint64_t now)
{
	struct conn *walk = io->idle, *c;

	/* The list is taken out first: who is written for may enter it again. */
	io->idle = NULL;
	if (walk)
		walk->idle_prev = &walk;
	while ((c = walk) != NULL) {
		idle_leave(c);
		if (!session_has_news(&c->session)) {
			idle_enter(c);
			continue;
		}
		write_turn(c, now);
		peer_settle(c->peer, now);
	}
}

/* ---- what the session wishes ---- */

static void
set_deadline(struct conn *c) ON_IO
{
	deadline_set_lazily(
	    &c->peer->io->deadlines, &c->deadline, session_deadline(&c->session));
}

static void
do_close(struct conn *c, uint64_t now) ON_IO
{
	bool connecting = c->connecting;
	int fd = detach(c);

	if (connecting)
		close(fd);
	else
		farewell_start(c->peer->io, fd, now);
	session_event(&c->session, SESSION_CLOSED, NULL, now);
}

void
conn_settle(struct conn *c, uint64_t now)
{
	/* Each wish leads to a state that wishes nothing or something else: three are the most. */
	for (int i = 0; i < 3; i++) {
		write_turn(c, now);
		switch (session_wish(&c->session)) {
		case SESSION_WISH_NOTHING:
			set_deadline(c);
			return;
		case SESSION_WISH_CONNECT:
			if (c->peer->io->stopping)
				return;
			begin_connecting(c, now);
			break;
		case SESSION_WISH_CLOSE:
			do_close(c, now);
			break;
		}
	}
	set_deadline(c);
}

/* ---- events; each ends with peer_settle(), after which the connection may be gone ---- */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	uint64_t now = clock_mono_ns();

	(void)fd, (void)what;
	role_is_io();
	read_some(c, now);
	peer_settle(c->peer, now);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	uint64_t now = clock_mono_ns();

	(void)fd, (void)what;
	role_is_io();
	c->blocked = false;
	if (c->connecting)
		finish_connecting(c, now);
	peer_settle(c->peer, now);
}

static void
on_conn_due(struct deadline *d, uint64_t now)
{
	struct conn *c = (struct conn *)((char *)d - offsetof(struct conn, deadline));

	role_is_io();
	/* What came while this thread was busy is not the peer's silence. */
	if (conn_is_open(c) && !c->connecting)
		read_some(c, now);
	session_tick(&c->session, now);
	peer_settle(c->peer, now);
}
