/* SPDX-License-Identifier: Apache-2.0 */
/* Compares what config_print_effective() says: the one place that knows every key with its value in force. */
#include "config/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	const char *key, *value;
};

struct lines {
	char *text;
	size_t len, cap;
	struct line *at;
	uint32_t n;
};

static void
collect(void *ctx, const char *text, size_t n)
{
	struct lines *l = ctx;

	if (l->len + n + 1 > l->cap) {
		l->cap = 2 * (l->len + n + 1);
		l->text = must_realloc(l->text, l->cap);
	}
	memcpy(l->text + l->len, text, n);
	l->len += n;
	l->text[l->len] = '\0';
}

/* The last one of the marks in the line; NULL: none. */
static char *
last_of(char *line, const char *mark)
{
	char *found = NULL;

	for (char *at = line; (at = strstr(at, mark)) != NULL; at++)
		found = at;
	return found;
}

static int
by_key(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

/* "key: value  # where it stands" */
static void
read_lines(const struct config *c, struct lines *l)
{
	char *save = NULL;
	size_t count = 0;

	config_print_effective(c, collect, l);
	for (const char *at = l->text; at && (at = strchr(at, '\n')) != NULL; at++)
		count++;
	l->at = must_calloc(count + 1, sizeof(*l->at));
	for (char *line = l->text ? strtok_r(l->text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = strstr(line, ": "), *origin = last_of(line, "  # ");

		if (!value)
			continue;
		if (origin)
			*origin = '\0';
		*value = '\0';
		l->at[l->n++] = (struct line){line, value + 2};
	}
	qsort(l->at, l->n, sizeof(*l->at), by_key);
}

static bool
begins(const char *key, const char *with)
{
	return strncmp(key, with, strlen(with)) == 0;
}

static void
judge(struct config_difference *d)
{
	static const char *const live[] = {"advertise.", "racks", "views", "peers",
	    "calico_peers.", "replicas", "log.", "safety."};
	static const char *const start[] = {"advertise.node_address", "safety.watchdog"};
	const char *key = d->key, *inner = strstr(key, "].advertise");

	if (begins(key, "clusters[") && inner)
		key = inner + 2;
	d->live = false;
	for (size_t i = 0; i < COUNT_OF(live); i++)
		d->live |= begins(key, live[i]);
	for (size_t i = 0; i < COUNT_OF(start); i++)
		d->live &= !begins(key, start[i]);
	d->paths = begins(key, "advertise") || (begins(key, "views") && strstr(key, ".weight"));
}

unsigned
config_compare(const struct config *before, const struct config *after,
    void (*fn)(void *ctx, const struct config_difference *d), void *ctx)
{
	struct lines a = {.text = NULL}, b = {.text = NULL};
	uint32_t i = 0, k = 0;
	unsigned n = 0;

	read_lines(before, &a);
	read_lines(after, &b);
	while (i < a.n || k < b.n) {
		int order = i == a.n ? 1 : k == b.n ? -1 : strcmp(a.at[i].key, b.at[k].key);
		struct config_difference d = {.key = order <= 0 ? a.at[i].key : b.at[k].key,
		    .before = order <= 0 ? a.at[i].value : NULL,
		    .after = order >= 0 ? b.at[k].value : NULL};

		i += order <= 0;
		k += order >= 0;
		if (order == 0 && strcmp(d.before, d.after) == 0)
			continue;
		judge(&d);
		fn(ctx, &d);
		n++;
	}
	free(a.at);
	free(a.text);
	free(b.at);
	free(b.text);
	return n;
}
