/* SPDX-License-Identifier: Apache-2.0 */
/* By ten numbers two replicas are compared: they must depend on what is announced and on nothing else. */
#include "fixture.h"

static uint64_t
digest(void)
{
	uint64_t all[CLASS_COUNT][IP_FAMILIES];

	assert_int_equal(table_digests(&table, all), table_version(&table));
	return all[CLASS_CLUSTER_IP][ip_family_index(IP_V4)];
}

static void
equal_tables_have_equal_digests_whatever_their_history(void **state) ALL_ROLES
{
	uint64_t want, other;

	(void)state;
	assert_int_equal(digest(), 0);
	for (uint32_t i = 0; i < 50; i++)
		set(i, 0xff, i % 3);
	assert_int_equal(digest(), 0); /* until the commit */
	table_commit(&table);
	want = digest();
	assert_int_not_equal(want, 0);
	set(7, 0x7f, 1);
	table_commit(&table);
	other = digest();
	assert_int_not_equal(other, want);
	set(7, 0xff, 1);
	set(8, 0xff, 9); /* another attribute */
	table_commit(&table);
	assert_true(digest() != want && digest() != other);
	end(NULL);
	begin(NULL);
	for (uint32_t h = 20; h-- > 0;) /* other indices */
		hop_name(h);
	for (uint32_t i = 60; i-- > 0;)
		set(i, 0x3ff, 5);
	table_commit(&table);
	for (uint32_t i = 50; i < 60; i++)
		set(i, 0, 0);
	for (uint32_t i = 0; i < 50; i++)
		set(i, 0xff, i % 3);
	table_commit(&table);
	assert_int_equal(digest(), want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TABLE(equal_tables_have_equal_digests_whatever_their_history),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
