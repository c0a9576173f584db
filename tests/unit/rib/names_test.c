/* SPDX-License-Identifier: Apache-2.0 */
/* Names: given once, counted, given out again only when nobody can meet them any more. */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>

static void
equal_contents_have_one_name(void **state) ALL_ROLES
{
	(void)state;
	assert_int_equal(hop_name(1), hop_name(1));
	assert_int_not_equal(hop_name(1), hop_name(2));
	assert_int_equal(attrs_of(5), attrs_of(5));
	assert_int_not_equal(attrs_of(5), attrs_of(6));
	assert_int_equal(prefix_index_of(1), prefix_index_of(1));
	assert_int_equal(names.nexthops.live, 2);
	assert_int_equal(names.attrs.live, 2);
	assert_int_equal(names.prefixes.live, 1);
}

static void
a_name_leads_back_to_its_content(void **state) ALL_ROLES
{
	struct ip_prefix p = prefix_of(7), other = prefix_of(8);
	uint32_t prefix, hop;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) { /* the arrays and the hash grow meanwhile */
		hop = hop_name(i);
		assert_int_equal(nexthop_at(&names, hop)->path_id, i + 1);
		assert_int_equal(attrs_at(&names, attrs_of(i))->med, i);
		assert_int_equal(nexthop_bound(&names), i + 1);
	}
	prefix = prefix_name(&names, &p);
	assert_true(ip_prefix_equal(prefix_at(&names, prefix), &p));
	assert_int_equal(prefix_find_own(&names, &p), prefix);
	assert_int_equal(prefix_find_own(&names, &other), RCUMAP_NONE);
	rcu_enter();
	assert_int_equal(prefix_find(&names, &p), prefix);
	rcu_leave();
}

/* Attributes differ also where only the last large community does. */
static void
all_of_a_content_counts(void **state) ALL_ROLES
{
	struct path_attrs a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	b = a;
	b.large[ATTRS_COMMUNITIES_MAX - 1].local2 = 1;
	assert_int_not_equal(attrs_name(&names, &a), attrs_name(&names, &b));
}

static void
a_name_goes_when_the_floor_has_passed_its_last_use(void **state) ALL_ROLES
{
	uint32_t a = attrs_of(1);

	(void)state;
	name_hold(&names.attrs, a);
	name_hold(&names.attrs, a);
	name_drop(&names.attrs, a, 5);
	names_reclaim(&names, 100);
	assert_int_equal(names.attrs.live, 1); /* still used once */
	name_drop(&names.attrs, a, 10);
	names_reclaim(&names, 9);
	assert_int_equal(names.attrs.live, 1);
	assert_int_equal(attrs_of(1), a);
	names_reclaim(&names, 10);
	assert_int_equal(names.attrs.live, 0);
}

static _Atomic int step;

static void *
hold_back_grace(void *arg) ALL_ROLES
{
	(void)arg;
	role_take(ROLE_WATCH, "reader");
	rcu_enter();
	atomic_store(&step, 1);
	while (atomic_load(&step) == 1)
		sched_yield();
	rcu_leave();
	role_drop();
	return NULL;
}

/* A reader may have found the index just before: it must not become something else under it. */
static void
an_index_is_given_out_again_only_after_a_grace_period(void **state) ALL_ROLES
{
	uint32_t a = attrs_of(1);
	pthread_t reader;

	(void)state;
	name_hold(&names.attrs, a);
	name_drop(&names.attrs, a, 1);
	atomic_store(&step, 0);
	assert_int_equal(pthread_create(&reader, NULL, hold_back_grace, NULL), 0);
	while (!atomic_load(&step))
		sched_yield();
	names_reclaim(&names, 1);
	for (uint32_t i = 2; i < 100; i++)
		assert_int_not_equal(attrs_of(i), a);
	assert_int_equal(attrs_at(&names, a)->med, 1); /* as long as the reader may look */
	atomic_store(&step, 2);
	pthread_join(reader, NULL);
	rcu_drain();
	assert_int_equal(attrs_of(100), a);
	assert_int_equal(attrs_at(&names, a)->med, 100);
}

static void
an_idle_name_that_is_used_again_stays(void **state) ALL_ROLES
{
	uint32_t a = attrs_of(1);

	(void)state;
	name_hold(&names.attrs, a);
	name_drop(&names.attrs, a, 5);
	assert_int_equal(attrs_of(1), a);
	name_hold(&names.attrs, a);
	names_reclaim(&names, 50);
	assert_int_equal(names.attrs.live, 1);
	/* Dropped anew: the later version counts, not the earlier one. */
	name_drop(&names.attrs, a, 60);
	names_reclaim(&names, 59);
	assert_int_equal(names.attrs.live, 1);
	names_reclaim(&names, 60);
	assert_int_equal(names.attrs.live, 0);
}

static void
a_name_used_again_while_it_waits_waits_for_the_later_version(void **state) ALL_ROLES
{
	uint32_t a = attrs_of(1);

	(void)state;
	name_hold(&names.attrs, a);
	name_drop(&names.attrs, a, 5); /* waits for floor 5 */
	name_hold(&names.attrs, a);
	name_drop(&names.attrs, a, 20); /* no second entry, but the first must not let it go */
	names_reclaim(&names, 10);
	assert_int_equal(names.attrs.live, 1);
	names_reclaim(&names, 20);
	assert_int_equal(names.attrs.live, 0);
}

static void
coming_and_going_takes_no_more_indices_than_are_in_use(void **state) ALL_ROLES
{
	uint64_t version = 0;

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		for (uint32_t i = 0; i < 50; i++)
			name_hold(&names.nexthops, hop_name(round * 50 + i));
		version++;
		for (uint32_t i = 0; i < 50; i++)
			name_drop(&names.nexthops, hop_name(round * 50 + i), version);
		names_reclaim(&names, version);
		rcu_drain();
	}
	assert_int_equal(names.nexthops.live, 0);
	assert_true(nexthop_bound(&names) <= 100);
}

static void
next_hops_that_share_an_identifier_know_it(void **state) ALL_ROLES
{
	struct nexthop a = hop_of(1), b = hop_of(2), c = hop_of(3);
	uint32_t na, nb, nc, nd;

	(void)state;
	nc = nexthop_name(&names, &c);
	na = nexthop_name(&names, &a);
	assert_false(nexthop_shares_id(&names, na));
	b.path_id = a.path_id;
	nb = nexthop_name(&names, &b);
	assert_true(nexthop_shares_id(&names, na));
	assert_true(nexthop_shares_id(&names, nb));
	assert_false(nexthop_shares_id(&names, nc));
	/* The same address with another originator is another next hop, too. */
	c.originator++;
	nd = nexthop_name(&names, &c);
	assert_int_not_equal(nd, nc);
	assert_true(nexthop_shares_id(&names, nc));
	assert_true(nexthop_shares_id(&names, nd));
}

static void
a_recycled_next_hop_forgets_whom_it_shared_its_identifier_with(void **state) ALL_ROLES
{
	struct nexthop a = hop_of(1), b = hop_of(2);
	uint32_t na, nb;

	(void)state;
	b.path_id = a.path_id;
	na = nexthop_name(&names, &a);
	nb = nexthop_name(&names, &b);
	name_hold(&names.nexthops, na);
	name_hold(&names.nexthops, nb);
	name_drop(&names.nexthops, na, 1);
	name_drop(&names.nexthops, nb, 1);
	names_reclaim(&names, 1);
	rcu_drain();
	assert_int_equal(names.nexthops.live, 0);
	na = nexthop_name(&names, &a);
	assert_false(nexthop_shares_id(&names, na));
	nb = nexthop_name(&names, &b);
	assert_true(nexthop_shares_id(&names, na) && nexthop_shares_id(&names, nb));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TABLE(equal_contents_have_one_name),
	    WITH_TABLE(a_name_leads_back_to_its_content),
	    WITH_TABLE(all_of_a_content_counts),
	    WITH_TABLE(a_name_goes_when_the_floor_has_passed_its_last_use),
	    WITH_TABLE(an_index_is_given_out_again_only_after_a_grace_period),
	    WITH_TABLE(an_idle_name_that_is_used_again_stays),
	    WITH_TABLE(a_name_used_again_while_it_waits_waits_for_the_later_version),
	    WITH_TABLE(coming_and_going_takes_no_more_indices_than_are_in_use),
	    WITH_TABLE(next_hops_that_share_an_identifier_know_it),
	    WITH_TABLE(a_recycled_next_hop_forgets_whom_it_shared_its_identifier_with),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
