/* SPDX-License-Identifier: Apache-2.0 */
/* A session's way through snapshot and window, and what of it is shared. */
#include "sessions.h"

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
	struct table_reader r = {.vital = false};

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
	    AMPLE(a_refresh_sends_the_table_again_and_the_withdrawals_made_meanwhile),
	    AMPLE(end_of_rib_waits_for_the_barrier_and_is_said_once),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
