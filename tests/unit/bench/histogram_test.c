/* SPDX-License-Identifier: Apache-2.0 */
/* Percentiles out of buckets against percentiles out of a sorted list. */
#include "cluster.h"
#include "histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N 20000

static struct histogram h, other;

static int
u64_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
a_percentile_is_right_to_one_part_in_sixty_four(void **state)
{
	static const double shares[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
	uint64_t *list = malloc(N * sizeof(*list)), random = 7;

	(void)state;
	memset(&h, 0, sizeof(h));
	for (unsigned i = 0; i < N; i++) {
		list[i] = (uint64_t)cluster_random(&random, 1u << 31)
		              << cluster_random(&random, 8) >>
		          cluster_random(&random, 31);
		histogram_add(&h, list[i]);
	}
	qsort(list, N, sizeof(*list), u64_cmp);
	for (unsigned i = 0; i < COUNT_OF(shares); i++) {
		uint64_t exact = list[(size_t)(shares[i] * N + 0.999999) - 1];
		uint64_t got = histogram_at(&h, shares[i]);

		assert_true(got >= exact);
		assert_true(got - exact <= exact / 64);
	}
	assert_true(h.min == list[0] && h.max == list[N - 1] && h.total == N);
	free(list);
}

static void
every_duration_falls_into_a_bucket_that_reaches_it(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		for (uint64_t d = 0; d < 3; d++) {
			uint64_t ns = (1ull << bit) - 1 + d;
			unsigned at = 0;

			memset(&h, 0, sizeof(h));
			histogram_add(&h, ns);
			while (!h.counts[at])
				at++;
			assert_true(at < HISTOGRAM_BUCKETS);
			if (ns >> HISTOGRAM_TOP_BIT == 0)
				assert_true(histogram_upper(at) >= ns &&
				            (at == 0 || histogram_upper(at - 1) < ns));
			assert_true(histogram_at(&h, 0.5) == ns);
		}
	}
}

static void
two_merged_are_as_if_all_had_been_added_to_one(void **state)
{
	static struct histogram all;
	uint64_t random = 3;

	(void)state;
	memset(&h, 0, sizeof(h));
	memset(&other, 0, sizeof(other));
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t ns = cluster_random(&random, 1u << 30);

		histogram_add(i % 3 ? &h : &other, ns);
		histogram_add(&all, ns);
	}
	histogram_merge(&h, &other);
	assert_memory_equal(&h, &all, sizeof(h));
}

static void
an_empty_one_says_zero(void **state)
{
	(void)state;
	memset(&h, 0, sizeof(h));
	assert_true(histogram_at(&h, 0.99) == 0);
	histogram_merge(&h, &h);
	assert_true(h.total == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_percentile_is_right_to_one_part_in_sixty_four),
	    cmocka_unit_test(every_duration_falls_into_a_bucket_that_reaches_it),
	    cmocka_unit_test(two_merged_are_as_if_all_had_been_added_to_one),
	    cmocka_unit_test(an_empty_one_says_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
