/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog in a process of its own, with a thread that really is stuck: it is named with its stack, then it is over. */
#include "core/clock.h"
#include "core/log.h"
#include "core/pulse.h"
#include "core/rcu.h" /* RCU_TSAN */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;

/* Waits for a lock that nobody gives back. */
static void *
stuck_thread(void *arg)
{
	(void)arg;
	pulse_begin("helio-stuck");
	pthread_mutex_lock(&never);
	return NULL;
}

static void
be_stuck(int err)
{
	const struct rlimit no_core = {0, 0};
	pthread_t t;

	setrlimit(RLIMIT_CORE, &no_core);
	dup2(err, STDERR_FILENO);
	signal(SIGABRT, SIG_DFL);
	pthread_mutex_lock(&never);
	watchdog_start(&(struct pulse_limits){.report_ns = NS_PER_S, .abort_ns = 2 * NS_PER_S});
	if (pthread_create(&t, NULL, stuck_thread, NULL) == 0)
		pthread_join(t, NULL);
	_exit(1);
}

static void
a_stuck_thread_is_reported_with_its_stack_and_then_ends_the_process(void **state)
{
	char text[16384] = "";
	size_t n = 0;
	int ends[2], status = 0;
	ssize_t k;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		be_stuck(ends[1]);
	close(ends[1]);
	while (n < sizeof(text) - 1 && (k = read(ends[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)k;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "a thread does not go round"));
	assert_non_null(strstr(text, "thread=helio-stuck"));
	assert_non_null(strstr(text, "stack of helio-stuck:\n"));
#ifndef RCU_TSAN /* ThreadSanitizer keeps a signal back for as long as the thread waits for a lock */
	assert_non_null(strstr(text, "pthread_mutex_lock"));
#endif
	assert_non_null(strstr(text, "this process ends itself"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        a_stuck_thread_is_reported_with_its_stack_and_then_ends_the_process),
	};

	log_set(LOG_ERROR, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
