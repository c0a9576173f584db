/* SPDX-License-Identifier: Apache-2.0 */
/* The window of chunks: what is kept, what is let go, and where a reader may join. */
#include "core/metric.h"
#include "ribout/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL_ROLES TSA(no_thread_safety_analysis)
#define PLENTY    (1u << 30)

static struct window w;

static int
begin_window(void **state)
{
	(void)state;
	window_init(&w);
	return 0;
}

static int
end_window(void **state) ALL_ROLES
{
	(void)state;
	window_fini(&w);
	rcu_drain();
	assert_int_equal(metric_read(METRIC_CHUNKS), 0);
	assert_int_equal(metric_read(METRIC_CHUNK_BYTES), 0);
	return 0;
}

/* Append the batch (from, to] in so many chunks of 100 bytes. */
static void
push(uint64_t from, uint64_t to, unsigned chunks, uint64_t budget) ALL_ROLES
{
	static const uint8_t bytes[100];

	for (unsigned i = 0; i < chunks; i++) {
		struct chunk *c = chunk_new(bytes, sizeof(bytes));

		c->batch_from = from;
		c->batch_to = to;
		c->to = i + 1 < chunks ? from : to;
		c->newest = to;
		c->first = i == 0;
		window_push(&w, c, budget);
	}
}

#define NOWHERE UINT64_MAX

/* Where who has everything up to `reached`, and has seen nothing behind `shown`, goes on. */
static uint64_t
join(uint64_t reached, uint64_t shown) ALL_ROLES
{
	uint64_t seq;

	return window_find(&w, reached, shown, &seq) ? seq : NOWHERE;
}

static uint64_t
window_head(void)
{
	return atomic_load(&w.head);
}

static void
in_an_empty_window_one_joins_at_its_tail(void **state)
{
	(void)state;
	assert_int_equal(join(0, 0), 0);
	assert_int_equal(join(7, 7), 0);
	atomic_store(&w.evicted_to, 5); /* the group began at version 5 */
	assert_true(join(4, 4) == NOWHERE);
	assert_int_equal(join(5, 5), 0);
}

static void
one_joins_at_the_first_batch_that_ends_behind_what_one_has(void **state)
{
	(void)state;
	push(0, 5, 2, PLENTY); /* chunks 0 and 1 */
	push(5, 9, 1, PLENTY); /* chunk 2 */
	assert_int_equal(join(0, 0), 0);
	assert_int_equal(join(3, 3), 0); /* sees 1 to 3 again, as of 5 */
	assert_int_equal(join(5, 5), 2);
	assert_int_equal(join(8, 8), 2);
	assert_int_equal(join(9, 9), 3); /* the tail */
	assert_int_equal(join(12, 12), 3);
}

/* Nothing may go back: who has seen version 8 must not be sent a state of 5. */
static void
who_was_shown_more_than_a_batch_has_must_not_join_at_it(void **state)
{
	(void)state;
	push(0, 5, 1, PLENTY);
	push(5, 9, 1, PLENTY);
	assert_int_equal(join(3, 5), 0);
	assert_true(join(3, 6) == NOWHERE);
	assert_int_equal(join(5, 9), 1);
	assert_true(join(5, 10) == NOWHERE);
	assert_true(join(9, 10) == NOWHERE); /* of the next batch nothing is known */
}

static void
versions_without_a_chunk_had_nothing_for_this_group(void **state)
{
	(void)state;
	push(0, 5, 1, PLENTY);
	push(8, 10, 1, PLENTY);
	assert_int_equal(join(5, 5), 1);
	assert_int_equal(join(6, 6), 1);
	assert_int_equal(join(6, 9), 1);
	assert_true(join(6, 11) == NOWHERE);
}

static void
what_was_let_go_cannot_be_joined(void **state)
{
	(void)state;
	push(0, 5, 1, 250);
	push(5, 9, 1, 250);
	push(9, 12, 1, 250); /* 300 bytes: the first goes */
	assert_int_equal(window_head(), 1);
	assert_int_equal(atomic_load(&w.evicted_to), 5);
	assert_int_equal(atomic_load(&w.bytes), 200);
	assert_true(join(0, 0) == NOWHERE);
	assert_true(join(4, 4) == NOWHERE);
	assert_int_equal(join(5, 5), 1);
	assert_int_equal(join(12, 12), 3);
}

/* A gap in front of the oldest batch may be what was let go. */
static void
a_gap_at_the_head_is_trusted_only_if_nothing_in_it_was_let_go(void **state)
{
	(void)state;
	push(0, 5, 1, 250);
	push(5, 6, 1, 250);
	push(8, 10, 1, 150);
	assert_int_equal(window_head(), 2);
	assert_true(join(5, 5) == NOWHERE);
	assert_int_equal(join(6, 6), 2);
	assert_int_equal(join(7, 7), 2);
}

static void
a_batch_without_its_beginning_cannot_be_joined(void **state)
{
	(void)state;
	push(0, 5, 1, PLENTY);
	push(5, 9, 3, 250); /* its first chunk is let go while the third comes */
	assert_int_equal(window_head(), 2);
	assert_true(join(5, 5) == NOWHERE);
	assert_int_equal(join(9, 9), 4);
	push(9, 12, 1, 350);
	assert_true(join(5, 5) == NOWHERE);
	assert_int_equal(join(9, 9), 4);
}

static void
a_chunk_larger_than_the_budget_is_kept_alone(void **state)
{
	(void)state;
	push(0, 5, 1, 10);
	assert_int_equal(join(0, 0), 0);
	push(5, 9, 1, 10);
	assert_int_equal(window_head(), 1);
	assert_int_equal(join(5, 5), 1);
}

static void
a_window_has_no_more_chunks_than_slots(void **state) ALL_ROLES
{
	bool gone;

	(void)state;
	for (uint64_t v = 0; v < WINDOW_SLOTS + 10; v++)
		push(v, v + 1, 1, PLENTY);
	assert_int_equal(window_head(), 10);
	assert_int_equal(window_tail(&w), WINDOW_SLOTS + 10);
	assert_true(join(9, 9) == NOWHERE);
	assert_int_equal(join(10, 10), 10);
	assert_null(window_take(&w, 9, &gone)); /* its slot holds another one now */
	assert_true(gone);
}

static void
a_chunk_that_is_taken_lives_on_when_it_is_let_go(void **state) ALL_ROLES
{
	struct chunk *c;
	bool gone;

	(void)state;
	assert_null(window_take(&w, 0, &gone)); /* not yet there */
	assert_false(gone);
	push(0, 5, 1, 10);
	c = window_take(&w, 0, &gone);
	assert_non_null(c);
	assert_int_equal(c->seq, 0);
	push(5, 9, 1, 10);
	rcu_drain();
	assert_int_equal(c->len, 100);
	assert_int_equal(c->batch_to, 5);
	assert_null(window_take(&w, 0, &gone));
	assert_true(gone);
	assert_int_equal(metric_read(METRIC_CHUNKS), 2);
	chunk_hold_more(c);
	chunk_drop(c);
	chunk_drop(c);
	assert_int_equal(metric_read(METRIC_CHUNKS), 1);
}

static void
a_chunk_without_holders_cannot_be_held(void **state) ALL_ROLES
{
	struct chunk *c;

	(void)state;
	push(0, 5, 1, PLENTY);
	rcu_enter();
	c = atomic_load(&w.slot[0]);
	push(5, 9, 1, 10);
	assert_false(chunk_hold(c)); /* still there to be looked at, but being let go */
	rcu_leave();
}

int
main(void)
{
#define WITH_WINDOW(test) cmocka_unit_test_setup_teardown(test, begin_window, end_window)
	const struct CMUnitTest tests[] = {
	    WITH_WINDOW(in_an_empty_window_one_joins_at_its_tail),
	    WITH_WINDOW(one_joins_at_the_first_batch_that_ends_behind_what_one_has),
	    WITH_WINDOW(who_was_shown_more_than_a_batch_has_must_not_join_at_it),
	    WITH_WINDOW(versions_without_a_chunk_had_nothing_for_this_group),
	    WITH_WINDOW(what_was_let_go_cannot_be_joined),
	    WITH_WINDOW(a_gap_at_the_head_is_trusted_only_if_nothing_in_it_was_let_go),
	    WITH_WINDOW(a_batch_without_its_beginning_cannot_be_joined),
	    WITH_WINDOW(a_chunk_larger_than_the_budget_is_kept_alone),
	    WITH_WINDOW(a_window_has_no_more_chunks_than_slots),
	    WITH_WINDOW(a_chunk_that_is_taken_lives_on_when_it_is_let_go),
	    WITH_WINDOW(a_chunk_without_holders_cannot_be_held),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
