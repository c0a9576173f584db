/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/io.h"

#include "core/pulse.h"
#include "tcp/conn.h"
#include "tcp/farewell.h"
#include "tcp/kept.h"
#include "tcp/listen.h"
#include "tcp/order.h"
#include "tcp/peer.h"
#include "tcp/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The last NOTIFICATIONs may take so long; tcp.h promises two seconds for all of it. */
#define LAST_MOMENT_NS (1500 * NS_PER_MS)

static void
take_inbox(struct io *io, uint64_t now) ON_IO
{
	struct arrival *a, *oldest_first = NULL;

	pthread_mutex_lock(&io->inbox_lock);
	a = io->inbox;
	io->inbox = NULL;
	pthread_mutex_unlock(&io->inbox_lock);
	while (a) { /* it is a stack */
		struct arrival *next = a->next;

		a->next = oldest_first;
		oldest_first = a;
		a = next;
	}
	while ((a = oldest_first) != NULL) {
		oldest_first = a->next;
		listen_deliver(io, a, now);
	}
}

/* Calls fn for every peer of the thread, also when fn frees it. */
static void
each_own(struct io *io, void (*fn)(struct peer *p, uint64_t now), uint64_t now)
{
	for (unsigned i = 0; i < PEER_BUCKETS; i++) {
		for (struct peer *p = io->bucket[i], *next; p; p = next) {
			next = p->bucket_next;
			fn(p, now);
		}
	}
}

static void
shut_down_one(struct peer *p, uint64_t now)
{
	role_is_io();
	peer_shut_down(p, now);
}

static void
free_one(struct peer *p, uint64_t now)
{
	(void)now;
	role_is_io();
	peer_free(p);
}

static void
on_last_moment(struct deadline *d, uint64_t now)
{
	struct io *io = (struct io *)((char *)d - offsetof(struct io, last_moment));

	(void)now;
	event_base_loopbreak(io->base);
}

static bool
has_connections(const struct io *io)
{
	for (unsigned i = 0; i < PEER_BUCKETS; i++)
		for (const struct peer *p = io->bucket[i]; p; p = p->bucket_next)
			if (conn_is_open(p->main) || (p->rival && conn_is_open(p->rival)))
				return true;
	return io->farewells != NULL;
}

static void
begin_stop(struct io *io, uint64_t now) ON_IO
{
	io->stopping = true;
	if (io->index == 0)
		listen_close(io->tcp);
	each_own(io, shut_down_one, now);
	io->last_moment.on_due = on_last_moment;
	deadline_set(&io->deadlines, &io->last_moment, now + LAST_MOMENT_NS);
}

static void
on_woken(evutil_socket_t fd, short what, void *arg)
{
	struct io *io = arg;
	uint64_t now = clock_mono_ns();

	(void)fd, (void)what;
	role_is_io();
	waker_clear(&io->waker);
	if (atomic_load_explicit(&io->tcp->stop, memory_order_acquire) && !io->stopping)
		begin_stop(io, now);
	if (!io->stopping)
		setup_take(io, now);
	order_take(io, now);
	take_inbox(io, now);
	conn_walk_idle(io, now);
}

static void
wake(void *ctx)
{
	struct io *io = ctx;

	waker_wake(&io->waker);
}

static void *
io_main(void *arg)
{
	struct io *io = arg;
	char name[16];

	snprintf(name, sizeof(name), "helio-io%u", io->index % 100);
	role_take(ROLE_IO, name);
	role_is_io();
	pulse_wakes(wake, io);
	if (io->index == 0)
		listen_start(io->tcp);
	peer_make_configured(io, clock_mono_ns());
	kept_court(io, clock_mono_ns());
	/* A stopping thread goes on until what it had to say has left. */
	while (!io->stopping || has_connections(io)) {
		event_base_loop(io->base, EVLOOP_ONCE);
		pulse_beat();
		if (event_base_got_break(io->base))
			break;
	}
	farewell_end_all(io);
	each_own(io, free_one, 0);
	deadline_clear(&io->deadlines, &io->last_moment);
	deadline_clear(&io->deadlines, &io->kept);
	deadline_clear(&io->deadlines, &io->drain);
	role_drop();
	return NULL;
}

void
io_init(struct io *io, struct tcp *t, unsigned index)
{
	struct event_config *config = event_config_new();

	io->tcp = t;
	io->index = index;
	if (!config)
		die("libevent: out of memory");
	/* One thread each; the only call from outside is the waker's eventfd. */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	io->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!io->base)
		die("libevent: cannot make an event loop");
	waker_init(&io->waker);
	pthread_mutex_init(&io->inbox_lock, NULL);
	deadlines_init(&io->deadlines, io->base);
	event_assign(&io->woken, io->base, io->waker.fd, EV_READ | EV_PERSIST, on_woken, io);
	event_add(&io->woken, NULL);
	ribout_wakes(t->ribout, &io->waker);
}

void
io_fini(struct io *io)
{
	struct arrival *a;

	while ((a = io->inbox) != NULL) {
		io->inbox = a->next;
		close(a->fd);
		free(a);
	}
	order_fini(io);
	event_del(&io->woken);
	deadlines_fini(&io->deadlines);
	event_base_free(io->base);
	pthread_mutex_destroy(&io->inbox_lock);
	waker_fini(&io->waker);
}

void
io_start(struct io *io)
{
	if (pthread_create(&io->thread, NULL, io_main, io))
		die("cannot start an io thread");
}

void
io_join(struct io *io)
{
	pthread_join(io->thread, NULL);
}
