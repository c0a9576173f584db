/* SPDX-License-Identifier: Apache-2.0 */
/* Real sockets on the loopback: who is let in, who hinders whom, how it ends. */
#include "fixture.h"
#include "tcp/socket.h"

#define TEST(name) cmocka_unit_test(name)

static void
a_port_in_use_is_an_error_and_nothing_runs(void **unused)
{
	struct stage *st = stage_new();
	struct ip_addr any;
	int error, fd = socket_listen(&st->endpoint.addr, 0, &error);

	(void)unused;
	assert_true(fd >= 0);
	socket_local(fd, &any, &st->endpoint.port);
	assert_false(stage_start(st));
	close(fd);
	stage_end(st);
}

static void
an_address_that_is_not_ours_is_an_error(void **unused)
{
	struct stage *st = stage_new();

	(void)unused;
	st->endpoint.addr = addr_of("192.0.2.77");
	assert_false(stage_start(st));
	stage_end(st);
}

static void
a_password_file_that_is_missing_is_an_error(void **unused)
{
	struct stage *st = stage_new();

	(void)unused;
	st->peers[0].password_file = "does-not-exist.key";
	assert_false(stage_start(st));
	stage_end(st);
}

static void
a_stranger_is_closed_and_counted(void **unused)
{
	struct stage *st = stage_new();
	int64_t before = metric_read(METRIC_BGP_REJECTED_UNKNOWN);
	uint8_t byte;
	int fd;

	(void)unused;
	assert_true(stage_start(st));
	fd = tor_connect(st, "127.9.9.9");
	assert_false(tor_read(fd, &byte, 1));
	assert_int_equal(metric_read(METRIC_BGP_REJECTED_UNKNOWN), before + 1);
	assert_int_equal(stage_look(st).n, 0);
	close(fd);
	stage_end(st);
}

static void
a_peer_from_a_range_is_there_while_it_is_connected(void **unused)
{
	struct stage *st = stage_new();
	struct seen s;
	int fd;

	(void)unused;
	assert_true(stage_start(st));
	stage_routes(st, 10, 2);
	fd = tor_establish(st, "127.1.0.5", false);
	assert_int_equal(tor_read_table(fd), 20);
	s = stage_await(st, 1, 1);
	assert_string_equal(s.last.name, "tors");
	assert_true(s.last.dynamic);
	assert_int_equal(s.last.as, OUR_AS);
	assert_int_equal(s.last.paths_sent, 20);
	assert_int_equal(s.last.behind, 0);
	assert_true(s.last.add_path[0]);
	assert_true(s.last.group > 0);
	assert_int_equal(tcp_totals(st->tcp).established, 1);
	close(fd);
	stage_await(st, 0, 0);
	assert_int_equal(tcp_totals(st->tcp).established, 0);
	stage_end(st);
}

static void
peers_beyond_the_limit_are_closed_and_counted(void **unused)
{
	struct stage *st = stage_new();
	int64_t before = metric_read(METRIC_BGP_REJECTED_LIMIT);
	uint8_t byte;
	int a, b;

	(void)unused;
	st->config.limits.peers = 1;
	assert_true(stage_start(st));
	a = tor_establish(st, "127.1.0.5", false);
	stage_await(st, 1, 1);
	b = tor_connect(st, "127.1.0.6");
	assert_false(tor_read(b, &byte, 1));
	assert_int_equal(metric_read(METRIC_BGP_REJECTED_LIMIT), before + 1);
	stage_await(st, 1, 1);
	close(a);
	close(b);
	stage_end(st);
}

static void
a_stalled_peer_does_not_hinder_another(void **unused)
{
	struct stage *st = stage_new();
	int stalled, reads, small = 4096;

	(void)unused;
	assert_true(stage_start(st));
	stalled = tor_socket("127.1.0.5");
	setsockopt(stalled, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(tor_try_connect(st, stalled), 0);
	tor_greet(stalled, 0x0a000001, false);
	reads = tor_establish(st, "127.1.0.6", false);
	stage_routes(st, 50000, 20); /* nine megabytes: more than sockets hold */
	/* A snapshot made while the commit is under way shows some of it; the commit repeats it. */
	assert_in_range(tor_read_table(reads), 1000000, 2000000);
	stage_await(st, 2, 2);
	/* And it gets everything when it reads again. */
	assert_in_range(tor_read_table(stalled), 1000000, 2000000);
	close(stalled);
	close(reads);
	stage_end(st);
}

static void
a_second_connection_gets_a_cease_and_the_first_stays(void **unused)
{
	struct stage *st = stage_new();
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t n;
	int first, second;

	(void)unused;
	assert_true(stage_start(st));
	first = tor_establish(st, "127.1.0.5", false);
	stage_await(st, 1, 1);
	second = tor_connect(st, "127.1.0.5");
	tor_say_open(second, 0x0a000001, false);
	assert_int_equal(tor_next(second, buf, &n), BGP_OPEN);
	assert_int_equal(tor_next(second, buf, &n), BGP_NOTIFICATION);
	assert_int_equal(buf[19], NOTIFY_CEASE);
	assert_int_equal(buf[20], NOTIFY_CEASE_COLLISION);
	assert_int_equal(tor_next(second, buf, &n), 0);
	stage_await(st, 1, 1);
	close(first);
	close(second);
	stage_end(st);
}

static void
a_peer_that_restarted_gets_its_new_session(void **unused)
{
	struct stage *st = stage_new();
	uint8_t byte;
	int first, second;

	(void)unused;
	assert_true(stage_start(st));
	stage_routes(st, 10, 1);
	first = tor_establish(st, "127.1.0.5", true);
	assert_int_equal(tor_read_table(first), 10);
	second = tor_establish(st, "127.1.0.5", true);
	assert_int_equal(tor_read_table(second), 10);
	assert_false(tor_read(first, &byte, 1));
	assert_int_equal(stage_await(st, 1, 1).last.established, 2);
	close(first);
	close(second);
	stage_end(st);
}

static void
a_notification_is_read_before_the_connection_ends(void **unused)
{
	struct stage *st = stage_new();
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t n;
	int fd;

	(void)unused;
	assert_true(stage_start(st));
	fd = tor_establish(st, "127.1.0.5", false);
	/* An error, and much behind it that is never read. */
	memset(buf, 0, sizeof(buf));
	for (int i = 0; i < 50; i++)
		send(fd, buf, sizeof(buf), MSG_NOSIGNAL);
	assert_int_equal(tor_next(fd, buf, &n), BGP_NOTIFICATION);
	assert_int_equal(buf[19], NOTIFY_HEADER);
	close(fd);
	stage_end(st);
}

static void
a_configured_peer_is_connected_to_and_again_after_it_was_lost(void **unused)
{
	struct stage *st = stage_new();
	struct config_peer *k = &st->peers[1];
	struct ip_addr to = addr_of("127.3.0.1"), any, local;
	uint16_t port;
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t n;
	int error, listener = socket_listen(&to, 0, &error), fd;
	struct pollfd p = {.fd = listener, .events = POLLIN};

	(void)unused;
	socket_local(listener, &any, &port);
	*k = st->peers[0];
	k->name = "tor-b1";
	k->range = (struct ip_prefix){.len = 0};
	k->address = to;
	k->port = port;
	k->passive = false;
	k->source = addr_of("127.0.0.3");
	st->config.peers.len = 2;
	assert_true(stage_start(st));
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(poll(&p, 1, 5000), 1);
		fd = accept(listener, NULL, NULL);
		tor_greet(fd, 0x0a000001, false);
		local = stage_await(st, 1, 1).last.local;
		assert_true(ip_equal(&local, &k->source));
		close(fd);
		stage_await(st, 1, 0);
	}
	/* The end is said to a peer that keeps no routes. */
	assert_int_equal(poll(&p, 1, 5000), 1);
	fd = accept(listener, NULL, NULL);
	tor_greet(fd, 0x0a000001, false);
	stage_await(st, 1, 1);
	tcp_stop(st->tcp);
	while (tor_next(fd, buf, &n) == BGP_UPDATE)
		;
	assert_int_equal(buf[18], BGP_NOTIFICATION);
	assert_int_equal(buf[19], NOTIFY_CEASE);
	assert_int_equal(buf[20], NOTIFY_CEASE_SHUTDOWN);
	close(fd);
	close(listener);
	stage_end(st);
}

static void
a_peer_with_graceful_restart_sees_a_plain_end(void **unused)
{
	struct stage *st = stage_new();
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t n;
	int fd;

	(void)unused;
	assert_true(stage_start(st));
	fd = tor_establish(st, "127.1.0.5", true);
	stage_await(st, 1, 1);
	tcp_stop(st->tcp);
	assert_int_equal(tor_next(fd, buf, &n), 0);
	close(fd);
	stage_end(st);
}

static void
a_peer_with_a_key_connects_and_one_with_another_key_does_not(void **unused)
{
	char path[] = "tcp-test-key-XXXXXX";
	struct stage *st = stage_new();
	struct md5_key right = {.len = 6, .bytes = "secret"},
	               wrong = {.len = 5, .bytes = "wrong"};
	struct ip_addr server = addr_of("127.0.0.1");
	struct ip_prefix to = ip_host_prefix(&server);
	struct timeval soon = {.tv_sec = 1};
	int file = mkstemp(path), fd;

	(void)unused;
	assert_int_equal(write(file, "secret\n", 7), 7);
	close(file);
	fd = tor_socket("127.1.0.5");
	if (socket_set_md5(fd, &to, &right)) {
		close(fd);
		unlink(path);
		print_message("needs a kernel with CONFIG_TCP_MD5SIG\n");
		skip();
	}
	st->peers[0].password_file = path;
	assert_true(stage_start(st));
	unlink(path);
	assert_int_equal(tor_try_connect(st, fd), 0);
	tor_greet(fd, 0x0a000001, false);
	stage_await(st, 1, 1);
	close(fd);
	fd = tor_socket("127.1.0.6");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
	assert_int_equal(socket_set_md5(fd, &to, &wrong), 0);
	assert_int_not_equal(tor_try_connect(st, fd), 0);
	close(fd);
	stage_end(st);
}

static void
of_two_colliding_connections_the_right_one_stays(void **unused)
{
	struct stage *st = stage_new();
	struct config_peer *k = &st->peers[1];
	struct ip_addr to = addr_of("127.3.0.1"), any;
	uint8_t buf[BGP_MESSAGE_MAX];
	uint16_t port;
	size_t n;
	int error, listener = socket_listen(&to, 0, &error), ours, theirs;
	struct pollfd p = {.fd = listener, .events = POLLIN};

	(void)unused;
	socket_local(listener, &any, &port);
	*k = st->peers[0];
	k->range = (struct ip_prefix){.len = 0};
	k->address = to;
	k->port = port;
	k->passive = false;
	st->config.peers.len = 2;
	assert_true(stage_start(st));
	stage_routes(st, 10, 1);
	assert_int_equal(poll(&p, 1, 5000), 1);
	ours = accept(listener, NULL, NULL);
	theirs = tor_connect(st, "127.3.0.1");
	assert_int_equal(tor_next(ours, buf, &n), BGP_OPEN);
	assert_int_equal(tor_next(theirs, buf, &n), BGP_OPEN);
	tor_say_open(ours, 0x0b000001, false); /* higher than ours: theirs stays */
	assert_int_equal(tor_next(ours, buf, &n), BGP_KEEPALIVE);
	tor_say_open(theirs, 0x0b000001, false);
	assert_int_equal(tor_next(ours, buf, &n), BGP_NOTIFICATION);
	assert_int_equal(buf[20], NOTIFY_CEASE_COLLISION);
	assert_int_equal(tor_next(theirs, buf, &n), BGP_KEEPALIVE);
	tor_say_keepalive(theirs);
	assert_int_equal(tor_read_table(theirs), 10);
	assert_false(stage_await(st, 1, 1).last.outgoing);
	close(ours);
	close(theirs);
	close(listener);
	stage_end(st);
}

static void
a_peer_from_too_many_hops_away_is_not_heard(void **unused)
{
	struct stage *st = stage_new();
	struct pollfd p = {.events = POLLIN};
	uint8_t buf[BGP_MESSAGE_MAX];
	size_t n;
	int near, far;

	(void)unused;
	st->peers[0].ttl_security = 1;
	assert_true(stage_start(st));
	near = tor_socket("127.1.0.5");
	assert_int_equal(socket_set_ttl(near, IP_V4, 255), 0);
	assert_int_equal(socket_set_min_ttl(near, IP_V4, 255), 0);
	assert_int_equal(tor_try_connect(st, near), 0);
	tor_greet(near, 0x0a000001, false);
	stage_await(st, 1, 1);
	far = tor_socket("127.1.0.6");
	assert_int_equal(tor_try_connect(st, far), 0);
	assert_int_equal(tor_next(far, buf, &n), BGP_OPEN);
	tor_say_open(far, 0x0a000002, false);
	p.fd = far;
	assert_int_equal(poll(&p, 1, 300), 0); /* no KEEPALIVE answers */
	stage_await(st, 2, 1);
	close(near);
	close(far);
	stage_end(st);
}

static void
an_ipv6_peer_is_served_beside_ipv4(void **unused)
{
	struct stage *st = stage_new();
	struct config_endpoint both[2] = {
	    {.addr = addr_of("127.0.0.1")}, {.addr = addr_of("::1")}};
	struct sockaddr_storage sa;
	socklen_t len;
	int fd, error;

	(void)unused;
	st->config.listen.items = both;
	st->config.listen.len = 2;
	assert_true(ip_prefix_parse("::1/128", &st->peers[0].range));
	if (!stage_start(st)) {
		stage_end(st);
		print_message("needs IPv6 on the loopback interface\n");
		skip();
	}
	fd = socket_open(IP_V6, &error);
	len = ip_to_sockaddr(&both[1].addr, tcp_listen_port(st->tcp, 1), &sa);
	connect(fd, (struct sockaddr *)&sa, len);
	tor_greet(fd, 0x0a000001, false);
	assert_int_equal(stage_await(st, 1, 1).last.address.family, IP_V6);
	close(fd);
	stage_end(st);
}

static void
three_hundred_peers_come_at_once(void **unused)
{
	enum { PEERS = 300 };
	struct stage *st = stage_new();
	int fd[PEERS];

	(void)unused;
	st->config.limits.peers = PEERS;
	assert_true(stage_start(st));
	stage_routes(st, 100, 5);
	for (int i = 0; i < PEERS; i++) {
		char from[32];

		snprintf(from, sizeof(from), "127.1.%d.%d", i / 200, i % 200 + 1);
		fd[i] = tor_connect(st, from);
	}
	for (int i = 0; i < PEERS; i++)
		tor_greet(fd[i], 0x0a000001, false);
	stage_await(st, PEERS, PEERS);
	for (int i = 0; i < PEERS; i++) {
		assert_int_equal(tor_read_table(fd[i]), 500);
		close(fd[i]);
	}
	stage_await(st, 0, 0);
	stage_end(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_port_in_use_is_an_error_and_nothing_runs),
	    TEST(an_address_that_is_not_ours_is_an_error),
	    TEST(a_password_file_that_is_missing_is_an_error),
	    TEST(a_stranger_is_closed_and_counted),
	    TEST(a_peer_from_a_range_is_there_while_it_is_connected),
	    TEST(peers_beyond_the_limit_are_closed_and_counted),
	    TEST(a_stalled_peer_does_not_hinder_another),
	    TEST(a_second_connection_gets_a_cease_and_the_first_stays),
	    TEST(a_peer_that_restarted_gets_its_new_session),
	    TEST(a_notification_is_read_before_the_connection_ends),
	    TEST(a_configured_peer_is_connected_to_and_again_after_it_was_lost),
	    TEST(a_peer_with_graceful_restart_sees_a_plain_end),
	    TEST(a_peer_with_a_key_connects_and_one_with_another_key_does_not),
	    TEST(of_two_colliding_connections_the_right_one_stays),
	    TEST(a_peer_from_too_many_hops_away_is_not_heard),
	    TEST(an_ipv6_peer_is_served_beside_ipv4),
	    TEST(three_hundred_peers_come_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
