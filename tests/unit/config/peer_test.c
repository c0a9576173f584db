/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer entry may say, what follows from it, and which peers cannot be. */
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

static void
a_peer_gets_what_follows_from_its_other_keys(void **state)
{
	struct config *c = load_good(
	    "router_id: 192.0.2.7\nlocal_as: 1\npeers:\n"
	    "  - {range: 10.0.0.0/8, as: [64512, 64513]}\n"
	    "  - {address: \"2001:db8::7\", as: 1.10, hold_time: 10m, families: [ipv6]}\n");
	const struct config_peer *range = &c->peers.items[0], *one = &c->peers.items[1];

	(void)state;
	assert_string_equal(range->name, "10.0.0.0/8");
	assert_true(range->passive);
	assert_int_equal(range->as.len, 2);
	assert_int_equal(range->send_hold_ns, 480 * NS_PER_S);
	assert_string_equal(one->name, "2001:db8::7");
	assert_int_equal(one->as.items[0], 65546);
	assert_int_equal(one->send_hold_ns, 1200 * NS_PER_S);
	assert_int_equal(one->families, CONFIG_FAMILY_IPV6);
	config_free(c);
}

static void
a_connection_finds_its_address_before_its_range(void **state)
{
	struct config *c = load_good("router_id: 192.0.2.7\nlocal_as: 1\npeers:\n"
	                             "  - {name: all, range: 127.1.0.0/16, as: 2}\n"
	                             "  - {name: one, address: 127.1.0.5, as: 3}\n");
	struct ip_addr inside = ip_v4(0x7f010001), one = ip_v4(0x7f010005),
	               outside = ip_v4(0x7f020001);

	(void)state;
	assert_string_equal(config_peer_find(c, &inside)->name, "all");
	assert_string_equal(config_peer_find(c, &one)->name, "one");
	assert_null(config_peer_find(c, &outside));
	config_free(c);
}

static const struct {
	const char *text, *expected;
} bad_peers[] = {
    {"{address: 127.0.0.1}", "required key \"as\" is missing"},
    {"{as: 1}", "a peer without address and range"},
    {"{as: 1, address: 127.0.0.1, range: 127.0.0.0/8}",
        "a peer has an address or a range, not both"},
    {"{as: 0, address: 127.0.0.1}", "AS 0 is reserved"},
    {"{as: 23456, address: 127.0.0.1}", "AS 23456 is reserved"},
    {"{as: 4294967295, address: 127.0.0.1}", "is reserved"},
    {"{as: 4294967296, address: 127.0.0.1}", "is not an AS number"},
    {"{as: [], address: 127.0.0.1}", "as is an empty list"},
    {"{as: [1, 2], address: 127.0.0.1}", "one neighbour has one AS number"},
    {"{as: 1, address: 300.0.0.1}", "is not an IP address"},
    {"{as: 1, address: 224.0.0.1}", "cannot be the address of one machine"},
    {"{as: 1, range: 127.0.0.1/8}", "did you mean 127.0.0.0/8?"},
    {"{as: 1, range: 127.0.0.0/8, passive: false}", "a range cannot be connected to"},
    {"{as: 1, range: 127.0.0.0/8, port: 5}", "port has no effect for a range"},
    {"{as: 1, address: 127.0.0.1, port: 0}", "0 is out of bounds; from 1 to 65535"},
    {"{as: 1, address: 127.0.0.1, hold_time: 2}", "hold_time is 0, or whole seconds from 3 on"},
    {"{as: 1, address: 127.0.0.1, hold_time: 3500ms}", "hold_time is 0, or whole seconds"},
    {"{as: 1, address: 127.0.0.1, hold_time: 65536}", "65536 is out of bounds"},
    {"{as: 1, address: 127.0.0.1, send_hold: 10s}", "send_hold is shorter than hold_time"},
    {"{as: 1, address: 127.0.0.1, connect_retry: 0}", "out of bounds; from 1s to 1h"},
    {"{as: 1, address: 127.0.0.1, families: []}", "families is an empty list"},
    {"{as: 1, address: 127.0.0.1, families: [ipv5]}", "write ipv4 or ipv6"},
    {"{as: 1, address: 127.0.0.1, families: [ipv4, ipv4]}", "families has ipv4 twice"},
    {"{as: 1, address: 127.0.0.1, add_path: both}", "neither true nor false"},
    {"{as: 1, address: 127.0.0.1, view: far}", "there is no view \"far\""},
    {"{as: 1, address: 127.0.0.1, name: 'a b'}", "is not a name"},
    {"{as: 1, address: 127.0.0.1, multihop: 256}", "out of bounds; from 0 to 255"},
    {"{as: 1, address: 127.0.0.1, multihop: 2, ttl_security: 2}", "exclude each other"},
    {"{as: 1, address: 127.0.0.1, source: '::1'}",
        "source and address are of different families"},
    {"{as: 1, address: 127.0.0.1, pasive: true}", "did you mean \"passive\"?"},
    {"{as: 1, address: 127.0.0.1}\n  - {as: 1, address: 127.0.0.1, name: b}",
        "a peer with address 127.0.0.1 stands at line 4 too"},
    {"{as: 1, address: 127.0.0.1, name: a}\n  - {as: 1, address: 127.0.0.2, name: a}",
        "a peer named \"a\" stands at line 4 too"},
    {"{as: 1, range: 10.0.0.0/8}\n  - {as: 1, range: 10.1.0.0/16}",
        "range 10.1.0.0/16 overlaps the one at line 4"},
    {"a", "peers[] is a single value; it takes a mapping"},
};

static void
a_peer_that_cannot_be_is_refused(void **state)
{
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_peers); i++) {
		snprintf(text, sizeof(text),
		    "router_id: 192.0.2.7\nlocal_as: 1\npeers:\n  - %s\n", bad_peers[i].text);
		if (load(text))
			fail_msg("accepted: %s", bad_peers[i].text);
		if (!strstr(errors.text[0], bad_peers[i].expected))
			fail_msg("%s: expected \"%s\", got \"%s\"", bad_peers[i].text,
			    bad_peers[i].expected, errors.text[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_peer_gets_what_follows_from_its_other_keys),
	    cmocka_unit_test(a_connection_finds_its_address_before_its_range),
	    cmocka_unit_test(a_peer_that_cannot_be_is_refused),
	};

	unsetenv("CALICO_ADVERTISE_CLUSTER_IPS");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
