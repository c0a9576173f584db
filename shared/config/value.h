/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scalar of the file as a value of its type: bounds checked, or a sentence that says what
 * is wrong and what to write instead. No state of their own.
 */
#pragma once

#include "config/config.h"
#include "config/rows.h"
#include "core/arena.h"

#define CONFIG_WHY_MAX 320

struct config_value {
	const struct config_row *row;
	struct arena *arena;      /* strings of the result live here */
	const char *state_dir;    /* where relative paths are; NULL: not known yet */
	char why[CONFIG_WHY_MAX]; /* after false: "what; what to do" */
};

/* Bytes of one value of a type in its struct or list. */
size_t config_value_size(enum config_type type);

/*
 * Read text as the type of v->row into out, config_value_size() bytes. False: v->why says why
 * and out is untouched.
 */
bool config_value_parse(struct config_value *v, const char *text, void *out) MUST_USE;

/* What a type looks like, for the reference page and messages. */
const char *config_type_text(enum config_type type);
