/* SPDX-License-Identifier: Apache-2.0 */
/* No more prefixes than safety.max_prefixes, none of those that are there already lost, and who waits comes in when there is room. */
#include "breaker_world.h"

static void
begin_with(uint32_t max) ALL_ROLES
{
	struct breaker_rules r = {.percent = 100, .window_ns = 60 * S, .max_prefixes = max};

	with(&r);
}

static bool
is_announced(uint32_t i)
{
	const struct pathset *s = get(i);

	return s && s->n;
}

static void
a_prefix_beyond_the_limit_is_not_announced_and_those_there_stay(void **state) ALL_ROLES
{
	(void)state;
	begin_with(2);
	put(1, 0x1);
	put(2, 0x1);
	put(3, 0x1);
	assert_true(is_announced(1) && is_announced(2));
	assert_false(is_announced(3));
	assert_int_equal(breaker.limit.refused, 1);
	assert_int_equal(metric_read(METRIC_PREFIXES_REFUSED), 1);
	put(3, 0x3); /* again: it is one that waits, not two */
	assert_int_equal(breaker.limit.refused, 1);
}

static void
paths_of_a_prefix_that_is_there_may_change_at_the_limit(void **state) ALL_ROLES
{
	(void)state;
	begin_with(1);
	put(1, 0x1);
	put(1, 0x6);
	assert_int_equal(hops_of(get(1), false), 0x6);
}

static void
without_a_limit_everything_is_announced(void **state) ALL_ROLES
{
	(void)state;
	begin_with(0);
	for (uint32_t i = 0; i < 3000; i++)
		put(i, 0x1);
	assert_int_equal(table.live_prefixes, 3000);
	assert_int_equal(breaker.limit.refused, 0);
}

static void
an_aggregate_is_never_refused(void **state) ALL_ROLES
{
	(void)state;
	begin_with(1);
	put(1, 0x1);
	put_class(2, 0x1, CLASS_AGGREGATE);
	assert_true(is_announced(2));
}

static void
one_that_waits_comes_in_when_another_one_has_gone(void **state) ALL_ROLES
{
	(void)state;
	begin_with(1);
	put(1, 0x1);
	put(2, 0x1);
	assert_int_equal(prefix_limit_next_ns(&breaker.limit), NS_NEVER); /* no room */
	put(1, 0);
	assert_true(prefix_limit_next_ns(&breaker.limit) <= now);
	prefix_limit_tried(&breaker.limit, now);
	assert_true(prefix_limit_next_ns(&breaker.limit) > now); /* not again and again */
	put(2, 0x1);
	assert_true(is_announced(2));
	assert_int_equal(breaker.limit.refused, 0);
	assert_int_equal(prefix_limit_next_ns(&breaker.limit), NS_NEVER);
}

static void
one_that_waits_and_is_deleted_waits_no_more(void **state) ALL_ROLES
{
	(void)state;
	begin_with(1);
	put(1, 0x1);
	put(2, 0x1);
	put(2, 0);
	assert_int_equal(breaker.limit.refused, 0);
	put(1, 0);
	assert_int_equal(prefix_limit_next_ns(&breaker.limit), NS_NEVER);
}

static void
a_limit_that_is_raised_makes_room_and_one_that_is_lowered_takes_nothing_away(
    void **state) ALL_ROLES
{
	struct breaker_rules r = {.percent = 100, .window_ns = 60 * S, .max_prefixes = 2};

	(void)state;
	begin_with(1);
	put(1, 0x1);
	put(2, 0x1);
	breaker_configure(&breaker, &r, now);
	assert_true(prefix_limit_next_ns(&breaker.limit) <= now);
	put(2, 0x1);
	r.max_prefixes = 1;
	breaker_configure(&breaker, &r, now);
	put(1, 0x2);
	assert_true(is_announced(1) && is_announced(2));
}

static void
the_names_of_those_that_wait_are_given_back(void **state) ALL_ROLES
{
	(void)state;
	begin_with(1);
	put(0, 0x1);
	for (uint32_t i = 1; i < 5000; i++) {
		put(i, 0x1);
		put(i, 0);
		put(0, 1ull << i % 2); /* names go with the commits that follow */
		if (i % 64 == 0)
			rcu_drain();
	}
	assert_true(prefix_bound(&names) < 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BREAKING(a_prefix_beyond_the_limit_is_not_announced_and_those_there_stay),
	    BREAKING(paths_of_a_prefix_that_is_there_may_change_at_the_limit),
	    BREAKING(without_a_limit_everything_is_announced),
	    BREAKING(an_aggregate_is_never_refused),
	    BREAKING(one_that_waits_comes_in_when_another_one_has_gone),
	    BREAKING(one_that_waits_and_is_deleted_waits_no_more),
	    BREAKING(
	        a_limit_that_is_raised_makes_room_and_one_that_is_lowered_takes_nothing_away),
	    BREAKING(the_names_of_those_that_wait_are_given_back),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
