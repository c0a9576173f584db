/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes on which replicas of different builds and machines must agree: pinned. A changed value
 * here moves every peer's best path while two versions run side by side. */
#include "core/hash.h"
#include "core/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
the_values_are_those_of_every_build(void **state)
{
	struct ip_prefix p;
	struct ip_addr a;

	(void)state;
	assert_true(hash_mix(1) == 0xb456bcfc34c2cb2cull);
	assert_true(hash_two(1, 2) == 0x42c2d771c7849bd8ull);
	assert_true(hash_bytes("", 0) == 0x9ca066f1a4ab2eeaull);
	assert_true(hash_bytes("heliograph", 10) == 0x93c0057cf906cd8ull);
	assert_true(ip_parse("192.0.2.1", &a));
	assert_true(ip_hash(&a) == 0x586e4de47d43cc2bull);
	assert_true(ip_prefix_parse("10.96.0.1", &p));
	assert_true(ip_prefix_hash(&p) == 0xd6f3aaaa13948d18ull);
}

static void
bytes_at_any_alignment_hash_alike(void **state)
{
	char buf[64];

	(void)state;
	for (unsigned at = 0; at < 8; at++) {
		memcpy(buf + at, "prefixes and next hops", 22);
		assert_true(
		    hash_bytes(buf + at, 22) == hash_bytes("prefixes and next hops", 22));
	}
}

static void
length_and_order_matter(void **state)
{
	static const uint8_t zero[32];

	(void)state;
	for (unsigned n = 0; n < sizeof(zero); n++)
		assert_true(hash_bytes(zero, n) != hash_bytes(zero, n + 1));
	assert_true(hash_bytes("ab", 2) != hash_bytes("ba", 2));
	assert_true(hash_two(1, 2) != hash_two(2, 1));
}

/* Every bit of the input changes about half of the output. */
static void
a_flipped_bit_changes_half_of_the_hash(void **state)
{
	uint8_t bytes[19] = {10, 96, 0, 1};
	unsigned changed = 0;

	(void)state;
	for (unsigned bit = 0; bit < 8 * sizeof(bytes); bit++) {
		uint64_t before = hash_bytes(bytes, sizeof(bytes)), after;

		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		after = hash_bytes(bytes, sizeof(bytes));
		changed += (unsigned)__builtin_popcountll(before ^ after);
	}
	assert_in_range(changed, 8 * sizeof(bytes) * 28, 8 * sizeof(bytes) * 36);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_values_are_those_of_every_build),
	    cmocka_unit_test(bytes_at_any_alignment_hash_alike),
	    cmocka_unit_test(length_and_order_matter),
	    cmocka_unit_test(a_flipped_bit_changes_half_of_the_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
