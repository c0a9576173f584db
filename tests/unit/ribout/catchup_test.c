/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that fell behind, and those that saw part of a commit under way. */
#include "sessions.h"

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

/* A peer at the version at which its n-th fill() of 10 prefixes ended, and fallen out of the window. */
static void
fall_out(struct peer *p, unsigned fills) ALL_ROLES
{
	join(p);
	settle(p);
	for (unsigned i = 0; i < fills; i++) {
		fill(10, 0x1, metric_read(METRIC_COMMITS) & 0xffff);
		work();
	}
}

static void
laggards_that_need_about_the_same_get_one_slice(void **state) ALL_ROLES
{
	int64_t made;

	(void)state;
	fall_out(&peer[0], 1);
	fall_out(&peer[1], 2);
	fall_out(&peer[2], 40);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(read_now(&peer[i]), 0); /* asks */
	made = metric_read(METRIC_CHUNKS);
	ribout_work(ribout);
	assert_int_equal(metric_read(METRIC_CHUNKS), made + 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(catchup_ready(peer[i].cursor.catchup));
		assert_ptr_equal(peer[i].cursor.catchup->slice, peer[0].cursor.catchup->slice);
	}
	for (unsigned i = 0; i < 3; i++) {
		settle(&peer[i]);
		holds_the_table(&peer[i]);
		assert_int_equal(peer[i].cursor.reached, table_version(&table));
	}
}

/* One that was away for long is no reason to send everything to one that missed a moment. */
static void
laggards_that_need_much_less_are_served_for_themselves(void **state) ALL_ROLES
{
	(void)state;
	fall_out(&peer[0], 30);
	fall_out(&peer[1], 3);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(read_now(&peer[i]), 0);
	ribout_work(ribout);
	assert_true(catchup_ready(peer[0].cursor.catchup));
	assert_false(catchup_ready(peer[1].cursor.catchup));
	ribout_work(ribout);
	assert_true(catchup_ready(peer[1].cursor.catchup));
	for (unsigned i = 0; i < 2; i++) {
		settle(&peer[i]);
		holds_the_table(&peer[i]);
	}
}

/* Slices behind the first are shared by those that are equally far. */
static void
laggards_share_also_the_slices_that_follow(void **state) ALL_ROLES
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		join(&peer[i]);
	for (unsigned i = 0; i < 2; i++)
		settle(&peer[i]);
	for (uint32_t i = 0; i < 2000; i++)
		set(i, 0xffffffff, 1);
	table_commit(&table);
	work();
	fill(5, 0x7, 1); /* pushes it out of the window */
	work();
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 2; i++)
			read_now(&peer[i]);
		ribout_work(ribout);
		assert_ptr_equal(peer[0].cursor.catchup->slice, peer[1].cursor.catchup->slice);
		assert_int_equal(peer[0].cursor.catchup->slice->last, false);
	}
	for (unsigned i = 0; i < 2; i++) {
		settle(&peer[i]);
		holds_the_table(&peer[i]);
	}
}

static void
who_asks_again_stands_behind_those_that_wait(void **state) ALL_ROLES
{
	struct catchup *a, *b, *c;

	(void)state;
	join(&peer[0]);
	settle(&peer[0]);
	fill(100, 0x1, 1);
	a = catchup_ask(peer[0].cursor.group, (struct catchup_from){0}, 10, 0);
	b = catchup_ask(peer[0].cursor.group, (struct catchup_from){0}, 20, 0);
	ribout_work(ribout);
	assert_true(catchup_ready(a) && !catchup_ready(b));
	c = catchup_ask(peer[0].cursor.group, (struct catchup_from){0}, 10, 0);
	ribout_work(ribout);
	assert_true(catchup_ready(b) && !catchup_ready(c));
	catchup_drop(a);
	catchup_drop(b);
	catchup_drop(c);
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

/* ---- joiners that are slow in a table that changes fast ---- */

/* It has taken the first chunk of the snapshot, and a byte of the next where `part`. */
static void
stall_in_the_snapshot(struct peer *p, bool part) ALL_ROLES
{
	struct iovec iov[2];
	struct update u;

	join(p);
	assert_int_equal(cursor_iov(&p->cursor, iov, 2), 0);
	cursor_consume(&p->cursor, 0);
	work();
	assert_int_equal(cursor_iov(&p->cursor, iov, 2), 2);
	hear(&p->heard, &p->cursor.group->format, iov[0].iov_base, iov[0].iov_len, &u);
	cursor_consume(&p->cursor, iov[0].iov_len + part);
	assert_int_equal(p->cursor.place, CURSOR_SNAPSHOT);
}

/* Peers 0, 1 and 2 are each in a snapshot of their own, which has grown stale. */
static void
stall_in_three_snapshots(bool part) ALL_ROLES
{
	for (unsigned i = 0; i < 3; i++) {
		fill(1900, 0xffffffffull << i * 8, 1);
		work();
		stall_in_the_snapshot(&peer[i], part);
	}
	fill(1900, 0x1, 1);
	work();
	assert_int_equal(snapshots_made(), 3);
}

static void
joiners_stalled_in_snapshots_pin_their_chunks_and_one_snapshot(void **state) ALL_ROLES
{
	(void)state;
	stall_in_three_snapshots(true);
	rcu_drain();
	assert_true(snapshot_is_abandoned(peer[0].cursor.snapshot));
	assert_true(snapshot_is_abandoned(peer[1].cursor.snapshot));
	assert_false(snapshot_is_abandoned(peer[2].cursor.snapshot));
	/* One each of 0 and 1, the window's one, five of 2's snapshot. */
	assert_in_range(metric_read(METRIC_CHUNKS) - chunks, 5, 8);
}

static void
who_read_an_abandoned_snapshot_has_the_table_and_the_withdrawals_from_slices(
    void **state) ALL_ROLES
{
	(void)state;
	stall_in_three_snapshots(false);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(peer[i].cursor.synced);
		settle(&peer[i]);
		holds_the_table(&peer[i]);
		assert_true(peer[i].cursor.synced);
		assert_int_equal(peer[i].cursor.place, CURSOR_WINDOW);
		assert_int_equal(peer[i].cursor.reached, table_version(&table));
	}
}

static void
a_refresh_amid_such_slices_begins_with_the_present_snapshot(void **state) ALL_ROLES
{
	(void)state;
	stall_in_three_snapshots(false);
	assert_int_equal(read_now(&peer[0]), 0);
	assert_int_equal(peer[0].cursor.place, CURSOR_CATCHUP);
	cursor_restart(&peer[0].cursor);
	settle(&peer[0]);
	holds_the_table(&peer[0]);
	assert_true(peer[0].cursor.synced);
}

static void
who_misses_withdrawals_that_are_forgotten_must_start_anew(void **state) ALL_ROLES
{
	(void)state;
	table.tombstones_max = 1000;
	fill(1900, 0xff, 1);
	for (unsigned i = 0; i < 2; i++)
		join(&peer[i]);
	for (unsigned i = 0; i < 2; i++)
		settle(&peer[i]);
	fill(1900, 0x1, 1); /* 13,300 at once, and nobody was told: they stay */
	work();
	settle(&peer[1]);
	for (unsigned i = 0; i < 4; i++) {
		fill(600, 0x1, 2 + i);
		work();
		settle(&peer[1]);
	}
	assert_true(table.tombstones <= 1000);
	assert_int_equal(read_now(&peer[0]), 0);
	assert_true(peer[0].cursor.lost);
	assert_false(peer[1].cursor.lost);
	holds_the_table(&peer[1]);
	cursor_fini(&peer[0].cursor);
	memset(&peer[0], 0, sizeof(peer[0]));
	join(&peer[0]); /* not into a snapshot from before */
	settle(&peer[0]);
	assert_false(peer[0].cursor.lost);
	holds_the_table(&peer[0]);
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
	k = catchup_ask(p->cursor.group, (struct catchup_from){11, 11}, 11, 12);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TIGHT(a_stalled_session_pins_the_one_chunk_it_stands_on),
	    TIGHT(a_laggard_catches_up_with_what_it_missed),
	    TIGHT(a_long_catch_up_goes_in_slices_and_misses_nothing),
	    TIGHT(laggards_that_need_about_the_same_get_one_slice),
	    TIGHT(laggards_that_need_much_less_are_served_for_themselves),
	    TIGHT(laggards_share_also_the_slices_that_follow),
	    TIGHT(who_asks_again_stands_behind_those_that_wait),
	    TIGHT(who_leaves_while_it_waits_for_a_slice_leaves_nothing_behind),
	    TIGHT(joiners_stalled_in_snapshots_pin_their_chunks_and_one_snapshot),
	    TIGHT(who_read_an_abandoned_snapshot_has_the_table_and_the_withdrawals_from_slices),
	    TIGHT(a_refresh_amid_such_slices_begins_with_the_present_snapshot),
	    TIGHT(who_misses_withdrawals_that_are_forgotten_must_start_anew),
	    AMPLE(who_has_seen_part_of_a_commit_waits_for_the_whole),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
