/* SPDX-License-Identifier: Apache-2.0 */
/* helioctl's command line, tables and numbers. Its files are a program, not a library. */
#include "watch/ctl/client.c"
#include "watch/ctl/grid.c"
#include "watch/ctl/options.c"
#include "watch/ctl/text.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const struct command commands[] = {
    {.name = "summary", .arguments = "", .sentence = "one line a peer", .help = ""},
    {.name = "paths",
        .arguments = "[PREFIX]",
        .most = 1,
        .takes = OPTION_PEER | OPTION_NEXT_HOP,
        .sentence = "the paths",
        .help = "More.\n"},
    {.name = "explain",
        .arguments = "PREFIX [NODE]",
        .least = 1,
        .most = 2,
        .sentence = "why",
        .help = ""},
};
const unsigned command_count = COUNT_OF(commands);

static char why[512];

/* words: the command line behind the program's name, separated by single blanks. */
static enum options_result
parse(struct options *o, const char *words)
{
	static char line[256], *argv[16];
	int argc = 0;
	char *rest = NULL;

	snprintf(line, sizeof(line), "helioctl %s", words);
	for (char *w = strtok_r(line, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	argv[argc] = NULL;
	return options_parse(o, argc, argv, why, sizeof(why));
}

static void
options_may_stand_before_or_behind_the_command(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(
	    parse(&o, "paths 10.0.0.0/8 -o json --peer tor --next-hop 10.0.0.1"), OPTIONS_RUN);
	assert_string_equal(o.command->name, "paths");
	assert_string_equal(o.args[0], "10.0.0.0/8");
	assert_string_equal(o.peer, "tor");
	assert_string_equal(o.next_hop, "10.0.0.1");
	assert_true(o.json);
	assert_string_equal(o.socket, DEFAULT_SOCKET);
	assert_int_equal(parse(&o, "--socket s --output=table summary"), OPTIONS_RUN);
	assert_string_equal(o.socket, "s");
	assert_false(o.json);
	assert_int_equal(parse(&o, "explain --help"), OPTIONS_HELP);
	assert_string_equal(o.command->name, "explain");
	assert_int_equal(parse(&o, "--help"), OPTIONS_HELP);
	assert_null(o.command);
	assert_int_equal(parse(&o, "--version"), OPTIONS_VERSION);
}

static void
the_environment_names_the_socket_unless_the_line_does(void **state)
{
	struct options o;

	(void)state;
	setenv(SOCKET_VARIABLE, "e", 1);
	assert_int_equal(parse(&o, "summary"), OPTIONS_RUN);
	assert_string_equal(o.socket, "e");
	assert_int_equal(parse(&o, "-s l summary"), OPTIONS_RUN);
	assert_string_equal(o.socket, "l");
	unsetenv(SOCKET_VARIABLE);
}

static void
a_wrong_line_is_told_what_is_wrong(void **state)
{
	static const struct {
		const char *words, *expected;
	} rows[] = {{"", "which command?"}, {"sumary", "there is no command \"sumary\""},
	    {"summary x", "usage: helioctl summary"},
	    {"explain", "usage: helioctl explain PREFIX [NODE]"},
	    {"explain a b c", "usage: helioctl explain"},
	    {"summary -o xml", "-o takes json or table"}, {"summary -o", "-o needs a value"},
	    {"summary --colour", "there is no option --colour"},
	    {"summary --peer x", "summary does not take --peer"},
	    {"explain p --next-hop x", "explain does not take --next-hop"}};
	struct options o;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(parse(&o, rows[i].words), OPTIONS_WRONG);
		if (!strstr(why, rows[i].expected))
			fail_msg("%s: %s", rows[i].words, why);
	}
}

static const struct grid_column columns[] = {{"Name", false}, {"Count", true}, {"Rest", false}};

/* What a grid prints; the caller frees it. */
static char *
printed(const struct grid *g, bool colours, const char *none)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	grid_print(g, f, colours, none);
	fclose(f);
	return text;
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct grid *g = grid_new(columns, COUNT_OF(columns));
	char *text;

	(void)state;
	grid_row(g, NULL);
	grid_cell(g, GRID_PLAIN, "a");
	grid_cell(g, GRID_PLAIN, "1234567");
	grid_cell(g, GRID_GOOD, "x");
	grid_row(g, NULL);
	grid_cell(g, GRID_PLAIN, "longer name");
	text = printed(g, false, NULL);
	assert_string_equal(text, "Name           Count  Rest\n"
	                          "a            1234567  x\n"
	                          "longer name           \n");
	free(text);
	text = printed(g, true, NULL);
	assert_non_null(strstr(text, "\033[32mx\033[0m\n"));
	free(text);
	grid_free(g);
}

static void
cells_cannot_drive_the_terminal(void **state)
{
	struct grid *g = grid_new(columns, 1);
	char *text;

	(void)state;
	grid_row(g, NULL);
	grid_cell(g, GRID_PLAIN, "a\033[2Jb\n\x7f");
	text = printed(g, false, NULL);
	assert_string_equal(text, "Name\na?[2Jb??\n");
	free(text);
	grid_free(g);
}

static void
rows_are_sorted_by_their_key_and_an_empty_table_says_so(void **state)
{
	static const char *const order[] = {
	    "10.0.0.0/8", "10.0.0.0/16", "10.0.9.1/32", "10.0.10.1/32", "2001:db8::/32"};
	struct grid *g = grid_new(columns, 1);
	char key[TEXT_MAX], *text;

	(void)state;
	text = printed(g, false, "nothing here");
	assert_string_equal(text, "nothing here\n");
	free(text);
	for (size_t i = COUNT_OF(order); i-- > 0;) {
		grid_row(g, text_prefix_key(order[i], key));
		grid_cell(g, GRID_PLAIN, "%s", order[i]);
	}
	grid_sort(g);
	text = printed(g, false, NULL);
	assert_string_equal(
	    text, "Name\n10.0.0.0/8\n10.0.0.0/16\n10.0.9.1/32\n10.0.10.1/32\n2001:db8::/32\n");
	free(text);
	grid_free(g);
}

static void
numbers_are_shown_as_people_read_them(void **state)
{
	char buf[TEXT_MAX];

	(void)state;
	assert_string_equal(text_uptime(83, buf), "00:01:23");
	assert_string_equal(text_uptime(93780, buf), "1d02h03m");
	assert_string_equal(text_uptime(40 * 86400.0 + 7 * 3600, buf), "5w5d07h");
	assert_string_equal(text_uptime(-1, buf), "00:00:00");
	assert_string_equal(text_bytes(512, buf), "512 B");
	assert_string_equal(text_bytes(1.5 * 1024 * 1024, buf), "1.5 MiB");
	assert_string_equal(text_time(0, buf), "never");
	assert_string_equal(text_time(86400, buf), "1970-01-02T00:00:00Z");
}

static void
what_is_asked_for_is_percent_encoded(void **state)
{
	char huge[TARGET_MAX];
	struct target t;

	(void)state;
	target_init(&t, "/api/v1/paths");
	target_add(&t, "prefix", "10.0.0.0/8");
	target_add(&t, "peer", NULL);
	target_add(&t, "next_hop", "a&b=c \r\n\xff");
	assert_string_equal(
	    t.text, "/api/v1/paths?prefix=10.0.0.0%2F8&next_hop=a%26b%3Dc%20%0D%0A%FF");
	assert_false(t.overflow);
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	target_add(&t, "peer", huge);
	assert_true(t.overflow);
}

static void
a_socket_that_is_not_there_is_named_with_a_hint(void **state)
{
	struct client c;
	struct target t;

	(void)state;
	target_init(&t, "/livez");
	assert_false(client_ask(&c, "/nonexistent/control.sock", "GET", &t, why, sizeof(why)));
	assert_string_equal(why,
	    "/nonexistent/control.sock: No such file or directory; is heliographd running? "
	    "name its socket with --socket or HELIOGRAPH_SOCKET");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_may_stand_before_or_behind_the_command),
	    cmocka_unit_test(the_environment_names_the_socket_unless_the_line_does),
	    cmocka_unit_test(a_wrong_line_is_told_what_is_wrong),
	    cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
	    cmocka_unit_test(cells_cannot_drive_the_terminal),
	    cmocka_unit_test(rows_are_sorted_by_their_key_and_an_empty_table_says_so),
	    cmocka_unit_test(numbers_are_shown_as_people_read_them),
	    cmocka_unit_test(what_is_asked_for_is_percent_encoded),
	    cmocka_unit_test(a_socket_that_is_not_there_is_named_with_a_hint),
	};

	unsetenv(SOCKET_VARIABLE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
