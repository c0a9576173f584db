/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many processors this process may really use, from which each stage derives how many threads it starts by
 * default. The machine's number is too many in a container: the scheduler's affinity (cpuset) and the quota of
 * its control group count too, since threads beyond a quota only take turns at being throttled.
 */
#pragma once

/* At least 1. Read from the kernel each time; any thread. */
unsigned cpus_usable(void);

/*
 * The part of it that is a control group's quota, rounded up: 0 where there is none. root: where the hierarchies are
 * mounted ("/sys/fs/cgroup"), groups: the text of /proc/self/cgroup; the group's ancestors limit it too. Understands version 2 (cpu.max) and 1
 * (cpu.cfs_quota_us).
 */
unsigned cpus_of_quota(const char *root, const char *groups);
