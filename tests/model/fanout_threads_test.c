/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fan-out with the threads it has in earnest: one writer that commits random changes, two
 * packers, three io threads with a few sessions each that join, read, stall, refresh and leave,
 * and one that looks on. Every UPDATE is parsed and checked as it comes; when the writer has
 * done, everybody is woken often enough to reach the end, and each session's table equals the
 * model's. Meant for ThreadSanitizer and AddressSanitizer as much as for what it asserts.
 *
 * HELIO_SEED=n chooses another run (the threads' interleaving is not repeated by it).
 */
#include "core/clock.h"
#include "core/waker.h"
#include "fanout_world.h"

#include <pthread.h>
#include <unistd.h>

#define IO_THREADS    3u
#define PEERS_EACH    5u
#define RUN_NS        (2 * NS_PER_S)
#define SETTLE_MAX_NS (30 * NS_PER_S) /* far beyond what the slowest sanitizer takes */

static struct world world;

struct io_thread {
	pthread_t thread;
	struct waker waker;
	uint64_t random;
	struct peer peers[PEERS_EACH];
};

static struct io_thread io[IO_THREADS];
static _Atomic bool written;  /* the last commit and the barrier are there */
static _Atomic bool watching; /* the watch thread goes on */

/* ---- the writer ---- */

static void *
writer_main(void *arg) ALL_ROLES
{
	uint64_t end = clock_mono_ns() + RUN_NS;

	(void)arg;
	role_take(ROLE_WRITER, "writer");
	while (clock_mono_ns() < end) {
		for (unsigned i = dice(&world.random, 20); i > 0; i--)
			commit_some(&world);
		usleep(dice(&world.random, 500));
	}
	table_set_barrier(&world.table);
	atomic_store(&written, true);
	for (unsigned i = 0; i < IO_THREADS; i++)
		waker_wake(&io[i].waker);
	role_drop();
	return NULL;
}

/* ---- sessions ---- */

static void
read_all(struct io_thread *t) ALL_ROLES
{
	for (unsigned i = 0; i < PEERS_EACH; i++) {
		struct peer *p = &t->peers[i];

		if (!p->here)
			peer_join(&world, p, &t->random);
		while (peer_read(&world, p, &t->random, 100000))
			;
	}
}

static bool
all_synced(struct io_thread *t) ALL_ROLES
{
	for (unsigned i = 0; i < PEERS_EACH; i++)
		if (!cursor_synced(&t->peers[i].cursor))
			return false;
	return true;
}

/* Only wakes bring it on: who is forgotten fails here. */
static void
settle(struct io_thread *t) ALL_ROLES
{
	uint64_t start;

	for (read_all(t); !all_synced(t); read_all(t)) {
		start = clock_mono_ns();
		waker_wait(&t->waker, SETTLE_MAX_NS);
		if (clock_mono_ns() - start >= SETTLE_MAX_NS)
			fail_msg("nobody woke a session that had something to read");
	}
	for (unsigned i = 0; i < PEERS_EACH; i++) {
		assert_false(cursor_has_news(&t->peers[i].cursor));
		check_peer(&world, &t->peers[i]);
	}
}

static void *
io_main(void *arg) ALL_ROLES
{
	struct io_thread *t = arg;

	role_take(ROLE_IO, "io");
	while (!atomic_load(&written)) {
		for (unsigned i = 0; i < 50; i++)
			peer_act(&world, &t->peers[dice(&t->random, PEERS_EACH)], &t->random);
		if (dice(&t->random, 4) == 0)
			waker_wait(&t->waker, NS_PER_MS);
	}
	settle(t);
	for (unsigned i = 0; i < PEERS_EACH; i++)
		cursor_fini(&t->peers[i].cursor);
	role_drop();
	return NULL;
}

/* ---- who looks on ---- */

static void
add_group(void *ctx, const struct group_info *i)
{
	unsigned *groups = ctx;

	++*groups;
	must(i->id > 0 && i->packed <= i->table_version && i->format.as4);
}

static void
look_at_prefix(uint64_t *random) ALL_ROLES
{
	const struct names *names = &world.names;
	uint32_t prefix = prefix_find(names, &world.prefix[dice(random, PREFIXES)]);
	const struct pathset *s =
	    prefix == RCUMAP_NONE ? NULL : table_get(&world.table, prefix);
	bool found = false;

	for (uint32_t i = 0; s && i < s->n + s->tombstones; i++) {
		const struct nexthop *nh = nexthop_at(names, s->path[i].nexthop);

		found = false;
		for (unsigned h = 0; h < HOPS && !found; h++)
			found = ip_equal(&nh->addr, &world.hop[h].addr);
		must(found);
		must(i >= s->n || attrs_at(names, s->path[i].attrs)->local_pref == 100);
	}
}

static void
look_at_order(uint64_t *random) ALL_ROLES
{
	uint64_t version = table_version(&world.table);
	uint64_t v = version ? version - dice(random, 100) % version : 0;
	uint32_t pos;
	struct order *o = (struct order *)(uintptr_t)table_order(&world.table, v, &pos);
	uint32_t len = atomic_load_explicit(&o->len, memory_order_acquire);

	must(pos == 0 || o->entry[pos - 1].version <= v);
	must(pos == len || o->entry[pos].version > v);
	for (; pos + 1 < len; pos++)
		must(o->entry[pos].version < o->entry[pos + 1].version);
}

static void *
watch_main(void *arg) ALL_ROLES
{
	uint64_t random = 99;
	unsigned groups;

	(void)arg;
	role_take(ROLE_WATCH, "watch");
	while (atomic_load(&watching)) {
		groups = 0;
		ribout_each(world.ribout, add_group, &groups);
		must(groups <= 3 * 2 * 2); /* families, add-path, extended */
		rcu_enter();
		look_at_prefix(&random);
		look_at_order(&random);
		rcu_leave();
		usleep(200);
	}
	role_drop();
	return NULL;
}

/* ---- all together ---- */

static void
start(pthread_t *thread, void *(*main)(void *), void *arg)
{
	assert_int_equal(pthread_create(thread, NULL, main, arg), 0);
}

static void
run(uint64_t window_bytes) ALL_ROLES
{
	const char *text = getenv("HELIO_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	struct ribout_options o = {.packers = 2, .window_bytes = window_bytes};
	pthread_t writer, watch;

	world_init(&world, seed, &o);
	memset(io, 0, sizeof(io));
	atomic_store(&written, false);
	atomic_store(&watching, true);
	for (unsigned i = 0; i < IO_THREADS; i++) {
		io[i].random = seed * 1000 + i;
		waker_init(&io[i].waker);
		ribout_wakes(world.ribout, &io[i].waker);
	}
	ribout_start(world.ribout);
	start(&writer, writer_main, NULL);
	start(&watch, watch_main, NULL);
	for (unsigned i = 0; i < IO_THREADS; i++)
		start(&io[i].thread, io_main, &io[i]);
	for (unsigned i = 0; i < IO_THREADS; i++)
		pthread_join(io[i].thread, NULL);
	pthread_join(writer, NULL);
	atomic_store(&watching, false);
	pthread_join(watch, NULL);
	ribout_stop(world.ribout);
	print_message("%llu versions\n", (unsigned long long)table_version(&world.table));
	world_fini(&world);
	for (unsigned i = 0; i < IO_THREADS; i++)
		waker_fini(&io[i].waker);
}

static void
threads_that_share_a_window_end_with_the_models_table(void **state)
{
	(void)state;
	run(0);
}

static void
threads_that_fall_out_of_the_window_end_with_it_too(void **state)
{
	(void)state;
	run(600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(threads_that_share_a_window_end_with_the_models_table),
	    cmocka_unit_test(threads_that_fall_out_of_the_window_end_with_it_too),
	};
	int failed;

	role_take(ROLE_WRITER, "model"); /* for the world; the writing is the writer thread's */
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
