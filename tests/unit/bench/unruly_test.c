/* SPDX-License-Identifier: Apache-2.0 */
/* ToRs that are slow, stalled or flapping over real TCP: what they do, and that nobody waits for them. */
#include "check.h"
#include "core/clock.h"
#include "fleet.h"
#include "speaker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM     (8u << 20)
#define SESSIONS 64 /* accepted at most, over all reconnects */
#define TORS     6  /* of which the last three: slow, flapping, stalled */
#define RATE     400000

/* A target that says the same to everyone, as fast as each of them takes it. */
struct target {
	struct pollfd fds[SESSIONS + 1];
	size_t sent[SESSIONS + 1];
	unsigned count;
	uint16_t port;
	uint8_t *bytes;
	size_t n;
	pthread_t thread;
	atomic_bool ending;
	atomic_uint accepted, stuck; /* stuck: sessions that have not been told everything */
};

static void
serve(struct target *t, unsigned i)
{
	uint8_t heard[4096];

	if (t->fds[i].revents & (POLLIN | POLLHUP | POLLERR)) {
		ssize_t n = recv(t->fds[i].fd, heard, sizeof(heard), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			close(t->fds[i].fd);
			t->fds[i].fd = -1;
			return;
		}
		if (n > 0 && t->sent[i] == 0)
			t->fds[i].events = POLLIN | POLLOUT; /* its OPEN has come */
	}
	if (!(t->fds[i].revents & POLLOUT))
		return;
	ssize_t n = send(t->fds[i].fd, t->bytes + t->sent[i], t->n - t->sent[i], MSG_NOSIGNAL);

	if (n > 0)
		t->sent[i] += (size_t)n;
	if (t->sent[i] == t->n)
		t->fds[i].events = POLLIN;
}

static void *
target_main(void *arg)
{
	struct target *t = arg;

	while (!t->ending) {
		unsigned stuck = 0;

		poll(t->fds, t->count, 10);
		if (t->fds[0].revents & POLLIN && t->count <= SESSIONS) {
			int fd = accept4(t->fds[0].fd, NULL, NULL, SOCK_NONBLOCK);

			assert_true(fd >= 0);
			t->sent[t->count] = 0;
			t->fds[t->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
			t->accepted++;
		}
		for (unsigned i = 1; i < t->count; i++) {
			if (t->fds[i].fd >= 0)
				serve(t, i);
			stuck += t->fds[i].fd >= 0 && t->sent[i] < t->n;
		}
		t->stuck = stuck;
	}
	return NULL;
}

static void
target_start(struct target *t, const struct cluster *c, const struct model *m)
{
	struct ip_addr any = ip_v4(0x7f000001);
	struct sockaddr_storage sa;
	socklen_t n = ip_to_sockaddr(&any, 0, &sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), room = 32768;
	struct wire_out w;

	*t = (struct target){.count = 1};
	t->bytes = malloc(ROOM);
	w = wire_out(t->bytes, ROOM);
	speaker_hello(&w);
	speaker_table(&w, c, m);
	speaker_eor(&w);
	t->n = wire_written(&w);
	assert_true(t->n > 500000); /* more than small sockets hold */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(listen(fd, SESSIONS), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
	assert_true(ip_from_sockaddr((struct sockaddr *)&sa, &any, &t->port));
	t->fds[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	assert_int_equal(pthread_create(&t->thread, NULL, target_main, t), 0);
}

static void
target_end(struct target *t)
{
	t->ending = true;
	pthread_join(t->thread, NULL);
	for (unsigned i = 0; i < t->count; i++)
		if (t->fds[i].fd >= 0)
			close(t->fds[i].fd);
	free(t->bytes);
}

static void
nap(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

static void
nobody_waits_for_those_that_misbehave_and_slow_ones_arrive_later(void **state)
{
	const struct cluster_size size = {
	    .nodes = 60, .services = 1000, .next_hops = 8, .local = 100, .seed = 3};
	struct model_rules r = model_rules_default(false);
	struct cluster *c = cluster_new(&size);
	struct model *m = model_new(c, &r);
	struct check_result result;
	struct fleet_status status;
	struct target t;

	(void)state;
	target_start(&t, c, m);
	const struct fleet_options o = {.tors = TORS,
	    .threads = 1,
	    .checked = TORS,
	    .as = 64512,
	    .add_path = true,
	    .crowd = {.slow = {.count = 1, .amount = RATE},
	        .flapping = {.count = 1, .amount = 100},
	        .stalled = 1},
	    .target = ip_v4(0x7f000001),
	    .port = t.port,
	    .first_source = ip_v4(0x7f010301)};
	const struct fleet_target target = {
	    .paths = m->count, .digest = m->digest, .table = true, .eor = true};
	struct fleet *f = fleet_new(&o);

	assert_int_equal(fleet_timed(f), TORS - 3);
	fleet_aim(f, &target);
	fleet_misbehave(f, true);
	uint64_t start = clock_mono_ns();

	fleet_connect(f);
	assert_true(fleet_wait(f, 20000, &status));
	assert_int_equal(status.complete, TORS - 3);
	nap(500);
	assert_true(t.accepted > TORS); /* the flapping one came again */
	fleet_hold_still(f, true);
	assert_true(fleet_wait_others(f, 20000, &status));
	assert_int_equal(status.others_complete, 2);
	/* The slow one had to read t.n bytes at its rate, but for what its tick rounds up. */
	assert_true(
	    status.others_last_complete_ns - start > (uint64_t)t.n * NS_PER_S / RATE * 3 / 4);
	assert_int_equal(t.stuck, 1);
	assert_int_equal(status.disconnects, 0);
	check_fleet(f, m, NULL, &result);
	assert_int_equal(result.wrong, 0);
	assert_int_equal(result.tors, TORS - 1);
	assert_int_equal(result.excused, 1);

	fleet_misbehave(f, false); /* the stalled one reads on */
	assert_true(fleet_wait_others(f, 20000, &status));
	assert_int_equal(status.others_complete, 3);
	check_fleet(f, m, NULL, &result);
	assert_int_equal(result.wrong, 0);
	assert_int_equal(result.tors, TORS);

	unsigned before = t.accepted;

	fleet_aim(f, &target);
	fleet_storm(f);
	assert_true(fleet_wait(f, 20000, &status));
	assert_true(fleet_wait_others(f, 20000, &status));
	assert_int_equal(t.accepted, before + TORS);
	assert_int_equal(status.established, TORS);
	fleet_free(f);
	target_end(&t);
	model_free(m);
	cluster_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_waits_for_those_that_misbehave_and_slow_ones_arrive_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
