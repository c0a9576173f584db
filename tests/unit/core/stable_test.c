/* SPDX-License-Identifier: Apache-2.0 */
/* The growing array whose elements never move. */
#include "core/stable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
elements_never_move_and_begin_as_zero(void **state)
{
	enum { N = 5000 };
	struct stable s;
	uint32_t **at = calloc(N, sizeof(*at));

	(void)state;
	stable_init(&s, sizeof(uint32_t));
	assert_int_equal(stable_len(&s), 0);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(stable_grow(&s), i);
		at[i] = stable_at(&s, i);
		assert_int_equal(*at[i], 0);
		*at[i] = i;
	}
	assert_int_equal(stable_len(&s), N);
	for (uint32_t i = 0; i < N; i++) {
		assert_ptr_equal(stable_at(&s, i), at[i]);
		assert_int_equal(*at[i], i);
	}
	stable_fini(&s);
	free(at);
}

/* The first segment holds 64, each further one twice as many: 64, 192, 448, ... */
static void
a_segment_is_contiguous_and_ends_where_the_arithmetic_says(void **state)
{
	struct stable s;
	uint32_t border = 0, size = 64;

	(void)state;
	stable_init(&s, 12);
	for (uint32_t i = 0; i < 64 * 31; i++)
		assert_int_equal(stable_grow(&s), i);
	for (unsigned k = 0; k < 5; k++) {
		char *first = stable_at(&s, border), *last = stable_at(&s, border + size - 1);

		assert_ptr_equal(last, first + (size_t)12 * (size - 1));
		assert_ptr_equal(first, atomic_load(&s.segment[k]));
		border += size;
		size *= 2;
	}
	assert_int_equal(border, 64 * 31);
	assert_null(atomic_load(&s.segment[5]));
	stable_fini(&s);
	assert_int_equal(stable_len(&s), 0);
}

/* A directory whose last segments stand for memory that no test has: only the arithmetic. */
static void
the_highest_index_is_inside_the_directory(void **state)
{
	uint64_t i = (uint64_t)(UINT32_MAX - 64) + (1u << STABLE_FIRST_BITS);

	(void)state;
	assert_int_equal(63 - __builtin_clzll(i) - (int)STABLE_FIRST_BITS, STABLE_SEGMENTS - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_never_move_and_begin_as_zero),
	    cmocka_unit_test(a_segment_is_contiguous_and_ends_where_the_arithmetic_says),
	    cmocka_unit_test(the_highest_index_is_inside_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
