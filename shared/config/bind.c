/* SPDX-License-Identifier: Apache-2.0 */
/* Walks rows and tree side by side; knows types and shapes but no key by name. */
#include "config/bind.h"

#include "config/rows.h"
#include "config/value.h"

#include <string.h>

#define LIST_MAX 4096  /* values of one key */
#define SUB_MAX  20000 /* sections in one list: peers */

struct binding {
	struct config *config;
	const struct config_tree *root;
	struct arena *arena;
	struct config_report *report;
};

/* Every list of config.h has this layout. */
struct any_list {
	void *items;
	uint32_t len;
};

static bool bind_section(struct binding *b, enum config_section section, void *base,
    const struct config_tree *node, const char *name);

static bool
bind_scalar(
    struct binding *b, const struct config_row *row, const struct config_tree *node, void *out)
{
	struct config_value v = {
	    .row = row, .arena = b->arena, .state_dir = b->config->state_dir};

	if (node->kind != CONFIG_TREE_SCALAR) {
		config_report(b->report, node->at, "%s is %s; it takes a single value (%s)",
		    row->key, config_tree_kind_text(node), config_type_text(row->type));
		return false;
	}
	if (config_tree_is_null(node)) {
		config_report(b->report, node->at,
		    "%s has no value; give one (%s) or remove the key", row->key,
		    config_type_text(row->type));
		return false;
	}
	if (config_value_parse(&v, node->text, out))
		return true;
	config_report(b->report, node->at, "%s: %s", row->key, v.why);
	return false;
}

/* The same value a second time in a list is a slip of the hand, never a wish. */
static bool
is_repeated(
    const struct config_row *row, const char *items, uint32_t n, const char *item, size_t size)
{
	if (row->type == CONFIG_TEXT)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (memcmp(items + i * size, item, size) == 0)
			return true;
	return false;
}

static bool
is_list_fit(struct binding *b, const struct config_row *row, const struct config_tree *node,
    uint32_t max)
{
	if (node->kind != CONFIG_TREE_LIST) {
		config_report(b->report, node->at, "%s is %s; it takes a list: [a, b]",
		    row->key,
		    config_tree_is_null(node) ? "empty" : config_tree_kind_text(node));
		return false;
	}
	if (node->len > max) {
		config_report(b->report, node->at, "%s has %u entries; at most %u", row->key,
		    node->len, max);
		return false;
	}
	if (node->len == 0 && (row->flags & CONFIG_REQUIRED) && row->type != CONFIG_SUB) {
		config_report(
		    b->report, node->at, "%s is an empty list; give at least one", row->key);
		return false;
	}
	return true;
}

static bool
bind_list(struct binding *b, const struct config_row *row, const struct config_tree *node,
    struct any_list *out)
{
	size_t size = config_value_size(row->type);
	char *items;
	bool ok = true;

	if (!is_list_fit(b, row, node, LIST_MAX))
		return false;
	if (node->len == 0)
		return true;
	items = arena_zalloc(b->arena, node->len * size);
	for (const struct config_tree *n = node->first; n; n = n->next) {
		char *item = items + out->len * size;

		if (!bind_scalar(b, row, n, item)) {
			ok = false;
		} else if (is_repeated(row, items, out->len, item, size)) {
			config_report(
			    b->report, n->at, "%s has %s twice; remove one", row->key, n->text);
			ok = false;
		} else {
			out->len++;
		}
	}
	out->items = items;
	return ok;
}

/* A list of bits: one number. */
static bool
bind_families(struct binding *b, const struct config_row *row, const struct config_tree *node,
    uint32_t *out)
{
	struct any_list list = {.len = 0};

	if (!bind_list(b, row, node, &list))
		return false;
	for (uint32_t i = 0; i < list.len; i++)
		*out |= ((const uint32_t *)list.items)[i];
	if (*out == 0)
		config_report(b->report, node->at,
		    "%s is an empty list; write ipv4, ipv6 or both", row->key);
	return *out != 0;
}

static bool
bind_single(struct binding *b, const struct config_row *row, const struct config_tree *node,
    struct any_list *out)
{
	out->items = arena_zalloc(b->arena, config_value_size(row->type));
	if (!bind_scalar(b, row, node, out->items))
		return false;
	out->len = 1;
	return true;
}

static bool
bind_pairs(struct binding *b, const struct config_row *row, const struct config_tree *node,
    struct any_list *out)
{
	struct config_pair *items;

	if (node->kind != CONFIG_TREE_MAP) {
		config_report(b->report, node->at,
		    "%s is %s; it takes a mapping: {name: value}", row->key,
		    config_tree_is_null(node) ? "empty" : config_tree_kind_text(node));
		return false;
	}
	items = arena_zalloc(b->arena, (node->len + 1u) * sizeof(*items));
	for (const struct config_tree *n = node->first; n; n = n->next) {
		if (n->kind != CONFIG_TREE_SCALAR) {
			config_report(b->report, n->at,
			    "%s.%.60s is %s; it takes a single value", row->key, n->key,
			    config_tree_kind_text(n));
			return false;
		}
		items[out->len].name = n->key;
		if (row->type == CONFIG_PATH && !bind_scalar(b, row, n, &items[out->len].value))
			return false;
		if (row->type != CONFIG_PATH)
			items[out->len].value = n->text;
		out->len++;
	}
	out->items = items;
	return true;
}

static bool
bind_subs(struct binding *b, const struct config_row *row, const struct config_tree *node,
    struct any_list *out)
{
	size_t size = config_sections[row->sub].size;
	bool ok = true;

	if (row->shape == CONFIG_LIST && !is_list_fit(b, row, node, SUB_MAX))
		return false;
	if (row->shape == CONFIG_NAMED && node->kind != CONFIG_TREE_MAP) {
		config_report(b->report, node->at,
		    "%s is %s; it takes a mapping: {name: {...}}", row->key,
		    config_tree_is_null(node) ? "empty" : config_tree_kind_text(node));
		return false;
	}
	if (node->len == 0)
		return true;
	out->items = arena_zalloc(b->arena, node->len * size);
	for (const struct config_tree *n = node->first; n; n = n->next) {
		ok = bind_section(
		         b, row->sub, (char *)out->items + out->len * size, n, n->key) &&
		     ok;
		out->len++;
	}
	return ok;
}

static bool
bind_row(struct binding *b, const struct config_row *row, const struct config_tree *node,
    void *member)
{
	if (row->type == CONFIG_SUB && row->shape == CONFIG_ONE)
		return bind_section(b, row->sub, member, node, NULL);
	if (row->type == CONFIG_SUB)
		return bind_subs(b, row, node, member);
	if (row->type == CONFIG_FAMILY)
		return bind_families(b, row, node, member);
	if (row->shape == CONFIG_MAP)
		return bind_pairs(b, row, node, member);
	if (row->shape == CONFIG_ONE_OR_LIST && node->kind != CONFIG_TREE_LIST)
		return bind_single(b, row, node, member);
	if (row->shape != CONFIG_ONE)
		return bind_list(b, row, node, member);
	return bind_scalar(b, row, node, member);
}

/* The default of a row as if it stood in the file; defaults of lists are comma-separated. */
static const struct config_tree *
default_tree(struct binding *b, const struct config_row *row)
{
	const struct config_place nowhere = {.line = 0};
	bool list = row->shape == CONFIG_LIST;
	struct config_tree *node =
	    config_tree_new(b->arena, list ? CONFIG_TREE_LIST : CONFIG_TREE_SCALAR, nowhere);

	node->text = row->dflt;
	for (const char *at = row->dflt; list && *at;) {
		size_t n = strcspn(at, ",");
		struct config_tree *item =
		    config_tree_new(b->arena, CONFIG_TREE_SCALAR, nowhere);

		item->text = arena_strndup(b->arena, at, n);
		config_tree_append(node, item, NULL);
		at += n + (at[n] ? 2 : 0);
	}
	return node;
}

static bool
bind_default(struct binding *b, const struct config_row *row, void *member)
{
	if (row->type == CONFIG_SUB && row->shape == CONFIG_ONE)
		return bind_section(b, row->sub, member, NULL, NULL);
	if (row->type == CONFIG_SUB || row->shape == CONFIG_MAP || (row->flags & CONFIG_PROSE))
		return true;
	return bind_row(b, row, default_tree(b, row), member);
}

static void
report_unknown(struct binding *b, enum config_section section, const struct config_tree *node)
{
	const char *where = config_sections[section].where;
	const char *meant = config_row_nearest(section, node->key);
	const struct config_row *other = config_row_elsewhere(section, node->key);

	if (meant)
		config_report(b->report, node->key_at,
		    "unknown key \"%.60s\"%s%s; did you mean \"%s\"?", node->key,
		    *where ? " in " : "", where, meant);
	else if (other)
		config_report(b->report, node->key_at,
		    "unknown key \"%.60s\"%s%s; it belongs %s%s", node->key,
		    *where ? " in " : "", where,
		    *config_sections[other->section].where ? "under " : "at the top level",
		    config_sections[other->section].where);
	else
		config_report(b->report, node->key_at, "unknown key \"%.60s\"%s%s; remove it",
		    node->key, *where ? " in " : "", where);
}

/* Reports what the section's keys are not; false when there is something. */
static bool
check_keys(struct binding *b, enum config_section section, const struct config_tree *node,
    const char *name)
{
	bool ok = true;

	for (const struct config_tree *n = node->first; n; n = n->next) {
		const struct config_row *row = config_row_find(section, n->key);

		if (!row) {
			report_unknown(b, section, n);
			ok = false;
		}
	}
	for (unsigned i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->section != section || !(row->flags & CONFIG_REQUIRED) ||
		    config_tree_find(node, row->key))
			continue;
		config_report(b->report, node->at,
		    "required key \"%s\" is missing%s%s; add it: %s", row->key,
		    *config_sections[section].where ? " in " : "",
		    name ? name : config_sections[section].where, row->help);
		ok = false;
	}
	return ok;
}

/* What only the section as a whole shows. */
static void
check_section(
    struct binding *b, enum config_section section, void *base, const struct config_tree *node)
{
	if (section == SECTION_config_peer)
		config_check_peer(b->config, base, node, b->root, b->report, b->arena);
	else if (section == SECTION_config_view)
		config_check_view(base, node, b->report);
	else if (section == SECTION_config_rack_rule)
		config_check_rack_rule(base, node, b->report);
}

/* node is NULL where the file does not have the section; name is the key of a named one. */
static bool
bind_section(struct binding *b, enum config_section section, void *base,
    const struct config_tree *node, const char *name)
{
	bool ok = true;

	if (name)
		memcpy(base, &name, sizeof(name));
	if (node && node->kind != CONFIG_TREE_MAP) {
		config_report(b->report, node->at, "%s is %s; it takes a mapping: {key: value}",
		    name ? name : config_sections[section].where,
		    config_tree_is_null(node) ? "empty" : config_tree_kind_text(node));
		return false;
	}
	if (node)
		ok = check_keys(b, section, node, name);
	for (unsigned i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		const struct config_tree *value = config_tree_find(node, row->key);
		void *member = (char *)base + row->offset;

		if (row->section != section)
			continue;
		if (value)
			ok = bind_row(b, row, value, member) && ok;
		else if (!(row->flags & CONFIG_REQUIRED))
			ok = bind_default(b, row, member) && ok;
	}
	if (ok && node)
		check_section(b, section, base, node);
	return ok;
}

void
config_bind(struct config *c, const struct config_tree *tree, struct arena *arena,
    struct config_report *report)
{
	struct binding b = {.config = c, .root = tree, .arena = arena, .report = report};

	if (bind_section(&b, SECTION_config, c, tree, NULL) && config_report_clean(report))
		config_check_whole(c, tree, report, arena);
}
