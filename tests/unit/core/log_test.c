/* SPDX-License-Identifier: Apache-2.0 */
/* Lines as they leave on stderr, byte for byte behind the time. */
#include "core/clock.h"
#include "core/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr, pipe_out;
static char got[8192];

static int
catch_stderr(void **state)
{
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(fd[1], STDERR_FILENO);
	close(fd[1]);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	pipe_out = fd[0];
	return 0;
}

static int
give_stderr_back(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_out);
	log_set(LOG_INFO, LOG_LOGFMT);
	return 0;
}

/* All that was written since the last call. */
static const char *
written(void)
{
	ssize_t n = read(pipe_out, got, sizeof(got) - 1);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

/* The line behind its time, which must look like one. */
static const char *
after_time(const char *line, const char *before, const char *behind)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	const char *p = line + strlen(before);

	assert_memory_equal(line, before, strlen(before));
	for (unsigned i = 0; i < sizeof(shape) - 1; i++, p++)
		assert_true(shape[i] == 'd' ? *p >= '0' && *p <= '9' : *p == shape[i]);
	assert_memory_equal(p, behind, strlen(behind));
	return p + strlen(behind);
}

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a;

	assert_true(ip_parse(text, &a));
	return a;
}

static void
a_logfmt_line_has_time_level_event_and_fields(void **state)
{
	struct ip_prefix p;

	(void)state;
	assert_true(ip_prefix_parse("10.96.0.0/12", &p));
	log_info("peer up", f_str("peer", "tor-1"), f_u64("as", 65001), f_i64("delta", -3),
	    f_bool("ebgp", true), f_ip("addr", addr("2001:db8::1")), f_prefix("cidr", p));
	assert_string_equal(after_time(written(), "time=", " level=info msg="),
	    "\"peer up\" peer=tor-1 as=65001 delta=-3 ebgp=true addr=2001:db8::1 "
	    "cidr=10.96.0.0/12\n");
}

static void
a_json_line_is_one_object(void **state)
{
	(void)state;
	log_set(LOG_INFO, LOG_JSON);
	log_error("peer down", f_str("peer", "tor-1"), f_u64("as", 65001), f_i64("delta", -3),
	    f_bool("ebgp", false), f_ip("addr", addr("192.0.2.1")), f_str("why", NULL));
	assert_string_equal(
	    after_time(written(), "{\"time\":\"", "\",\"level\":\"error\",\"msg\":"),
	    "\"peer down\",\"peer\":\"tor-1\",\"as\":65001,\"delta\":-3,\"ebgp\":false,"
	    "\"addr\":\"192.0.2.1\",\"why\":\"\"}\n");
}

static void
an_event_needs_no_fields(void **state)
{
	(void)state;
	log_warn("stopping");
	assert_string_equal(after_time(written(), "time=", " level=warn msg="), "stopping\n");
	log_set(LOG_INFO, LOG_JSON);
	log_warn("stopping");
	assert_string_equal(
	    after_time(written(), "{\"time\":\"", "\",\"level\":\"warn\",\"msg\":"),
	    "\"stopping\"}\n");
}

static void
values_are_quoted_only_where_they_must_be(void **state)
{
	(void)state;
	log_info("x", f_str("plain", "a/b:c-d"), f_str("empty", ""), f_str("space", "a b"),
	    f_str("equals", "a=b"), f_str("quote", "say \"hi\""), f_str("back", "a\\b"),
	    f_str("line", "a\nb"), f_str("control", "a\x01\x7f"));
	assert_string_equal(after_time(written(), "time=", " level=info msg="),
	    "x plain=a/b:c-d empty=\"\" space=\"a b\" equals=\"a=b\" quote=\"say \\\"hi\\\"\" "
	    "back=\"a\\\\b\" line=\"a\\nb\" control=\"a\\u0001\\u007f\"\n");
}

static void
text_that_is_not_utf8_is_shown_as_such(void **state)
{
	(void)state;
	log_set(LOG_INFO, LOG_JSON);
	log_info("x", f_str("good", "caf\xc3\xa9"), f_str("bad", "a\xff\xc3"));
	assert_string_equal(
	    after_time(written(), "{\"time\":\"", "\",\"level\":\"info\",\"msg\":"),
	    "\"x\",\"good\":\"caf\xc3\xa9\",\"bad\":\"a\xef\xbf\xbd\xef\xbf\xbd\"}\n");
}

static void
only_enabled_levels_are_written(void **state)
{
	(void)state;
	log_debug("no");
	assert_string_equal(written(), "");
	assert_false(log_enabled(LOG_DEBUG));
	log_set(LOG_DEBUG, LOG_LOGFMT);
	log_debug("yes");
	assert_true(strlen(written()) > 0);
	log_set(LOG_ERROR, LOG_LOGFMT);
	log_warn("no");
	assert_string_equal(written(), "");
	log_error("yes");
	assert_true(strlen(written()) > 0);
}

/* A text too long is cut, what follows it is left out, and the line says so. */
static void
an_over_long_json_line_is_cut_and_still_an_object(void **state)
{
	static const char *const filler[] = {"x", "\"", "\x01", "\xe2\x82\xac"};
	char text[6001];
	const char *end = "\",\"truncated\":true}\n", *line;

	(void)state;
	log_set(LOG_INFO, LOG_JSON);
	for (unsigned i = 0; i < COUNT_OF(filler); i++) {
		size_t k = strlen(filler[i]), n = 0;

		for (; n + k < sizeof(text); n += k)
			memcpy(text + n, filler[i], k);
		text[n] = '\0';
		log_info("x", f_str("long", text), f_u64("behind", 1));
		line = written();
		n = strlen(line);
		assert_in_range(n, 1900, 2048);
		assert_ptr_equal(strchr(line, '\n'), line + n - 1);
		assert_string_equal(line + n - strlen(end), end);
		assert_null(strstr(line, "behind"));
		/* No escape and no character is cut in two. */
		k = i == 1 ? 2 : i == 2 ? 6 : k;
		assert_int_equal(
		    (size_t)(line + n - strlen(end) - (strstr(line, "\"long\":\"") + 8)) % k,
		    0);
	}
}

static void
an_over_long_logfmt_line_ends_behind_a_whole_value(void **state)
{
	const char *end = "xx\" truncated=true\n", *line;
	char text[6001];
	size_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("x", f_str("long", text), f_u64("behind", 1));
	line = written();
	n = strlen(line);
	assert_in_range(n, 1900, 2048);
	assert_string_equal(line + n - strlen(end), end);
}

static void
many_fields_are_left_out_whole(void **state)
{
	const char *end = ":18446744073709551615,\"truncated\":true}\n", *line;
	struct log_field fields[200];
	size_t n;

	(void)state;
	log_set(LOG_INFO, LOG_JSON);
	for (unsigned i = 0; i < 199; i++)
		fields[i] = f_u64("a_number", UINT64_MAX);
	fields[199] = (struct log_field){.key = NULL};
	log_write(LOG_INFO, "x", fields);
	line = written();
	n = strlen(line);
	assert_in_range(n, 1800, 2048);
	assert_string_equal(line + n - strlen(end), end);
}

static void
levels_and_formats_have_names(void **state)
{
	enum log_format format;
	enum log_level level;

	(void)state;
	assert_true(log_level_parse("debug", &level) && level == LOG_DEBUG);
	assert_true(log_level_parse("info", &level) && level == LOG_INFO);
	assert_true(log_level_parse("warn", &level) && level == LOG_WARN);
	assert_true(log_level_parse("error", &level) && level == LOG_ERROR);
	assert_false(log_level_parse("INFO", &level));
	assert_false(log_level_parse("", &level));
	assert_true(log_format_parse("json", &format) && format == LOG_JSON);
	assert_true(log_format_parse("logfmt", &format) && format == LOG_LOGFMT);
	assert_false(log_format_parse("jsonl", &format));
}

static void
a_limit_lets_a_burst_through_and_counts_the_rest(void **state)
{
	struct log_limit l = {0};
	uint64_t now = 5 * NS_PER_S;
	uint32_t swallowed;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_true(log_allow(&l, 3, now, &swallowed));
		assert_int_equal(swallowed, 0);
	}
	for (unsigned i = 0; i < 10; i++)
		assert_false(log_allow(&l, 3, now + i, &swallowed));
	assert_false(log_allow(&l, 3, now + NS_PER_S - 1, &swallowed));
	assert_true(log_allow(&l, 3, now + NS_PER_S, &swallowed));
	assert_int_equal(swallowed, 11);
	assert_true(log_allow(&l, 3, now + NS_PER_S, &swallowed));
	assert_int_equal(swallowed, 0);
}

int
main(void)
{
#define CAUGHT(test) cmocka_unit_test_setup_teardown(test, catch_stderr, give_stderr_back)
	const struct CMUnitTest tests[] = {
	    CAUGHT(a_logfmt_line_has_time_level_event_and_fields),
	    CAUGHT(a_json_line_is_one_object),
	    CAUGHT(an_event_needs_no_fields),
	    CAUGHT(values_are_quoted_only_where_they_must_be),
	    CAUGHT(text_that_is_not_utf8_is_shown_as_such),
	    CAUGHT(only_enabled_levels_are_written),
	    CAUGHT(an_over_long_json_line_is_cut_and_still_an_object),
	    CAUGHT(an_over_long_logfmt_line_ends_behind_a_whole_value),
	    CAUGHT(many_fields_are_left_out_whole),
	    cmocka_unit_test(levels_and_formats_have_names),
	    cmocka_unit_test(a_limit_lets_a_burst_through_and_counts_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
