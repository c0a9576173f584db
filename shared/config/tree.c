/* SPDX-License-Identifier: Apache-2.0 */
/* YAML events become a tree with places; what a configuration has no use for is refused. */
#include "config/tree.h"

#include <string.h>
#include <strings.h>
#include <yaml.h>

#define DEPTH_MAX 12   /* the deepest key of config.def needs 6 */
#define MAP_MAX   1000 /* twins are sought one by one */

struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	struct config_report *report;
	struct config_tree *open[DEPTH_MAX]; /* the mappings and sequences we are inside of */
	unsigned depth;
	char *key; /* of the next member, in a mapping */
	struct config_place key_at;
	struct config_tree *root;
	bool done;
};

struct config_tree *
config_tree_new(struct arena *arena, enum config_tree_kind kind, struct config_place at)
{
	struct config_tree *node = arena_zalloc(arena, sizeof(*node));

	node->kind = kind;
	node->at = at;
	return node;
}

void
config_tree_append(struct config_tree *parent, struct config_tree *node, const char *key)
{
	node->key = key;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	parent->len++;
}

const struct config_tree *
config_tree_find(const struct config_tree *map, const char *key)
{
	if (!map || map->kind != CONFIG_TREE_MAP)
		return NULL;
	for (const struct config_tree *n = map->first; n; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

struct config_place
config_tree_place(const struct config_tree *map, const char *key)
{
	const struct config_tree *member = config_tree_find(map, key);

	return member ? member->at : map->at;
}

bool
config_tree_is_null(const struct config_tree *node)
{
	return node->kind == CONFIG_TREE_SCALAR && !node->quoted &&
	       (!*node->text || strcmp(node->text, "~") == 0 ||
	           strcasecmp(node->text, "null") == 0);
}

const char *
config_tree_kind_text(const struct config_tree *node)
{
	switch (node->kind) {
	case CONFIG_TREE_LIST:
		return "a list";
	case CONFIG_TREE_MAP:
		return "a mapping";
	default:
		return "a single value";
	}
}

static struct config_place
place_of(yaml_mark_t mark)
{
	return (struct config_place){
	    .line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
}

/* True when the event carries nothing that hides what is meant. */
static bool
is_plain_yaml(
    struct builder *b, const yaml_char_t *anchor, const yaml_char_t *tag, yaml_mark_t mark)
{
	if (anchor)
		config_report(b->report, place_of(mark),
		    "anchors (&%s) are not accepted; write the value out",
		    (const char *)anchor);
	else if (tag)
		config_report(b->report, place_of(mark),
		    "tags (%s) are not accepted; remove it", (const char *)tag);
	return !anchor && !tag;
}

/* Hang a scalar or a just opened node where it belongs; a twin is read on but hangs nowhere. */
static void
place_node(struct builder *b, struct config_tree *node)
{
	struct config_tree *parent = b->depth ? b->open[b->depth - 1] : NULL;
	const struct config_tree *twin;

	if (!parent) {
		b->root = node;
		return;
	}
	if (parent->kind == CONFIG_TREE_LIST) {
		config_tree_append(parent, node, NULL);
		return;
	}
	twin = config_tree_find(parent, b->key);
	if (twin)
		config_report(b->report, b->key_at,
		    "key \"%s\" stands here a second time (first at line %u); remove one of them",
		    b->key, twin->key_at.line);
	else
		config_tree_append(parent, node, b->key);
	node->key_at = b->key_at;
	b->key = NULL;
}

static bool
wants_key(const struct builder *b)
{
	return b->depth && b->open[b->depth - 1]->kind == CONFIG_TREE_MAP && !b->key;
}

static bool
on_open(struct builder *b, enum config_tree_kind kind, const yaml_char_t *anchor,
    const yaml_char_t *tag, yaml_mark_t mark)
{
	struct config_tree *node;

	if (!is_plain_yaml(b, anchor, tag, mark))
		return false;
	if (wants_key(b)) {
		config_report(b->report, place_of(mark),
		    "a key must be a single word; write it as \"key: value\"");
		return false;
	}
	if (b->depth == DEPTH_MAX) {
		config_report(b->report, place_of(mark),
		    "nested more than %d deep; no key needs that", DEPTH_MAX);
		return false;
	}
	node = config_tree_new(b->arena, kind, place_of(mark));
	place_node(b, node);
	b->open[b->depth++] = node;
	return true;
}

static bool
on_scalar(struct builder *b, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t n = e->data.scalar.length;
	struct config_place at = place_of(e->start_mark);
	struct config_tree *node;

	if (!is_plain_yaml(b, e->data.scalar.anchor, e->data.scalar.tag, e->start_mark))
		return false;
	if (memchr(text, '\0', n)) {
		config_report(b->report, at, "a NUL character in a value; remove it");
		return false;
	}
	if (wants_key(b)) {
		if (b->open[b->depth - 1]->len == MAP_MAX) {
			config_report(
			    b->report, at, "more than %d keys in one mapping", MAP_MAX);
			return false;
		}
		b->key = arena_strndup(b->arena, text, n);
		b->key_at = at;
		return true;
	}
	node = config_tree_new(b->arena, CONFIG_TREE_SCALAR, at);
	node->text = arena_strndup(b->arena, text, n);
	node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	place_node(b, node);
	return true;
}

/* False: stop, the reason is reported. */
static bool
on_event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, e);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, CONFIG_TREE_MAP, e->data.mapping_start.anchor,
		    e->data.mapping_start.tag, e->start_mark);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, CONFIG_TREE_LIST, e->data.sequence_start.anchor,
		    e->data.sequence_start.tag, e->start_mark);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		b->depth--;
		return true;
	case YAML_ALIAS_EVENT:
		config_report(b->report, place_of(e->start_mark),
		    "aliases (*%s) are not accepted; write the value out",
		    (const char *)e->data.alias.anchor);
		return false;
	case YAML_DOCUMENT_START_EVENT:
		if (b->root)
			config_report(b->report, place_of(e->start_mark),
			    "a second document begins here; the configuration is one document");
		return !b->root;
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return true;
	default:
		return true;
	}
}

static void
report_syntax(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	struct config_place at = place_of(p->problem_mark);

	if (p->error == YAML_MEMORY_ERROR)
		die("out of memory while reading %s", b->report->file);
	if (p->error == YAML_READER_ERROR) /* has no mark, only an offset in bytes */
		at = place_of(p->mark);
	config_report(b->report, at, "not YAML: %s%s%s; check indentation, quotes and brackets",
	    p->problem ? p->problem : "unreadable", p->context ? " " : "",
	    p->context ? p->context : "");
}

static void
build(struct builder *b)
{
	bool ok = true;

	while (ok && !b->done) {
		yaml_event_t e;

		if (!yaml_parser_parse(&b->parser, &e)) {
			report_syntax(b);
			return;
		}
		ok = on_event(b, &e);
		yaml_event_delete(&e);
	}
}

struct config_tree *
config_tree_parse(
    const char *text, size_t len, struct arena *arena, struct config_report *report)
{
	struct builder b = {.arena = arena, .report = report};
	struct config_place start = {.line = 1, .column = 1};

	if (!yaml_parser_initialize(&b.parser))
		die("out of memory while reading %s", report->file);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, len);
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	build(&b);
	yaml_parser_delete(&b.parser);
	if (!b.done)
		return NULL;
	if (!b.root || config_tree_is_null(b.root))
		return config_tree_new(arena, CONFIG_TREE_MAP, start);
	if (b.root->kind != CONFIG_TREE_MAP) {
		config_report(report, b.root->at,
		    "the file is %s; it has to be a mapping of keys such as \"router_id: 192.0.2.1\"",
		    config_tree_kind_text(b.root));
		return NULL;
	}
	return b.root;
}
