/* SPDX-License-Identifier: Apache-2.0 */
/* What the egress guard lets pass, whoever wants it announced. */
#include "rib/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *what, *prefix;
	enum prefix_class prefix_class;
	bool passes;
} rows[] = {
    {"the configured aggregate", "10.96.0.0/12", CLASS_AGGREGATE, true},
    {"an aggregate of external IPs", "192.0.2.0/24", CLASS_AGGREGATE, true},
    {"a default route", "0.0.0.0/0", CLASS_AGGREGATE, false},
    {"an IPv6 default route", "::/0", CLASS_AGGREGATE, false},
    {"half of the Internet", "128.0.0.0/2", CLASS_AGGREGATE, false},
    {"an aggregate that nobody has configured", "10.0.0.0/8", CLASS_AGGREGATE, false},
    {"a cluster IP", "10.96.0.1/32", CLASS_CLUSTER_IP, true},
    {"an IPv6 cluster IP", "fd00:96::1/128", CLASS_CLUSTER_IP, true},
    {"a cluster IP outside the CIDR", "10.0.0.1/32", CLASS_CLUSTER_IP, false},
    {"a host route that is none", "10.96.0.0/24", CLASS_CLUSTER_IP, false},
    {"an external IP", "192.0.2.7/32", CLASS_EXTERNAL_IP, true},
    {"a cluster IP as external IP", "10.96.0.1/32", CLASS_EXTERNAL_IP, false},
    {"loopback", "127.0.0.1/32", CLASS_LOAD_BALANCER, false},
    {"multicast", "224.0.0.5/32", CLASS_LOAD_BALANCER, false},
    {"IPv6 link-local", "fe80::1/128", CLASS_LOAD_BALANCER, false},
    {"any address where the file gives no CIDR", "198.51.100.1/32", CLASS_LOAD_BALANCER, true},
    {"a node's pods", "10.244.1.0/24", CLASS_POD_CIDR, true},
    {"everything as a node's pods", "0.0.0.0/0", CLASS_POD_CIDR, false},
};

static void
only_what_is_inside_the_configured_ranges_passes(void **state)
{
	static const char text[] =
	    "router_id: 10.255.0.1\nlocal_as: 64512\npeers: []\n"
	    "advertise: {cluster_ips: [10.96.0.0/12, \"fd00:96::/108\"], external_ips: [192.0.2.0/24]}\n";
	static struct config_errors errors;
	struct config *c = config_load_text("test", text, strlen(text), &errors);

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_prefix p;
		const char *why;

		assert_true(ip_prefix_parse(rows[i].prefix, &p));
		why = guard_prefix(&c->advertise, &p, rows[i].prefix_class);
		if ((why == NULL) != rows[i].passes)
			fail_msg("%s: %s", rows[i].what, why ? why : "passes");
	}
	config_free(c);
}

static void
a_next_hop_is_an_address_that_packets_can_be_sent_to(void **state)
{
	static const char *const good[] = {"10.0.0.1", "fd30::1", "2001:db8::1"};
	static const char *const wrong[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "169.254.1.1",
	    "::", "::1", "ff02::1", "fe80::1"};
	struct ip_addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(ip_parse(good[i], &a));
		assert_null(guard_nexthop(&a));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_true(ip_parse(wrong[i], &a));
		assert_non_null(guard_nexthop(&a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_is_inside_the_configured_ranges_passes),
	    cmocka_unit_test(a_next_hop_is_an_address_that_packets_can_be_sent_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
