/* SPDX-License-Identifier: Apache-2.0 */
/* helioctl: asks heliographd over its control socket and prints the answer. */
#include "watch/ctl/show.h"

const struct command commands[] = {
#define COMMAND(title, usage, fewest, largest, bits, function, text, more)                     \
	{.name = title,                                                                        \
	    .arguments = usage,                                                                \
	    .least = fewest,                                                                   \
	    .most = largest,                                                                   \
	    .takes = (bits),                                                                   \
	    .run = function,                                                                   \
	    .sentence = text,                                                                  \
	    .help = more},
#include "watch/ctl/commands.def"
#undef COMMAND
};

const unsigned command_count = COUNT_OF(commands);

int
main(int argc, char **argv)
{
	struct options o;
	char why[512];

	switch (options_parse(&o, argc, argv, why, sizeof(why))) {
	case OPTIONS_RUN:
		return o.command->run(&o);
	case OPTIONS_HELP:
		options_help(stdout, o.command);
		return EXIT_GOOD;
	case OPTIONS_VERSION:
		printf("helioctl %s\n", HELIO_VERSION);
		return EXIT_GOOD;
	default:
		fprintf(stderr, "helioctl: %s\nTry helioctl --help.\n", why);
		return EXIT_USAGE;
	}
}
