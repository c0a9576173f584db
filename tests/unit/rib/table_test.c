/* SPDX-License-Identifier: Apache-2.0 */
/* The table: versions, the order, floors and what they hold, and that nothing is left behind. */
#include "core/hash.h"
#include "core/waker.h"
#include "fixture.h"

#include <poll.h>

static uint32_t
order_len(const struct order *o)
{
	return atomic_load(&((struct order *)(uintptr_t)o)->len);
}

static const struct order *
order_behind(uint64_t version, uint32_t *pos) ALL_ROLES
{
	const struct order *o;

	rcu_enter(); /* no other thread retires it: usable behind leave, too */
	o = table_order(&table, version, pos);
	rcu_leave();
	return o;
}

static void
each_changed_prefix_takes_a_version_and_the_commit_shows_them_at_once(void **state) ALL_ROLES
{
	(void)state;
	assert_int_equal(table_version(&table), 0);
	assert_true(set(1, 0x3, 1));
	assert_true(set(2, 0x1, 1));
	assert_int_equal(table_version(&table), 0);
	assert_int_equal(table_commit(&table), 2);
	assert_int_equal(table_version(&table), 2);
	assert_int_equal(get(1)->changed, 1);
	assert_int_equal(get(2)->changed, 2);
	assert_int_equal(table.live_prefixes, 2);
	assert_int_equal(table.live_paths, 3);
}

static void
setting_what_is_so_already_changes_nothing(void **state) ALL_ROLES
{
	(void)state;
	set(1, 0x3, 1);
	table_commit(&table);
	assert_false(set(1, 0x3, 1));
	assert_false(set(9, 0, 1)); /* never had a path, has none */
	assert_int_equal(table_commit(&table), 1);
	assert_true(set(1, 0, 1));
	assert_false(set(1, 0, 1));
}

static void
an_unknown_prefix_has_no_set(void **state) ALL_ROLES
{
	(void)state;
	rcu_enter();
	assert_null(table_get(&table, 0));
	assert_null(table_get(&table, 1000000));
	rcu_leave();
	assert_null(table_get_own(&table, 5));
}

static void
the_order_gives_the_changes_behind_a_version(void **state) ALL_ROLES
{
	const struct order *o;
	uint32_t pos;

	(void)state;
	o = order_behind(0, &pos);
	assert_int_equal(pos, 0);
	assert_int_equal(order_len(o), 0);
	for (uint32_t i = 0; i < 100; i++)
		set(i, 0x1, 1);
	table_commit(&table);
	for (uint64_t v = 0; v < 100; v++) {
		o = order_behind(v, &pos);
		assert_int_equal(o->entry[pos].version, v + 1);
		assert_int_equal(o->entry[pos].prefix, prefix_index_of((uint32_t)v));
	}
	order_behind(100, &pos);
	assert_int_equal(pos, 100);
	order_behind(UINT64_MAX, &pos);
	assert_int_equal(pos, 100);
}

/* Each prefix is found behind every version that it changed after, however often it changed. */
static void
a_renewed_order_passes_no_prefix_over(void **state) ALL_ROLES
{
	uint64_t changed[50] = {0};
	uint32_t pos, renewed = 0;
	const void *last = NULL;

	(void)state;
	for (uint32_t round = 1; round < 20000; round++) {
		uint32_t i = (uint32_t)(hash_mix(round) % 50);
		const struct order *o;
		bool seen[50] = {false};

		set(i, 0x1, round);
		changed[i] = table_commit(&table);
		o = order_behind(0, &pos);
		renewed += o != last;
		last = o;
		assert_true(order_len(o) <= 1024); /* 50 live ones: never more than the least */
		if (round % 97)
			continue;
		o = order_behind(table_version(&table) - 40, &pos);
		for (; pos < order_len(o); pos++)
			for (uint32_t k = 0; k < 50; k++)
				if (o->entry[pos].version == changed[k])
					seen[k] = true;
		for (uint32_t k = 0; k < 50; k++)
			assert_true(seen[k] || changed[k] <= table_version(&table) - 40);
	}
	assert_in_range(renewed, 15, 60);
}

/* The entry that fills the order up is in the new one from the start, and it tells how far it is
 * without what was superseded. */
static void
an_order_is_renewed_with_the_entry_that_did_not_fit(void **state) ALL_ROLES
{
	const struct order *o;
	uint32_t pos;

	(void)state;
	for (uint32_t i = 0; i < 1024; i++)
		set(i % 7, 0x1, i);
	o = order_behind(0, &pos);
	assert_int_equal(order_len(o), 1024);
	assert_int_equal(o->renewed, 0);
	set(3, 0x1, 5000);
	o = order_behind(0, &pos);
	assert_int_equal(order_len(o), 7);
	assert_int_equal(o->renewed, 1025);
	assert_int_equal(o->entry[6].version, 1025);
	assert_int_equal(o->entry[6].prefix, prefix_index_of(3));
}

/* ---- floors ---- */

/* Enough changes elsewhere that the writer looks at the floors. */
static void
many_other_changes(void) ALL_ROLES
{
	static uint32_t med;

	for (uint32_t i = 0; i < 100; i++)
		set(1000, 0x1, ++med);
	table_commit(&table);
}

static void
a_reader_that_is_behind_keeps_tombstones(void **state) ALL_ROLES
{
	struct table_reader r = {.vital = false};
	uint64_t joined;

	(void)state;
	set(1, 0x3, 1);
	table_commit(&table);
	joined = table_join(&table, &r);
	assert_int_equal(joined, 1);
	set(1, 0x1, 1);
	table_commit(&table);
	many_other_changes();
	assert_int_equal(hops_of(get(1), true), 0x2);
	atomic_store(&r.floor, 1); /* one less than the withdrawal */
	many_other_changes();
	assert_int_equal(hops_of(get(1), true), 0x2);
	assert_int_equal(table.tombstones, 1);
	atomic_store(&r.floor, 2);
	many_other_changes();
	assert_int_equal(hops_of(get(1), true), 0);
	assert_int_equal(hops_of(get(1), false), 0x1);
	assert_int_equal(table.tombstones, 0);
	table_leave(&table, &r);
}

static void
the_slowest_reader_decides(void **state) ALL_ROLES
{
	struct table_reader fast = {.vital = false}, slow = {.vital = false},
	                    other = {.vital = false};

	(void)state;
	set(1, 0x3, 1);
	table_commit(&table);
	table_join(&table, &fast);
	table_join(&table, &slow);
	table_join(&table, &other);
	set(1, 0, 1);
	table_commit(&table);
	atomic_store(&fast.floor, 2);
	atomic_store(&other.floor, 2);
	many_other_changes();
	assert_int_equal(table.tombstones, 2);
	assert_non_null(get(1));
	table_leave(&table, &slow); /* from the middle of the list */
	many_other_changes();
	assert_int_equal(table.tombstones, 0);
	assert_null(get(1));
	table_leave(&table, &other);
	table_leave(&table, &fast);
}

static void
without_readers_nothing_is_kept(void **state) ALL_ROLES
{
	(void)state;
	set(1, 0x3, 1);
	set(2, 0x3, 1);
	table_commit(&table);
	set(1, 0x1, 1);
	set(2, 0, 1);
	table_commit(&table);
	assert_int_equal(table.tombstones, 0);
	assert_int_equal(hops_of(get(1), true), 0);
	assert_null(get(2));
}

/* A reader that stands still for ever costs so much and no more. */
static void
beyond_a_limit_the_elder_tombstones_are_forgotten_whoever_needs_them(void **state) ALL_ROLES
{
	struct table_reader r = {.vital = false};

	(void)state;
	table.tombstones_max = 100;
	table_join(&table, &r);
	for (uint32_t i = 0; i < 1000; i++) {
		set(i, 0x3, 1);
		table_commit(&table);
		set(i, 0x1, 1);
		table_commit(&table);
		/* It looks once in a while. */
		assert_true(table.tombstones <= 100 + 70);
	}
	assert_true(table.tombstones >= 50);
	assert_true(atomic_load(&table.purged) > 1000);
	assert_int_equal(hops_of(get(0), true), 0);
	assert_int_equal(hops_of(get(999), true), 0x2);
	table_leave(&table, &r);
}

/* Purging says nothing new to anybody: neither a version nor an order entry. */
static void
a_purge_is_no_change(void **state) ALL_ROLES
{
	uint32_t pos;

	(void)state;
	set(1, 0x3, 1);
	table_commit(&table);
	set(1, 0x1, 1);
	assert_int_equal(table_commit(&table), 2);
	assert_int_equal(get(1)->changed, 2);
	assert_int_equal(get(1)->tombstones, 0);
	assert_int_equal(order_len(order_behind(0, &pos)), 2);
}

/* A packer may be encoding for a session that has left: only its group's floor, the present
 * version, protects the names it has gathered. */
static void
the_names_of_a_tombstone_outlive_it_until_the_readers_are_past_its_end(void **state) ALL_ROLES
{
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	set(1, 0x2, 1);
	table_commit(&table);
	set(1, 0, 1);
	table_commit(&table);
	atomic_store(&r.floor, table_version(&table));
	for (uint32_t i = 0; i < 99; i++)
		set(1000, 0x1, 100 + i);
	atomic_store(&r.floor, table.last); /* a reader as far as one can be */
	table_commit(&table);
	assert_null(get(1));
	assert_int_equal(names.nexthops.live, 2); /* of prefix 1000, and the tombstone's */
	many_other_changes();
	assert_int_equal(names.nexthops.live, 2); /* the floor is still that version's */
	atomic_store(&r.floor, table_version(&table));
	many_other_changes();
	assert_int_equal(names.nexthops.live, 1);
	assert_int_equal(names.prefixes.live, 1);
	table_leave(&table, &r);
}

/* ---- the rest ---- */

static void
the_barrier_is_the_version_at_which_it_was_set(void **state) ALL_ROLES
{
	(void)state;
	assert_true(atomic_load(&table.barrier) == UINT64_MAX);
	set(1, 0x1, 1);
	table_commit(&table);
	set(1, 0x3, 1);
	table_set_barrier(&table); /* what is not committed is not meant */
	assert_int_equal(atomic_load(&table.barrier), 1);
}

static bool
is_awake(struct waker *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	bool awake = poll(&p, 1, 0) == 1;

	waker_clear(w);
	return awake;
}

static void
readers_are_woken_by_commits_that_change_something_and_by_the_barrier(void **state) ALL_ROLES
{
	struct waker a, b;

	(void)state;
	waker_init(&a);
	waker_init(&b);
	table_wakes(&table, &a);
	table_wakes(&table, &b);
	set(1, 0x1, 1);
	assert_false(is_awake(&a));
	table_commit(&table);
	assert_true(is_awake(&a) && is_awake(&b));
	table_commit(&table);
	assert_false(is_awake(&a) || is_awake(&b));
	table_set_barrier(&table);
	assert_true(is_awake(&a) && is_awake(&b));
	waker_fini(&a);
	waker_fini(&b);
}

static void
the_end_of_a_series_of_commits_wakes_readers_only_where_no_commit_does(void **state) ALL_ROLES
{
	struct waker a;

	(void)state;
	waker_init(&a);
	table_wakes(&table, &a);
	table_expect_more(&table, true);
	set(1, 0x1, 1);
	table_commit(&table);
	assert_true(table_more(&table) && is_awake(&a));
	set(2, 0x1, 1);
	table_expect_more(&table, false);
	assert_false(is_awake(&a)); /* the commit will */
	table_commit(&table);
	assert_true(!table_more(&table) && is_awake(&a));
	table_expect_more(&table, true);
	table_expect_more(&table, false);
	assert_true(is_awake(&a));
	table_expect_more(&table, false);
	assert_false(is_awake(&a));
	waker_fini(&a);
}

static void
a_prefix_keeps_its_class(void **state) ALL_ROLES
{
	struct path_in in = {hop_name(0), attrs_of(1)};
	uint32_t clashes = 0;

	(void)state;
	table_set(&table, prefix_index_of(1), (struct set_kind){.prefix_class = CLASS_POD_CIDR},
	    &in, 1, &clashes);
	assert_int_equal(get(1)->prefix_class, CLASS_POD_CIDR);
}

static void
paths_left_out_are_counted(void **state) ALL_ROLES
{
	struct nexthop nh = hop_of(9);
	struct path_in in[2];
	uint32_t clashes = 0;

	(void)state;
	in[0] = (struct path_in){hop_name(1), attrs_of(1)};
	nh.path_id = 2; /* hop 1's */
	in[1] = (struct path_in){nexthop_name(&names, &nh), attrs_of(1)};
	assert_true(table_set(&table, prefix_index_of(1),
	    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, in, 2, &clashes));
	assert_int_equal(clashes, 1);
	assert_int_equal(get(1)->n, 1);
	assert_int_equal(table.live_paths, 1);
}

/* Ten thousand prefixes that come and go leave what a handful needs. */
static void
after_much_churn_all_names_are_given_back(void **state) ALL_ROLES
{
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	for (uint32_t round = 0; round < 100; round++) {
		for (uint32_t i = 0; i < 100; i++)
			set(round * 100 + i, 0xffull << round % 50, round);
		table_commit(&table);
		for (uint32_t i = 0; i < 100; i++)
			set(round * 100 + i, 0, 0);
		table_commit(&table);
		atomic_store(&r.floor, table_version(&table));
		rcu_drain();
	}
	assert_int_equal(table.live_prefixes, 0);
	assert_int_equal(table.live_paths, 0);
	assert_true(prefix_bound(&names) <= 400);
	table_leave(&table, &r);
	set(1, 0x1, 1);
	table_commit(&table);
	set(1, 0x1, 2);
	table_commit(&table);
	assert_int_equal(table.tombstones, 0);
	assert_int_equal(names.prefixes.live, 1);
	assert_int_equal(names.nexthops.live, 1);
	assert_in_range(names.attrs.live, 1, 2);
	rcu_drain();
	assert_int_equal(rcu_backlog(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TABLE(each_changed_prefix_takes_a_version_and_the_commit_shows_them_at_once),
	    WITH_TABLE(setting_what_is_so_already_changes_nothing),
	    WITH_TABLE(an_unknown_prefix_has_no_set),
	    WITH_TABLE(the_order_gives_the_changes_behind_a_version),
	    WITH_TABLE(a_renewed_order_passes_no_prefix_over),
	    WITH_TABLE(an_order_is_renewed_with_the_entry_that_did_not_fit),
	    WITH_TABLE(a_reader_that_is_behind_keeps_tombstones),
	    WITH_TABLE(the_slowest_reader_decides),
	    WITH_TABLE(without_readers_nothing_is_kept),
	    WITH_TABLE(beyond_a_limit_the_elder_tombstones_are_forgotten_whoever_needs_them),
	    WITH_TABLE(a_purge_is_no_change),
	    WITH_TABLE(the_names_of_a_tombstone_outlive_it_until_the_readers_are_past_its_end),
	    WITH_TABLE(the_barrier_is_the_version_at_which_it_was_set),
	    WITH_TABLE(readers_are_woken_by_commits_that_change_something_and_by_the_barrier),
	    WITH_TABLE(the_end_of_a_series_of_commits_wakes_readers_only_where_no_commit_does),
	    WITH_TABLE(a_prefix_keeps_its_class),
	    WITH_TABLE(paths_left_out_are_counted),
	    WITH_TABLE(after_much_churn_all_names_are_given_back),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
