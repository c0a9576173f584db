/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only in ThreadSanitizer builds: C11 threads by way of POSIX threads. librdkafka starts its
 * threads with thrd_create(), which the sanitizer does not intercept; such a thread has no
 * sanitizer state and crashes in its first malloc(). glibc's thrd_t is a pthread_t.
 */
#include "core/rcu.h"

#ifdef RCU_TSAN
#include "core/must.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct start {
	thrd_start_t run;
	void *arg;
};

static void *
run_started(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	return (void *)(intptr_t)s.run(s.arg);
}

int
thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
	struct start *s = must_alloc(sizeof(*s));

	*s = (struct start){run, arg};
	if (pthread_create(thread, NULL, run_started, s) == 0)
		return thrd_success;
	free(s);
	return thrd_error;
}

int
thrd_join(thrd_t thread, int *result)
{
	void *value;

	if (pthread_join(thread, &value) != 0)
		return thrd_error;
	if (result)
		*result = (int)(intptr_t)value;
	return thrd_success;
}
#endif
