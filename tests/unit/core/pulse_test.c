/* SPDX-License-Identifier: Apache-2.0 */
/* When a thread counts as stuck; time is simulated. */
#include "core/clock.h"
#include "core/log.h"
#include "core/pulse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S NS_PER_S

static const struct pulse_limits limits = {.report_ns = 10 * S, .abort_ns = 60 * S};
static uint64_t now = 1000 * S;
static char stuck[64];
static unsigned wakes;

static void
on_stuck(void *ctx, const char *name, uint64_t stuck_ns)
{
	(void)ctx;
	snprintf(stuck, sizeof(stuck), "%s %llu", name, (unsigned long long)(stuck_ns / S));
}

static void
wake(void *ctx)
{
	(void)ctx;
	wakes++;
}

/* Looks every second for so long; beating: the thread answers. */
static enum pulse_verdict
pass(unsigned seconds, bool beating)
{
	enum pulse_verdict v = PULSE_WELL;

	while (seconds--) {
		now += S;
		v = pulse_look(&limits, now, on_stuck, NULL);
		if (beating)
			pulse_beat();
	}
	return v;
}

static int
begin(void **state)
{
	(void)state;
	log_set(LOG_ERROR, LOG_LOGFMT);
	stuck[0] = '\0';
	wakes = 0;
	pulse_begin("helio-test");
	pulse_wakes(wake, NULL);
	pass(10, true);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	pulse_end();
	return 0;
}

static void
a_thread_that_answers_is_well_and_asked_every_five_seconds(void **state)
{
	unsigned before = wakes;

	(void)state;
	assert_int_equal(pass(100, true), PULSE_WELL);
	assert_int_equal(wakes - before, 20);
	assert_string_equal(stuck, "");
}

static void
a_silent_thread_is_reported_once_with_its_name(void **state)
{
	uint64_t ns;
	char name[32];

	(void)state;
	assert_int_equal(pass(10, false), PULSE_WELL); /* asked after 1 to 5 s, then 10 s */
	assert_false(pulse_is_stuck(name, sizeof(name), &ns));
	assert_int_equal(pass(6, false), PULSE_STUCK);
	assert_memory_equal(stuck, "helio-test 1", 12);
	assert_true(pulse_is_stuck(name, sizeof(name), &ns));
	assert_string_equal(name, "helio-test");
	stuck[0] = '\0';
	assert_int_equal(pass(20, false), PULSE_STUCK);
	assert_string_equal(stuck, "");
	pulse_beat();
	assert_false(pulse_is_stuck(name, sizeof(name), &ns));
	assert_int_equal(pass(1, true), PULSE_WELL);
}

static void
a_thread_that_stays_silent_is_hopeless(void **state)
{
	(void)state;
	assert_int_equal(pass(59, false), PULSE_STUCK);
	assert_int_equal(pass(6, false), PULSE_HOPELESS);
	pulse_beat();
}

static void
time_that_nobody_lived_through_does_not_count(void **state)
{
	(void)state;
	assert_int_equal(pass(8, false), PULSE_WELL);
	now += 3600 * S; /* the process was stopped */
	assert_int_equal(pass(1, false), PULSE_WELL);
	pulse_beat();
	assert_int_equal(pass(10, true), PULSE_WELL);
	assert_string_equal(stuck, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        a_thread_that_answers_is_well_and_asked_every_five_seconds, begin, end),
	    cmocka_unit_test_setup_teardown(
	        a_silent_thread_is_reported_once_with_its_name, begin, end),
	    cmocka_unit_test_setup_teardown(a_thread_that_stays_silent_is_hopeless, begin, end),
	    cmocka_unit_test_setup_teardown(
	        time_that_nobody_lived_through_does_not_count, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
