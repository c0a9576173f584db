/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations and command lines of the other daemons; what they make of them is a matter of running them. */
#include "rival.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct rival_setup setup = {.dir = "/somewhere/x",
    .listen = {.addr = {.family = IP_V4, .bytes = {127, 0, 0, 1}}, .port = 2179},
    .as = 64777,
    .cluster_id = 0x0aff0001,
    .tors = 3,
    .injector = {.family = IP_V4, .bytes = {127, 0, 0, 2}},
    .first_tor = {.family = IP_V4, .bytes = {127, 1, 0, 1}}};

/* Owned. */
static char *
config_of(const char *name)
{
	const struct rival *r = rival_find(name);
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(r);
	r->write_config(f, &setup);
	fclose(f);
	return text;
}

static unsigned
count_of(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void
every_rival_knows_our_as_port_cluster_and_injector(void **state)
{
	(void)state;
	for (size_t i = 0; i < rival_count; i++) {
		char *text = config_of(rivals[i].name);
		struct rival_argv a;
		bool port = false;

		rival_command(&rivals[i], &setup, &a);
		for (unsigned k = 0; a.argv[k]; k++)
			port = port || strcmp(a.argv[k], "2179") == 0;
		assert_true(port || strstr(text, "2179"));
		assert_non_null(strstr(text, "64777"));
		assert_non_null(strstr(text, "10.255.0.1"));
		assert_non_null(strstr(text, "127.0.0.2"));
		free(text);
	}
}

static void
bird_takes_paths_from_the_injector_and_gives_all_to_the_range(void **state)
{
	char *text = config_of("bird");

	(void)state;
	assert_non_null(strstr(text, "add paths rx; import all; export none;"));
	assert_non_null(strstr(text, "add paths tx; import none;"));
	assert_non_null(strstr(text, "neighbor range 127.1.0.0/16 as 64777;"));
	free(text);
}

static void
frr_is_tuned_and_accepts_as_many_tors_as_there_are(void **state)
{
	char *text = config_of("frr");

	(void)state;
	assert_non_null(strstr(text, " coalesce-time 200\n"));
	assert_non_null(strstr(text, " bgp listen limit 3\n"));
	assert_non_null(strstr(text, "  neighbor tors addpath-tx-all-paths\n"));
	free(text);
}

static void
gobgp_has_a_block_for_every_single_neighbour(void **state)
{
	char *text = config_of("gobgp");

	(void)state;
	assert_int_equal(count_of(text, "[[neighbors]]"), 1 + setup.tors);
	assert_int_equal(count_of(text, "send-max = 255"), setup.tors);
	assert_int_equal(count_of(text, "receive = true"), 1);
	assert_non_null(strstr(text, "neighbor-address = \"127.1.0.3\""));
	free(text);
}

static void
openbgpd_keeps_its_socket_to_itself(void **state)
{
	char *text = config_of("openbgpd");

	(void)state;
	assert_non_null(strstr(text, "socket \"/somewhere/x/control\""));
	assert_non_null(strstr(text, "announce add-path send all"));
	free(text);
}

static void
no_placeholder_is_left_in_a_command_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < rival_count; i++) {
		struct rival_argv a;
		unsigned n = 0;

		rival_command(&rivals[i], &setup, &a);
		assert_string_equal(a.argv[0], rivals[i].path);
		for (; a.argv[n]; n++)
			assert_null(strchr(a.argv[n], '{'));
		assert_true(n > 2);
	}
}

static void
nobody_else_is_known(void **state)
{
	(void)state;
	assert_null(rival_find("quagga"));
	assert_null(rival_find(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_rival_knows_our_as_port_cluster_and_injector),
	    cmocka_unit_test(bird_takes_paths_from_the_injector_and_gives_all_to_the_range),
	    cmocka_unit_test(frr_is_tuned_and_accepts_as_many_tors_as_there_are),
	    cmocka_unit_test(gobgp_has_a_block_for_every_single_neighbour),
	    cmocka_unit_test(openbgpd_keeps_its_socket_to_itself),
	    cmocka_unit_test(no_placeholder_is_left_in_a_command_line),
	    cmocka_unit_test(nobody_else_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
