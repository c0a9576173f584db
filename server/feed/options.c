/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
#define OPTION(id, flag, argument, environment, help) OPTION_##id,
#include "feed/options.def"
#undef OPTION
	OPTION_COUNT
};

static const struct row {
	const char *flag, *argument, *environment, *help;
} rows[OPTION_COUNT] = {
#define OPTION(id, flag, argument, environment, help) {flag, argument, environment, help},
#include "feed/options.def"
#undef OPTION
};

#define FIRST_CODE     256 /* of getopt: no letters */
#define PAGE_MAX       100000
#define PARTITIONS_MAX 10000

static const char *const kept_always[] = {"heliograph.io/", "projectcalico.org/"};

void
options_print_usage(void)
{
	puts(
	    "usage: heliofeed --kafka HOST:PORT [OPTION...]\n"
	    "\n"
	    "Follows nodes, services, endpointslices and servicecidrs of a Kubernetes cluster, and\n"
	    "Calico's bgpconfigurations, bgppeers, bgpfilters and ippools where it has them, and writes\n"
	    "them to a Kafka topic for heliographd. Runs in the foreground, logs to stderr.\n");
	for (unsigned i = 0; i < OPTION_COUNT; i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", rows[i].flag, rows[i].argument);
		printf("  %-30s %s%s%s%s\n", left, rows[i].help,
		    rows[i].environment[0] ? " [$" : "", rows[i].environment,
		    rows[i].environment[0] ? "]" : "");
	}
	puts(
	    "\n"
	    "Exit codes: 0 ended by SIGTERM, SIGINT or --once; 1 something is wrong at the start; 2 wrong\n"
	    "options; 3 fenced: another heliofeed with the same transactional id has taken over.");
}

static bool
is_set(const struct row *row, const char *value)
{
	/* A variable for a switch: "0", "false" and "" leave it off. */
	return row->argument[0] || (strcmp(value, "") != 0 && strcmp(value, "0") != 0 &&
	                               strcmp(value, "false") != 0);
}

static bool
take_number(const char *text, unsigned long max, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v == 0 || v > max)
		return false;
	*out = (unsigned)v;
	return true;
}

static bool
take_property(struct options *o, char *text, bool from_file)
{
	char *equals = strchr(text, '=');
	unsigned n = o->producer.n_properties;

	if (!equals || equals == text)
		return false;
	*equals = '\0';
	o->properties = must_realloc(o->properties, (n + 1) * sizeof(*o->properties));
	o->properties[n] = (struct producer_property){
	    .name = text, .value = equals + 1, .from_file = from_file};
	o->producer.n_properties = n + 1;
	return true;
}

static void
keep_annotation(struct options *o, const char *prefix)
{
	o->kept_annotations = must_realloc(
	    o->kept_annotations, (o->n_kept_annotations + 1) * sizeof(*o->kept_annotations));
	o->kept_annotations[o->n_kept_annotations++] = prefix;
}

/* One option with its value; value is the process's own memory. False: the value is wrong. */
static bool
take(struct options *o, enum option_id id, char *value)
{
	unsigned n = 0;

	switch (id) {
	case OPTION_KAFKA:
		o->producer.kafka = value;
		return *value != '\0';
	case OPTION_TOPIC:
		o->producer.topic = value;
		return *value != '\0';
	case OPTION_CREATE_TOPIC:
		o->producer.create_topic = true;
		return true;
	case OPTION_PARTITIONS:
		return take_number(value, PARTITIONS_MAX, &o->producer.partitions);
	case OPTION_REPLICATION:
		if (!take_number(value, 100, &n))
			return false;
		o->producer.replication = (int)n;
		return true;
	case OPTION_PROPERTY:
	case OPTION_PROPERTY_FILE:
		return take_property(o, value, id == OPTION_PROPERTY_FILE);
	case OPTION_TRANSACTIONAL_ID:
		o->producer.transactional_id = value;
		return *value != '\0';
	case OPTION_NO_TRANSACTIONS:
		free(o->transactional_id);
		o->transactional_id = NULL;
		o->producer.transactional_id = NULL;
		return true;
	case OPTION_KUBECONFIG:
		o->kubeconfig = *value ? value : NULL;
		return true;
	case OPTION_CONTEXT:
		o->context = value;
		return true;
	case OPTION_PAGE:
		return take_number(value, PAGE_MAX, &o->page);
	case OPTION_NO_STREAMING_LISTS:
		o->no_streaming = true;
		return true;
	case OPTION_STRIP_ANNOTATIONS:
		o->no_annotations = true;
		return true;
	case OPTION_KEEP_ANNOTATION:
		keep_annotation(o, value);
		return true;
	case OPTION_EVERY_VERSION:
		o->every_version = true;
		return true;
	case OPTION_HTTP:
		o->http = value;
		return true;
	case OPTION_LOG_LEVEL:
		return log_level_parse(value, &o->log_level);
	case OPTION_LOG_FORMAT:
		return log_format_parse(value, &o->log_format);
	case OPTION_ONCE:
		o->once = true;
		return true;
	case OPTION_VERSION:
	case OPTION_HELP:
	case OPTION_COUNT:
		break;
	}
	return false;
}

static void
set_defaults(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->producer.topic = "kubernetes-state";
	o->producer.partitions = 12;
	o->producer.replication = -1;
	o->page = 500;
	o->http = "127.0.0.1:8180";
	o->log_level = LOG_INFO;
	for (unsigned i = 0; i < COUNT_OF(kept_always); i++)
		keep_annotation(o, kept_always[i]);
}

static enum options_result
take_command_line(struct options *o, int argc, char **argv, bool *transactions, char *error)
{
	struct option longs[OPTION_COUNT + 1];
	int code;

	memset(longs, 0, sizeof(longs));
	for (int i = 0; i < OPTION_COUNT; i++)
		longs[i] = (struct option){.name = rows[i].flag,
		    .has_arg = rows[i].argument[0] ? required_argument : no_argument,
		    .val = FIRST_CODE + i};
	optind = 0; /* begin anew, also after a test */
	opterr = 0;
	while ((code = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		enum option_id id = (enum option_id)(code - FIRST_CODE);

		if (code < FIRST_CODE) {
			snprintf(error, OPTIONS_ERROR_MAX, "%s %.100s (see --help)",
			    code == ':' ? "a value is missing:" : "unknown option",
			    argv[optind - 1]);
			return OPTIONS_BAD;
		}
		if (id == OPTION_HELP || id == OPTION_VERSION)
			return id == OPTION_HELP ? OPTIONS_HELP : OPTIONS_VERSION;
		if (id == OPTION_NO_TRANSACTIONS)
			*transactions = false;
		if (!take(o, id, optarg)) {
			snprintf(error, OPTIONS_ERROR_MAX,
			    "--%s: cannot use %.100s, it takes %s", rows[id].flag, optarg,
			    rows[id].argument);
			return OPTIONS_BAD;
		}
	}
	if (optind < argc) {
		snprintf(error, OPTIONS_ERROR_MAX, "unexpected argument %.100s (see --help)",
		    argv[optind]);
		return OPTIONS_BAD;
	}
	return OPTIONS_RUN;
}

enum options_result
options_parse(
    struct options *o, int argc, char **argv, char *(*environment)(const char *), char *error)
{
	enum options_result result;
	bool transactions = true;

	set_defaults(o);
	for (unsigned i = 0; i < OPTION_COUNT; i++) {
		char *value = rows[i].environment[0] ? environment(rows[i].environment) : NULL;

		if (value && is_set(&rows[i], value) && !take(o, (enum option_id)i, value)) {
			snprintf(error, OPTIONS_ERROR_MAX, "%s: cannot use %.100s, it takes %s",
			    rows[i].environment, value, rows[i].argument);
			return OPTIONS_BAD;
		}
	}
	result = take_command_line(o, argc, argv, &transactions, error);
	if (result != OPTIONS_RUN)
		return result;
	if (!o->producer.kafka) {
		snprintf(error, OPTIONS_ERROR_MAX, "--kafka is missing (see --help)");
		return OPTIONS_BAD;
	}
	if (transactions && !o->producer.transactional_id) {
		if (asprintf(&o->transactional_id, "heliofeed-%s", o->producer.topic) < 0)
			die("out of memory");
		o->producer.transactional_id = o->transactional_id;
	}
	o->producer.properties = o->properties;
	return OPTIONS_RUN;
}

void
options_fini(struct options *o)
{
	free(o->properties);
	free(o->kept_annotations);
	free(o->transactional_id);
	memset(o, 0, sizeof(*o));
}
