/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command-line options as rows of a table: name, type, where the value goes, one sentence. The
 * help is printed from the same rows. What the user got wrong is said on stderr.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
	OPTION_U32,      /* uint32_t *  */
	OPTION_U64,      /* uint64_t *  */
	OPTION_TEXT,     /* const char **, borrowed from argv */
	OPTION_FLAG,     /* bool *, takes no value */
	OPTION_ADDRESS,  /* struct ip_addr * */
	OPTION_ENDPOINT, /* struct endpoint *: "127.0.0.1:1790" or "[::1]:1790" */
	OPTION_PAIR,     /* struct option_pair *: "5" or "5:200" */
	OPTION_OUTPUT,   /* bool *: `-o json` sets it, `-o table` clears it */
	OPTION_END,      /* the last row */
};

struct option_pair {
	uint32_t count, amount; /* amount 0: not given */
};

struct option_row {
	const char *name; /* without the dashes */
	enum option_type type;
	void *value;        /* holds the default before parsing */
	uint32_t low, high; /* bounds of OPTION_U32; high 0: none */
	const char *argument, *help;
};

enum options_result { OPTIONS_OK, OPTIONS_HELP, OPTIONS_BAD };

/* Parse argv[1..]; "--name value" and "--name=value". HELP: --help was given and printed to stdout. */
enum options_result options_parse(
    int argc, char **argv, const char *summary, const struct option_row *rows) MUST_USE;
