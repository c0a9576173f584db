/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tree of a file to the config's structs, by the rows of config.def: every key of
 * every section gets its value or its default; what is unknown, missing, of the wrong type or
 * out of bounds is reported, and the rest is bound all the same so that one run finds all.
 */
#pragma once

#include "config/config.h"
#include "config/tree.h"

/* Fill c (zeroed) from the tree. What c points to lives in the arena. */
void config_bind(struct config *c, const struct config_tree *tree, struct arena *arena,
    struct config_report *report);

/*
 * What the rows cannot say (check.c): derive the members that depend on others and report
 * what does not fit together. Called by config_bind() for each section that bound without
 * errors, and once at the end.
 */
void config_check_peer(const struct config *c, struct config_peer *peer,
    const struct config_tree *node, const struct config_tree *root,
    struct config_report *report, struct arena *arena);
void config_check_view(const struct config_view *view, const struct config_tree *node,
    struct config_report *report);
void config_check_rack_rule(const struct config_rack_rule *rule, const struct config_tree *node,
    struct config_report *report);
/* Where the state comes from; derives config.followed. */
void config_check_clusters(struct config *c, const struct config_tree *root,
    struct config_report *report, struct arena *arena);
void config_check_whole(struct config *c, const struct config_tree *root,
    struct config_report *report, struct arena *arena);
