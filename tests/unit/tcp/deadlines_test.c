/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of deadlines: order, moving, lazy setting, and thousands at random. */
#include "core/hash.h"
#include "core/must.h"
#include "tcp/deadlines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 2000

static struct deadline *served[MANY];
static unsigned n_served;

static void
note(struct deadline *d, uint64_t now)
{
	assert_true(d->at <= now);
	assert_int_equal(d->slot, 0);
	served[n_served++] = d;
}

static struct event_base *
begin(struct deadlines *s)
{
	struct event_base *base = event_base_new();

	n_served = 0;
	deadlines_init(s, base);
	return base;
}

static void
end(struct deadlines *s, struct event_base *base)
{
	deadlines_fini(s);
	event_base_free(base);
}

static void
they_are_served_in_the_order_of_time(void **unused)
{
	struct deadline d[3] = {{.on_due = note}, {.on_due = note}, {.on_due = note}};
	uint64_t now = clock_mono_ns();
	struct deadlines s;
	struct event_base *base = begin(&s);

	(void)unused;
	deadline_set(&s, &d[0], now + 3 * NS_PER_MS);
	deadline_set(&s, &d[1], now + 1 * NS_PER_MS);
	deadline_set(&s, &d[2], now + 2 * NS_PER_MS);
	event_base_dispatch(base);
	assert_int_equal(n_served, 3);
	assert_ptr_equal(served[0], &d[1]);
	assert_ptr_equal(served[1], &d[2]);
	assert_ptr_equal(served[2], &d[0]);
	end(&s, base);
}

static void
one_that_never_comes_keeps_no_timer_running(void **unused)
{
	struct deadline d = {.on_due = note};
	struct deadlines s;
	struct event_base *base = begin(&s);

	(void)unused;
	deadline_set(&s, &d, NS_NEVER);
	assert_int_equal(d.slot, 0);
	assert_int_equal(s.armed_at, NS_NEVER);
	end(&s, base);
}

static void
setting_lazily_keeps_the_earlier_time(void **unused)
{
	struct deadline d = {.on_due = note};
	struct deadlines s;
	struct event_base *base = begin(&s);
	uint64_t now = clock_mono_ns();

	(void)unused;
	deadline_set_lazily(&s, &d, now + 20 * NS_PER_S);
	deadline_set_lazily(&s, &d, now + 30 * NS_PER_S);
	assert_int_equal(d.at, now + 20 * NS_PER_S);
	deadline_set_lazily(&s, &d, now + 10 * NS_PER_S);
	assert_int_equal(d.at, now + 10 * NS_PER_S);
	deadline_clear(&s, &d);
	end(&s, base);
}

static void
the_earliest_is_always_on_top_whatever_is_set_and_cleared(void **unused)
{
	struct deadline *d = calloc(MANY, sizeof(*d));
	struct deadlines s;
	struct event_base *base = begin(&s);
	uint64_t far = clock_mono_ns() + 1000 * NS_PER_S, last = 0;

	(void)unused;
	for (uint64_t i = 0; i < 5 * MANY; i++) {
		struct deadline *one = &d[hash_mix(i) % MANY];

		if (hash_mix(i + 77) % 4 == 0)
			deadline_clear(&s, one);
		else
			deadline_set(&s, one, far + hash_mix(i + 99) % NS_PER_S);
	}
	while (s.n) {
		struct deadline *top = s.heap[0];

		assert_true(top->at >= last);
		last = top->at;
		deadline_clear(&s, top);
		assert_int_equal(top->slot, 0);
	}
	end(&s, base);
	free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_are_served_in_the_order_of_time),
	    cmocka_unit_test(one_that_never_comes_keeps_no_timer_running),
	    cmocka_unit_test(setting_lazily_keeps_the_earlier_time),
	    cmocka_unit_test(the_earliest_is_always_on_top_whatever_is_set_and_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
