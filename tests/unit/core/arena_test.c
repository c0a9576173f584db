/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation: aligned, freed at once, no more kept than one ordinary block. */
#include "core/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
allocations_are_aligned_and_do_not_overlap(void **state)
{
	struct arena a;
	uint8_t *at[200];

	(void)state;
	arena_init(&a);
	for (size_t n = 0; n < 200; n++) {
		at[n] = arena_alloc(&a, n);
		assert_int_equal((uintptr_t)at[n] % 16, 0);
		memset(at[n], (int)n, n);
	}
	for (size_t n = 0; n < 200; n++)
		for (size_t i = 0; i < n; i++)
			assert_int_equal(at[n][i], n);
	arena_fini(&a);
}

static void
nothing_has_an_address_too(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	assert_non_null(arena_alloc(&a, 0));
	assert_string_equal(arena_strndup(&a, "", 0), "");
	arena_fini(&a);
}

static void
zeroed_memory_is_zero_also_when_it_is_used_again(void **state)
{
	static const uint8_t zero[1000];
	struct arena a;

	(void)state;
	arena_init(&a);
	memset(arena_alloc(&a, 1000), 0xff, 1000);
	arena_reset(&a);
	assert_memory_equal(arena_zalloc(&a, 1000), zero, 1000);
	arena_fini(&a);
}

static void
a_string_is_copied_with_a_nul_behind(void **state)
{
	struct arena a;
	char text[] = "services/default/web";
	char *copy;

	(void)state;
	arena_init(&a);
	copy = arena_strndup(&a, text, 8);
	text[0] = 'X';
	assert_string_equal(copy, "services");
	arena_fini(&a);
}

static void
a_reset_arena_hands_out_the_same_memory(void **state)
{
	struct arena a;
	void *first;

	(void)state;
	arena_init(&a);
	first = arena_alloc(&a, 100);
	for (unsigned i = 0; i < 1000; i++) /* several blocks */
		memset(arena_alloc(&a, 1000), 1, 1000);
	assert_true(a.total >= 1000100);
	arena_reset(&a);
	assert_int_equal(a.total, 0);
	first = arena_alloc(&a, 100);
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 100), first);
	arena_fini(&a);
}

static void
one_huge_record_does_not_stay(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a);
	memset(arena_alloc(&a, (size_t)10 << 20), 1, (size_t)10 << 20);
	arena_reset(&a);
	assert_null(a.blocks);
	memset(arena_alloc(&a, 100), 1, 100);
	memset(arena_alloc(&a, (size_t)10 << 20), 1, (size_t)10 << 20);
	arena_reset(&a);
	assert_non_null(a.blocks);
	assert_true(a.end - a.at < 1 << 20);
	memset(arena_alloc(&a, 100), 1, 100);
	arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(allocations_are_aligned_and_do_not_overlap),
	    cmocka_unit_test(nothing_has_an_address_too),
	    cmocka_unit_test(zeroed_memory_is_zero_also_when_it_is_used_again),
	    cmocka_unit_test(a_string_is_copied_with_a_nul_behind),
	    cmocka_unit_test(a_reset_arena_hands_out_the_same_memory),
	    cmocka_unit_test(one_huge_record_does_not_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
