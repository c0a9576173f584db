/* SPDX-License-Identifier: Apache-2.0 */
/* New paths wait before they are announced; what leaves does not. */
#include "core/metric.h"
#include "fixture.h"
#include "rib/settle.h"

#define S NS_PER_S

static struct breaker breaker;
static struct settle waiting;
static uint64_t now;

static const struct breaker_rules rules = {.percent = 15, .paths = 100, .window_ns = 60 * S};

static int
begin_settling(void **state) ALL_ROLES
{
	begin(state);
	now = 1000 * S;
	breaker_init(&breaker, &rules, &table);
	breaker_now(&breaker, now);
	settle_init(&waiting, 10 * S, &table, &breaker);
	waiting.on = true;
	return 0;
}

static int
end_settling(void **state) ALL_ROLES
{
	settle_fini(&waiting);
	breaker_fini(&breaker);
	return end(state);
}

#define SETTLING(test) cmocka_unit_test_setup_teardown(test, begin_settling, end_settling)

static void
put_with(uint32_t i, uint64_t hops, uint32_t med) ALL_ROLES
{
	struct path_in in[64];
	uint32_t n = 0, clashes = 0;

	for (uint32_t h = 0; h < 64; h++)
		if (hops >> h & 1)
			in[n++] = (struct path_in){hop_name(h), attrs_of(med)};
	qsort(in, n, sizeof(in[0]), by_name);
	settle_set(&waiting, prefix_index_of(i),
	    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, in, n, now, &clashes);
	table_commit(&table);
}

/* Prefix i is to have these next hops. */
static void
put(uint32_t i, uint64_t hops) ALL_ROLES
{
	put_with(i, hops, 1);
}

static void
pass(uint64_t ns) ALL_ROLES
{
	now += ns;
	breaker_now(&breaker, now);
	breaker_tick(&breaker, now);
	settle_tick(&waiting, now);
	table_commit(&table);
}

static uint64_t
announced(uint32_t i) ALL_ROLES
{
	const struct pathset *s = get(i);

	return s ? hops_of(s, false) : 0;
}

static void
a_new_next_hop_waits_and_is_then_announced(void **state) ALL_ROLES
{
	int64_t before = metric_read(METRIC_PATHS_SETTLING);

	(void)state;
	waiting.on = false;
	put(1, 0x3);
	waiting.on = true;
	put(1, 0x7);
	assert_int_equal(announced(1), 0x3);
	assert_int_equal(metric_read(METRIC_PATHS_SETTLING), before + 1);
	assert_true(settle_next_ns(&waiting) == now + 10 * S);
	pass(10 * S - 1);
	assert_int_equal(announced(1), 0x3);
	pass(1);
	assert_int_equal(announced(1), 0x7);
	assert_int_equal(metric_read(METRIC_PATHS_SETTLING), before);
	assert_true(settle_next_ns(&waiting) == NS_NEVER);
}

static void
what_a_start_finds_does_not_wait(void **state) ALL_ROLES
{
	(void)state;
	waiting.on = false;
	put(1, 0x3);
	assert_int_equal(announced(1), 0x3);
}

static void
a_removal_does_not_wait(void **state) ALL_ROLES
{
	(void)state;
	waiting.on = false;
	put(1, 0x3);
	waiting.on = true;
	put(1, 0x5); /* one goes, one comes */
	assert_int_equal(announced(1), 0x1);
	pass(10 * S);
	assert_int_equal(announced(1), 0x5);
}

static void
all_of_a_new_prefix_waits(void **state) ALL_ROLES
{
	(void)state;
	put(1, 0x3);
	assert_int_equal(announced(1), 0);
	pass(4 * S);
	put(1, 0x7);
	pass(6 * S);
	assert_int_equal(announced(1), 0x3);
	pass(4 * S);
	assert_int_equal(announced(1), 0x7);
}

static void
a_new_prefix_that_goes_before_its_time_was_never_announced(void **state) ALL_ROLES
{
	(void)state;
	put(1, 0x3);
	put(1, 0);
	assert_int_equal(waiting.waiting.n, 0);
	pass(20 * S);
	assert_int_equal(announced(1), 0);
	assert_int_equal(table.live_prefixes, 0);
}

static void
the_only_next_hop_left_waits_no_longer(void **state) ALL_ROLES
{
	(void)state;
	waiting.on = false;
	put(1, 0x1);
	waiting.on = true;
	put(1, 0x3);
	assert_int_equal(announced(1), 0x1);
	put(1, 0x2); /* a rolling update: the old one is gone */
	assert_int_equal(announced(1), 0x2);
	assert_int_equal(waiting.waiting.n, 0);
}

static void
a_next_hop_that_leaves_while_it_waits_begins_anew(void **state) ALL_ROLES
{
	(void)state;
	waiting.on = false;
	put(1, 0x1);
	waiting.on = true;
	put(1, 0x3);
	pass(6 * S);
	put(1, 0x1);
	put(1, 0x3);
	pass(6 * S);
	assert_int_equal(announced(1), 0x1);
	pass(4 * S);
	assert_int_equal(announced(1), 0x3);
}

static void
attributes_that_change_while_it_waits_are_the_ones_announced(void **state) ALL_ROLES
{
	struct path_attrs a;

	(void)state;
	waiting.on = false;
	put(1, 0x1);
	waiting.on = true;
	put(1, 0x3);
	pass(6 * S);
	put_with(1, 0x3, 9);
	assert_int_equal(
	    attrs_at(&names, get(1)->path[0].attrs)->med, 9); /* not for the first */
	pass(4 * S);
	assert_int_equal(announced(1), 0x3);
	for (uint32_t i = 0; i < 2; i++) {
		a = *attrs_at(&names, get(1)->path[i].attrs);
		assert_int_equal(a.med, 9);
	}
}

static void
what_the_breaker_holds_stays_beside_what_is_new(void **state) ALL_ROLES
{
	(void)state;
	breaker.no_withdraw = true;
	waiting.on = false;
	put(1, 0x3);
	waiting.on = true;
	put(1, 0x5);
	assert_int_equal(announced(1), 0x3);
	pass(10 * S);
	assert_int_equal(announced(1), 0x7);
	assert_int_equal(breaker.holds.n, 1);
	put(1, 0x7); /* it comes back: it was announced all along */
	assert_int_equal(announced(1), 0x7);
	assert_int_equal(breaker.holds.n, 0);
}

static void
without_a_time_nothing_waits(void **state) ALL_ROLES
{
	(void)state;
	settle_fini(&waiting);
	settle_init(&waiting, 0, &table, &breaker);
	waiting.on = true;
	put(1, 0x3);
	assert_int_equal(announced(1), 0x3);
}

static void
names_that_waited_are_given_back(void **state) ALL_ROLES
{
	(void)state;
	put(1, 0x3);
	put(1, 0);
	pass(20 * S);
	names_reclaim(&names, table.last + 1);
	rcu_drain();
	assert_int_equal(names.nexthops.live, 0);
	assert_int_equal(names.prefixes.live, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SETTLING(a_new_next_hop_waits_and_is_then_announced),
	    SETTLING(what_a_start_finds_does_not_wait),
	    SETTLING(a_removal_does_not_wait),
	    SETTLING(all_of_a_new_prefix_waits),
	    SETTLING(a_new_prefix_that_goes_before_its_time_was_never_announced),
	    SETTLING(the_only_next_hop_left_waits_no_longer),
	    SETTLING(a_next_hop_that_leaves_while_it_waits_begins_anew),
	    SETTLING(attributes_that_change_while_it_waits_are_the_ones_announced),
	    SETTLING(what_the_breaker_holds_stays_beside_what_is_new),
	    SETTLING(without_a_time_nothing_waits),
	    SETTLING(names_that_waited_are_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
