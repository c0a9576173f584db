/* SPDX-License-Identifier: Apache-2.0 */
/* What is retired lives as long as a reader may see it, and no longer than the next drain. */
#include "core/must.h"
#include "core/rcu.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL_ROLES TSA(no_thread_safety_analysis)

struct thing {
	struct rcu_later later;
	uint64_t a, b; /* always a == ~b while it can be seen */
};

static RCU(struct thing) shared;
static _Atomic unsigned freed;
static _Atomic int step;

static void
free_thing(struct rcu_later *later)
{
	struct thing *t = (struct thing *)later;

	t->a = t->b = 0;
	atomic_fetch_add(&freed, 1);
	free(t);
}

static struct thing *
thing_new(uint64_t a)
{
	struct thing *t = must_calloc(1, sizeof(*t));

	t->a = a;
	t->b = ~a;
	return t;
}

static void
wait_for(int s)
{
	while (atomic_load(&step) < s)
		sched_yield();
}

/* Inside its read side from step 1 to step 2. */
static void *
slow_reader(void *arg) ALL_ROLES
{
	const struct thing *t;

	(void)arg;
	role_take(ROLE_IO, "reader");
	rcu_enter();
	t = rcu_get(shared);
	atomic_store(&step, 1);
	wait_for(2);
	must(t->a == ~t->b);
	rcu_leave();
	role_drop();
	return NULL;
}

static void
what_is_retired_waits_for_the_readers_that_can_see_it(void **state) ALL_ROLES
{
	struct thing *old = thing_new(1);
	pthread_t reader;

	(void)state;
	atomic_store(&freed, 0);
	atomic_store(&step, 0);
	rcu_publish(shared, old);
	assert_int_equal(pthread_create(&reader, NULL, slow_reader, NULL), 0);
	wait_for(1);
	rcu_publish(shared, thing_new(2));
	rcu_retire(&old->later, free_thing);
	/* Time does not matter: it must not be freed however long this takes. */
	for (unsigned i = 0; i < 1000; i++) {
		sched_yield();
		assert_int_equal(atomic_load(&freed), 0);
	}
	assert_true(rcu_backlog() >= 1);
	atomic_store(&step, 2);
	pthread_join(reader, NULL);
	rcu_drain();
	assert_int_equal(atomic_load(&freed), 1);
	assert_int_equal(rcu_backlog(), 0);
	free(rcu_own(shared));
	rcu_publish(shared, NULL);
}

static void
a_drain_waits_for_all_that_was_retired_before(void **state) ALL_ROLES
{
	(void)state;
	atomic_store(&freed, 0);
	for (unsigned i = 0; i < 1000; i++)
		rcu_retire(&thing_new(i)->later, free_thing);
	rcu_drain();
	assert_int_equal(atomic_load(&freed), 1000);
	rcu_drain(); /* nothing to wait for */
}

static void
a_plain_block_can_be_retired_too(void **state) ALL_ROLES
{
	(void)state;
	rcu_retire_block(must_alloc(100));
	rcu_retire_block(NULL);
	rcu_drain();
	assert_int_equal(rcu_backlog(), 0);
}

static void *
busy_reader(void *arg) ALL_ROLES
{
	uint64_t last = 0;

	(void)arg;
	role_take(ROLE_IO, "reader");
	while (atomic_load(&step) == 0) {
		const struct thing *t;

		rcu_enter();
		t = rcu_get(shared);
		must(t->a == ~t->b && t->a >= last); /* whole, alive, never an older one */
		last = t->a;
		rcu_leave();
	}
	role_drop();
	return NULL;
}

static void
readers_see_whole_objects_and_never_go_back(void **state) ALL_ROLES
{
	pthread_t reader[2];

	(void)state;
	atomic_store(&freed, 0);
	atomic_store(&step, 0);
	rcu_publish(shared, thing_new(1));
	for (unsigned i = 0; i < COUNT_OF(reader); i++)
		assert_int_equal(pthread_create(&reader[i], NULL, busy_reader, NULL), 0);
	for (uint64_t i = 2; i < 20000; i++) {
		struct thing *old = rcu_own(shared);

		rcu_publish(shared, thing_new(i));
		rcu_retire(&old->later, free_thing);
	}
	atomic_store(&step, 1);
	for (unsigned i = 0; i < COUNT_OF(reader); i++)
		pthread_join(reader[i], NULL);
	rcu_drain();
	assert_int_equal(atomic_load(&freed), 19998);
	free(rcu_own(shared));
	rcu_publish(shared, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_retired_waits_for_the_readers_that_can_see_it),
	    cmocka_unit_test(a_drain_waits_for_all_that_was_retired_before),
	    cmocka_unit_test(a_plain_block_can_be_retired_too),
	    cmocka_unit_test(readers_see_whole_objects_and_never_go_back),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
