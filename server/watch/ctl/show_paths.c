/* SPDX-License-Identifier: Apache-2.0 */
/* paths, explain. */
#include "watch/ctl/grid.h"
#include "watch/ctl/js.h"
#include "watch/ctl/show.h"
#include "watch/ctl/text.h"

#include <stdlib.h>
#include <string.h>

struct path_rows {
	struct grid *grid;
	size_t prefixes, paths;
};

static void
on_prefix(void *ctx, const json_t *prefix)
{
	struct path_rows *rows = ctx;
	const json_t *paths = json_object_get(prefix, "paths");
	const char *text = js_str(prefix, "prefix");
	char key[2 * TEXT_MAX], hop[TEXT_MAX];

	rows->prefixes++;
	for (size_t i = 0; i < json_array_size(paths); i++, rows->paths++) {
		const json_t *p = json_array_get(paths, i);
		char *communities = js_join(p, "communities");

		text_prefix_key(text, key);
		strcat(key, text_prefix_key(js_str(p, "next_hop"), hop));
		grid_row(rows->grid, key);
		grid_cell(rows->grid, GRID_PLAIN, "%s", text);
		grid_cell(rows->grid, GRID_PLAIN, "%s", js_str(p, "next_hop"));
		grid_cell(rows->grid, GRID_PLAIN, "%lld", js_int(p, "path_id"));
		grid_cell(rows->grid, GRID_PLAIN, "%lld", js_int(p, "local_pref"));
		grid_cell(rows->grid, GRID_PLAIN, "%s", js_str(p, "originator"));
		grid_cell(rows->grid, GRID_PLAIN, "%s", js_str(prefix, "class"));
		grid_cell(rows->grid, GRID_PLAIN, "%s", communities);
		free(communities);
	}
}

int
show_paths(const struct options *o)
{
	static const struct grid_column columns[] = {{"Prefix", false}, {"Next hop", false},
	    {"Path ID", true}, {"LocPrf", true}, {"Originator", false}, {"Class", false},
	    {"Communities", false}};
	struct path_rows rows = {.grid = grid_new(columns, COUNT_OF(columns))};
	struct target t;
	int result;

	target_init(&t, "/api/v1/paths");
	target_add(&t, "prefix", o->args[0]);
	target_add(&t, "peer", o->peer);
	target_add(&t, "next_hop", o->next_hop);
	result = show_elements(o, &t, on_prefix, &rows);
	if (result == EXIT_GOOD && !o->json) {
		grid_sort(rows.grid);
		grid_print(rows.grid, stdout, o->colour, NULL);
		printf("\nPrefixes: %zu, paths: %zu\n", rows.prefixes, rows.paths);
	}
	grid_free(rows.grid);
	return result;
}

static void
print_explain(const struct options *o, const json_t *a)
{
	static const char *const good = "\033[32m", *const bad = "\033[31m";
	const json_t *steps = json_object_get(a, "steps");
	const json_t *from = json_object_get(a, "advertised_from"); /* with several clusters */
	const char *cluster = "";

	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *s = json_array_get(steps, i);
		bool yes = js_true(s, "advertised");

		if (from && strcmp(cluster, js_str(s, "cluster")) != 0) {
			cluster = js_str(s, "cluster");
			printf("Cluster %s:\n", cluster);
		}
		printf("%s%c %-9s%s %s\n", o->colour ? yes ? good : bad : "", yes ? '+' : '-',
		    js_str(s, "kind"), o->colour ? "\033[0m" : "", js_str(s, "text"));
	}
	if (json_array_size(steps) == 0)
		printf("Nothing is known of %s.\n", js_str(a, "prefix"));
	if (json_array_size(from) > 0) {
		char *names = js_join(a, "advertised_from");

		printf(
		    "Advertised from: %s (of the clusters that have paths, those of the highest preference)\n",
		    names);
		free(names);
	}
}

int
show_explain(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/explain");
	target_add(&t, "prefix", o->args[0]);
	target_add(&t, "node", o->args[1]);
	return show_answer(o, &t, print_explain);
}
