/* SPDX-License-Identifier: Apache-2.0 */
/* No wake is lost, whatever the interleaving; counted, not timed. */
#include "core/clock.h"
#include "core/must.h"
#include "core/waker.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PRODUCERS 3u
#define ITEMS     40000u
#define FOREVER   (60 * NS_PER_S) /* a wait that took this long was never woken */

static struct waker waker;
static _Atomic uint64_t made;
static uint64_t plain[PRODUCERS]; /* published by `ready` */
static _Atomic uint64_t ready[PRODUCERS];

static bool
is_readable(void)
{
	struct pollfd p = {.fd = waker.fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
many_wakes_are_one(void **state)
{
	(void)state;
	waker_init(&waker);
	assert_false(is_readable());
	for (unsigned i = 0; i < 100; i++)
		waker_wake(&waker);
	assert_true(is_readable());
	waker_clear(&waker);
	assert_false(is_readable());
	waker_wake(&waker);
	assert_true(is_readable());
	waker_fini(&waker);
}

static void
a_wake_before_the_wait_ends_it_at_once(void **state)
{
	uint64_t start = clock_mono_ns();

	(void)state;
	waker_init(&waker);
	waker_wake(&waker);
	waker_wait(&waker, FOREVER);
	assert_true(clock_mono_ns() - start < FOREVER);
	waker_wait(&waker, 1); /* nobody wakes: the time ends it */
	waker_wait(&waker, 0);
	assert_false(is_readable());
	waker_fini(&waker);
}

static void *
produce(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < ITEMS; i++) {
		atomic_fetch_add(&made, 1);
		waker_wake(&waker);
		if (i % 64 == me)
			sched_yield();
	}
	return NULL;
}

static void
every_item_is_seen_by_a_consumer_that_sleeps_in_between(void **state)
{
	pthread_t producer[PRODUCERS];
	uint64_t seen = 0;

	(void)state;
	waker_init(&waker);
	atomic_store(&made, 0);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&producer[i], NULL, produce, (void *)i), 0);
	while (seen < (uint64_t)PRODUCERS * ITEMS) {
		uint64_t start = clock_mono_ns();

		waker_wait(&waker, FOREVER);
		assert_true(clock_mono_ns() - start < FOREVER);
		seen = atomic_load(&made);
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(producer[i], NULL);
	waker_fini(&waker);
}

/* Each producer waits until its item is taken: one wake too few and both sleep for good. */
static void *
ping(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	for (unsigned i = 1; i <= 3000; i++) {
		plain[me] = i;
		atomic_store_explicit(&ready[me], 1, memory_order_release);
		waker_wake(&waker);
		while (atomic_load_explicit(&ready[me], memory_order_acquire))
			sched_yield();
	}
	return NULL;
}

static void
one_item_at_a_time_is_never_left_lying(void **state)
{
	pthread_t producer[PRODUCERS];
	uint64_t last[PRODUCERS] = {0}, taken = 0;

	(void)state;
	waker_init(&waker);
	for (uintptr_t i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&producer[i], NULL, ping, (void *)i), 0);
	while (taken < (uint64_t)PRODUCERS * 3000) {
		uint64_t start = clock_mono_ns();

		waker_wait(&waker, FOREVER);
		assert_true(clock_mono_ns() - start < FOREVER);
		for (unsigned i = 0; i < PRODUCERS; i++) {
			if (!atomic_load_explicit(&ready[i], memory_order_acquire))
				continue;
			assert_true(plain[i] == ++last[i]);
			taken++;
			atomic_store_explicit(&ready[i], 0, memory_order_release);
		}
	}
	for (unsigned i = 0; i < PRODUCERS; i++)
		pthread_join(producer[i], NULL);
	waker_fini(&waker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_wakes_are_one),
	    cmocka_unit_test(a_wake_before_the_wait_ends_it_at_once),
	    cmocka_unit_test(every_item_is_seen_by_a_consumer_that_sleeps_in_between),
	    cmocka_unit_test(one_item_at_a_time_is_never_left_lying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
