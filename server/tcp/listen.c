/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/listen.h"

#include "core/metric.h"
#include "tcp/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Connections taken before the loop looks at anything else. */
#define ACCEPT_BATCH 64

/* Without file descriptors or memory, the next attempt comes after this. */
#define ACCEPT_PAUSE_NS (100 * NS_PER_MS)

#define REJECT_LINES_PER_S 5

static void on_arrival(evutil_socket_t fd, short what, void *arg);

static const char *
advice(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "another program listens there: stop it, or change `listen`";
	case EACCES:
		return "ports below 1024 need CAP_NET_BIND_SERVICE or "
		       "net.ipv4.ip_unprivileged_port_start: grant it, or change `listen`";
	case EADDRNOTAVAIL:
		return "no interface has this address: change `listen`";
	case EAFNOSUPPORT:
		return "the kernel lacks this address family: take it out of `listen`";
	case ENOPROTOOPT:
	case EOPNOTSUPP:
		return "this kernel has no TCP-MD5 (CONFIG_TCP_MD5SIG): take out `password_file`";
	default:
		return "see `listen` in the configuration";
	}
}

static void
complain(const char *event, const struct config_endpoint *e, int error)
{
	log_error(event, f_ip("address", e->addr), f_u64("port", e->port),
	    f_str("error", strerror(error)), f_str("hint", advice(error)));
}

static struct ip_prefix
range_of(const struct config_peer *k)
{
	return k->address.family != IP_NONE ? ip_host_prefix(&k->address) : k->range;
}

/* Keys and TTL have to stand on the listener: the kernel uses them for the SYN-ACK already. */
static int
set_peer_options(const struct tcp_setup *s, int fd, uint8_t family)
{
	int error = 0;

	for (uint32_t i = 0; i < s->config->peers.len && !error; i++) {
		const struct config_peer *k = &s->config->peers.items[i];
		struct ip_prefix range = range_of(k);

		if (range.addr.family != family)
			continue;
		if (s->keys[i].len)
			error = socket_set_md5(fd, &range, &s->keys[i]);
		if (!error && k->ttl_security)
			error = socket_set_ttl(fd, family, 255);
	}
	return error;
}

bool
listen_open(struct tcp *t)
{
	for (uint32_t i = 0; i < t->config_first->listen.len; i++) {
		const struct config_endpoint *e = &t->config_first->listen.items[i];
		struct listener *l = &t->listener[t->n_listeners];
		int error;

		if (t->n_listeners == LISTENERS_MAX) {
			log_error(
			    "too many addresses in `listen`", f_u64("limit", LISTENERS_MAX));
			return false;
		}
		l->tcp = t;
		l->endpoint = *e;
		l->family = e->addr.family;
		l->fd = socket_listen(&e->addr, e->port, &error);
		if (l->fd < 0) {
			complain("cannot listen for BGP", e, error);
			return false;
		}
		t->n_listeners++;
		error = set_peer_options(t->setup, l->fd, l->family);
		if (error) {
			complain("cannot prepare the BGP listener for its peers", e, error);
			return false;
		}
		log_info("listening for BGP", f_ip("address", e->addr),
		    f_u64("port", tcp_listen_port(t, t->n_listeners - 1)));
	}
	return true;
}

/* Keys of peers that are no more do not open the door any longer. */
static void
forget_keys(int fd, uint8_t family, const struct tcp_setup *s)
{
	static const struct md5_key none;

	for (uint32_t i = 0; i < s->config->peers.len; i++) {
		struct ip_prefix range = range_of(&s->config->peers.items[i]);

		if (s->keys[i].len && range.addr.family == family)
			(void)!socket_set_md5(fd, &range, &none);
	}
}

void
listen_follow(struct tcp *t, const struct tcp_setup *old, const struct tcp_setup *fresh)
{
	for (unsigned i = 0; i < t->n_listeners; i++) {
		struct listener *l = &t->listener[i];
		int error;

		forget_keys(l->fd, l->family, old);
		error = set_peer_options(fresh, l->fd, l->family);
		if (error)
			complain(
			    "cannot prepare the BGP listener for the peers of the new configuration",
			    &l->endpoint, error);
	}
}

uint16_t
tcp_listen_port(const struct tcp *t, unsigned i)
{
	struct ip_addr addr;
	uint16_t port = 0;

	if (i < t->n_listeners)
		socket_local(t->listener[i].fd, &addr, &port);
	return port;
}

static void
on_pause_over(struct deadline *d, uint64_t now)
{
	struct tcp *t = (struct tcp *)((char *)d - offsetof(struct tcp, accept_pause));

	(void)now;
	role_is_io();
	for (unsigned i = 0; i < t->n_listeners; i++)
		event_add(&t->listener[i].readable, NULL);
}

void
listen_start(struct tcp *t)
{
	t->accept_pause.on_due = on_pause_over;
	for (unsigned i = 0; i < t->n_listeners; i++) {
		struct listener *l = &t->listener[i];

		event_assign(
		    &l->readable, t->io[0].base, l->fd, EV_READ | EV_PERSIST, on_arrival, l);
		event_add(&l->readable, NULL);
	}
}

void
listen_close(struct tcp *t)
{
	if (t->io && t->io[0].base)
		deadline_clear(&t->io[0].deadlines, &t->accept_pause);
	for (unsigned i = 0; i < t->n_listeners; i++) {
		if (event_initialized(&t->listener[i].readable))
			event_del(&t->listener[i].readable);
		close(t->listener[i].fd);
	}
	t->n_listeners = 0;
}

/* ---- arrivals ---- */

static void
reject(struct tcp *t, int fd, const struct ip_addr *addr, enum metric_id why, const char *event,
    uint64_t now)
{
	uint32_t suppressed;

	metric_inc(why);
	if (log_allow(&t->reject_limit, REJECT_LINES_PER_S, now, &suppressed))
		log_warn(event, f_ip("address", *addr), f_u64("suppressed", suppressed));
	close(fd);
}

static void
hand_over(struct io *io, int fd, const struct ip_addr *addr, uint16_t port)
{
	struct arrival *a = must_calloc(1, sizeof(*a));

	*a = (struct arrival){.fd = fd, .addr = *addr, .port = port};
	pthread_mutex_lock(&io->inbox_lock);
	a->next = io->inbox;
	io->inbox = a;
	pthread_mutex_unlock(&io->inbox_lock);
	waker_wake(&io->waker);
}

static void
take_arrival(struct tcp *t, int fd, const struct sockaddr_storage *sa, uint64_t now)
{
	struct ip_addr addr;
	uint16_t port;
	const struct config_peer *k;

	if (!ip_from_sockaddr((const struct sockaddr *)sa, &addr, &port)) {
		close(fd);
		return;
	}
	k = config_peer_find(t->io[0].setup->config, &addr);
	if (!k)
		reject(t, fd, &addr, METRIC_BGP_REJECTED_UNKNOWN,
		    "connection from an address that is no peer's and in no range", now);
	else if (k->address.family == IP_NONE && tcp_totals(t).peers >= t->max_peers)
		reject(t, fd, &addr, METRIC_BGP_REJECTED_LIMIT,
		    "no more peers are taken: raise limits.peers", now);
	else
		hand_over(io_of(t, &addr), fd, &addr, port);
}

static void
pause_accepting(struct tcp *t, int error, uint64_t now)
{
	uint32_t suppressed;

	if (log_allow(&t->reject_limit, REJECT_LINES_PER_S, now, &suppressed))
		log_error("cannot accept connections", f_str("error", strerror(error)),
		    f_str("hint", "raise the limit of open files (LimitNOFILE)"),
		    f_u64("suppressed", suppressed));
	for (unsigned i = 0; i < t->n_listeners; i++)
		event_del(&t->listener[i].readable);
	deadline_set(&t->io[0].deadlines, &t->accept_pause, now + ACCEPT_PAUSE_NS);
}

static void
on_arrival(evutil_socket_t listener, short what, void *arg)
{
	struct listener *l = arg;
	uint64_t now = clock_mono_ns();

	(void)what;
	role_is_io();
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		int fd = accept4(
		    listener, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			take_arrival(l->tcp, fd, &sa, now);
		else if (errno == EAGAIN)
			return;
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		         errno == ENOMEM) {
			pause_accepting(l->tcp, errno, now);
			return;
		}
		/* Others concern the one connection: it has gone before we took it. */
	}
}

/* NULL: another configuration, which does not have it, has come meanwhile. */
static struct peer *
make_dynamic(struct io *io, const struct ip_addr *addr, uint64_t now) ON_IO
{
	const struct config_peer *k = config_peer_find(io->setup->config, addr);
	struct peer *p = k ? peer_new(io, k, addr) : NULL;

	if (!p)
		return NULL;
	p->options.draining = io->draining;
	peer_start(p, now);
	return p;
}

void
listen_deliver(struct io *io, struct arrival *a, uint64_t now)
{
	struct peer *p = peer_find(io, &a->addr);

	if (io->stopping || io->drained) {
		close(a->fd);
	} else {
		p = p ? p : make_dynamic(io, &a->addr, now);
		if (p)
			peer_accept(p, a->fd, a->port, now);
		else
			close(a->fd);
	}
	free(a);
}
