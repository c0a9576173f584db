/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that a replica takes from its environment. */
#include "config/config.h"
#include "core/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_errors errors;

static struct config *
load(const char *text)
{
	return config_load_text("t.yaml", text, strlen(text), &errors);
}

static struct config *
load_good(const char *text)
{
	struct config *c = load(text);

	if (!c)
		fail_msg("refused: %s", errors.text[0]);
	return c;
}

static int
set_up(void **state)
{
	(void)state;
	setenv("HOST_IP", "192.0.2.7", 1);
	setenv("POD_IP", "2001:db8::7", 1);
	setenv("EMPTY", "", 1);
	unsetenv("NOBODY");
	return 0;
}

static void
replicas_that_share_a_file_take_their_addresses_from_the_environment(void **state)
{
	struct config *c =
	    load_good("router_id: ${HOST_IP}\nlocal_as: 1\n"
	              "listen: ['${HOST_IP}:179', '[${POD_IP}]:179']\n"
	              "http: ${HOST_IP}:8179\n"
	              "peers: [{address: 192.0.2.1, as: 1, source: '${HOST_IP}'}]\n");
	char text[IP_TEXT_MAX];

	(void)state;
	assert_int_equal(c->router_id, 0xc0000207);
	assert_int_equal(c->cluster_id, c->router_id);
	assert_string_equal(ip_text(&c->listen.items[0].addr, text), "192.0.2.7");
	assert_string_equal(ip_text(&c->listen.items[1].addr, text), "2001:db8::7");
	assert_string_equal(ip_text(&c->http.addr, text), "192.0.2.7");
	assert_int_equal(c->http.port, 8179);
	assert_string_equal(ip_text(&c->peers.items[0].source, text), "192.0.2.7");
	config_free(c);
}

static void
an_ipv6_address_from_the_environment_gets_its_brackets_before_a_port(void **state)
{
	struct config *c =
	    load_good("router_id: 192.0.2.7\nlocal_as: 1\npeers: []\nhttp: ${POD_IP}:8179\n");

	(void)state;
	assert_int_equal(c->http.addr.family, IP_V6);
	assert_int_equal(c->http.port, 8179);
	config_free(c);
}

/* A line behind local_as and peers, and what is said about it. */
static const struct {
	const char *text, *expected;
} bad[] = {
    {"router_id: ${NOBODY}", "t.yaml:3:12: router_id: the environment has no NOBODY; set it"},
    {"router_id: ${EMPTY}", "the environment has no EMPTY"},
    {"router_id: ${HOST_IP", "names no variable; write ${NAME}"},
    {"router_id: ${}", "names no variable"},
    {"router_id: ${HOST-IP}", "names no variable"},
    {"router_id: ${POD_IP}",
        "\"2001:db8::7\" is not a BGP identifier; write it as an IPv4 address that is not 0.0.0.0 (it stands there as ${POD_IP})"},
    {"router_id: 192.0.2.7\nlisten: ['${HOST_IP}']", "\"192.0.2.7\" is not address:port"},
    {"router_id: 192.0.2.7\nlisten: ['192.0.2.7:179', '${HOST_IP}:179']",
        "listen has ${HOST_IP}:179 twice"},
    {"router_id: 192.0.2.7\nhttp: "
     "${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}"
     "${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}${HOST_IP}",
        "is too long with its variables in place"},
};

static void
a_variable_that_is_missing_or_no_address_is_an_error_that_names_it(void **state)
{
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(text, sizeof(text), "local_as: 1\npeers: []\n%s\n", bad[i].text);
		if (load(text))
			fail_msg("accepted: %s", bad[i].text);
		if (!strstr(errors.text[0], bad[i].expected))
			fail_msg("%s: expected \"%s\", got \"%s\"", bad[i].text,
			    bad[i].expected, errors.text[0]);
	}
}

static void
any_other_key_means_a_dollar_as_it_stands(void **state)
{
	struct config *c = load_good("router_id: 192.0.2.7\nlocal_as: 1\n"
	                             "peers: [{rack: 'x${y', address: 192.0.2.1, as: 1}]\n"
	                             "kafka: {properties: {sasl.password: 'a${HOST_IP}b'}}\n");

	(void)state;
	assert_string_equal(c->peers.items[0].rack, "x${y");
	assert_string_equal(c->kafka.properties.items[0].value, "a${HOST_IP}b");
	config_free(c);
}

struct text {
	char at[65536];
	size_t len;
};

static void
collect(void *ctx, const char *text, size_t n)
{
	struct text *t = ctx;

	assert_true(t->len + n < sizeof(t->at));
	memcpy(t->at + t->len, text, n);
	t->len += n;
}

static void
the_effective_configuration_shows_the_value_and_the_variable(void **state)
{
	static struct text out;
	struct config *c = load_good("router_id: ${HOST_IP}\nlocal_as: 1\npeers: []\n"
	                             "listen: ['${POD_IP}:179']\n");

	(void)state;
	config_print_effective(c, collect, &out);
	assert_non_null(
	    strstr(out.at, "router_id: 192.0.2.7  # t.yaml:1, written as ${HOST_IP}\n"));
	assert_non_null(strstr(
	    out.at, "listen: [\"[2001:db8::7]:179\"]  # t.yaml:4, written as ${POD_IP}:179\n"));
	config_free(c);
}

static void
the_reference_says_which_keys_take_a_variable(void **state)
{
	static struct text out;

	(void)state;
	config_print_reference(collect, &out);
	assert_non_null(strstr(out.at, "every replica has its own. May hold `${NAME}`"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        replicas_that_share_a_file_take_their_addresses_from_the_environment),
	    cmocka_unit_test(
	        an_ipv6_address_from_the_environment_gets_its_brackets_before_a_port),
	    cmocka_unit_test(
	        a_variable_that_is_missing_or_no_address_is_an_error_that_names_it),
	    cmocka_unit_test(any_other_key_means_a_dollar_as_it_stands),
	    cmocka_unit_test(the_effective_configuration_shows_the_value_and_the_variable),
	    cmocka_unit_test(the_reference_says_which_keys_take_a_variable),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
