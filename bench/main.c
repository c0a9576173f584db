/* SPDX-License-Identifier: Apache-2.0 */
/* heliobench: a table of subcommands. */
#include "commands.h"
#include "core/must.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
    {"run", command_run,
        "write a cluster, play ToRs, compare every table with the model, print times"},
    {"cluster", command_cluster, "write a simulated cluster, or a change to it, to the stream"},
    {"tors", command_tors, "play ToRs and print what they receive"},
    {"compare", command_compare,
        "the same paths through heliographd, other BGP daemons and a bytes-only loop: ratios"},
    {"limit", command_limit, "the bytes-only loop alone: the speed that nobody can pass"},
    {"blast", command_blast, "the process of that loop: the same bytes to every session"},
};

static void
print_usage(FILE *out)
{
	fprintf(out,
	    "heliobench " HELIO_VERSION ": load generator and judge for Heliograph\n\n"
	    "Usage: heliobench COMMAND [OPTIONS]    (COMMAND --help lists its options)\n\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (strcmp(name, "--version") == 0) {
		puts("heliobench " HELIO_VERSION);
		return EXIT_OK;
	}
	if (name[0])
		fprintf(stderr, "heliobench: %s: no such command\n\n", name);
	print_usage(stderr);
	return EXIT_USAGE;
}
