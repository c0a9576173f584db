/* SPDX-License-Identifier: Apache-2.0 */
/* Options may stand before or behind the command and its arguments. */
#include "watch/ctl/options.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_VERSION = 256, KEY_VALUED };

/* Bit i of struct command.takes allows the i-th. */
static const struct {
	const char *name;
	size_t offset; /* in struct options */
} valued[] = {{"peer", offsetof(struct options, peer)},
    {"next-hop", offsetof(struct options, next_hop)},
    {"reason", offsetof(struct options, reason)}, {"wait", offsetof(struct options, wait)},
    {"plan", offsetof(struct options, plan)}, {"force", offsetof(struct options, force)}};

static const struct option long_options[] = {{"socket", required_argument, NULL, 's'},
    {"output", required_argument, NULL, 'o'}, {"peer", required_argument, NULL, KEY_VALUED},
    {"next-hop", required_argument, NULL, KEY_VALUED + 1},
    {"reason", required_argument, NULL, KEY_VALUED + 2},
    {"wait", required_argument, NULL, KEY_VALUED + 3},
    {"plan", no_argument, NULL, KEY_VALUED + 4}, {"force", no_argument, NULL, KEY_VALUED + 5},
    {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, KEY_VERSION},
    {NULL, 0, NULL, 0}};

static const char **
value_at(const struct options *o, size_t i)
{
	return (const char **)(uintptr_t)((const char *)o + valued[i].offset);
}

static const struct command *
find_command(const char *name)
{
	for (unsigned i = 0; i < command_count; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool
take_format(struct options *o, const char *format, char *why, size_t size)
{
	o->json = strcmp(format, "json") == 0;
	if (!o->json && strcmp(format, "table") != 0)
		snprintf(why, size, "-o takes json or table, not \"%s\"", format);
	return o->json || strcmp(format, "table") == 0;
}

static enum options_result
take_flags(struct options *o, int argc, char **argv, char *why, size_t size)
{
	enum options_result result = OPTIONS_RUN;
	int key;

	opterr = 0;
	optind = 0; /* begin anew: tests parse more than one line */
	while ((key = getopt_long(argc, argv, ":s:o:h", long_options, NULL)) != -1) {
		switch (key) {
		case 's':
			o->socket = optarg;
			break;
		case 'o':
			if (!take_format(o, optarg, why, size))
				return OPTIONS_WRONG;
			break;
		case 'h':
			result = OPTIONS_HELP;
			break;
		case KEY_VERSION:
			result = OPTIONS_VERSION;
			break;
		case ':':
			snprintf(why, size, "%s needs a value", argv[optind - 1]);
			return OPTIONS_WRONG;
		default:
			if (key >= KEY_VALUED &&
			    (size_t)(key - KEY_VALUED) < COUNT_OF(valued)) {
				*value_at(o, (size_t)(key - KEY_VALUED)) =
				    optarg ? optarg : "yes";
				break;
			}
			snprintf(why, size, "there is no option %s", argv[optind - 1]);
			return OPTIONS_WRONG;
		}
	}
	return result;
}

static enum options_result
take_arguments(struct options *o, int n, char **args, char *why, size_t size)
{
	const struct command *c = o->command;

	if ((unsigned)n < c->least || (unsigned)n > c->most) {
		snprintf(why, size, "usage: helioctl %s%s%s", c->name, *c->arguments ? " " : "",
		    c->arguments);
		return OPTIONS_WRONG;
	}
	for (size_t i = 0; i < COUNT_OF(valued); i++)
		if (*value_at(o, i) && !(c->takes >> i & 1)) {
			snprintf(why, size, "%s does not take --%s", c->name, valued[i].name);
			return OPTIONS_WRONG;
		}
	for (int i = 0; i < n; i++)
		o->args[i] = args[i];
	return OPTIONS_RUN;
}

enum options_result
options_parse(struct options *o, int argc, char **argv, char *why, size_t size)
{
	const char *variable = getenv(SOCKET_VARIABLE);
	const char *no_colour = getenv("NO_COLOR");
	enum options_result result;

	memset(o, 0, sizeof(*o));
	o->socket = variable && *variable ? variable : DEFAULT_SOCKET;
	o->colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
	result = take_flags(o, argc, argv, why, size);
	if (result == OPTIONS_WRONG || result == OPTIONS_VERSION)
		return result;
	if (optind < argc) {
		o->command = find_command(argv[optind]);
		if (!o->command) {
			snprintf(why, size, "there is no command \"%s\"", argv[optind]);
			return OPTIONS_WRONG;
		}
	} else if (result == OPTIONS_RUN) {
		snprintf(why, size, "which command?");
		return OPTIONS_WRONG;
	}
	if (result == OPTIONS_HELP)
		return result;
	return take_arguments(o, argc - optind - 1, argv + optind + 1, why, size);
}

static void
print_common(FILE *out)
{
	fprintf(out,
	    "\nOptions of every command:\n"
	    "  -s, --socket PATH  heliographd's control socket (or " SOCKET_VARIABLE ";\n"
	    "                     default " DEFAULT_SOCKET ")\n"
	    "  -o, --output json  the answer as heliographd served it, instead of a table\n"
	    "  -h, --help         help; of one command: helioctl COMMAND --help\n"
	    "\nExit codes: 0 done, 1 it failed (the reason is on standard error), 2 wrong usage.\n");
}

void
options_help(FILE *out, const struct command *command)
{
	if (command) {
		fprintf(out, "usage: helioctl %s%s%s\n\n%s.\n%s", command->name,
		    *command->arguments ? " " : "", command->arguments, command->sentence,
		    command->help);
		print_common(out);
		return;
	}
	fprintf(out,
	    "usage: helioctl [OPTIONS] COMMAND [ARGUMENTS]\n\nShows what heliographd knows and does.\n\nCommands:\n");
	for (unsigned i = 0; i < command_count; i++)
		fprintf(out, "  %-9s %-14s %s\n", commands[i].name, commands[i].arguments,
		    commands[i].sentence);
	print_common(out);
}
