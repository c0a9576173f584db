/* SPDX-License-Identifier: Apache-2.0 */
/* hold, freeze, no-withdraw, resume, digest. */
#include "watch/ctl/grid.h"
#include "watch/ctl/js.h"
#include "watch/ctl/show.h"
#include "watch/ctl/text.h"

#include <string.h>

static void
on_hold(void *ctx, const json_t *h)
{
	struct grid *g = ctx;
	char held[TEXT_MAX], ends[TEXT_MAX];
	bool until_decided = json_is_null(json_object_get(h, "ends_in_seconds"));

	grid_row(g, NULL);
	grid_cell(g, GRID_PLAIN, "%s", js_str(h, "prefix"));
	grid_cell(g, GRID_PLAIN, "%s", js_str(h, "next_hop"));
	grid_cell(g, GRID_PLAIN, "%s", js_str(h, "class"));
	grid_cell(g, GRID_BAD, "%s", js_str(h, "reason"));
	grid_cell(g, GRID_PLAIN, "%s", text_uptime(js_num(h, "held_seconds"), held));
	grid_cell(g, GRID_PLAIN, "%s",
	    js_true(h, "released") ? "as the limit allows"
	    : until_decided        ? "when you decide"
	                           : text_uptime(js_num(h, "ends_in_seconds"), ends));
}

/* "all", a class or a prefix, which alone has a slash or a dot. */
static void
add_which(struct target *t, const char *which)
{
	if (which && strcmp(which, "all") != 0)
		target_add(t, strpbrk(which, "./:") ? "prefix" : "class", which);
}

static int
list_holds(const struct options *o)
{
	static const struct grid_column columns[] = {{"Prefix", false}, {"Next hop", false},
	    {"Class", false}, {"Reason", false}, {"Held", true}, {"Goes", false}};
	struct grid *g = grid_new(columns, COUNT_OF(columns));
	struct target t;
	int result;

	target_init(&t, "/api/v1/holds");
	add_which(&t, o->args[1]);
	result = show_elements(o, &t, on_hold, g);
	if (result == EXIT_GOOD && !o->json)
		grid_print(g, stdout, o->colour, "Nothing is held.");
	grid_free(g);
	return result;
}

static void
print_released(const struct options *o, const json_t *a)
{
	(void)o;
	printf("%lld paths may go; %lld are held still.\n", js_int(a, "released"),
	    js_int(a, "still_held"));
}

int
show_hold(const struct options *o)
{
	struct target t;

	if (strcmp(o->args[0], "list") == 0)
		return list_holds(o);
	if (strcmp(o->args[0], "release") != 0 && strcmp(o->args[0], "drop") != 0) {
		fprintf(stderr, "helioctl: hold takes list, release or drop, not \"%s\"\n",
		    o->args[0]);
		return EXIT_USAGE;
	}
	if (!o->args[1]) {
		fprintf(
		    stderr, "helioctl: hold %s what? a class, a prefix or all\n", o->args[0]);
		return EXIT_USAGE;
	}
	target_init(
	    &t, strcmp(o->args[0], "drop") == 0 ? "/api/v1/hold/drop" : "/api/v1/hold/release");
	add_which(&t, o->args[1]);
	return show_order(o, &t, print_released);
}

static void
print_mode(const struct options *o, const json_t *a)
{
	(void)o;
	printf("Mode: %s\n", js_str(a, "mode"));
}

static int
order_mode(const struct options *o, const char *mode)
{
	struct target t;

	target_init(&t, "/api/v1/mode");
	target_add(&t, "mode", mode);
	target_add(&t, "reason", o->reason);
	return show_order(o, &t, print_mode);
}

int
order_freeze(const struct options *o)
{
	return order_mode(o, "frozen");
}

int
order_no_withdraw(const struct options *o)
{
	return order_mode(o, "no-withdraw");
}

int
order_resume(const struct options *o)
{
	return order_mode(o, "normal");
}

static void
print_replicas(const json_t *replicas)
{
	for (size_t i = 0; i < json_array_size(replicas); i++) {
		const json_t *r = json_array_get(replicas, i);
		const json_t *differing = json_object_get(r, "differing");
		const char *id = js_str(r, "router_id"), *error = js_str(r, "error");

		if (strcmp(js_str(r, "state"), "self") == 0)
			continue;
		printf("Replica %s (%s): %s", js_str(r, "address"), *id ? id : "-",
		    js_str(r, "state"));
		for (size_t k = 0; k < json_array_size(differing); k++)
			printf("%s%s", k ? ", " : ": ",
			    json_string_value(json_array_get(differing, k)));
		printf("%s%s\n", *error ? ": " : "", error);
	}
}

static void
print_table_digests(const struct options *o, const json_t *digests)
{
	static const struct grid_column columns[] = {
	    {"Class", false}, {"Family", false}, {"Digest", false}};
	struct grid *g = grid_new(columns, COUNT_OF(columns));

	for (size_t i = 0; i < json_array_size(digests); i++) {
		const json_t *d = json_array_get(digests, i);

		grid_row(g, NULL);
		grid_cell(g, GRID_PLAIN, "%s", js_str(d, "class"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(d, "family"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(d, "digest"));
	}
	grid_print(g, stdout, o->colour, NULL);
	grid_free(g);
}

static void
print_view_digests(const struct options *o, const json_t *views)
{
	static const struct grid_column columns[] = {
	    {"View", false}, {"Peers", true}, {"Digest", false}};
	struct grid *g;

	if (json_array_size(views) == 0)
		return;
	g = grid_new(columns, COUNT_OF(columns));
	for (size_t i = 0; i < json_array_size(views); i++) {
		const json_t *v = json_array_get(views, i);
		bool current = json_is_true(json_object_get(v, "current"));

		grid_row(g, NULL);
		grid_cell(
		    g, GRID_PLAIN, "%s", *js_str(v, "view") ? js_str(v, "view") : "(all)");
		grid_cell(g, GRID_PLAIN, "%lld", js_int(v, "peers"));
		grid_cell(g, GRID_PLAIN, "%s%s", js_str(v, "digest"), current ? "" : "*");
	}
	grid_print(g, stdout, o->colour, NULL);
	grid_free(g);
}

static void
print_digest(const struct options *o, const json_t *a)
{
	print_table_digests(o, json_object_get(a, "digests"));
	print_view_digests(o, json_object_get(a, "views"));
	print_replicas(json_object_get(a, "replicas"));
}

int
show_digest(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/digest");
	return show_answer(o, &t, print_digest);
}
