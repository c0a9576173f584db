/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"
#include "feed/options.h"

#include <stdlib.h>

static char *environment_kafka;

static char *
environment(const char *name)
{
	if (strcmp(name, "HELIOFEED_KAFKA") == 0)
		return environment_kafka;
	return strcmp(name, "HELIOFEED_CREATE_TOPIC") == 0 ? "false" : NULL;
}

/* argv from one text, parted at spaces; the text must outlive the options. */
static enum options_result
parse(struct options *o, char *text, char *error)
{
	char *argv[32] = {"heliofeed"};
	int argc = 1;

	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	return options_parse(o, argc, argv, environment, error);
}

static void
flags_win_over_the_environment_and_that_over_defaults(void **state)
{
	char error[OPTIONS_ERROR_MAX], kafka[] = "env:1";
	char none[] = "", some[] = "--kafka flag:1 --topic t --create-topic --partitions 3";
	struct options o;

	(void)state;
	environment_kafka = kafka;
	assert_int_equal(parse(&o, none, error), OPTIONS_RUN);
	assert_string_equal(o.producer.kafka, "env:1");
	assert_string_equal(o.producer.topic, "kubernetes-state");
	assert_string_equal(o.producer.transactional_id, "heliofeed-kubernetes-state");
	assert_false(o.producer.create_topic);
	options_fini(&o);
	assert_int_equal(parse(&o, some, error), OPTIONS_RUN);
	assert_string_equal(o.producer.kafka, "flag:1");
	assert_string_equal(o.producer.transactional_id, "heliofeed-t");
	assert_true(o.producer.create_topic);
	assert_int_equal(o.producer.partitions, 3);
	options_fini(&o);
	environment_kafka = NULL;
}

static void
properties_and_annotations_may_come_again(void **state)
{
	char text[] =
	    "--kafka x --property a=b=c --property-file p=/f --keep-annotation q --no-transactions";
	char error[OPTIONS_ERROR_MAX];
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, text, error), OPTIONS_RUN);
	assert_int_equal(o.producer.n_properties, 2);
	assert_string_equal(o.producer.properties[0].name, "a");
	assert_string_equal(o.producer.properties[0].value, "b=c");
	assert_true(o.producer.properties[1].from_file);
	assert_int_equal(o.n_kept_annotations, 3);
	assert_null(o.producer.transactional_id);
	options_fini(&o);
}

static void
what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *says;
	} bad[] = {
	    {"", "--kafka"},
	    {"--kafka x --bogus", "--bogus"},
	    {"--kafka", "missing"},
	    {"--kafka x --partitions 0", "--partitions"},
	    {"--kafka x --page -1", "--page"},
	    {"--kafka x --property novalue", "NAME=VALUE"},
	    {"--kafka x --log-level loud", "loud"},
	    {"--kafka x extra", "extra"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char error[OPTIONS_ERROR_MAX] = "", *line = strdup(bad[i].line);
		struct options o;

		assert_int_equal(parse(&o, line, error), OPTIONS_BAD);
		assert_non_null(strstr(error, bad[i].says));
		options_fini(&o);
		free(line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(flags_win_over_the_environment_and_that_over_defaults),
	    cmocka_unit_test(properties_and_annotations_may_come_again),
	    cmocka_unit_test(what_is_wrong_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
