/* SPDX-License-Identifier: Apache-2.0 */
/* heliofeed: from the Kubernetes API to the Kafka topic that heliographd reads. See feed.h. */
#include "feed/feed.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	char error[OPTIONS_ERROR_MAX];
	struct options options;
	enum feed_exit code = FEED_ENDED;

	switch (options_parse(&options, argc, argv, getenv, error)) {
	case OPTIONS_RUN:
		log_set(options.log_level, options.log_format);
		code = feed_run(&options);
		break;
	case OPTIONS_HELP:
		options_print_usage();
		break;
	case OPTIONS_VERSION:
		puts("heliofeed " HELIO_VERSION);
		break;
	case OPTIONS_BAD:
		fprintf(stderr, "heliofeed: %s\n", error);
		code = FEED_USAGE;
		break;
	}
	options_fini(&options);
	return (int)code;
}
