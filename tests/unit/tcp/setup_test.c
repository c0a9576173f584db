/* SPDX-License-Identifier: Apache-2.0 */
/* Another configuration takes the place of the one that sessions were made under. */
#include "bgp/notification.h"
#include "fixture.h"

#define BEFORE "127.1.0.5"

/* The stage's configuration, to be changed. */
struct generation {
	struct config config;
	struct config_peer peers[3];
};

static struct generation *
next_of(const struct stage *st)
{
	struct generation *g = calloc(1, sizeof(*g));

	g->config = st->config;
	memcpy(g->peers, st->peers, sizeof(st->peers));
	g->config.peers.items = g->peers;
	return g;
}

/* It is in force on every thread. */
static void
take(struct stage *st, struct generation *g)
{
	struct tcp_setup *s;
	char why[256];

	s = tcp_setup_new(&g->config, why, sizeof(why));
	assert_non_null(s);
	tcp_configure(st->tcp, s);
	for (unsigned i = 0; i < 500 && !tcp_settled(st->tcp); i++)
		usleep(10000);
	assert_true(tcp_settled(st->tcp));
}

static void
assert_cease(int fd, uint8_t subcode)
{
	uint8_t buf[BGP_MESSAGE_MAX], type;
	size_t n;

	while ((type = tor_next(fd, buf, &n)) != BGP_NOTIFICATION)
		assert_int_not_equal(type, 0);
	assert_int_equal(buf[19], NOTIFY_CEASE);
	assert_int_equal(buf[20], subcode);
	assert_int_equal(tor_next(fd, buf, &n), 0);
}

static void
assert_silent(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 300), 0);
}

static int
established(struct stage *st, const char *from)
{
	int fd = tor_establish(st, from, false);

	tor_read_table(fd);
	stage_await(st, 1, 1);
	return fd;
}

static void
end(struct stage *st, struct generation *g)
{
	stage_end(st);
	free(g);
}

static void
a_peer_of_which_nothing_else_is_said_notices_nothing(void **unused)
{
	struct stage *st = stage_new();
	struct generation *g = next_of(st);
	struct seen s;
	int fd;

	(void)unused;
	g->peers[0].name = "renamed";
	g->peers[0].connect_retry_ns = 9 * NS_PER_S;
	assert_true(stage_start(st));
	stage_routes(st, 10, 2);
	fd = established(st, BEFORE);
	take(st, g);
	assert_silent(fd);
	s = stage_await(st, 1, 1);
	assert_string_equal(s.last.name, "renamed");
	assert_int_equal(s.last.flaps, 0);
	close(fd);
	end(st, g);
}

static void
a_peer_that_is_not_configured_any_more_gets_a_cease_and_is_not_let_in_again(void **unused)
{
	struct stage *st = stage_new();
	struct generation *g = next_of(st);
	uint8_t byte;
	int fd;

	(void)unused;
	assert_true(ip_prefix_parse("127.9.0.0/16", &g->peers[0].range));
	assert_true(stage_start(st));
	stage_routes(st, 10, 2);
	fd = established(st, BEFORE);
	take(st, g);
	assert_cease(fd, NOTIFY_CEASE_DECONFIGURED);
	close(fd);
	stage_await(st, 0, 0);
	fd = tor_connect(st, BEFORE);
	assert_false(tor_read(fd, &byte, 1));
	close(fd);
	fd = tor_establish(st, "127.9.0.5", false);
	stage_await(st, 1, 1);
	close(fd);
	end(st, g);
}

static void
a_peer_with_other_settings_gets_a_cease_and_may_come_again(void **unused)
{
	struct stage *st = stage_new();
	struct generation *g = next_of(st);
	struct seen s;
	int fd;

	(void)unused;
	g->peers[0].hold_time_ns = 30 * NS_PER_S;
	assert_true(stage_start(st));
	stage_routes(st, 10, 2);
	fd = established(st, BEFORE);
	take(st, g);
	assert_cease(fd, NOTIFY_CEASE_CONFIG_CHANGE);
	close(fd);
	fd = established(st, BEFORE);
	s = stage_await(st, 1, 1);
	assert_int_equal(s.last.hold_time, 30);
	close(fd);
	end(st, g);
}

static void
a_peer_with_another_view_gets_a_cease_and_then_the_other_choice(void **unused)
{
	struct config_view view = {
	    .name = "one", .max_next_hops = 1, .min_next_hops = 1, .spread = 1};
	struct stage *st = stage_new();
	struct generation *g = next_of(st);
	int fd;

	(void)unused;
	g->config.views.items = &view;
	g->config.views.len = 1;
	g->peers[0].view = "one";
	g->peers[0].view_index = 0;
	assert_true(stage_start(st));
	stage_routes(st, 10, 2);
	fd = established(st, BEFORE);
	take(st, g);
	assert_cease(fd, NOTIFY_CEASE_CONFIG_CHANGE);
	close(fd);
	fd = tor_establish(st, BEFORE, false);
	assert_int_equal(tor_read_table(fd), 10);
	close(fd);
	end(st, g);
}

static void
a_peer_that_is_new_is_connected_to_and_stands_in_the_configurations_order(void **unused)
{
	struct stage *st = stage_new();
	struct generation *g = next_of(st);
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct ip_addr any;
	struct seen s;
	int fd, listener = tor_socket("127.8.0.1"), called;
	uint16_t port;

	(void)unused;
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	assert_true(ip_from_sockaddr((struct sockaddr *)&sa, &any, &port));
	g->peers[1] = g->peers[0];
	g->peers[1].name = "new";
	g->peers[1].passive = false;
	g->peers[1].address = addr_of("127.8.0.1");
	g->peers[1].range = (struct ip_prefix){.len = 0};
	g->peers[1].port = port;
	g->config.peers.len = 2;
	assert_true(stage_start(st));
	stage_routes(st, 10, 2);
	fd = established(st, BEFORE);
	take(st, g);
	called = accept(listener, NULL, NULL);
	assert_true(called >= 0);
	tor_greet(called, 0x0a000009, false);
	s = stage_await(st, 2, 2);
	assert_string_equal(s.last.name, "tors"); /* those from ranges come behind */
	assert_silent(fd);
	close(called);
	close(listener);
	close(fd);
	end(st, g);
}

static void
a_password_file_that_cannot_be_read_is_named_before_anything_changes(void **unused)
{
	struct stage *st = stage_new();
	struct generation *g = next_of(st);
	char why[256];

	(void)unused;
	g->peers[0].password_file = "/nowhere/key";
	assert_true(stage_start(st));
	assert_null(tcp_setup_new(&g->config, why, sizeof(why)));
	assert_string_equal(
	    why, "peer tors: password_file /nowhere/key: No such file or directory");
	end(st, g);
}

static void
a_hundred_configurations_follow_each_other(void **unused)
{
	struct stage *st = stage_new();
	struct generation *g[2] = {next_of(st), next_of(st)};
	int fd;

	(void)unused;
	g[1]->peers[0].name = "odd";
	assert_true(stage_start(st));
	stage_routes(st, 10, 2);
	fd = established(st, BEFORE);
	for (unsigned i = 0; i < 100; i++)
		take(st, g[i % 2]);
	assert_silent(fd);
	close(fd);
	stage_end(st);
	free(g[0]);
	free(g[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_peer_of_which_nothing_else_is_said_notices_nothing),
	    cmocka_unit_test(
	        a_peer_that_is_not_configured_any_more_gets_a_cease_and_is_not_let_in_again),
	    cmocka_unit_test(a_peer_with_other_settings_gets_a_cease_and_may_come_again),
	    cmocka_unit_test(a_peer_with_another_view_gets_a_cease_and_then_the_other_choice),
	    cmocka_unit_test(
	        a_peer_that_is_new_is_connected_to_and_stands_in_the_configurations_order),
	    cmocka_unit_test(
	        a_password_file_that_cannot_be_read_is_named_before_anything_changes),
	    cmocka_unit_test(a_hundred_configurations_follow_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
