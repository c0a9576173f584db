/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff: the paths of this replica against another's, or what one peer is sent against another. Each side is a list of
 * lines (prefix, next hop, attributes), sorted and merged: some 100 bytes a path in this program's memory.
 */
#include "watch/ctl/js.h"
#include "watch/ctl/show.h"
#include "watch/ctl/text.h"

#include <stdlib.h>
#include <string.h>

struct lines {
	char **at;
	size_t n, cap;
};

static void
lines_add(struct lines *l, char *line)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 1024;
		l->at = must_realloc(l->at, l->cap * sizeof(*l->at));
	}
	l->at[l->n++] = line;
}

static void
lines_fini(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i]);
	free(l->at);
}

/* All that a router sees of a path. */
static void
on_prefix(void *ctx, const json_t *prefix)
{
	const json_t *paths = json_object_get(prefix, "paths");

	for (size_t i = 0; i < json_array_size(paths); i++) {
		const json_t *p = json_array_get(paths, i);
		char *communities = js_join(p, "communities"), *line;
		const json_t *med = json_object_get(p, "med");
		char med_text[24];

		snprintf(med_text, sizeof(med_text), "%lld", js_int(p, "med"));
		if (asprintf(&line,
		        "%s via %s path-id %lld local-pref %lld originator %s%s%s%s%s class %s",
		        js_str(prefix, "prefix"), js_str(p, "next_hop"), js_int(p, "path_id"),
		        js_int(p, "local_pref"), js_str(p, "originator"), med ? " med " : "",
		        med ? med_text : "", *communities ? " communities " : "", communities,
		        js_str(prefix, "class")) < 0)
			die("out of memory for a comparison");
		free(communities);
		lines_add(ctx, line);
	}
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All paths of the answerer at o->socket that peer (NULL: anybody) is sent. */
static int
fetch(const struct options *o, const char *peer, struct lines *l)
{
	struct options quiet = *o;
	struct target t;
	int result;

	quiet.json = false; /* parsed here, whatever the form of our own answer */
	target_init(&t, "/api/v1/paths");
	target_add(&t, "peer", peer);
	result = show_elements(&quiet, &t, on_prefix, l);
	if (l->n)
		qsort(l->at, l->n, sizeof(*l->at), by_text);
	return result;
}

static void
tell(const struct options *o, char sign, const char *line, size_t *told)
{
	if (o->json)
		printf("%s\n{\"side\":\"%s\",\"path\":\"%s\"}", *told ? "," : "",
		    sign == '-' ? "first" : "second", line);
	else
		printf("%c %s\n", sign, line);
	++*told;
}

static size_t
compare(const struct options *o, const struct lines *a, const struct lines *b)
{
	size_t i = 0, k = 0, told = 0;

	while (i < a->n || k < b->n) {
		int order = i == a->n ? 1 : k == b->n ? -1 : strcmp(a->at[i], b->at[k]);

		if (order < 0)
			tell(o, '-', a->at[i++], &told);
		else if (order > 0)
			tell(o, '+', b->at[k++], &told);
		else
			i++, k++;
	}
	return told;
}

int
show_diff(const struct options *o)
{
	bool replica = strcmp(o->args[0], "replica") == 0;
	const char *here = o->args[0], *there = o->args[1];
	struct options other = *o;
	struct lines a = {.n = 0}, b = {.n = 0};
	size_t differences = 0;
	int result;

	if (replica) {
		other.socket = o->args[1];
		here = there = o->args[2];
	} else if (o->args[2]) {
		fprintf(stderr, "helioctl: diff takes two peers, or \"replica\", a URL and "
		                "perhaps a peer\n");
		return EXIT_USAGE;
	}
	if (replica && strncmp(o->args[1], "http://", 7) != 0) {
		fprintf(
		    stderr, "helioctl: \"%s\" is no URL; say http://HOST:8179\n", o->args[1]);
		return EXIT_USAGE;
	}
	result = fetch(o, here, &a);
	if (result == EXIT_GOOD)
		result = fetch(&other, there, &b);
	if (result == EXIT_GOOD) {
		if (o->json)
			printf("{\"differences\":[");
		differences = compare(o, &a, &b);
		if (o->json)
			printf("],\"first_paths\":%zu,\"second_paths\":%zu}\n", a.n, b.n);
		else
			printf("%zu paths here, %zu there, %zu differences\n", a.n, b.n,
			    differences);
	}
	lines_fini(&a);
	lines_fini(&b);
	return result == EXIT_GOOD && differences ? EXIT_FAILED : result;
}
