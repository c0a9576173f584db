/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /proc/self and asks jemalloc where it is linked. */
#include "watch/process.h"

#include "core/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* jemalloc's, where the program is linked with it; weak, because tests are not. */
extern int mallctl(const char *name, void *old, size_t *old_len, void *new, size_t new_len)
    __attribute__((weak));

static uint64_t
allocator_value(const char *name)
{
	size_t value = 0, len = sizeof(value);

	return mallctl(name, &value, &len, NULL, 0) == 0 ? value : 0;
}

void
process_memory_read(struct process_memory *out)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long total, resident, shared;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), epoch = 1;

	memset(out, 0, sizeof(*out));
	if (f && fscanf(f, "%llu %llu %llu", &total, &resident, &shared) == 3) {
		out->resident = resident * page;
		out->shared = shared * page;
	}
	if (f)
		fclose(f);
	if (!mallctl)
		return;
	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)); /* brings its numbers up to date */
	out->has_allocator = true;
	out->allocated = allocator_value("stats.allocated");
	out->active = allocator_value("stats.active");
	out->held = allocator_value("stats.resident");
}

static uint64_t started_wall, started_mono; /* set before the watch thread, then constant */

void
process_started(void)
{
	if (started_mono)
		return;
	started_wall = clock_wall_ns();
	started_mono = clock_mono_ns();
}

uint64_t
process_uptime_ns(void)
{
	return clock_mono_ns() - started_mono;
}

uint64_t
process_started_wall_ns(void)
{
	return started_wall;
}
