/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ToR's socket: connect from its own address, read much at a time into the thread's one
 * buffer, hand whole messages to the ToR, keep the start of a cut one for the next read.
 */
#include "core/clock.h"
#include "fleet_thread.h"

#include <event2/event.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
note_trouble(struct link *l, const char *what)
{
	struct fleet_thread *th = l->thread;
	char buf[IP_TEXT_MAX];

	if (!th->trouble[0])
		snprintf(th->trouble, sizeof(th->trouble), "ToR %s: %.150s",
		    ip_text(&l->source, buf), what);
}

/* A ToR that offered less is to hold less: see check.c for whether it is the right less. */
static bool
table_matches(const struct tor *t, const struct fleet_target *g)
{
	unsigned families = t->habit.ipv4_only ? 1 : IP_FAMILIES;
	uint64_t paths = 0, digest = 0;

	if (!t->habit.no_add_path && !t->habit.ipv4_only)
		return t->paths == g->paths && t->digest == g->digest;
	for (unsigned f = 0; f < families; f++) {
		paths += t->habit.no_add_path ? g->families[f].prefixes : g->families[f].paths;
		digest += g->families[f].digest;
	}
	return t->paths == paths && (t->habit.no_add_path || t->digest == digest);
}

void
link_look(struct link *l, uint64_t now_ns)
{
	struct fleet_thread *th = l->thread;
	const struct fleet_target *g = &th->target;
	_Atomic uint32_t *complete = l->timed ? &th->complete : &th->others_complete;

	if (l->complete || l->tor.state != TOR_ESTABLISHED)
		return;
	if (g->eor && !tor_has_eor(&l->tor))
		return;
	if (g->table && !table_matches(&l->tor, g))
		return;
	l->complete = true;
	if (l->timed)
		th->last_complete_ns = now_ns;
	else
		th->others_last_complete_ns = now_ns;
	/* Of the others a wait may be for fewer than all; they are few. */
	if (atomic_fetch_add(complete, 1) + 1 == th->timed || !l->timed) {
		pthread_mutex_lock(&th->fleet->lock);
		pthread_cond_broadcast(&th->fleet->changed);
		pthread_mutex_unlock(&th->fleet->lock);
	}
}

/* The session ended and it was not our doing. */
static void
link_lost(struct link *l, const char *why)
{
	note_trouble(l, why);
	l->thread->disconnects++;
	link_close(l);
}

void
link_flush(struct link *l)
{
	while (l->tor.out_len) {
		ssize_t n = send(l->fd, l->tor.out, l->tor.out_len, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno == EAGAIN)
				event_add(l->writable, NULL);
			else if (l->tor.excused)
				link_lost(l, "the target closed the connection");
			return; /* else a broken connection shows itself to the reader */
		}
		l->tor.out_len -= (size_t)n;
		memmove(l->tor.out, l->tor.out + n, l->tor.out_len);
	}
}

static void
keep_tail(struct link *l, const uint8_t *bytes, size_t n)
{
	must(n <= LINK_TAIL_MAX);
	if (n > l->tail_room) {
		l->tail_room = n * 2 < LINK_TAIL_MAX ? n * 2 : LINK_TAIL_MAX;
		l->tail = must_realloc(l->tail, l->tail_room);
	}
	if (n)
		memcpy(l->tail, bytes, n);
	l->tail_len = n;
}

void
link_receive(struct link *l, size_t most)
{
	struct fleet_thread *th = l->thread;
	uint64_t before = l->tor.established_ns;
	ssize_t got;

	if (l->tail_len)
		memcpy(th->buffer, l->tail, l->tail_len);
	got = recv(
	    l->fd, th->buffer + l->tail_len, most < LINK_READ_SIZE ? most : LINK_READ_SIZE, 0);
	if (got <= 0) {
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		link_lost(l, got == 0 ? "the target closed the connection" : strerror(errno));
		return;
	}
	uint64_t now = clock_mono_ns();
	size_t have = l->tail_len + (size_t)got;
	size_t used = tor_receive(&l->tor, th->buffer, have, now);

	link_flush(l);
	if (used == SIZE_MAX) {
		link_lost(l, l->tor.trouble);
		return;
	}
	keep_tail(l, th->buffer + used, have - used);
	if (!before && l->tor.established_ns) {
		if (l->timed)
			th->last_established_ns = now;
		link_choose_reader(l);
	}
	if (l->tor.first_update_ns && !th->first_update_ns)
		th->first_update_ns = l->tor.first_update_ns;
	link_look(l, now);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_receive(arg, LINK_READ_SIZE);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	int error = 0;
	socklen_t n = sizeof(error);

	(void)what;
	if (l->tor.state == TOR_CONNECTING) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error) {
			link_close(l); /* nobody listens yet: the tick tries again */
			return;
		}
		tor_start(&l->tor);
		event_add(l->readable, NULL);
	}
	link_flush(l);
}

void
link_open(struct link *l)
{
	const struct fleet_options *o = &l->thread->fleet->options;
	struct sockaddr_storage source, target;
	socklen_t n = ip_to_sockaddr(&l->source, 0, &source);
	int one = 1, room = HABIT_SOCKET_ROOM;

	l->fd = socket(source.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		die("socket for a ToR: %s", strerror(errno));
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (l->thread->misbehaving &&
	    (l->tor.habit.pace == HABIT_SLOW || l->tor.habit.pace == HABIT_STALLED))
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	/* The port is chosen at connect(): two ToRs never fight for one. */
	setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(l->fd, (struct sockaddr *)&source, n) < 0)
		die("a ToR cannot use its address: %s (loopback addresses 127.x.y.z always work)",
		    strerror(errno));
	n = ip_to_sockaddr(&o->target, o->port, &target);
	if (connect(l->fd, (struct sockaddr *)&target, n) < 0 && errno != EINPROGRESS) {
		close(l->fd);
		l->fd = -1;
		return;
	}
	l->tor.state = TOR_CONNECTING;
	l->readable = event_new(l->thread->base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
	l->writable = event_new(l->thread->base, l->fd, EV_WRITE, on_writable, l);
	must(l->readable && l->writable);
	event_add(l->writable, NULL);
}

void
link_close(struct link *l)
{
	if (l->fd < 0)
		return;
	event_free(l->readable);
	event_free(l->writable);
	close(l->fd);
	l->fd = -1;
	l->tail_len = 0;
	if (l->complete) {
		l->complete = false;
		atomic_fetch_sub(
		    l->timed ? &l->thread->complete : &l->thread->others_complete, 1);
	}
	tor_stop(&l->tor);
}

void
link_break(struct link *l)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (l->fd >= 0)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	link_close(l);
}

void
link_choose_reader(struct link *l)
{
	enum habit_pace pace =
	    l->thread->misbehaving ? l->tor.habit.pace : (enum habit_pace)HABIT_NORMAL;
	bool up = l->tor.state == TOR_ESTABLISHED;

	l->tor.excused = pace == HABIT_STALLED;
	if (l->fd < 0 || l->tor.state == TOR_CONNECTING)
		return;
	if (up && (pace == HABIT_SLOW || pace == HABIT_STALLED))
		event_del(l->readable);
	else
		event_add(l->readable, NULL);
}
