/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/farewell.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FAREWELL_NS (1 * NS_PER_S)

/* Beyond so many a thread closes at once: then there are worse problems than a lost reason. */
#define FAREWELLS_MAX 4096

struct farewell {
	struct io *io;
	int fd;
	struct event readable;
	struct deadline deadline;
	struct farewell *next, **prev;
};

static void
farewell_end(struct farewell *l)
{
	event_del(&l->readable);
	deadline_clear(&l->io->deadlines, &l->deadline);
	*l->prev = l->next;
	if (l->next)
		l->next->prev = l->prev;
	l->io->n_farewells--;
	close(l->fd);
	free(l);
}

static void
on_farewell_due(struct deadline *d, uint64_t now)
{
	struct farewell *l =
	    (struct farewell *)((char *)d - offsetof(struct farewell, deadline));

	(void)now;
	role_is_io();
	farewell_end(l);
}

static void
on_farewell_readable(evutil_socket_t fd, short what, void *arg)
{
	struct farewell *l = arg;
	ssize_t n = recv(fd, l->io->buffer, sizeof(l->io->buffer), 0);

	(void)what;
	role_is_io();
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		farewell_end(l);
}

void
farewell_start(struct io *io, int fd, uint64_t now)
{
	struct farewell *l;

	if (io->n_farewells == FAREWELLS_MAX || shutdown(fd, SHUT_WR) < 0) {
		close(fd);
		return;
	}
	l = must_calloc(1, sizeof(*l));
	l->io = io;
	l->fd = fd;
	l->deadline.on_due = on_farewell_due;
	l->next = io->farewells;
	if (l->next)
		l->next->prev = &l->next;
	l->prev = &io->farewells;
	io->farewells = l;
	io->n_farewells++;
	event_assign(&l->readable, io->base, fd, EV_READ | EV_PERSIST, on_farewell_readable, l);
	event_add(&l->readable, NULL);
	deadline_set(&io->deadlines, &l->deadline, now + FAREWELL_NS);
}

void
farewell_end_all(struct io *io)
{
	while (io->farewells)
		farewell_end(io->farewells);
}
