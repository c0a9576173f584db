/* SPDX-License-Identifier: Apache-2.0 */
#include "path/hops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Nearly everything collides: 7 values by salt. */
static uint32_t
weak(const struct ip_addr *a, uint32_t salt)
{
	return (a->bytes[15] % 3u + 5u * salt) % 101u;
}

static struct ip_addr
v6(uint8_t last)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = last};

	return ip_from_bytes(IP_V6, bytes);
}

static void
an_ipv4_address_is_its_own_path_id(void **state)
{
	struct ip_addr a = ip_v4(0xc0000201);

	(void)state;
	assert_int_equal(path_id_v4(&a), 0xc0000201);
}

static void
path_ids_of_ipv6_are_fixed_for_ever(void **state)
{
	struct ip_addr a = v6(1);

	(void)state;
	/* Both replicas, of any version, must agree: this number may not change. */
	assert_int_equal(path_id_v6(&a, 0), 0x6f63ce7a);
}

static void
ids_of_a_set_do_not_depend_on_the_order_in_which_it_is_given(void **state)
{
	struct ip_addr one[20], other[20];
	uint32_t ids[20], again[20];

	(void)state;
	for (uint8_t i = 0; i < 20; i++) {
		one[i] = v6(i);
		other[19 - i] = v6(i);
	}
	path_ids_assign(one, 20, weak, ids);
	path_ids_assign(other, 20, weak, again);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(ids[i], again[19 - i]);
		assert_int_not_equal(ids[i], 0);
		for (uint32_t k = 0; k < i; k++)
			assert_int_not_equal(ids[i], ids[k]);
	}
}

static void
the_lowest_of_equal_hashes_keeps_it_and_the_next_ones_take_a_salt(void **state)
{
	struct ip_addr set[3] = {v6(7), v6(1), v6(4)}; /* all hash to 1 */
	uint32_t ids[3];

	(void)state;
	path_ids_assign(set, 3, weak, ids);
	assert_int_equal(ids[1], 1);
	assert_int_equal(ids[2], 6);
	assert_int_equal(ids[0], 11);
}

/* ---- the same through hops, with a history ---- */

struct seen {
	struct path_nexthop at[64];
};

static void
on_nexthop(void *ctx, uint32_t slot, const struct path_nexthop *nh)
{
	struct seen *s = ctx;

	assert_true(slot < COUNT_OF(s->at));
	assert_true((s->at[slot].addr.family == IP_NONE) == (nh != NULL));
	s->at[slot] = nh ? *nh : (struct path_nexthop){0};
}

static void
settle(struct hops *h, struct seen *s)
{
	struct path_sink sink = {.ctx = s, .nexthop = on_nexthop};

	role_is_writer();
	hops_assign_ids(h);
	hops_renew(h, &sink);
	hops_release(h, &sink);
}

static void
check_against_a_fresh_one(const struct hops *h, const bool there[32])
{
	struct ip_addr set[32];
	uint32_t ids[32], n = 0;

	for (uint8_t i = 0; i < 32; i++) {
		if (there[i])
			set[n++] = v6(i);
	}
	path_ids_assign(set, n, weak, ids);
	for (uint32_t i = 0; i < n; i++) {
		bool found = false;

		for (uint32_t k = 0; k < h->bound; k++) {
			if (h->at[k].nodes == 0 || !ip_equal(&h->at[k].addr, &set[i]))
				continue;
			found = true;
			assert_int_equal(h->slots[h->at[k].slot].path_id, ids[i]);
		}
		assert_true(found);
	}
}

static void
replicas_with_different_histories_agree_on_path_ids(void **state)
{
	unsigned seed = 4711;
	bool there[32] = {false};
	uint32_t hop[32];
	struct seen seen = {0};
	struct hops h;

	(void)state;
	role_take(ROLE_WRITER, "test");
	role_is_writer();
	hops_init(&h, weak);
	for (int round = 0; round < 2000; round++) {
		for (int i = rand_r(&seed) % 4; i >= 0; i--) {
			uint8_t which = (uint8_t)(rand_r(&seed) % 32);
			struct ip_addr a = v6(which);

			if (there[which])
				hops_drop(&h, hop[which]);
			else
				hop[which] = hops_hold(&h, &a);
			there[which] = !there[which];
		}
		settle(&h, &seen);
		check_against_a_fresh_one(&h, there);
	}
	assert_true(h.slots_bound <= 64);
	hops_fini(&h);
	rcu_drain();
	role_drop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_ipv4_address_is_its_own_path_id),
	    cmocka_unit_test(path_ids_of_ipv6_are_fixed_for_ever),
	    cmocka_unit_test(ids_of_a_set_do_not_depend_on_the_order_in_which_it_is_given),
	    cmocka_unit_test(the_lowest_of_equal_hashes_keeps_it_and_the_next_ones_take_a_salt),
	    cmocka_unit_test(replicas_with_different_histories_agree_on_path_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
