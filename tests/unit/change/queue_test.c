/* SPDX-License-Identifier: Apache-2.0 */
/* The change queue under threads: order per producer, nothing lost, waking, backpressure. */
#include "change/queue.h"
#include "core/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PRODUCERS 3
#define EACH      30000

static struct change *
make(int32_t producer, int64_t number)
{
	struct change *c = must_calloc(1, sizeof(*c));

	c->partition = producer;
	c->offset = number;
	c->bytes = sizeof(*c);
	return c;
}

struct producer {
	struct change_queue *queue;
	int32_t id;
};

static void *
produce(void *arg)
{
	struct producer *p = arg;
	struct change_batch batch = {.n = 0};

	for (int64_t i = 0; i < EACH; i++) {
		change_batch_add(&batch, make(p->id, i));
		if (i % (7 + p->id) == 0)
			change_queue_push(p->queue, &batch);
		while (change_queue_full(p->queue))
			change_queue_wait_room(p->queue, NS_PER_S);
	}
	change_queue_push(p->queue, &batch);
	return NULL;
}

static void
changes_of_one_producer_stay_in_order_and_none_is_lost(void **state)
{
	struct producer producers[PRODUCERS];
	int64_t next[PRODUCERS] = {0};
	pthread_t threads[PRODUCERS];
	struct change_queue q;
	uint64_t total = 0;

	(void)state;
	role_is_writer();
	change_queue_init(&q, (uint64_t)sizeof(struct change) * 500);
	for (int32_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){&q, i};
		pthread_create(&threads[i], NULL, produce, &producers[i]);
	}
	while (total < PRODUCERS * EACH) {
		assert_true(change_queue_wait(&q, 20 * NS_PER_S));
		for (struct change *c = change_queue_drain(&q), *after; c; c = after) {
			after = c->next;
			assert_int_equal(c->offset, next[c->partition]++);
			change_free(c);
			total++;
		}
	}
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	assert_null(change_queue_drain(&q));
	assert_int_equal(atomic_load(&q.bytes), 0);
	change_queue_fini(&q);
}

static void
an_empty_queue_waits_for_its_timeout(void **state)
{
	struct change_queue q;
	uint64_t began = clock_mono_ns();

	(void)state;
	role_is_writer();
	change_queue_init(&q, 0);
	assert_false(change_queue_wait(&q, 20 * NS_PER_MS));
	assert_true(clock_mono_ns() - began >= 20 * NS_PER_MS);
	assert_false(change_queue_wait(&q, 0));
	change_queue_fini(&q);
}

static void *
kick_soon(void *arg)
{
	usleep(20000);
	change_queue_kick(arg);
	return NULL;
}

static void
a_kick_wakes_a_sleeping_writer_once(void **state)
{
	struct change_queue q;
	pthread_t thread;

	(void)state;
	role_is_writer();
	change_queue_init(&q, 0);
	pthread_create(&thread, NULL, kick_soon, &q);
	assert_true(change_queue_wait(&q, NS_NEVER));
	pthread_join(thread, NULL);
	assert_false(change_queue_wait(&q, NS_PER_MS));
	change_queue_fini(&q);
}

static void
a_full_queue_has_room_after_a_drain(void **state)
{
	struct change_batch batch = {.n = 0};
	struct change_queue q;

	(void)state;
	role_is_writer();
	change_queue_init(&q, sizeof(struct change));
	change_batch_add(&batch, make(0, 0));
	change_batch_add(&batch, make(0, 1));
	change_queue_push(&q, &batch);
	assert_true(change_queue_full(&q));
	assert_false(change_queue_wait_room(&q, NS_PER_MS));
	for (struct change *c = change_queue_drain(&q), *after; c; c = after) {
		after = c->next;
		change_free(c);
	}
	assert_true(change_queue_wait_room(&q, NS_PER_MS));
	change_queue_fini(&q);
}

static void
more_is_to_come_while_something_waits_or_a_producer_has_input(void **state)
{
	struct change_batch batch = {.n = 0};
	struct change_queue q;

	(void)state;
	role_is_writer();
	change_queue_init(&q, 0);
	assert_false(change_queue_more(&q));
	change_queue_producing(&q, true);
	assert_true(change_queue_more(&q));
	change_batch_add(&batch, make(0, 0));
	change_queue_producing(&q, false);
	change_queue_push(&q, &batch);
	assert_true(change_queue_more(&q));
	change_free(change_queue_drain(&q));
	assert_false(change_queue_more(&q));
	change_queue_fini(&q);
}

static void
what_still_waits_is_freed_with_the_queue(void **state)
{
	struct change_batch batch = {.n = 0};
	struct change_queue q;

	(void)state;
	change_queue_init(&q, 0);
	change_batch_add(&batch, make(0, 0));
	change_queue_push(&q, &batch);
	change_queue_fini(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(changes_of_one_producer_stay_in_order_and_none_is_lost),
	    cmocka_unit_test(an_empty_queue_waits_for_its_timeout),
	    cmocka_unit_test(a_kick_wakes_a_sleeping_writer_once),
	    cmocka_unit_test(a_full_queue_has_room_after_a_drain),
	    cmocka_unit_test(more_is_to_come_while_something_waits_or_a_producer_has_input),
	    cmocka_unit_test(what_still_waits_is_freed_with_the_queue),
	};

	role_take(ROLE_WRITER, "writer");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
