/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"
#include "feed/known.h"

#include <stdio.h>

static void
count_gone(void *ctx, const char *key)
{
	char *text = ctx;

	strcat(text, key);
	strcat(text, " ");
}

static void
a_value_is_news_once(void **state)
{
	struct known k;

	(void)state;
	known_init(&k);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//a", 1), KNOWN_NEW);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//a", 1), KNOWN_SAME);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//a", 2), KNOWN_CHANGED);
	assert_true(known_drop(&k, RESOURCE_NODE, "nodes//a"));
	assert_false(known_drop(&k, RESOURCE_NODE, "nodes//a"));
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//a", 2), KNOWN_NEW);
	known_fini(&k);
}

static void
a_listing_sweeps_what_it_did_not_have_of_its_own_resource(void **state)
{
	char gone[100] = "";
	struct known k;

	(void)state;
	known_init(&k);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//a", 1), KNOWN_NEW);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//b", 1), KNOWN_NEW);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//c", 1), KNOWN_NEW);
	assert_int_equal(known_put(&k, RESOURCE_SERVICE, "services/x/a", 1), KNOWN_NEW);
	known_begin(&k, RESOURCE_NODE);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//b", 1), KNOWN_SAME);
	known_touch(&k, RESOURCE_NODE, "nodes//c");
	known_touch(&k, RESOURCE_NODE, "nodes//never");
	assert_int_equal(known_sweep(&k, RESOURCE_NODE, count_gone, gone), 1);
	assert_string_equal(gone, "nodes//a ");
	assert_int_equal(k.count[RESOURCE_NODE], 2);
	assert_int_equal(k.count[RESOURCE_SERVICE], 1);
	known_fini(&k);
}

static void
a_listing_that_begins_anew_forgets_the_half_one(void **state)
{
	char gone[100] = "";
	struct known k;

	(void)state;
	known_init(&k);
	known_begin(&k, RESOURCE_NODE);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//a", 1), KNOWN_NEW);
	known_begin(&k, RESOURCE_NODE);
	assert_int_equal(known_put(&k, RESOURCE_NODE, "nodes//b", 1), KNOWN_NEW);
	assert_int_equal(known_sweep(&k, RESOURCE_NODE, count_gone, gone), 1);
	assert_string_equal(gone, "nodes//a ");
	known_fini(&k);
}

static void
a_hundred_thousand_keys_are_found_again(void **state)
{
	char key[64], gone[1] = "";
	struct known k;

	(void)state;
	known_init(&k);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "endpointslices/ns-%u/s-%u", i % 97, i);
		assert_int_equal(known_put(&k, RESOURCE_SLICE, key, i), KNOWN_NEW);
	}
	known_begin(&k, RESOURCE_SLICE);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "endpointslices/ns-%u/s-%u", i % 97, i);
		assert_int_equal(known_put(&k, RESOURCE_SLICE, key, i), KNOWN_SAME);
	}
	assert_int_equal(known_sweep(&k, RESOURCE_SLICE, count_gone, gone), 0);
	known_clear(&k);
	assert_int_equal(k.n, 0);
	known_fini(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_is_news_once),
	    cmocka_unit_test(a_listing_sweeps_what_it_did_not_have_of_its_own_resource),
	    cmocka_unit_test(a_listing_that_begins_anew_forgets_the_half_one),
	    cmocka_unit_test(a_hundred_thousand_keys_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
