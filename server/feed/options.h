/* SPDX-License-Identifier: Apache-2.0 */
/* The command line and the environment of heliofeed. Read once at the start; strings are borrowed. */
#pragma once

#include "core/log.h"
#include "core/must.h"
#include "feed/producer.h"

#include <stdbool.h>

#define OPTIONS_ERROR_MAX 256

struct options {
	struct producer_options producer;
	const char *kubeconfig, *context; /* NULL: in a pod; current-context */
	unsigned page;
	bool no_streaming, no_annotations, every_version, once;
	const char **kept_annotations; /* prefixes */
	unsigned n_kept_annotations;
	const char *http; /* "none": nowhere */
	enum log_level log_level;
	enum log_format log_format;
	struct producer_property *properties;
	char *transactional_id; /* the default one */
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_BAD };

/* getenv is the process's but in tests. OPTIONS_BAD: error says what is wrong. */
enum options_result options_parse(struct options *o, int argc, char **argv,
    char *(*environment)(const char *), char *error) MUST_USE;
void options_fini(struct options *o);

void options_print_usage(void);
