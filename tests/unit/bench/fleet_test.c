/* SPDX-License-Identifier: Apache-2.0 */
/* The fleet over real TCP on loopback: a target that says the same to everyone who connects. */
#include "check.h"
#include "core/clock.h"
#include "fleet.h"
#include "speaker.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM     (4u << 20)
#define SESSIONS 12

struct target {
	int listener, sockets[SESSIONS];
	struct ip_addr sources[SESSIONS];
	uint16_t port;
	uint8_t *bytes;
	size_t n;
	pthread_t thread;
};

static void
send_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		assert_true(sent > 0);
		bytes += sent;
		n -= (size_t)sent;
	}
}

/* Take each session's OPEN, then send everything. */
static void *
target_main(void *arg)
{
	struct target *t = arg;

	for (unsigned i = 0; i < SESSIONS; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		uint8_t open[200];
		uint16_t port;

		t->sockets[i] = accept(t->listener, (struct sockaddr *)&from, &len);
		assert_true(t->sockets[i] >= 0);
		assert_true(ip_from_sockaddr((struct sockaddr *)&from, &t->sources[i], &port));
		assert_true(recv(t->sockets[i], open, sizeof(open), 0) > BGP_HEADER_SIZE);
		send_all(t->sockets[i], t->bytes, t->n);
	}
	return NULL;
}

static void
target_start(struct target *t, const struct cluster *c, const struct model *m)
{
	struct ip_addr any = ip_v4(0x7f000001);
	struct sockaddr_storage sa;
	socklen_t n = ip_to_sockaddr(&any, 0, &sa);
	struct wire_out w;

	t->bytes = malloc(ROOM);
	w = wire_out(t->bytes, ROOM);
	speaker_hello(&w);
	speaker_table(&w, c, m);
	speaker_eor(&w);
	t->n = wire_written(&w);
	t->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(t->listener, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(listen(t->listener, SESSIONS), 0);
	assert_int_equal(getsockname(t->listener, (struct sockaddr *)&sa, &n), 0);
	assert_true(ip_from_sockaddr((struct sockaddr *)&sa, &any, &t->port));
	assert_int_equal(pthread_create(&t->thread, NULL, target_main, t), 0);
}

static void
target_end(struct target *t)
{
	for (unsigned i = 0; i < SESSIONS; i++)
		close(t->sockets[i]);
	close(t->listener);
	free(t->bytes);
}

static void
all_tors_get_the_table_each_from_its_own_address(void **state)
{
	const struct cluster_size size = {.nodes = 60,
	    .services = 500,
	    .next_hops = 8,
	    .local = 100,
	    .dual_stack = 20,
	    .seed = 3};
	struct model_rules r = model_rules_default(true);
	struct cluster *c = cluster_new(&size);
	struct model *m = model_new(c, &r);
	struct check_result result;
	struct fleet_status status;
	struct target t;

	(void)state;
	target_start(&t, c, m);
	const struct fleet_options o = {.tors = SESSIONS,
	    .threads = 2,
	    .checked = SESSIONS / 3,
	    .as = 64512,
	    .add_path = true,
	    .target = ip_v4(0x7f000001),
	    .port = t.port,
	    .first_source = ip_v4(0x7f010201)};
	const struct fleet_target target = {
	    .paths = m->count, .digest = m->digest, .table = true, .eor = true};
	struct fleet *f = fleet_new(&o);

	fleet_aim(f, &target);
	fleet_connect(f);
	assert_true(fleet_wait(f, 20000, &status));
	pthread_join(t.thread, NULL);
	assert_int_equal(status.complete, SESSIONS);
	assert_int_equal(status.established, SESSIONS);
	assert_int_equal(status.disconnects, 0);
	assert_int_equal(status.counts.announced, m->count * SESSIONS);
	assert_int_equal(status.counts.bytes, t.n * SESSIONS);
	for (unsigned i = 0; i < SESSIONS; i++)
		for (unsigned k = 0; k < i; k++)
			assert_false(ip_equal(&t.sources[i], &t.sources[k]));
	check_fleet(f, m, NULL, &result);
	assert_int_equal(result.tors, SESSIONS);
	assert_int_equal(result.by_path, SESSIONS / 3);
	assert_int_equal(result.wrong, 0);
	fleet_free(f);
	target_end(&t);
	model_free(m);
	cluster_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_tors_get_the_table_each_from_its_own_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
