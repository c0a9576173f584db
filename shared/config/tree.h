/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML text as a tree that remembers where everything stood. Only the part of YAML that a
 * configuration needs: mappings, sequences, scalars; one document. Anchors, aliases, tags,
 * merge keys and duplicate keys are errors, so what a reader sees is what is meant.
 *
 * Built once into the config's arena, never changed after it is built, read by the binder and
 * by the printers. tree.c is the only file that knows libyaml.
 */
#pragma once

#include "config/report.h"
#include "core/arena.h"

enum config_tree_kind { CONFIG_TREE_SCALAR, CONFIG_TREE_LIST, CONFIG_TREE_MAP };

struct config_tree {
	enum config_tree_kind kind;
	struct config_place at;
	const char *text; /* of a scalar */
	bool quoted;      /* a scalar in quotes: never null */
	const char *key;  /* of a member of a mapping, else NULL */
	struct config_place key_at;
	struct config_tree *next;  /* the next member of the same mapping or sequence */
	struct config_tree *first; /* the members, in the order of the file */
	struct config_tree *last;
	uint32_t len; /* members */
};

/*
 * The tree of len bytes of text, or NULL with the reason reported. A text without content
 * gives an empty mapping. Everything in the tree lives in the arena.
 */
struct config_tree *config_tree_parse(
    const char *text, size_t len, struct arena *arena, struct config_report *report) MUST_USE;

/* The member of a mapping with this key, or NULL; map may be NULL. */
const struct config_tree *config_tree_find(const struct config_tree *map, const char *key);

/* Where the value of a key of a mapping stands, or where the mapping begins. */
struct config_place config_tree_place(const struct config_tree *map, const char *key);

/* A new node that stands nowhere yet (values from outside the file). */
struct config_tree *
config_tree_new(struct arena *arena, enum config_tree_kind kind, struct config_place at);

/* Make node the last member of parent; key is NULL in a sequence. */
void config_tree_append(struct config_tree *parent, struct config_tree *node, const char *key);

/* True for a value that was left out: nothing, ~ or null. */
bool config_tree_is_null(const struct config_tree *node);

/* "a mapping", "a list", "a value": for messages. */
const char *config_tree_kind_text(const struct config_tree *node);
