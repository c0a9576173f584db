/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of helioctl as data. */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define DEFAULT_SOCKET  "/var/lib/heliograph/control.sock"
#define SOCKET_VARIABLE "HELIOGRAPH_SOCKET"

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Options that only some commands take: a bit each, in the order of options.c's table. */
enum {
	OPTION_PEER = 1,
	OPTION_NEXT_HOP = 2,
	OPTION_REASON = 4,
	OPTION_WAIT = 8,
	OPTION_PLAN = 16,
	OPTION_FORCE = 32
};

#define ARGS_MAX 3

struct options;

struct command {
	const char *name, *arguments;
	unsigned least, most;                /* arguments */
	unsigned takes;                      /* OPTION_ bits */
	int (*run)(const struct options *o); /* returns the exit code */
	const char *sentence, *help;
};

extern const struct command commands[];
extern const unsigned command_count;

struct options {
	const struct command *command;
	const char *socket;
	const char *args[ARGS_MAX];                  /* NULL where not given */
	const char *peer, *next_hop, *reason, *wait; /* NULL where not given */
	const char *plan, *force;                    /* "yes"; NULL where not given */
	bool json;
	bool colour; /* standard output is a terminal that shows it */
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_WRONG };

/*
 * Read the command line (getopt's global state is used; argv is permuted). RUN: o is complete,
 * its strings borrowed from argv and the environment. HELP: o->command is set if the help of
 * one command is wanted. WRONG: why (size bytes) says what is.
 */
enum options_result
options_parse(struct options *o, int argc, char **argv, char *why, size_t size) MUST_USE;

/* The general help, or that of one command. */
void options_help(FILE *out, const struct command *command);
