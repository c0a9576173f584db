/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fan-out against a naive model, on one thread: a table under random commits, sessions that
 * join, read in random pieces, stall, refresh and leave. Every UPDATE is parsed and checked as
 * it comes; at quiet points each session's table must equal the model's.
 *
 * HELIO_SEED=n repeats a run; the seed is printed.
 */
#include "core/log.h"
#include "core/metric.h"
#include "fanout_world.h"
#include "ribout/ribout_own.h"

#define PEERS 12u

/* What makes one kind of run unlike another; zero: as it is in production. */
struct rules {
	uint64_t window_bytes, tombstones_max;
	uint32_t snapshot_changes;
	bool alike;  /* all peers are of one group */
	bool viewed; /* all have views */
};

static const struct rules usual;
static struct peer peers[PEERS];

static void
begin(struct world *w, uint64_t seed, const struct rules *r) ALL_ROLES
{
	struct ribout_options o = {.packers = 1,
	    .window_bytes = r->window_bytes,
	    .snapshot_changes = r->snapshot_changes};

	memset(peers, 0, sizeof(peers));
	world_init(w, seed, &o);
	w->alike = r->alike;
	w->viewed = r->viewed;
	w->forgets = r->tombstones_max > 0;
	if (w->forgets)
		w->table.tombstones_max = r->tombstones_max;
}

static void
work_all(struct world *w) ALL_ROLES
{
	while (ribout_work(w->ribout))
		;
}

static void
end(struct world *w) ALL_ROLES
{
	for (unsigned i = 0; i < PEERS; i++)
		if (peers[i].here)
			cursor_fini(&peers[i].cursor);
	work_all(w);
	world_fini(w);
}

/* Everybody reads all there is. */
static void
settle(struct world *w) ALL_ROLES
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (unsigned i = 0; i < PEERS; i++)
			while (peers[i].here && peer_read(w, &peers[i], &w->random, 100000))
				moved = true;
		moved = ribout_work(w->ribout) || moved;
	}
}

static void
check_peers(const struct world *w)
{
	for (unsigned i = 0; i < PEERS; i++)
		if (peers[i].here && !peers[i].cursor.lost)
			check_peer(w, &peers[i]);
}

static void
run(uint64_t seed, const struct rules *rules, unsigned rounds) ALL_ROLES
{
	static struct world w;

	print_message("seed %llu, window %llu bytes\n", (unsigned long long)seed,
	    (unsigned long long)rules->window_bytes);
	begin(&w, seed, rules);
	for (unsigned round = 0; round < rounds; round++) {
		if (dice(&w.random, 2))
			commit_some(&w);
		if (dice(&w.random, 2))
			ribout_work(w.ribout);
		peer_act(&w, &peers[dice(&w.random, PEERS)], &w.random);
		if (round % 500 == 499) {
			settle(&w);
			check_peers(&w);
		}
	}
	settle(&w);
	check_peers(&w);
	for (unsigned i = 0; i < PEERS; i++)
		if (peers[i].here && peers[i].cursor.lost)
			peer_act(&w, &peers[i], &w.random); /* leaves */
	/* All are up to date: after enough further changes no tombstone but the last remains. */
	for (unsigned i = 0; i < 400; i++) {
		commit_some(&w);
		settle(&w);
	}
	assert_true(w.table.tombstones < 4 * (64 + 2 * PEERS));
	assert_true(w.names.attrs.live < 2 * PREFIXES * HOPS);
	end(&w);
}

static uint64_t
first_seed(void)
{
	const char *s = getenv("HELIO_SEED");

	return s ? strtoull(s, NULL, 10) : 1;
}

/* How many runs of each kind; a sanitizer takes half a minute for four. */
static uint64_t
seeds(void)
{
	return getenv("HELIO_LONG") ? 64 : 4;
}

static void
sessions_that_read_in_any_rhythm_end_with_the_models_table(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed(); seed < first_seed() + seeds(); seed++)
		run(seed, &usual, 4000);
}

static void
a_window_too_small_for_anybody_only_costs_catching_up(void **state)
{
	const struct rules rules = {.window_bytes = 600};

	(void)state;
	for (uint64_t seed = first_seed() + 1000; seed < first_seed() + 1000 + seeds(); seed++)
		run(seed, &rules, 4000);
}

static int64_t
counted(enum metric_id id)
{
	return metric_read(id);
}

/* A choice of the paths, made from what there is now and nothing that was kept. */
static void
peers_with_views_hold_their_views_choice_of_the_table(void **state)
{
	const struct rules rules = {.viewed = true},
	                   tight = {.viewed = true, .window_bytes = 600, .snapshot_changes = 8};

	(void)state;
	for (uint64_t seed = first_seed() + 4000; seed < first_seed() + 4000 + seeds();
	     seed++) {
		run(seed, &rules, 4000);
		run(seed, &tight, 4000);
	}
}

/* Snapshots that grow stale while they are read, again and again. */
static void
joiners_whose_snapshot_is_abandoned_have_all_of_the_table(void **state)
{
	const struct rules rules = {.snapshot_changes = 8, .alike = true};
	int64_t before = counted(METRIC_SNAPSHOTS_ABANDONED);

	(void)state;
	for (uint64_t seed = first_seed() + 2000; seed < first_seed() + 2000 + seeds(); seed++)
		run(seed, &rules, 4000);
	assert_true(counted(METRIC_SNAPSHOTS_ABANDONED) > before);
}

/* Withdrawals are forgotten; who needed them is told to start anew and no other has a wrong table. */
static void
sessions_that_withdrawals_were_forgotten_of_know_it(void **state)
{
	const struct rules rules = {
	    .window_bytes = 600, .tombstones_max = 60, .snapshot_changes = 8, .alike = true};
	int64_t before = counted(METRIC_TOMBSTONES_GIVEN_UP);

	(void)state;
	log_set(LOG_ERROR, LOG_LOGFMT);
	for (uint64_t seed = first_seed() + 3000; seed < first_seed() + 3000 + seeds(); seed++)
		run(seed, &rules, 4000);
	assert_true(counted(METRIC_TOMBSTONES_GIVEN_UP) > before);
}

/* End-of-RIB: due only after the barrier, and only when all that was there then has been sent. */
static void
end_of_rib_waits_for_the_barrier_and_the_whole_table(void **state) ALL_ROLES
{
	static struct world w;
	struct peer *p = &peers[0];

	(void)state;
	begin(&w, 7, &usual);
	peer_join(&w, p, &w.random);
	settle(&w);
	assert_true(p->cursor.synced);
	assert_false(cursor_synced(&p->cursor));
	for (unsigned i = 0; i < 20; i++)
		commit_some(&w);
	table_set_barrier(&w.table);
	assert_false(cursor_synced(&p->cursor));
	settle(&w);
	assert_true(cursor_has_news(&p->cursor));
	assert_true(cursor_synced(&p->cursor));
	assert_false(cursor_has_news(&p->cursor));
	end(&w);
}

static void
sessions_of_one_format_share_every_byte(void **state) ALL_ROLES
{
	static struct world w;
	struct iovec a[2], b[2];

	(void)state;
	begin(&w, 9, &usual);
	for (unsigned i = 0; i < 20; i++)
		commit_some(&w);
	for (unsigned i = 0; i < 2; i++) {
		peer_join(&w, &peers[i], &w.random);
		peers[i].format = peers[0].format;
		if (i == 1) {
			cursor_fini(&peers[1].cursor);
			cursor_init(&peers[1].cursor, ribout_join(w.ribout, &peers[0].format));
		}
		assert_int_equal(
		    cursor_iov(&peers[i].cursor, a, 1), 0); /* asks for a snapshot */
		cursor_consume(&peers[i].cursor, 0);
	}
	work_all(&w);
	assert_int_equal(cursor_iov(&peers[0].cursor, a, 1), 1);
	assert_int_equal(cursor_iov(&peers[1].cursor, b, 1), 1);
	assert_ptr_equal(a[0].iov_base, b[0].iov_base);
	cursor_consume(&peers[0].cursor, 0);
	cursor_consume(&peers[1].cursor, 0);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sessions_that_read_in_any_rhythm_end_with_the_models_table),
	    cmocka_unit_test(a_window_too_small_for_anybody_only_costs_catching_up),
	    cmocka_unit_test(peers_with_views_hold_their_views_choice_of_the_table),
	    cmocka_unit_test(joiners_whose_snapshot_is_abandoned_have_all_of_the_table),
	    cmocka_unit_test(sessions_that_withdrawals_were_forgotten_of_know_it),
	    cmocka_unit_test(end_of_rib_waits_for_the_barrier_and_the_whole_table),
	    cmocka_unit_test(sessions_of_one_format_share_every_byte),
	};
	int failed;

	role_take(ROLE_WRITER, "model");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
