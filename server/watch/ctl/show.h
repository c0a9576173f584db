/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: each asks for one target and prints the answer; returns the exit code. */
#pragma once

#include "watch/ctl/client.h"
#include "watch/ctl/options.h"

#include <jansson.h>

#define COMMAND(name, arguments, least, most, bits, function, sentence, help)                  \
	int function(const struct options *o);
#include "watch/ctl/commands.def"
#undef COMMAND

/* Prints a parsed answer. */
typedef void show_print(const struct options *o, const json_t *answer);

/* Ask, then print: the answer as served with -o json, else parsed, by print. */
int show_answer(const struct options *o, const struct target *t, show_print *print);

/* The same for an order. */
int show_order(const struct options *o, const struct target *t, show_print *print);

/* The same for answers of one array with an element a line: each goes to `each` by itself,
 * so that the whole is never in memory; ctx is the caller's. */
typedef void show_element(void *ctx, const json_t *element);
int
show_elements(const struct options *o, const struct target *t, show_element *each, void *ctx);
