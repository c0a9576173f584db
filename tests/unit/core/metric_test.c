/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and gauges as the sum of all threads' shares, those of ended threads included. */
#include "core/clock.h"
#include "core/metric.h"
#include "core/must.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 8u
#define COUNTS  20000

static void *
count(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < COUNTS; i++) {
		metric_inc(METRIC_COMMITS);
		metric_add(METRIC_RECORD_BYTES, 3);
	}
	return NULL;
}

static void
run_threads(void *(*fn)(void *))
{
	pthread_t thread[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void
no_count_of_any_thread_is_lost(void **state)
{
	int64_t commits = metric_read(METRIC_COMMITS), bytes = metric_read(METRIC_RECORD_BYTES);

	(void)state;
	for (int round = 1; round <= 3; round++) { /* later threads take over blocks */
		run_threads(count);
		assert_int_equal(
		    metric_read(METRIC_COMMITS) - commits, round * (int64_t)THREADS * COUNTS);
		assert_int_equal(metric_read(METRIC_RECORD_BYTES) - bytes,
		    round * (int64_t)THREADS * COUNTS * 3);
	}
}

static void *
up_and_down(void *arg)
{
	(void)arg;
	metric_add(METRIC_CHUNKS, 5);
	metric_add(METRIC_CHUNKS, -3);
	return NULL;
}

static void
a_gauge_may_go_up_in_one_thread_and_down_in_another(void **state)
{
	int64_t before = metric_read(METRIC_CHUNKS);

	(void)state;
	run_threads(up_and_down);
	assert_int_equal(metric_read(METRIC_CHUNKS) - before, 2 * THREADS);
	metric_add(METRIC_CHUNKS, -2 * (int64_t)THREADS);
	assert_int_equal(metric_read(METRIC_CHUNKS), before);
}

static void
setting_replaces_this_threads_share(void **state)
{
	(void)state;
	metric_set(METRIC_PREFIXES, 7);
	metric_set(METRIC_PREFIXES, 4);
	assert_int_equal(metric_read(METRIC_PREFIXES), 4);
	metric_set(METRIC_PREFIXES, 0);
}

static void
the_rows_of_a_family_stand_together_and_the_first_one_explains_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < METRIC_COUNT; i++) {
		const struct metric_row *row = &metric_rows[i];
		bool first = i == 0 || strcmp(row->family, row[-1].family) != 0;

		assert_true(!first || row->help[0]);
		for (unsigned k = 0; first && k < i; k++)
			if (strcmp(metric_rows[k].family, row->family) == 0)
				fail_msg("%s stands in two places", row->family);
	}
}

static void
a_time_is_counted_in_the_lowest_bucket_that_holds_it(void **state)
{
	static const struct {
		uint64_t ns;
		unsigned bucket;
	} row[] = {
	    {0, 0},
	    {15258, 0}, /* 2^-16 s is 15258.8 ns */
	    {15259, 1},
	    {NS_PER_S, 16},
	    {NS_PER_S + 1, 17},
	    {64 * NS_PER_S - 1, 22},
	    {1000 * NS_PER_S, HISTOGRAM_BUCKETS},
	};
	struct histogram h = {.count = {0}};
	uint64_t sum = 0;

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(row); i++) {
		uint64_t before = h.count[row[i].bucket];

		histogram_observe(&h, row[i].ns);
		sum += row[i].ns;
		if (h.count[row[i].bucket] != before + 1)
			fail_msg("%llu ns", (unsigned long long)row[i].ns);
	}
	assert_true(h.sum_ns == sum);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_count_of_any_thread_is_lost),
	    cmocka_unit_test(a_gauge_may_go_up_in_one_thread_and_down_in_another),
	    cmocka_unit_test(setting_replaces_this_threads_share),
	    cmocka_unit_test(the_rows_of_a_family_stand_together_and_the_first_one_explains_it),
	    cmocka_unit_test(a_time_is_counted_in_the_lowest_bucket_that_holds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
