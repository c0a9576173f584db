/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /proc/self and asks jemalloc where it is linked. */
#include "watch/process.h"

#include "core/clock.h"

#include <stdio.h>
#include <stdlib.h>
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

/* Field 22 of /proc/self/stat, in ticks since boot, behind a name that may hold anything. */
static uint64_t
start_ticks(void)
{
	char line[1024];
	FILE *f = fopen("/proc/self/stat", "re");
	char *at = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	char *rest = NULL;
	unsigned field = 2;

	if (f)
		fclose(f);
	for (char *word = at ? strtok_r(at, " ", &rest) : NULL; word;
	     word = strtok_r(NULL, " ", &rest), field++)
		if (field == 22)
			return strtoull(word, NULL, 10);
	return 0;
}

uint64_t
process_uptime_ns(void)
{
	uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	uint64_t ticks = start_ticks();
	double boot = 0;
	FILE *f = fopen("/proc/uptime", "re");
	uint64_t started, now;

	if (f && fscanf(f, "%lf", &boot) != 1)
		boot = 0;
	if (f)
		fclose(f);
	now = (uint64_t)(boot * 1e9);
	started = ticks / per_second * NS_PER_S + ticks % per_second * NS_PER_S / per_second;
	return now > started ? now - started : 0;
}

uint64_t
process_started_wall_ns(void)
{
	return clock_wall_ns() - process_uptime_ns();
}
