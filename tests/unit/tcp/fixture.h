/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tcp over a real table and packer, listening on 127.0.0.1, and ToRs that are plain blocking
 * sockets bound to addresses of 127.0.0.0/8.
 */
#pragma once

#include "bgp/open.h"
#include "bgp/update.h"
#include "core/metric.h"
#include "tcp/tcp.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define OUR_AS 64512u

struct stage {
	struct names names;
	struct table table;
	struct ribout *ribout;
	struct tcp *tcp;
	struct config config;
	struct config_endpoint endpoint;
	struct config_peer peers[2];
	uint32_t as;
};

static inline struct ip_addr
addr_of(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(text, &a));
	return a;
}

/* A range 127.1.0.0/16 of iBGP ToRs. Change st->config before stage_start(). */
static inline struct stage *
stage_new(void)
{
	struct stage *st = calloc(1, sizeof(*st));
	struct config *c = &st->config;

	log_set(LOG_ERROR, LOG_LOGFMT);
	st->as = OUR_AS;
	st->endpoint = (struct config_endpoint){.addr = addr_of("127.0.0.1")};
	st->peers[0] = (struct config_peer){.name = "tors",
	    .as = {.items = &st->as, .len = 1},
	    .passive = true,
	    .hold_time_ns = 90 * NS_PER_S,
	    .connect_retry_ns = NS_PER_S,
	    .families = CONFIG_FAMILY_IPV4,
	    .add_path = true,
	    .view_index = CONFIG_VIEW_ALL};
	assert_true(ip_prefix_parse("127.1.0.0/16", &st->peers[0].range));
	c->router_id = 0x0aff0001;
	c->local_as = c->cluster_id = OUR_AS;
	c->listen.items = &st->endpoint;
	c->listen.len = 1;
	c->peers.items = st->peers;
	c->peers.len = 1;
	c->threads.io = 2;
	c->limits.peers = 100;
	c->graceful_restart.enabled = true;
	c->graceful_restart.restart_time_ns = 60 * NS_PER_S;
	return st;
}

static inline bool
stage_start(struct stage *st)
{
	struct ribout_options o = {.packers = 1};

	names_init(&st->names);
	table_init(&st->table, &st->names);
	st->ribout = ribout_new(&o, &st->table);
	st->tcp = tcp_new(&st->config, &st->table, st->ribout);
	ribout_start(st->ribout);
	return tcp_start(st->tcp);
}

static inline void
stage_end(struct stage *st)
{
	tcp_stop(st->tcp);
	tcp_free(st->tcp);
	ribout_stop(st->ribout);
	ribout_free(st->ribout);
	role_take(ROLE_WRITER, "writer");
	role_is_writer();
	table_fini(&st->table);
	rcu_drain();
	role_drop();
	names_fini(&st->names);
	free(st);
}

/* n service addresses, each with `hops` next hops; then the barrier. */
static inline void
stage_routes(struct stage *st, uint32_t n, uint32_t hops)
{
	struct path_attrs attrs = {.local_pref = 100};
	struct path_in *paths = calloc(hops, sizeof(*paths));
	uint32_t clashes = 0;

	role_take(ROLE_WRITER, "writer");
	role_is_writer();
	for (uint32_t i = 0; i < n; i++) {
		struct ip_addr a = ip_v4(0x0a600000u + i);
		struct ip_prefix prefix = ip_host_prefix(&a);

		for (uint32_t h = 0; h < hops; h++) {
			uint32_t node = 0xc0a80001u + h;
			struct nexthop nh = {
			    .addr = ip_v4(node), .path_id = node, .originator = node};

			paths[h] = (struct path_in){.nexthop = nexthop_name(&st->names, &nh),
			    .attrs = attrs_name(&st->names, &attrs)};
		}
		table_set(&st->table, prefix_name(&st->names, &prefix),
		    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, paths, hops, &clashes);
	}
	table_commit(&st->table);
	table_set_barrier(&st->table);
	role_drop();
	free(paths);
}

/* ---- ToRs ---- */

static inline int
tor_socket(const char *from)
{
	struct sockaddr_storage sa;
	struct ip_addr a = addr_of(from);
	socklen_t len = ip_to_sockaddr(&a, 0, &sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static inline int
tor_try_connect(struct stage *st, int fd)
{
	struct sockaddr_storage sa;
	struct ip_addr a = addr_of("127.0.0.1");
	socklen_t len = ip_to_sockaddr(&a, tcp_listen_port(st->tcp, 0), &sa);

	return connect(fd, (struct sockaddr *)&sa, len) < 0 ? errno : 0;
}

static inline int
tor_connect(struct stage *st, const char *from)
{
	int fd = tor_socket(from);

	assert_int_equal(tor_try_connect(st, fd), 0);
	return fd;
}

/* n bytes within five seconds; false: the end, or nothing came. */
static inline bool
tor_read(int fd, void *bytes, size_t n)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		if (poll(&p, 1, 5000) <= 0)
			return false;
		got = recv(fd, (char *)bytes + done, n - done, 0);
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* The next message in buf (4096 bytes): its type; 0: the connection has ended. */
static inline uint8_t
tor_next(int fd, uint8_t *buf, size_t *n)
{
	*n = 0;
	if (!tor_read(fd, buf, BGP_HEADER_SIZE))
		return 0;
	*n = (size_t)(buf[16] << 8 | buf[17]);
	if (!tor_read(fd, buf + BGP_HEADER_SIZE, *n - BGP_HEADER_SIZE))
		return 0;
	return buf[18];
}

static inline void
tor_say_open(int fd, uint32_t router_id, bool graceful_restart)
{
	struct open o = {.as = OUR_AS, .hold_time = 90, .router_id = router_id};
	uint8_t buf[OPEN_SIZE_MAX];
	size_t n;

	o.capabilities.present =
	    CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(AS4) | CAPABILITY_BIT(ADD_PATH);
	if (graceful_restart)
		o.capabilities.present |= CAPABILITY_BIT(GRACEFUL_RESTART);
	o.capabilities.families[0] = o.capabilities.add_path_receive[0] = true;
	o.capabilities.gr[0].present = graceful_restart;
	o.capabilities.as4 = OUR_AS;
	n = open_encode(&o, buf, sizeof(buf));
	assert_int_equal(send(fd, buf, n, MSG_NOSIGNAL), n);
}

static inline void
tor_say_keepalive(int fd)
{
	uint8_t buf[BGP_HEADER_SIZE];

	keepalive_encode(buf);
	assert_int_equal(send(fd, buf, sizeof(buf), MSG_NOSIGNAL), sizeof(buf));
}

/* OPENs and KEEPALIVEs both ways. */
static inline void
tor_greet(int fd, uint32_t router_id, bool graceful_restart)
{
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t n;

	tor_say_open(fd, router_id, graceful_restart);
	assert_int_equal(tor_next(fd, buf, &n), BGP_OPEN);
	assert_int_equal(tor_next(fd, buf, &n), BGP_KEEPALIVE);
	tor_say_keepalive(fd);
}

static inline int
tor_establish(struct stage *st, const char *from, bool graceful_restart)
{
	int fd = tor_connect(st, from);

	tor_greet(fd, ip_v4_host(&(struct ip_addr){.family = IP_V4, .bytes = {10, 0, 0, 1}}),
	    graceful_restart);
	return fd;
}

/* Paths announced until End-of-RIB. */
static inline uint32_t
tor_read_table(int fd)
{
	struct update_context ctx = {
	    .as4 = true, .families = {true, false}, .add_path = {true, false}};
	uint8_t *buf = malloc(BGP_MESSAGE_MAX_EXTENDED);
	uint32_t paths = 0;
	struct update u;
	size_t n;

	for (;;) {
		uint8_t type = tor_next(fd, buf, &n);

		assert_true(type == BGP_UPDATE || type == BGP_KEEPALIVE);
		if (type == BGP_KEEPALIVE)
			continue;
		update_decode(buf, n, &ctx, &u);
		assert_int_equal(u.verdict, ATTR_OK);
		if (u.end_of_rib)
			break;
		paths += u.announced;
	}
	free(buf);
	return paths;
}

/* ---- what watch sees ---- */

struct seen {
	unsigned n, established;
	struct peer_info last;
	char last_error[SESSION_TEXT_MAX];
};

static inline void
see_peer(void *ctx, const struct peer_info *i)
{
	struct seen *s = ctx;

	s->n++;
	s->established += i->state == SESSION_ESTABLISHED;
	s->last = *i;
	snprintf(s->last_error, sizeof(s->last_error), "%s", i->last_error);
}

static inline struct seen
stage_look(struct stage *st)
{
	struct seen s = {.n = 0};

	role_take(ROLE_WATCH, "watch");
	role_is_watch();
	tcp_each_peer(st->tcp, see_peer, &s);
	role_drop();
	return s;
}

/* Wait until so many peers are known and established; five seconds at most. */
static inline struct seen
stage_await(struct stage *st, unsigned n, unsigned established)
{
	struct seen s = stage_look(st);

	for (int i = 0; i < 500 && (s.n != n || s.established != established); i++) {
		usleep(10000);
		s = stage_look(st);
	}
	assert_int_equal(s.n, n);
	assert_int_equal(s.established, established);
	return s;
}
