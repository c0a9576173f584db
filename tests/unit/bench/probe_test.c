/* SPDX-License-Identifier: Apache-2.0 */
/* A change on its way to the last ToR. */
#include "core/clock.h"
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TORS   3
#define PREFIX 0x0a600001u
#define HOP    0xac100001u
#define MS     NS_PER_MS

static struct probes *p;

static int
setup(void **state)
{
	(void)state;
	p = probes_new(TORS, TORS, 100);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	probes_free(p);
	return 0;
}

static void
see(uint32_t tor, uint32_t hop, bool present, uint64_t now_ns)
{
	struct path_key key = {.bytes = {10, 96, 0, 1}, .id = 7, .family = IP_V4, .len = 32};
	uint64_t tag = probes_wait(p, &key, hop);

	if (tag)
		probes_report(p, tag, present, tor, now_ns);
}

static void
a_change_takes_until_the_last_tor_has_it(void **state)
{
	struct stamp *s = probes_open(p, PREFIX, HOP, true, 1);
	const struct probe_results *r;

	(void)state;
	assert_non_null(s);
	s->handed_ns = 100 * MS;
	see(0, HOP, true, 103 * MS);
	see(2, HOP, true, 104 * MS);
	see(2, HOP, true, 109 * MS);     /* it is told twice */
	see(1, HOP, false, 105 * MS);    /* something else happened to the path */
	see(1, HOP + 1, true, 105 * MS); /* and another path came */
	assert_int_equal(probes_open_count(p), 1);
	see(1, HOP, true, 107 * MS);
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 1); /* the broker has not answered yet */
	s->acked_ns = 102 * MS;
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 0);
	r = probes_end(p);
	assert_int_equal(r->last.total, 1);
	assert_true(
	    r->first.max == 3 * MS && r->last.max == 7 * MS && r->acked_last.max == 5 * MS);
	assert_int_equal(r->overtaken + r->unseen, 0);
}

static void
the_next_change_to_the_path_overtakes_it(void **state)
{
	struct stamp *a = probes_open(p, PREFIX, HOP, true, 1), *b;
	const struct probe_results *r;

	(void)state;
	see(0, HOP, true, 5 * MS);
	b = probes_open(p, PREFIX, HOP, false, 1);
	assert_true(b && b != a);
	for (uint32_t i = 0; i < TORS; i++)
		see(i, HOP, false, 6 * MS);
	a->handed_ns = a->acked_ns = b->handed_ns = b->acked_ns = 1 * MS;
	r = probes_end(p);
	assert_int_equal(r->overtaken, 1);
	assert_int_equal(r->last.total, 1);
	assert_true(r->last.max == 5 * MS);
}

static void
what_some_tor_never_had_is_counted_as_unseen(void **state)
{
	struct stamp *s = probes_open(p, PREFIX, HOP, true, 1);
	const struct probe_results *r;

	(void)state;
	s->handed_ns = s->acked_ns = 1;
	see(0, HOP, true, 5);
	see(1, HOP, true, 5);
	r = probes_end(p);
	assert_int_equal(r->unseen, 1);
	assert_int_equal(r->last.total, 0);
	see(2, HOP, true, 9); /* too late, and nobody waits */
	assert_int_equal(probes_open_count(p), 0);
}

static void
no_more_are_observed_than_were_asked_for(void **state)
{
	unsigned n = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		n += probes_open(p, PREFIX + i, HOP, true, NS_PER_S) != NULL;
	assert_true(n > 90 && n <= 100); /* two may fall into one slot */
	for (uint32_t i = 0; i < 1000; i++)
		n += probes_open(p, PREFIX + 1000 + i, HOP, true, NS_PER_S * 3 / 2) != NULL;
	assert_true(n > 135 && n <= 150);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_change_takes_until_the_last_tor_has_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        the_next_change_to_the_path_overtakes_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        what_some_tor_never_had_is_counted_as_unseen, setup, teardown),
	    cmocka_unit_test_setup_teardown(
	        no_more_are_observed_than_were_asked_for, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
