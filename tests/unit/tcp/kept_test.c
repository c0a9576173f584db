/* SPDX-License-Identifier: Apache-2.0 */
/* Peers of the last run, which may wait for our call (tcp/kept.h). */
#include "fixture.h"
#include "tcp/socket.h"

/* Listening at the port that we would connect to. */
static int
tor_listen(struct stage *st, const char *at)
{
	struct ip_addr addr;
	int fd = tor_socket(at);
	uint16_t port;

	assert_int_equal(listen(fd, 8), 0);
	socket_local(fd, &addr, &port);
	st->peers[0].port = port;
	return fd;
}

static bool
is_called(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/* The last run ended while 127.1.0.5, of the range, was up. */
static void
remember_a_peer(struct stage *st, char folder[64])
{
	char path[128];
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/peers", folder);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("heliograph peers 1\n127.1.0.5\n", f);
	fclose(f);
	st->config.state_dir = folder;
}

static void
forget_peers(const char *folder)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/peers", folder);
	unlink(path);
	rmdir(folder);
}

static void
a_peer_of_the_last_run_is_called_within_the_restart_time(void **unused)
{
	char folder[64] = "/tmp/helio-kept-XXXXXX";
	struct stage *st = stage_new();
	int fd = tor_listen(st, "127.1.0.5");

	(void)unused;
	remember_a_peer(st, folder);
	assert_true(stage_start(st));
	assert_true(is_called(fd, 5000));
	close(fd);
	stage_end(st);
	forget_peers(folder);
}

static void
a_peer_of_the_last_run_that_calls_after_the_restart_time_is_not_called_back(void **unused)
{
	char folder[64] = "/tmp/helio-kept-XXXXXX";
	struct stage *st = stage_new();
	int fd, tor;

	(void)unused;
	remember_a_peer(st, folder);
	st->peers[0].port = 9; /* nobody there */
	st->config.graceful_restart.restart_time_ns = 100 * NS_PER_MS;
	assert_true(stage_start(st));
	usleep(200 * 1000);
	stage_await(st, 0, 0);
	fd = tor_listen(st, "127.1.0.5");
	tor = tor_connect(st, "127.1.0.5");
	assert_false(is_called(fd, 1500));
	close(tor);
	close(fd);
	stage_end(st);
	forget_peers(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_peer_of_the_last_run_is_called_within_the_restart_time),
	    cmocka_unit_test(
	        a_peer_of_the_last_run_that_calls_after_the_restart_time_is_not_called_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
