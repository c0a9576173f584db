/* SPDX-License-Identifier: Apache-2.0 */
#include "config/selector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct label {
	const char *key, *value;
} labels[] = {{"app", "web"}, {"empty", ""}, {"example.com/role", "edge"}, {"zone", "b"}};

static const char *
find(const void *object, const char *key)
{
	assert_ptr_equal(object, labels);
	for (size_t i = 0; i < COUNT_OF(labels); i++)
		if (strcmp(labels[i].key, key) == 0)
			return labels[i].value;
	return NULL;
}

static void
selectors_match_as_kubernetes_matches_them(void **state)
{
	static const struct {
		const char *text;
		bool matches;
	} rows[] = {
	    {"app=web", true},
	    {"app==web", true},
	    {"app = web", true},
	    {"app=db", false},
	    {"app!=db", true},
	    {"app!=web", false},
	    {"absent!=web", true},
	    {"app", true},
	    {"absent", false},
	    {"!app", false},
	    {"!absent", true},
	    {"zone in (a,b)", true},
	    {"zone in (a, c)", false},
	    {"zone notin (a,c)", true},
	    {"zone notin (b)", false},
	    {"absent notin (b)", true},
	    {"absent in (b)", false},
	    {"empty=", true},
	    {"app=", false},
	    {"empty in (,x)", true},
	    {"example.com/role=edge,zone in (b),!absent", true},
	    {"example.com/role=edge,zone=c", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char error[256] = "";
		struct selector *s = selector_new(rows[i].text, error, sizeof(error));

		if (!s)
			fail_msg("%s", error);
		if (selector_matches(s, find, labels) != rows[i].matches)
			fail_msg("%s", rows[i].text);
		selector_free(s);
	}
}

static void
what_is_not_a_selector_is_refused_with_its_place(void **state)
{
	static const char *const rows[] = {"", ",", "a,", "a b", "a in", "a in (", "a in (b",
	    "a in b", "!", "=b", "a=b c", "a>1", "a in (b))", "a=b;c=d", "!a=b"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char error[256] = "";
		struct selector *s = selector_new(rows[i], error, sizeof(error));

		if (s)
			fail_msg("taken: %s", rows[i]);
		assert_non_null(strstr(error, "at character "));
	}
}

static void
any_text_is_taken_or_refused_within_its_memory(void **state)
{
	static const char alphabet[] = "ab=!(),in not";
	unsigned seed = 99;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[40], error[64];
		size_t n = (size_t)rand_r(&seed) % (sizeof(text) - 1);

		for (size_t k = 0; k < n; k++)
			text[k] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
		text[n] = '\0';
		selector_free(selector_new(text, error, sizeof(error)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(selectors_match_as_kubernetes_matches_them),
	    cmocka_unit_test(what_is_not_a_selector_is_refused_with_its_place),
	    cmocka_unit_test(any_text_is_taken_or_refused_within_its_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
