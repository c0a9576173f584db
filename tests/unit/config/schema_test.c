/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON Schema of a configuration file, for editors and for the Helm chart. */
#include "config/config.h"
#include "config/rows.h"
#include "core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct text {
	char at[131072];
	size_t len;
};

static struct text out;

static void
collect(void *ctx, const char *text, size_t n)
{
	struct text *t = ctx;

	assert_true(t->len + n < sizeof(t->at));
	memcpy(t->at + t->len, text, n);
	t->len += n;
}

static int
print_it(void **state)
{
	(void)state;
	config_print_schema(collect, &out);
	return 0;
}

static void
it_is_one_json_object_that_names_its_draft(void **state)
{
	int depth = 0;

	(void)state;
	assert_int_equal(out.at[0], '{');
	assert_non_null(
	    strstr(out.at, "\"$schema\":\"http://json-schema.org/draft-07/schema#\""));
	for (size_t i = 0; i < out.len; i++)
		depth += (out.at[i] == '{') - (out.at[i] == '}');
	assert_int_equal(depth, 0);
}

static void
every_key_has_its_place_and_no_other_key_is_allowed(void **state)
{
	unsigned closed = 0, mappings = 0;
	char key[80];

	(void)state;
	for (unsigned i = 0; i < config_row_count; i++) {
		snprintf(key, sizeof(key), "\"%s\":{\"description\":", config_rows[i].key);
		if (!strstr(out.at, key))
			fail_msg("no %s", key);
	}
	for (const char *at = out.at; (at = strstr(at, "\"additionalProperties\":false")); at++)
		closed++;
	for (const char *at = out.at; (at = strstr(at, "\"properties\":{")); at++)
		mappings +=
		    strncmp(at + strlen("\"properties\":{"), "\"description\"", 13) != 0;
	assert_int_equal(closed, mappings);
	assert_true(closed >= SECTION_COUNT); /* some stand in several places */
}

/* What a type looks like in the schema, by one key that has it. */
static const struct {
	const char *what, *expected;
} types[] = {
    {"bounds of a number", "\"minimum\":1,\"maximum\":64"},
    {"words", "\"enum\":[\"external\",\"internal\",\"either\"]"},
    {"a list of families", "\"items\":{\"type\":\"string\",\"enum\":[\"ipv4\",\"ipv6\"]}"},
    {"what is required", "\"required\":[\"router_id\",\"local_as\",\"peers\"]"},
    {"free names",
        "\"properties_from_files\":{\"description\":\"Properties whose values stand in files (passwords): property name, path.\",\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\""},
    {"a default", "\"default\":\"kubernetes-state\""},
};

static void
a_type_is_as_narrow_as_json_schema_can_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (!strstr(out.at, types[i].expected))
			fail_msg("%s: no %s", types[i].what, types[i].expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_is_one_json_object_that_names_its_draft),
	    cmocka_unit_test(every_key_has_its_place_and_no_other_key_is_allowed),
	    cmocka_unit_test(a_type_is_as_narrow_as_json_schema_can_say),
	};

	return cmocka_run_group_tests(tests, print_it, NULL);
}
