/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: read, parse, add the environment, bind; all of it or nothing. */
#include "config/config.h"

#include "config/bind.h"
#include "config/source.h"
#include "core/arena.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A config and the memory that everything in it lives in, in one block. */
struct loaded {
	struct config config; /* first: config_free() gets its address */
	struct arena arena;
};

/* advertise.cluster_ips from the environment, as if it stood in the file. */
static void
add_environment(struct config_tree *root, struct arena *arena)
{
	const struct config_place nowhere = {.line = 0};
	const char *value = getenv(CONFIG_ENVIRONMENT);
	struct config_tree *advertise = NULL, *list;

	if (!value || !*value)
		return;
	for (struct config_tree *n = root->first; n; n = n->next)
		if (strcmp(n->key, "advertise") == 0)
			advertise = n;
	if (!advertise) {
		advertise = config_tree_new(arena, CONFIG_TREE_MAP, nowhere);
		config_tree_append(root, advertise, "advertise");
	}
	if (advertise->kind != CONFIG_TREE_MAP || config_tree_find(advertise, "cluster_ips"))
		return;
	list = config_tree_new(arena, CONFIG_TREE_LIST, nowhere);
	for (const char *at = value; *at; at += *at == ',') {
		size_t n = strcspn(at, ",");
		size_t blank = strspn(at, " ");
		size_t len = n;
		struct config_tree *item;

		while (len > blank && at[len - 1] == ' ')
			len--;
		if (len > blank) {
			item = config_tree_new(arena, CONFIG_TREE_SCALAR, nowhere);
			item->text = arena_strndup(arena, at + blank, len - blank);
			config_tree_append(list, item, NULL);
		}
		at += n;
	}
	config_tree_append(advertise, list, "cluster_ips");
}

struct config *
config_load_text(const char *name, const char *text, size_t len, struct config_errors *errors)
{
	struct loaded *l = must_calloc(1, sizeof(*l));
	struct config_report report = {.file = name, .errors = errors};
	struct config_source *source;
	struct config_tree *tree;

	errors->len = 0;
	errors->more = false;
	arena_init(&l->arena);
	tree = config_tree_parse(text, len, &l->arena, &report);
	if (tree) {
		add_environment(tree, &l->arena);
		config_bind(&l->config, tree, &l->arena, &report);
	}
	if (!config_report_clean(&report)) {
		config_free(&l->config);
		return NULL;
	}
	source = arena_zalloc(&l->arena, sizeof(*source));
	source->file = arena_strndup(&l->arena, name, strlen(name));
	source->tree = tree;
	l->config.source = source;
	return &l->config;
}

static void
report_file(struct config_errors *errors, const char *path, const char *what, const char *hint)
{
	errors->len = 1;
	errors->more = false;
	snprintf(errors->text[0], sizeof(errors->text[0]), "%s:1:1: %s; %s", path, what, hint);
}

struct config *
config_load(const char *path, struct config_errors *errors)
{
	struct config *c = NULL;
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	if (!f) {
		report_file(errors, path, strerror(errno),
		    "give the path of a readable file with --config");
		return NULL;
	}
	text = must_alloc(CONFIG_TEXT_MAX + 1);
	n = fread(text, 1, CONFIG_TEXT_MAX + 1, f);
	if (ferror(f))
		report_file(errors, path, strerror(errno),
		    "give the path of a readable file with --config");
	else if (n > CONFIG_TEXT_MAX)
		report_file(
		    errors, path, "larger than 4 MiB", "is this the configuration file?");
	else
		c = config_load_text(path, text, n, errors);
	free(text);
	fclose(f);
	return c;
}

void
config_free(struct config *c)
{
	struct loaded *l = (struct loaded *)c;

	if (!l)
		return;
	arena_fini(&l->arena);
	free(l);
}

const char *
config_path(const struct config *c, const char *path, char *buf, size_t size)
{
	bool absolute = *path == '/';
	int n = snprintf(
	    buf, size, "%s%s%s", absolute ? "" : c->state_dir, absolute ? "" : "/", path);

	return n < 0 || (size_t)n >= size ? NULL : buf;
}

const struct config_peer *
config_peer_find(const struct config *c, const struct ip_addr *addr)
{
	const struct config_peer *in_range = NULL;

	for (uint32_t i = 0; i < c->peers.len; i++) {
		const struct config_peer *p = &c->peers.items[i];

		if (p->address.family != IP_NONE && ip_equal(&p->address, addr))
			return p;
		if (p->address.family == IP_NONE && ip_prefix_has(&p->range, addr))
			in_range = p; /* ranges do not overlap: no other has it */
	}
	return in_range;
}
