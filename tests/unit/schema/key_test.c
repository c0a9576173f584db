/* SPDX-License-Identifier: Apache-2.0 */
/* Record keys: what is a key, what is not, and that keys print back to what they were. */
#include "schema/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum key_result
parse(const char *text, struct record_key *out)
{
	return key_parse(text, strlen(text), out);
}

static void
a_key_that_parses_prints_back_to_itself(void **state)
{
	static const char *const keys[] = {"nodes//n17", "services/shop/web",
	    "endpointslices/shop/web-x7k2p", "servicecidrs//kubernetes", "sync//begin",
	    "sync//end"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct record_key key;
		char buf[KEY_TEXT_MAX];

		assert_int_equal(parse(keys[i], &key), KEY_OK);
		assert_int_equal(key_format(&key, buf), strlen(keys[i]));
		assert_string_equal(buf, keys[i]);
	}
}

static void
the_parts_of_a_key_are_found(void **state)
{
	struct record_key key;

	(void)state;
	assert_int_equal(parse("endpointslices/shop/web-1", &key), KEY_OK);
	assert_int_equal(key.resource, RESOURCE_SLICE);
	assert_int_equal(key.ns_len, 4);
	assert_memory_equal(key.ns, "shop", 4);
	assert_int_equal(key.name_len, 5);
	assert_memory_equal(key.name, "web-1", 5);
}

static void
a_resource_we_do_not_follow_is_unknown_not_bad(void **state)
{
	struct record_key key;

	(void)state;
	assert_int_equal(parse("pods/shop/web-1", &key), KEY_UNKNOWN);
	assert_int_equal(
	    parse("leases.coordination.k8s.io/kube-node-lease/n1", &key), KEY_UNKNOWN);
	assert_int_equal(parse("namespaces//shop", &key), KEY_UNKNOWN);
}

static void
what_is_not_a_key_is_refused(void **state)
{
	static const char *const bad[] = {"", "/", "//", "nodes", "nodes/n1", "nodes//",
	    "nodes/ns/n1", "services//web", "services/shop/", "services/shop/web/extra",
	    "services/sh op/web", "/shop/web", "sync//middle", "sync//", "sync/ns/begin",
	    "services/shop/w\xc3\xa9"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct record_key key;

		if (parse(bad[i], &key) != KEY_BAD)
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

static void
names_longer_than_kubernetes_allows_are_refused(void **state)
{
	char text[600];
	struct record_key key;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "nodes//", 7);
	assert_int_equal(key_parse(text, 7 + KEY_NAME_MAX, &key), KEY_OK);
	assert_int_equal(key_parse(text, 7 + KEY_NAME_MAX + 1, &key), KEY_BAD);
	memcpy(text, "services/", 9);
	text[9 + KEY_NS_MAX] = '/';
	assert_int_equal(key_parse(text, 9 + KEY_NS_MAX + 2, &key), KEY_OK);
	text[9 + KEY_NS_MAX] = 'a';
	text[9 + KEY_NS_MAX + 1] = '/';
	assert_int_equal(key_parse(text, 9 + KEY_NS_MAX + 3, &key), KEY_BAD);
}

static void
the_longest_key_fits_its_buffer(void **state)
{
	char ns[KEY_NS_MAX + 1], name[KEY_NAME_MAX + 1], buf[KEY_TEXT_MAX];
	struct record_key key;

	(void)state;
	memset(ns, 'n', KEY_NS_MAX);
	ns[KEY_NS_MAX] = '\0';
	memset(name, 'm', KEY_NAME_MAX);
	name[KEY_NAME_MAX] = '\0';
	key = key_make(RESOURCE_SLICE, ns, name);
	assert_true(key_format(&key, buf) < KEY_TEXT_MAX);
}

static void
equal_keys_have_equal_hashes_and_parts_do_not_run_together(void **state)
{
	struct record_key a = key_make(RESOURCE_SERVICE, "ab", "c");
	struct record_key b = key_make(RESOURCE_SERVICE, "a", "bc"), c;

	(void)state;
	assert_int_equal(parse("services/ab/c", &c), KEY_OK);
	assert_true(key_equal(&a, &c));
	assert_true(key_hash(&a) == key_hash(&c));
	assert_false(key_equal(&a, &b));
	assert_true(key_hash(&a) != key_hash(&b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_that_parses_prints_back_to_itself),
	    cmocka_unit_test(the_parts_of_a_key_are_found),
	    cmocka_unit_test(a_resource_we_do_not_follow_is_unknown_not_bad),
	    cmocka_unit_test(what_is_not_a_key_is_refused),
	    cmocka_unit_test(names_longer_than_kubernetes_allows_are_refused),
	    cmocka_unit_test(the_longest_key_fits_its_buffer),
	    cmocka_unit_test(equal_keys_have_equal_hashes_and_parts_do_not_run_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
