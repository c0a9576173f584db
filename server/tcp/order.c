/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/order.h"

#include "core/log.h"
#include "tcp/conn.h"
#include "tcp/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One order to one peer. */
struct peer_order {
	struct peer_order *next;
	struct ip_addr address;
	enum tcp_order kind;
	char text[SHUTDOWN_TEXT_MAX + 1];
};

/* ---- on the watch thread ---- */

static void
push(struct peer *p, enum tcp_order kind, const char *text)
{
	struct io *io = p->io;
	struct peer_order *o = must_calloc(1, sizeof(*o));

	o->address = p->address;
	o->kind = kind;
	snprintf(o->text, sizeof(o->text), "%s", text ? text : "");
	pthread_mutex_lock(&io->inbox_lock);
	o->next = io->orders;
	io->orders = o;
	pthread_mutex_unlock(&io->inbox_lock);
	waker_wake(&io->waker);
}

static bool
is_meant(const struct peer *p, const char *who)
{
	char text[IP_TEXT_MAX];

	return strcmp(p->shown.info.name, who) == 0 ||
	       strcmp(ip_text(&p->address, text), who) == 0;
}

unsigned
tcp_order(struct tcp *t, const char *who, enum tcp_order kind, const char *text)
{
	unsigned n = 0;

	pthread_mutex_lock(&t->registry_lock);
	for (struct peer *p = t->listed; p; p = p->listed_next)
		if (is_meant(p, who)) {
			push(p, kind, text);
			n++;
		}
	pthread_mutex_unlock(&t->registry_lock);
	return n;
}

static void
change_drain(struct tcp *t, bool on, uint64_t wait_ns, const char *text)
{
	pthread_mutex_lock(&t->drain.lock);
	t->drain.on = on;
	t->drain.until_ns = on ? clock_mono_ns() + wait_ns : NS_NEVER;
	snprintf(t->drain.text, sizeof(t->drain.text), "%s", text ? text : "");
	t->drain.changes++;
	pthread_mutex_unlock(&t->drain.lock);
	for (unsigned i = 0; i < t->n_io; i++)
		waker_wake(&t->io[i].waker);
}

void
tcp_drain(struct tcp *t, uint64_t wait_ns, const char *text)
{
	change_drain(t, true, wait_ns, text);
}

void
tcp_undrain(struct tcp *t)
{
	change_drain(t, false, 0, NULL);
}

enum tcp_drain_state
tcp_drain_state(struct tcp *t)
{
	enum tcp_drain_state state;

	pthread_mutex_lock(&t->drain.lock);
	state = !t->drain.on                          ? TCP_SERVING
	        : clock_mono_ns() < t->drain.until_ns ? TCP_DRAINING
	                                              : TCP_DRAINED;
	pthread_mutex_unlock(&t->drain.lock);
	return state;
}

/* ---- on the io threads ---- */

static void
each_session(struct peer *p, void (*fn)(struct session *s, const char *text, uint64_t now),
    const char *text, uint64_t now) ON_IO
{
	fn(&p->main->session, text, now);
	if (p->rival)
		fn(&p->rival->session, text, now);
}

static void
take_down(struct session *s, const char *text, uint64_t now)
{
	role_is_io();
	session_stop(s, NOTIFY_CEASE_SHUTDOWN, *text ? text : NULL, now);
}

static void
reset(struct session *s, const char *text, uint64_t now)
{
	role_is_io();
	session_stop(s, NOTIFY_CEASE_RESET, *text ? text : NULL, now);
	session_start(s, now);
}

static void
redress(struct session *s, const char *text, uint64_t now)
{
	(void)text;
	(void)now;
	role_is_io();
	session_redress(s);
}

static void
carry_out(struct peer *p, const struct peer_order *o, uint64_t now) ON_IO
{
	switch (o->kind) {
	case TCP_PEER_DOWN:
		each_session(p, take_down, o->text, now);
		break;
	case TCP_PEER_UP:
		session_start(&p->main->session, now);
		break;
	case TCP_PEER_RESET:
		each_session(p, reset, o->text, now);
		break;
	case TCP_PEER_REFRESH:
		session_refresh(&p->main->session);
		break;
	}
	peer_settle(p, now);
}

/* Its paths say from now on, or no longer, that we are going. */
static void
dress(struct peer *p, bool draining, uint64_t now) ON_IO
{
	if (p->options.draining == draining)
		return;
	p->options.draining = draining;
	each_session(p, redress, "", now);
}

static void
on_drained(struct deadline *d, uint64_t now)
{
	struct io *io = (struct io *)((char *)d - offsetof(struct io, drain));

	role_is_io();
	io->drained = true;
	for (unsigned i = 0; i < PEER_BUCKETS; i++)
		for (struct peer *p = io->bucket[i], *next; p; p = next) {
			next = p->bucket_next;
			each_session(p, take_down, io->drain_text, now);
			peer_settle(p, now);
		}
}

static void
take_drain(struct io *io, uint64_t now) ON_IO
{
	struct tcp *t = io->tcp;
	bool was_drained = io->drained;
	uint64_t until_ns;

	pthread_mutex_lock(&t->drain.lock);
	if (io->drain_seen == t->drain.changes) {
		pthread_mutex_unlock(&t->drain.lock);
		return;
	}
	io->drain_seen = t->drain.changes;
	io->draining = t->drain.on;
	until_ns = t->drain.until_ns;
	snprintf(io->drain_text, sizeof(io->drain_text), "%s", t->drain.text);
	pthread_mutex_unlock(&t->drain.lock);
	io->drained = false;
	io->drain.on_due = on_drained;
	deadline_set(&io->deadlines, &io->drain, until_ns);
	for (unsigned i = 0; i < PEER_BUCKETS; i++)
		for (struct peer *p = io->bucket[i], *next; p; p = next) {
			next = p->bucket_next;
			dress(p, io->draining, now);
			if (was_drained)
				session_start(&p->main->session, now);
			peer_settle(p, now);
		}
}

static struct peer_order *
take_all(struct io *io)
{
	struct peer_order *o, *oldest_first = NULL;

	pthread_mutex_lock(&io->inbox_lock);
	o = io->orders;
	io->orders = NULL;
	pthread_mutex_unlock(&io->inbox_lock);
	while (o) { /* it is a stack */
		struct peer_order *next = o->next;

		o->next = oldest_first;
		oldest_first = o;
		o = next;
	}
	return oldest_first;
}

void
order_take(struct io *io, uint64_t now)
{
	struct peer_order *o = take_all(io), *next;

	for (; o; o = next) {
		struct peer *p = peer_find(io, &o->address);

		next = o->next;
		if (p && !io->stopping)
			carry_out(p, o, now);
		free(o);
	}
	if (!io->stopping)
		take_drain(io, now);
}

void
order_fini(struct io *io)
{
	for (struct peer_order *o = take_all(io), *next; o; o = next) {
		next = o->next;
		free(o);
	}
}
