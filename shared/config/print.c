/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the rows of config.def beside the tree of the file: effective values, what is not used yet. */
#include "config/environment.h"
#include "config/rows.h"
#include "config/source.h"
#include "config/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PATH_MAX_TEXT 512 /* "advertise.communities[3].prefix" */

struct printer {
	const struct config_source *source;
	config_sink *sink;
	void *ctx;
};

static void walk_section(struct printer *p, enum config_section section,
    const struct config_tree *node, const char *path);

static void put(struct printer *p, const char *format, ...) PRINTF_LIKE(2);

static void
put(struct printer *p, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0)
		p->sink(p->ctx, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* The name of a key inside others; one longer than any of ours is cut. */
static void path_write(char *out, const char *format, ...) PRINTF_LIKE(2);

static void
path_write(char *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out, PATH_MAX_TEXT, format, args);
	va_end(args);
}

/* A value that YAML would read as something else, or as two, stands in quotes. */
static void
put_text(struct printer *p, const char *text)
{
	bool quote = !*text || strpbrk(text, ":#{}[],&*?|>'\"%@` \n\t") != NULL;

	if (!quote) {
		p->sink(p->ctx, text, strlen(text));
		return;
	}
	p->sink(p->ctx, "\"", 1);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			put(p, "\\%c", *c);
		else if ((unsigned char)*c < ' ')
			put(p, "\\x%02x", (unsigned)*c);
		else
			p->sink(p->ctx, c, 1);
	}
	p->sink(p->ctx, "\"", 1);
}

/* The value that is in force, which the environment may have given. */
static void
put_scalar(struct printer *p, const struct config_row *row, const struct config_tree *node)
{
	struct config_value v = {.row = row};
	char expanded[CONFIG_EXPANDED_MAX];

	if (config_environment_is_named(row, node->text) &&
	    config_environment_expand(&v, node->text, expanded))
		put_text(p, expanded);
	else
		put_text(p, node->text);
}

static void
put_value(struct printer *p, const struct config_row *row, const struct config_tree *node)
{
	if (node->kind == CONFIG_TREE_SCALAR) {
		put_scalar(p, row, node);
		return;
	}
	put(p, "[");
	for (const struct config_tree *n = node->first; n; n = n->next) {
		put_scalar(p, row, n);
		put(p, "%s", n->next ? ", " : "");
	}
	put(p, "]");
}

static void
put_origin(struct printer *p, const struct config_row *row, const struct config_tree *node)
{
	const struct config_tree *n = node->kind == CONFIG_TREE_SCALAR ? node : node->first;

	if (!node->at.line) {
		put(p, "  # environment %s\n", CONFIG_ENVIRONMENT);
		return;
	}
	put(p, "  # %s:%u", p->source->file, node->at.line);
	for (const char *word = ", written as "; n; n = n == node ? NULL : n->next) {
		if (n->kind != CONFIG_TREE_SCALAR || !config_environment_is_named(row, n->text))
			continue;
		put(p, "%s%s", word, n->text);
		word = " ";
	}
	put(p, "\n");
}

/* librdkafka names what it hides itself like this. */
static bool
is_secret(const char *property)
{
	static const char *const marks[] = {
	    "password", "secret", ".pem", "token", "oauthbearer.config", "jaas"};

	for (size_t i = 0; i < COUNT_OF(marks); i++)
		if (strcasestr(property, marks[i]))
			return true;
	return false;
}

static void
walk_pairs(struct printer *p, const struct config_row *row, const struct config_tree *node,
    const char *path)
{
	bool files = row->type == CONFIG_PATH;

	if (!node || !node->first)
		put(p, "%s: {}", path);
	if (!node)
		put(p, "  # default\n");
	else if (!node->first)
		put_origin(p, row, node);
	for (const struct config_tree *n = node ? node->first : NULL; n; n = n->next) {
		put(p, "%s.%s: ", path, n->key);
		if (!files && is_secret(n->key))
			put(p, "(hidden)");
		else
			put_text(p, n->text);
		put_origin(p, row, n);
	}
}

static void
walk_subs(struct printer *p, const struct config_row *row, const struct config_tree *node,
    const char *path)
{
	char inner[PATH_MAX_TEXT];
	unsigned i = 0;

	if (row->shape == CONFIG_ONE) {
		if (node || !(row->flags & CONFIG_INHERITS))
			walk_section(p, row->sub, node, path);
		else
			put(p, "%s: as the top level's  # default\n", path);
		return;
	}
	if (!node)
		put(p, "%s: %s  # default\n", path, row->shape == CONFIG_NAMED ? "{}" : "[]");
	for (const struct config_tree *n = node ? node->first : NULL; n; n = n->next, i++) {
		if (row->shape == CONFIG_NAMED)
			path_write(inner, "%s.%s", path, n->key);
		else
			path_write(inner, "%s[%u]", path, i);
		walk_section(p, row->sub, n, inner);
	}
}

static void
walk_value(struct printer *p, const struct config_row *row, const struct config_tree *node,
    const char *path)
{
	put(p, "%s: ", path);
	if (node) {
		put_value(p, row, node);
		put_origin(p, row, node);
	} else if (row->flags & CONFIG_PROSE) {
		put(p, "(%s)  # default\n", row->dflt);
	} else {
		put(p, row->shape == CONFIG_LIST ? "[%s]  # default\n" : "%s  # default\n",
		    row->dflt);
	}
}

static void
walk_section(struct printer *p, enum config_section section, const struct config_tree *node,
    const char *path)
{
	char inner[PATH_MAX_TEXT];

	for (unsigned i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		const struct config_tree *value = config_tree_find(node, row->key);

		if (row->section != section)
			continue;
		path_write(inner, "%s%s%s", path, *path ? "." : "", row->key);
		if (row->type == CONFIG_SUB)
			walk_subs(p, row, value, inner);
		else if (row->shape == CONFIG_MAP)
			walk_pairs(p, row, value, inner);
		else
			walk_value(p, row, value, inner);
	}
}

void
config_print_effective(const struct config *c, config_sink *sink, void *ctx)
{
	struct printer p = {.source = c->source, .sink = sink, .ctx = ctx};

	walk_section(&p, SECTION_config, c->source->tree, "");
}
