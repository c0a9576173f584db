/* SPDX-License-Identifier: Apache-2.0 */
/* How many processors may be used: quotas of control groups, in directories made for it. */
#include "core/cpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/helio-cpus-XXXXXX";

static int
begin(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int
end(void **state)
{
	static const char *const made[] = {"a/b/cpu.max", "a/cpu.max", "cpu.max",
	    "cpu,cpuacct/x/cpu.cfs_quota_us", "cpu,cpuacct/x/cpu.cfs_period_us", "a/b", "a",
	    "cpu,cpuacct/x", "cpu,cpuacct", ""};
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, made[i]);
		remove(path);
	}
	return 0;
}

static void
put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *c = path + sizeof(root); *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		mkdir(path, 0755);
		*c = '/';
	}
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
without_a_quota_there_is_no_limit(void **state)
{
	(void)state;
	assert_int_equal(cpus_of_quota(root, "0::/nowhere\n"), 0);
	put("cpu.max", "max 100000\n");
	assert_int_equal(cpus_of_quota(root, "0::/\n"), 0);
	assert_int_equal(cpus_of_quota(root, ""), 0);
	assert_int_equal(cpus_of_quota(root, "nonsense"), 0);
}

static void
a_quota_is_rounded_up_to_whole_processors(void **state)
{
	(void)state;
	put("cpu.max", "150000 100000\n");
	assert_int_equal(cpus_of_quota(root, "0::/\n"), 2);
	put("cpu.max", "50000 100000\n");
	assert_int_equal(cpus_of_quota(root, "0::/\n"), 1);
	put("cpu.max", "max 100000\n");
}

static void
the_ancestor_that_allows_least_counts(void **state)
{
	(void)state;
	put("a/cpu.max", "300000 100000\n");
	put("a/b/cpu.max", "800000 100000\n");
	assert_int_equal(cpus_of_quota(root, "0::/a/b\n"), 3);
	put("a/b/cpu.max", "200000 100000\n");
	assert_int_equal(cpus_of_quota(root, "0::/a/b\n"), 2);
}

static void
version_1_has_its_hierarchy_by_the_names_of_its_controllers(void **state)
{
	(void)state;
	put("cpu,cpuacct/x/cpu.cfs_quota_us", "400000\n");
	put("cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
	assert_int_equal(cpus_of_quota(root, "5:devices:/x\n4:cpu,cpuacct:/x\n0::/x\n"), 4);
	put("cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n");
	assert_int_equal(cpus_of_quota(root, "4:cpu,cpuacct:/x\n"), 0);
}

static void
this_process_may_use_at_least_one(void **state)
{
	(void)state;
	assert_true(cpus_usable() >= 1);
	assert_true(cpus_usable() <= (unsigned)sysconf(_SC_NPROCESSORS_CONF));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_quota_there_is_no_limit),
	    cmocka_unit_test(a_quota_is_rounded_up_to_whole_processors),
	    cmocka_unit_test(the_ancestor_that_allows_least_counts),
	    cmocka_unit_test(version_1_has_its_hierarchy_by_the_names_of_its_controllers),
	    cmocka_unit_test(this_process_may_use_at_least_one),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
