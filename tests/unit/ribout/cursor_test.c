/* SPDX-License-Identifier: Apache-2.0 */
/* A session's way through snapshot, window and catch-up, and what of it is shared. */
#include "core/metric.h"
#include "reader.h"
#include "ribout/group.h"
#include "ribout/ribout_own.h"

#define PEERS 4u

struct peer {
	struct cursor cursor;
	struct heard heard;
};

static struct ribout *ribout;
static struct peer peer[PEERS];
static struct format format;
static int64_t snapshots, chunks; /* of the metrics, at the start */

static int
begin_with(uint64_t window_bytes)
{
	struct ribout_options o = {.window_bytes = window_bytes};

	begin(NULL);
	ribout = ribout_new(&o, &table);
	memset(peer, 0, sizeof(peer));
	format = ibgp();
	snapshots = metric_read(METRIC_SNAPSHOTS_ENCODED);
	chunks = metric_read(METRIC_CHUNKS);
	return 0;
}

static int
begin_ample(void **state)
{
	(void)state;
	return begin_with(0);
}

/* Each batch pushes the one before out of the window. */
static int
begin_tight(void **state)
{
	(void)state;
	return begin_with(1);
}

/* Twice idle: the first time may have been a wait for members that are behind (pace.h). */
static void
work(void) ALL_ROLES
{
	for (unsigned idle = 0; idle < 2; idle++)
		while (ribout_work(ribout))
			idle = 0;
}

static int
end_all(void **state) ALL_ROLES
{
	for (unsigned i = 0; i < PEERS; i++)
		if (peer[i].cursor.group)
			cursor_fini(&peer[i].cursor);
	work();
	ribout_free(ribout);
	end(state);
	assert_int_equal(metric_read(METRIC_CHUNKS), chunks);
	return 0;
}

static void
join(struct peer *p) ALL_ROLES
{
	cursor_init(&p->cursor, ribout_join(ribout, &format));
}

/* What there is now, without the packer doing anything. Returns the bytes. */
static size_t
read_now(struct peer *p) ALL_ROLES
{
	struct iovec iov[CURSOR_AHEAD];
	struct update u;
	size_t all = 0, n;
	unsigned k;

	do {
		k = cursor_iov(&p->cursor, iov, CURSOR_AHEAD);
		n = 0;
		for (unsigned i = 0; i < k; i++) {
			hear(&p->heard, &p->cursor.group->format, iov[i].iov_base,
			    iov[i].iov_len, &u);
			n += iov[i].iov_len;
		}
		cursor_consume(&p->cursor, n);
		all += n;
	} while (n);
	return all;
}

static void
settle(struct peer *p)
{
	do
		work();
	while (read_now(p) || ribout_work(ribout));
}

static void
holds_the_table(const struct peer *p)
{
	for (uint32_t i = 0; i < HEARD_PREFIXES; i++)
		if (p->heard.hops[i] != hops_of(get(i), false))
			fail_msg("prefix %u: %llx, not %llx", i,
			    (unsigned long long)p->heard.hops[i],
			    (unsigned long long)hops_of(get(i), false));
}

static void
fill(uint32_t prefixes, uint64_t hops, uint32_t med) ALL_ROLES
{
	for (uint32_t i = 0; i < prefixes; i++)
		set(i, hops, med);
	table_commit(&table);
}

static int64_t
snapshots_made(void)
{
	return metric_read(METRIC_SNAPSHOTS_ENCODED) - snapshots;
}

/* ---- the snapshot ---- */

static void
all_who_join_share_one_snapshot(void **state)
{
	(void)state;
	fill(100, 0xf, 1);
	for (unsigned i = 0; i < PEERS; i++) {
		join(&peer[i]);
		assert_int_equal(read_now(&peer[i]), 0); /* asks for it */
	}
	for (unsigned i = 0; i < PEERS; i++) {
		settle(&peer[i]);
		holds_the_table(&peer[i]);
		assert_ptr_equal(peer[i].cursor.group, peer[0].cursor.group);
	}
	assert_int_equal(snapshots_made(), 1);
	assert_int_equal(peer[0].cursor.group->members, PEERS);
}

static void
a_snapshot_can_be_read_while_it_is_still_encoded(void **state) ALL_ROLES
{
	struct peer *p = &peer[0];

	(void)state;
	fill(1000, UINT32_MAX, 1); /* 32000 paths: several chunks */
	join(p);
	read_now(p);
	assert_true(ribout_work(ribout)); /* gathers, and encodes one chunk */
	assert_in_range(read_now(p), 1, CHUNK_BYTES);
	assert_false(p->cursor.synced);
	settle(p);
	assert_true(p->cursor.synced);
	holds_the_table(p);
	assert_int_equal(p->heard.announced, 32000);
}

static void
what_changes_while_a_snapshot_is_sent_follows_it(void **state) ALL_ROLES
{
	struct peer *p = &peer[0];

	(void)state;
	fill(1000, UINT32_MAX, 1);
	join(p);
	read_now(p);
	ribout_work(ribout);
	read_now(p);
	set(5, 0x1, 1);
	set(6, 0, 1);
	set(1500, 0x3, 1);
	table_commit(&table);
	settle(p);
	holds_the_table(p);
	assert_int_equal(p->heard.withdrawn, 31 + 32);
}

static void
a_snapshot_holds_no_withdrawals(void **state)
{
	struct table_reader r;

	(void)state;
	table_join(&table, &r);
	fill(100, 0xf, 1);
	fill(100, 0x7, 1);
	join(&peer[0]);
	settle(&peer[0]);
	holds_the_table(&peer[0]);
	assert_int_equal(peer[0].heard.withdrawn, 0);
	table_leave(&table, &r);
}

static void
a_snapshot_serves_later_joiners_until_it_is_stale(void **state)
{
	(void)state;
	fill(100, 0xf, 1);
	join(&peer[0]);
	settle(&peer[0]);
	fill(100, 0xf, 2); /* 100 changes since: catching up is cheaper */
	join(&peer[1]);
	settle(&peer[1]);
	holds_the_table(&peer[1]);
	assert_int_equal(snapshots_made(), 1);
	for (uint32_t i = 0; i < 11; i++)
		fill(100, 0xf, 3 + i);
	settle(&peer[0]);
	assert_null(peer[0].cursor.group->snapshot.rcu_only_); /* given back when stale */
	join(&peer[2]);
	settle(&peer[2]);
	holds_the_table(&peer[2]);
	assert_int_equal(snapshots_made(), 2);
}

static void
formats_that_differ_in_one_bit_are_two_groups(void **state) ALL_ROLES
{
	(void)state;
	fill(10, 0x1, 1);
	join(&peer[0]);
	format.extended = true;
	join(&peer[1]);
	assert_ptr_not_equal(peer[0].cursor.group, peer[1].cursor.group);
	assert_true(group_id(peer[0].cursor.group) != group_id(peer[1].cursor.group));
	assert_true(group_id(peer[0].cursor.group) != 0);
}

static void
count_groups(void *ctx, const struct group_info *i)
{
	(void)i;
	++*(unsigned *)ctx;
}

static void
a_group_goes_with_its_last_member(void **state) ALL_ROLES
{
	unsigned groups = 0;

	(void)state;
	fill(10, 0x1, 1);
	join(&peer[0]);
	settle(&peer[0]);
	join(&peer[1]);
	cursor_fini(&peer[0].cursor);
	work();
	ribout_each(ribout, count_groups, &groups);
	assert_int_equal(groups, 1);
	cursor_fini(&peer[1].cursor);
	work();
	groups = 0;
	ribout_each(ribout, count_groups, &groups);
	assert_int_equal(groups, 0);
	assert_int_equal(metric_read(METRIC_CHUNKS), chunks);
	assert_int_equal(table.n_readers, 0);
}

/* ---- the window ---- */

static void
members_read_the_very_same_bytes(void **state) ALL_ROLES
{
	struct iovec a[1], b[1];

	(void)state;
	fill(10, 0x1, 1);
	join(&peer[0]);
	join(&peer[1]);
	settle(&peer[0]);
	settle(&peer[1]);
	fill(10, 0x3, 1);
	work();
	assert_int_equal(cursor_iov(&peer[0].cursor, a, 1), 1);
	assert_int_equal(cursor_iov(&peer[1].cursor, b, 1), 1);
	assert_ptr_equal(a[0].iov_base, b[0].iov_base);
	cursor_consume(&peer[0].cursor, 0);
	cursor_consume(&peer[1].cursor, 0);
}

/* A commit that had nothing for an IPv6-only group moves its members on nevertheless: else they
 * would never be due for End-of-RIB, and would hold back every tombstone. */
static void
who_is_not_concerned_by_a_commit_passes_it(void **state) ALL_ROLES
{
	struct peer *p = &peer[0];

	(void)state;
	format.family[0] = false;
	join(p);
	settle(p);
	fill(50, 0x3, 1);
	fill(50, 0x1, 1);
	table_set_barrier(&table);
	work();
	assert_true(cursor_has_news(&p->cursor)); /* looking is due */
	assert_int_equal(read_now(p), 0);
	assert_int_equal(p->cursor.reached, table_version(&table));
	assert_true(cursor_synced(&p->cursor));
	assert_false(cursor_has_news(&p->cursor));
	for (uint32_t i = 0; i < 30; i++) { /* until the group's snapshot is stale, too */
		fill(50, 0x1, 2 + i);
		settle(p);
	}
	assert_int_equal(table.tombstones, 0);
	assert_int_equal(p->heard.messages, 0);
}

static void
a_partly_sent_chunk_is_finished_from_where_it_stopped(void **state) ALL_ROLES
{
	static uint8_t got[8192];
	struct peer *p = &peer[0];
	struct iovec iov[2];
	size_t n = 0, rest;
	struct update u;

	(void)state;
	fill(300, 0x1, 1);
	join(p);
	read_now(p);
	work();
	while (cursor_iov(&p->cursor, iov, 1)) { /* 700 bytes at a time */
		size_t k = iov[0].iov_len < 700 ? iov[0].iov_len : 700;

		memcpy(got + n, iov[0].iov_base, k);
		n += k;
		cursor_consume(&p->cursor, k);
		if (!cursor_at_boundary(&p->cursor, &rest)) {
			assert_int_equal(cursor_iov(&p->cursor, iov, 1), 1);
			assert_in_range(rest, 1, iov[0].iov_len);
			cursor_consume(&p->cursor, 0); /* TCP takes nothing: no harm */
		}
	}
	cursor_consume(&p->cursor, 0);
	assert_true(cursor_at_boundary(&p->cursor, &rest));
	hear(&p->heard, &format, got, n, &u);
	holds_the_table(p);
	assert_int_equal(p->cursor.paths_sent, 300);
	assert_int_equal(p->cursor.messages_sent, p->heard.messages);
}

/* ---- laggards (a window of one batch) ---- */

static void
a_stalled_session_pins_the_one_chunk_it_stands_on(void **state) ALL_ROLES
{
	struct peer *p = &peer[0];
	struct iovec iov[1];

	(void)state;
	join(p);
	settle(p);
	fill(500, 0x1, 1);
	work();
	assert_int_equal(cursor_iov(&p->cursor, iov, 1), 1);
	cursor_consume(&p->cursor, 100);
	for (uint32_t i = 0; i < 50; i++) {
		fill(500, 0x1, 2 + i);
		work();
		rcu_drain();
		/* Its own, and the newest in the window; a snapshot of an empty table has none. */
		assert_int_equal(metric_read(METRIC_CHUNKS) - chunks, 2);
	}
	/* It goes on at the very byte. */
	assert_int_equal(cursor_iov(&p->cursor, iov, 1), 1);
	assert_int_equal(p->cursor.offset, 100);
	cursor_consume(&p->cursor, 0);
}

static void
a_laggard_catches_up_with_what_it_missed(void **state) ALL_ROLES
{
	int64_t catchups = metric_read(METRIC_CATCHUPS);
	struct peer *p = &peer[0];

	(void)state;
	fill(100, 0xf, 1);
	join(p);
	settle(p);
	assert_int_equal(p->cursor.place, CURSOR_WINDOW);
	memset(&p->heard.announced, 0, sizeof(p->heard.announced));
	for (uint32_t i = 0; i < 20; i++) {
		fill(10, i % 2 ? 0xf : 0x7, 1);
		work();
	}
	settle(p);
	holds_the_table(p);
	assert_int_equal(p->cursor.reached, table_version(&table));
	assert_int_equal(p->cursor.place, CURSOR_WINDOW);
	assert_int_equal(metric_read(METRIC_CATCHUPS) - catchups, 1);
	assert_int_equal(p->heard.announced, 10); /* the last state of each, once */
}

/* More than one slice; a prefix that changed first and last must be sent with both changes. */
static void
a_long_catch_up_goes_in_slices_and_misses_nothing(void **state) ALL_ROLES
{
	int64_t catchups = metric_read(METRIC_CATCHUPS);
	struct peer *p = &peer[0];
	uint64_t reached;

	(void)state;
	fill(1000, 0x1, 1);
	join(p);
	settle(p);
	reached = p->cursor.reached;
	set(1999, 0x1, 1);
	for (uint32_t i = 0; i < 1000; i++)
		set(i, 0xffffffff, 1);
	set(1999, 0x3, 1);
	for (uint32_t i = 0; i < 2500; i++) /* the order forgets the first change of 1999 */
		set(1500, 0x1, i);
	table_commit(&table);
	work();
	fill(5, 0x7, 1); /* pushes it out of the window */
	work();
	assert_int_equal(read_now(p), 0);
	assert_int_equal(p->cursor.place, CURSOR_CATCHUP);
	ribout_work(ribout);
	assert_true(read_now(p) > 0);
	assert_int_equal(p->cursor.reached, reached); /* until it has all */
	settle(p);
	holds_the_table(p);
	assert_true(metric_read(METRIC_CATCHUPS) - catchups >= 2);
	assert_int_equal(p->cursor.reached, table_version(&table));
}

static void
laggards_are_served_in_turn(void **state) ALL_ROLES
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		join(&peer[i]);
	for (unsigned i = 0; i < 3; i++)
		settle(&peer[i]);
	for (uint32_t i = 0; i < 3; i++) {
		fill(10, 0x1, 1 + i);
		work();
	}
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(read_now(&peer[i]), 0); /* asks */
	for (unsigned served = 1; served <= 3; served++) {
		ribout_work(ribout);
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(catchup_ready(peer[i].cursor.catchup), i < served);
		if (served == 1) { /* who asks again stands behind those that wait */
			struct catchup *again = catchup_ask(peer[0].cursor.group, 0, 0, 0);

			catchup_drop(again);
		}
	}
}

static void
who_leaves_while_it_waits_for_a_slice_leaves_nothing_behind(void **state) ALL_ROLES
{
	(void)state;
	join(&peer[0]);
	settle(&peer[0]);
	for (uint32_t i = 0; i < 3; i++) {
		fill(10, 0x1, 1 + i);
		work();
	}
	read_now(&peer[0]);
	assert_int_equal(peer[0].cursor.place, CURSOR_CATCHUP);
	cursor_fini(&peer[0].cursor);
	work();
	assert_int_equal(metric_read(METRIC_CHUNKS), chunks);
}

/* ---- a commit under way ---- */

/* Who was shown a part of it waits for the rest, and nobody encodes in vain meanwhile. */
static void
who_has_seen_part_of_a_commit_waits_for_the_whole(void **state) ALL_ROLES
{
	struct peer *p = &peer[0];
	struct catchup *k;

	(void)state;
	fill(10, 0x1, 1);
	join(p);
	settle(p);
	set(1, 0x3, 1);
	table_commit(&table);
	set(1, 0x7, 1); /* not committed, but read with the change before it */
	work();
	assert_true(read_now(p) > 0);
	assert_int_equal(p->heard.hops[1], 0x7);
	assert_int_equal(p->cursor.reached, 11);
	assert_int_equal(p->cursor.shown, 12);
	cursor_restart(&p->cursor);
	k = catchup_ask(p->cursor.group, 11, 11, 12);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(read_now(p), 0);
		assert_false(ribout_work(ribout)); /* no loop */
	}
	assert_int_equal(snapshots_made(), 1);
	assert_false(catchup_ready(k));
	table_commit(&table);
	settle(p);
	assert_true(catchup_ready(k));
	catchup_drop(k);
	assert_int_equal(snapshots_made(), 2);
	assert_true(p->cursor.synced);
	holds_the_table(p);
}

/* ---- a refresh ---- */

static void
a_refresh_sends_the_table_again_and_the_withdrawals_made_meanwhile(void **state) ALL_ROLES
{
	struct peer *p = &peer[0];

	(void)state;
	fill(100, 0xf, 1);
	join(p);
	settle(p);
	p->heard.announced = 0;
	cursor_restart(&p->cursor);
	assert_false(p->cursor.synced);
	read_now(p);
	fill(10, 0x1, 1);
	settle(p);
	assert_true(p->cursor.synced);
	holds_the_table(p);
	assert_in_range(p->heard.announced, 370, 410);
}

static void
end_of_rib_waits_for_the_barrier_and_is_said_once(void **state) ALL_ROLES
{
	struct peer *p = &peer[0];

	(void)state;
	fill(10, 0x1, 1);
	join(p);
	settle(p);
	assert_true(p->cursor.synced);
	assert_false(cursor_synced(&p->cursor));
	assert_false(cursor_has_news(&p->cursor));
	fill(20, 0x1, 1);
	table_set_barrier(&table);
	assert_false(cursor_synced(&p->cursor)); /* ten are still to come */
	settle(p);
	assert_true(cursor_has_news(&p->cursor));
	assert_true(cursor_synced(&p->cursor));
	assert_false(cursor_has_news(&p->cursor));
}

int
main(void)
{
#define AMPLE(test) cmocka_unit_test_setup_teardown(test, begin_ample, end_all)
#define TIGHT(test) cmocka_unit_test_setup_teardown(test, begin_tight, end_all)
	const struct CMUnitTest tests[] = {
	    AMPLE(all_who_join_share_one_snapshot),
	    AMPLE(a_snapshot_can_be_read_while_it_is_still_encoded),
	    AMPLE(what_changes_while_a_snapshot_is_sent_follows_it),
	    AMPLE(a_snapshot_holds_no_withdrawals),
	    AMPLE(a_snapshot_serves_later_joiners_until_it_is_stale),
	    AMPLE(formats_that_differ_in_one_bit_are_two_groups),
	    AMPLE(a_group_goes_with_its_last_member),
	    AMPLE(members_read_the_very_same_bytes),
	    AMPLE(who_is_not_concerned_by_a_commit_passes_it),
	    AMPLE(a_partly_sent_chunk_is_finished_from_where_it_stopped),
	    TIGHT(a_stalled_session_pins_the_one_chunk_it_stands_on),
	    TIGHT(a_laggard_catches_up_with_what_it_missed),
	    TIGHT(a_long_catch_up_goes_in_slices_and_misses_nothing),
	    TIGHT(laggards_are_served_in_turn),
	    TIGHT(who_leaves_while_it_waits_for_a_slice_leaves_nothing_behind),
	    AMPLE(who_has_seen_part_of_a_commit_waits_for_the_whole),
	    AMPLE(a_refresh_sends_the_table_again_and_the_withdrawals_made_meanwhile),
	    AMPLE(end_of_rib_waits_for_the_barrier_and_is_said_once),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
