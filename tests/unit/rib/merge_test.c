/* SPDX-License-Identifier: Apache-2.0 */
/* What several clusters have for one prefix, and what is announced of it. */
#include "rib/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define ALL_ROLES TSA(no_thread_safety_analysis)

static struct merge merge;

static void
begin(uint32_t a, uint32_t b, uint32_t c)
{
	const struct config_cluster all[] = {
	    {.preference = a}, {.preference = b}, {.preference = c}};

	merge_init(&merge, &(struct config_clusters){all, c ? 3 : 2});
}

/* next hops: digits in ascending order; each path's attributes are the cluster's number. */
static struct merged
set(uint32_t cluster, uint32_t prefix, const char *nexthops) ALL_ROLES
{
	struct path_in paths[16];
	uint32_t n = 0;

	for (; nexthops[n]; n++)
		paths[n] = (struct path_in){(uint32_t)(nexthops[n] - '0'), cluster};
	return merge_set(
	    &merge, cluster, prefix, (struct set_kind){.everywhere = true}, paths, n);
}

static void
assert_set(struct merged m, const char *nexthops, const char *attrs)
{
	char got[2][17] = {"", ""};

	for (uint32_t i = 0; i < m.n && i < 16; i++) {
		got[0][i] = (char)('0' + m.paths[i].nexthop);
		got[1][i] = (char)('0' + m.paths[i].attrs);
	}
	assert_string_equal(got[0], nexthops);
	assert_string_equal(got[1], attrs);
}

static void
equal_clusters_are_anycast(void **state)
{
	(void)state;
	begin(100, 100, 0);
	assert_set(set(0, 7, "135"), "135", "000");
	assert_set(set(1, 7, "246"), "123456", "010101");
	assert_set(set(0, 7, ""), "246", "111");
	assert_set(set(1, 7, ""), "", "");
	merge_fini(&merge);
}

static void
the_preferred_cluster_is_alone_until_it_has_no_path_left(void **state)
{
	(void)state;
	begin(100, 200, 0);
	assert_set(set(0, 7, "13"), "13", "00");
	assert_set(set(1, 7, "24"), "24", "11");
	assert_set(set(0, 7, "135"), "24", "11");
	assert_set(set(1, 7, ""), "135", "000");
	merge_fini(&merge);
}

static void
a_next_hop_of_two_clusters_is_one_path_with_the_attributes_of_the_first(void **state)
{
	(void)state;
	begin(100, 100, 100);
	assert_set(set(2, 7, "345"), "345", "222");
	assert_set(set(1, 7, "23"), "2345", "1122");
	assert_set(set(0, 7, "35"), "2345", "1020");
	assert_set(set(1, 7, ""), "345", "020");
	merge_fini(&merge);
}

static void
prefixes_do_not_disturb_each_other(void **state)
{
	(void)state;
	begin(100, 100, 0);
	set(0, 0, "1");
	set(0, 5000, "2");
	assert_set(set(1, 0, "3"), "13", "01");
	assert_set(set(1, 5000, "1"), "12", "10");
	merge_fini(&merge);
}

static void
only_what_is_everywhere_in_each_cluster_is_everywhere(void **state) ALL_ROLES
{
	const struct path_in one = {1, 0}, two = {2, 0};

	(void)state;
	begin(100, 100, 0);
	assert_true(merge_set(&merge, 0, 7, (struct set_kind){.everywhere = true}, &one, 1)
	                .kind.everywhere);
	assert_false(merge_set(&merge, 1, 7, (struct set_kind){.everywhere = false}, &two, 1)
	                 .kind.everywhere);
	merge_fini(&merge);
}

static void
the_lowest_class_names_the_union(void **state) ALL_ROLES
{
	const struct path_in one = {1, 0}, two = {2, 0};

	(void)state;
	begin(100, 100, 0);
	merge_set(
	    &merge, 0, 7, (struct set_kind){.prefix_class = CLASS_LOAD_BALANCER}, &one, 1);
	assert_int_equal(merge_set(&merge, 1, 7,
	                     (struct set_kind){.prefix_class = CLASS_EXTERNAL_IP}, &two, 1)
	                     .kind.prefix_class,
	    CLASS_EXTERNAL_IP);
	merge_fini(&merge);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_clusters_are_anycast),
	    cmocka_unit_test(the_preferred_cluster_is_alone_until_it_has_no_path_left),
	    cmocka_unit_test(
	        a_next_hop_of_two_clusters_is_one_path_with_the_attributes_of_the_first),
	    cmocka_unit_test(prefixes_do_not_disturb_each_other),
	    cmocka_unit_test(only_what_is_everywhere_in_each_cluster_is_everywhere),
	    cmocka_unit_test(the_lowest_class_names_the_union),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
