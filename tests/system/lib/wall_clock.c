/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LD_PRELOAD: a wall clock that is off by as many seconds as the file $WALL_CLOCK_OFFSET says at the moment. Nothing else is
 * touched: libfaketime, which is the known tool, also rewrites the deadlines of pthread_cond_timedwait(), those of
 * monotonic condition variables too, which a clock that is set does not.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t
offset(void)
{
	char text[32] = "";
	int fd = open(getenv("WALL_CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		abort();
	close(fd);
	return atol(text);
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	int result = (int)syscall(SYS_clock_gettime, id, out);

	if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		out->tv_sec += offset();
	return result;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
