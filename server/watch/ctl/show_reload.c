/* SPDX-License-Identifier: Apache-2.0 */
/* reload: what it changes, or why it does not. */
#include "watch/ctl/js.h"
#include "watch/ctl/show.h"

#include <string.h>

static bool taken, as_json; /* of the answer, for the exit code; of the options */

static const char *
or_nothing(const char *text)
{
	return *text ? text : "(nothing)";
}

static void
print_keys(const json_t *a)
{
	const json_t *keys = json_object_get(a, "keys");

	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *k = json_array_get(keys, i);

		printf("  %s: %s -> %s%s\n", js_str(k, "key"), or_nothing(js_str(k, "before")),
		    or_nothing(js_str(k, "after")),
		    js_true(k, "needs_restart") ? "  (needs a restart)" : "");
	}
}

static void
print_peers(const json_t *a)
{
	static const struct {
		const char *key, *names, *text;
	} rows[] = {{"added", "added_names", "peers added"},
	    {"removed", "removed_names", "peers removed"},
	    {"sessions_restarted", "sessions_restarted_names", "sessions begin anew"}};
	const json_t *peers = json_object_get(a, "peers");

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *names = js_join(peers, rows[i].names);

		if (js_int(peers, rows[i].key))
			printf(
			    "  %lld %s: %s\n", js_int(peers, rows[i].key), rows[i].text, names);
		free(names);
	}
}

static void
print_paths(const json_t *a)
{
	const json_t *paths = json_object_get(a, "paths");

	for (size_t i = 0; i < json_array_size(paths); i++) {
		const json_t *p = json_array_get(paths, i);

		printf(
		    "  paths of class %s: %lld now, %lld added, %lld removed, %lld with other attributes\n",
		    js_str(p, "class"), js_int(p, "now"), js_int(p, "added"),
		    js_int(p, "removed"), js_int(p, "changed"));
	}
}

static void
print_reload(const struct options *o, const json_t *a)
{
	const char *result = js_str(a, "result");
	const json_t *errors = json_object_get(a, "errors");

	taken = strcmp(result, "refused") != 0 && strcmp(result, "bad") != 0;
	(void)o;
	if (as_json) {
		json_dumpf(a, stdout, JSON_COMPACT);
		putchar('\n');
		return;
	}
	if (strcmp(result, "unchanged") == 0)
		printf("%s says what is in force already.\n", js_str(a, "file"));
	else if (strcmp(result, "applied") == 0)
		printf("In force:\n");
	else if (strcmp(result, "planned") == 0)
		printf("Would change:\n");
	else
		printf("Not taken, the old configuration holds on: %s\n", js_str(a, "why"));
	for (size_t i = 1; i < json_array_size(errors); i++)
		printf("  %s\n", json_string_value(json_array_get(errors, i)));
	print_keys(a);
	print_peers(a);
	print_paths(a);
}

int
order_reload(const struct options *o)
{
	struct options plain =
	    *o; /* the answer is read here, also where it is printed as it came */
	struct target t;
	int code;

	as_json = o->json;
	plain.json = false;
	target_init(&t, "/api/v1/reload");
	target_add(&t, "plan", o->plan);
	target_add(&t, "force", o->force);
	taken = true;
	code = show_order(&plain, &t, print_reload);
	return code == EXIT_GOOD && !taken ? EXIT_FAILED : code;
}
