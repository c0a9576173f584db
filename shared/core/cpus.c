/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cpus.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS_MAX 4096 /* of the affinity mask */
#define TEXT_MAX 4096

static bool
read_text(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return false;
	n = fread(text, 1, size - 1, f);
	fclose(f);
	text[n] = '\0';
	return n > 0;
}

static unsigned
share(long long quota, long long period)
{
	if (quota <= 0 || period <= 0)
		return 0;
	return (unsigned)((quota + period - 1) / period);
}

/* Version 2: "max 100000" or "150000 100000". */
static unsigned
quota_of_v2(const char *dir)
{
	char path[TEXT_MAX + 16], text[128];
	long long quota, period;

	snprintf(path, sizeof(path), "%s/cpu.max", dir);
	if (!read_text(path, text, sizeof(text)) ||
	    sscanf(text, "%lld %lld", &quota, &period) != 2)
		return 0;
	return share(quota, period);
}

/* Version 1: two files; a quota of -1 is none. */
static unsigned
quota_of_v1(const char *dir)
{
	char path[TEXT_MAX + 32], text[64];
	long long quota;

	snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", dir);
	if (!read_text(path, text, sizeof(text)))
		return 0;
	quota = atoll(text);
	snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", dir);
	return read_text(path, text, sizeof(text)) ? share(quota, atoll(text)) : 0;
}

/* The least quota of the group and its ancestors; in a container the group's own path is often not mounted. */
static unsigned
least_on_the_way(const char *mount, const char *group, unsigned (*quota_of)(const char *dir))
{
	char dir[TEXT_MAX];
	size_t top = strlen(mount);
	unsigned least = 0;

	if (snprintf(dir, sizeof(dir), "%s%s", mount, group) >= (int)sizeof(dir))
		return 0;
	for (;;) {
		unsigned n = quota_of(dir);
		char *slash = strrchr(dir, '/');

		if (n && (!least || n < least))
			least = n;
		if (strlen(dir) <= top || !slash)
			return least;
		*slash = '\0';
	}
}

/* One line of /proc/self/cgroup: "hierarchy:controllers:path". */
static unsigned
quota_of_line(const char *root, char *line)
{
	char *controllers = strchr(line, ':'), *path, mount[TEXT_MAX];

	if (!controllers)
		return 0;
	*controllers++ = '\0';
	path = strchr(controllers, ':');
	if (!path)
		return 0;
	*path++ = '\0';
	if (!*controllers) /* version 2; on a mixed machine it has no cpu.max */
		return least_on_the_way(root, path, quota_of_v2);
	if (strcmp(controllers, "cpu") != 0 && strncmp(controllers, "cpu,", 4) != 0 &&
	    !strstr(controllers, ",cpu,") && strcmp(controllers, "cpuacct,cpu") != 0)
		return 0;
	snprintf(mount, sizeof(mount), "%s/%s", root, controllers);
	return least_on_the_way(mount, path, quota_of_v1);
}

unsigned
cpus_of_quota(const char *root, const char *groups)
{
	char text[TEXT_MAX], *rest = text;
	unsigned least = 0;

	snprintf(text, sizeof(text), "%s", groups);
	for (char *line; (line = strsep(&rest, "\n"));) {
		unsigned n = quota_of_line(root, line);

		if (n && (!least || n < least))
			least = n;
	}
	return least;
}

static unsigned
cpus_of_affinity(void)
{
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = 0;

	if (set && sched_getaffinity(0, size, set) == 0)
		n = (unsigned)CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return n ? n : online > 0 ? (unsigned)online : 1;
}

unsigned
cpus_usable(void)
{
	unsigned n = cpus_of_affinity(), quota = 0;
	char groups[TEXT_MAX];

	if (read_text("/proc/self/cgroup", groups, sizeof(groups)))
		quota = cpus_of_quota("/sys/fs/cgroup", groups);
	return quota && quota < n ? quota : n;
}
