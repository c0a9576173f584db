/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration file may say, and how it is told what it may not. */
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

static const char example[] =
    "router_id: 10.255.0.1\n"
    "local_as: 64512\n"
    "cluster_id: 10.255.0.1\n"
    "listen: [\"127.0.0.1:1790\"]\n"
    "kafka:\n"
    "  brokers: 127.0.0.1:9092        # or: embedded\n"
    "  topic: kubernetes-state\n"
    "  properties: {}                 # any librdkafka property\n"
    "advertise:\n"
    "  cluster_ips: [10.96.0.0/12, \"fd00:96::/108\"]\n"
    "  cluster_ip_policy: external\n"
    "  external_ips: [192.0.2.0/24]\n"
    "  load_balancer_ips: [198.51.100.0/24, \"2001:db8:1b::/64\"]\n"
    "  load_balancer_aggregation: true\n"
    "  host_routes: local             # local | all\n"
    "  pod_cidrs: false\n"
    "  communities:\n"
    "    - {prefix: 198.51.100.0/24, add: [\"64512:100\", \"64512:1:2\"]}\n"
    "views:\n"
    "  near: {max_next_hops: 64, spread: 8, prefer: rack, weight: endpoints}\n"
    "peers:\n"
    "  - {name: tors, range: 127.1.0.0/16, as: 64512, passive: true, hold_time: 90, families: [ipv4, ipv6], add_path: true}\n"
    "  - {name: tor-b1, address: 127.2.0.1, port: 1791, as: 65001, rack: b1, view: near, multihop: 8}\n"
    "http: 127.0.0.1:8179\n"
    "control_socket: control.sock     # relative paths are under state_dir\n"
    "state_dir: /var/lib/heliograph\n"
    "log: {level: info, format: logfmt}\n"
    "safety:\n"
    "  withdraw_limit: {percent: 15, paths: 500, window: 60s}\n";

static void
check_prefix(const struct ip_prefix *p, const char *expected)
{
	char text[IP_TEXT_MAX];

	assert_string_equal(ip_prefix_text(p, text), expected);
}

static void
the_documented_example_loads_as_it_is(void **state)
{
	struct config *c = load_good(example);
	const struct config_tagging *tagging = c->advertise.communities.items;
	const struct config_peer *tors = &c->peers.items[0], *b1 = &c->peers.items[1];

	(void)state;
	assert_int_equal(c->router_id, 0x0aff0001);
	assert_int_equal(c->local_as, 64512);
	assert_int_equal(c->listen.len, 1);
	assert_int_equal(c->listen.items[0].port, 1790);
	assert_string_equal(c->kafka.brokers, "127.0.0.1:9092");
	assert_false(c->kafka.embedded);
	check_prefix(&c->advertise.cluster_ips.items[0], "10.96.0.0/12");
	check_prefix(&c->advertise.cluster_ips.items[1], "fd00:96::/108");
	assert_int_equal(c->advertise.load_balancer_ips.len, 2);
	assert_true(c->advertise.load_balancer_aggregation);
	assert_int_equal(tagging->add.len, 2);
	assert_int_equal(tagging->add.items[0].b, 100);
	assert_true(tagging->add.items[1].large);
	assert_int_equal(tagging->add.items[1].c, 2);
	assert_int_equal(c->views.len, 1);
	assert_string_equal(c->views.items[0].name, "near");
	assert_int_equal(c->views.items[0].weight, CONFIG_WEIGHT_ENDPOINTS);
	check_prefix(&tors->range, "127.1.0.0/16");
	assert_true(tors->passive && tors->add_path);
	assert_int_equal(tors->hold_time_ns, 90 * NS_PER_S);
	assert_int_equal(tors->families, CONFIG_FAMILY_IPV4 | CONFIG_FAMILY_IPV6);
	assert_int_equal(tors->view_index, CONFIG_VIEW_ALL);
	assert_int_equal(b1->view_index, 0);
	assert_int_equal(b1->port, 1791);
	assert_int_equal(b1->multihop, 8);
	assert_false(b1->passive);
	assert_int_equal(c->http.port, 8179);
	assert_string_equal(c->control_socket, "/var/lib/heliograph/control.sock");
	assert_int_equal(c->safety.withdraw_limit.window_ns, 60 * NS_PER_S);
	config_free(c);
}

static void
three_keys_are_enough(void **state)
{
	struct config *c = load_good("router_id: 192.0.2.7\nlocal_as: 4200000001\npeers: []\n");

	(void)state;
	assert_int_equal(c->cluster_id, c->router_id);
	assert_int_equal(c->listen.len, 2);
	assert_int_equal(c->listen.items[1].addr.family, IP_V6);
	assert_int_equal(c->listen.items[1].port, 179);
	assert_int_equal(c->advertise.local_pref, 100);
	assert_int_equal(c->advertise.cluster_ips.len, 0);
	assert_int_equal(c->peers.len, 0);
	assert_int_equal(c->limits.window, 64 << 20);
	assert_int_equal(c->graceful_restart.restart_time_ns, 120 * NS_PER_S);
	config_free(c);
}

static void
the_environment_gives_cluster_cidrs_only_where_the_file_has_none(void **state)
{
	struct config *c;

	(void)state;
	setenv("CALICO_ADVERTISE_CLUSTER_IPS", "10.8.0.0/16, fd00:8::/108", 1);
	c = load_good("router_id: 192.0.2.7\nlocal_as: 1\npeers: []\n");
	assert_int_equal(c->advertise.cluster_ips.len, 2);
	check_prefix(&c->advertise.cluster_ips.items[1], "fd00:8::/108");
	config_free(c);
	c = load_good(example);
	check_prefix(&c->advertise.cluster_ips.items[0], "10.96.0.0/12");
	config_free(c);
	setenv("CALICO_ADVERTISE_CLUSTER_IPS", "10.8.0.1/16", 1);
	assert_null(load("router_id: 192.0.2.7\nlocal_as: 1\npeers: []\n"));
	assert_non_null(
	    strstr(errors.text[0], "environment variable CALICO_ADVERTISE_CLUSTER_IPS: "));
	unsetenv("CALICO_ADVERTISE_CLUSTER_IPS");
}

static void
replicas_are_addresses_or_names_with_a_port(void **state)
{
	struct config *c;

	(void)state;
	c = load_good("router_id: 192.0.2.7\nlocal_as: 1\npeers: []\n"
	              "replicas: ['192.0.2.11:8179', '[2001:db8::1]:8180', "
	              "heliograph-http:8179, 'A.example.:81', '1.2.3.4a:82']\n");
	assert_int_equal(c->replicas.len, 5);
	assert_string_equal(c->replicas.items[0].host, "");
	assert_int_equal(c->replicas.items[0].port, 8179);
	assert_int_equal(c->replicas.items[1].addr.family, IP_V6);
	assert_string_equal(c->replicas.items[2].host, "heliograph-http");
	assert_int_equal(c->replicas.items[2].port, 8179);
	assert_string_equal(c->replicas.items[3].host, "A.example.");
	assert_string_equal(c->replicas.items[4].host, "1.2.3.4a");
	config_free(c);
}

/* Lines behind "router_id, local_as, peers" (3 lines), and what is said about them. */
static const struct {
	const char *text, *expected;
} bad_values[] = {
    {"locl_as: 1", "t.yaml:4:1: unknown key \"locl_as\"; did you mean \"local_as\"?"},
    {"topic: x", "t.yaml:4:1: unknown key \"topic\"; it belongs under kafka"},
    {"colour: x", "t.yaml:4:1: unknown key \"colour\"; remove it"},
    {"local_as: 2", "t.yaml:4:1: key \"local_as\" stands here a second time (first at line 2)"},
    {"state_dir: [a]", "t.yaml:4:12: state_dir is a list"},
    {"state_dir: ''", "state_dir: is empty"},
    {"state_dir:", "state_dir has no value"},
    {"cluster_id: fe80::1", "is not a BGP identifier"},
    {"cluster_id: 0.0.0.0", "is not a BGP identifier"},
    {"listen: 127.0.0.1:179", "listen is a single value; it takes a list"},
    {"listen: [127.0.0.1]", "is not address:port"},
    {"listen: ['::1:179']", "has no IP address before its port"},
    {"listen: ['127.0.0.1:0']", "has no port from 1 to 65535"},
    {"listen: ['localhost:179']", "has no IP address before its port"},
    {"listen: ['[::1]:1', '[::1]:1']", "listen has [::1]:1 twice"},
    {"replicas: [heliograph]", "\"heliograph\" is neither address:port nor name:port"},
    {"replicas: ['heliograph:0']", "has no port from 1 to 65535"},
    {"replicas: ['heliograph:http']", "has no port from 1 to 65535"},
    {"replicas: ['192.0.2:8179']", "is neither address:port nor name:port"},
    {"replicas: ['-a.example:8179']", "is neither address:port nor name:port"},
    {"replicas: ['a..example:8179']", "is neither address:port nor name:port"},
    {"replicas: ['a_b:8179']", "is neither address:port nor name:port"},
    {"replicas: ['::1:8179']", "has no IP address before its port"},
    {"replicas: ['a:1', 'a:1']", "replicas has a:1 twice"},
    {"kafka: x", "kafka is a single value; it takes a mapping"},
    {"kafka: {brokers: nowhere}", "\"nowhere\" is not host:port"},
    {"kafka: {brokers: 'a:1,b:0'}", "\"b:0\" is not host:port"},
    {"kafka: {topic: ''}", "topic: is empty"},
    {"kafka: {properties: x}", "properties is a single value; it takes a mapping"},
    {"kafka: {properties: {a: [b]}}", "properties.a is a list"},
    {"kafka: {properties: {bootstrap.servers: x}}", "use kafka.brokers"},
    {"kafka: {properties: {sasl.password: x}, properties_from_files: {sasl.password: f}}",
        "sasl.password stands under properties too"},
    {"advertise: {cluster_ips: [10.97.0.0/12]}",
        "t.yaml:4:27: cluster_ips: 10.97.0.0/12 has bits set behind its length; did you mean 10.96.0.0/12?"},
    {"advertise: {cluster_ips: ['fd00::1/64']}", "did you mean fd00::/64?"},
    {"advertise: {cluster_ips: [10.0.0.0/33]}", "is not a prefix"},
    {"advertise: {cluster_ips: [10.0.0.0/8, 10.0.0.0/8]}", "cluster_ips has 10.0.0.0/8 twice"},
    {"advertise: {cluster_ip_policy: local}", "write one of: external | internal | either"},
    {"advertise: {external_ips: {}}", "external_ips is a mapping; it takes a list"},
    {"advertise: {load_balancer_ips: [x]}", "\"x\" is not a prefix"},
    {"advertise: {load_balancer_aggregation: yes}", "neither true nor false"},
    {"advertise: {load_balancer_classes: ['']}", "is empty"},
    {"advertise: {host_routes: none}", "write one of: local | all"},
    {"advertise: {pod_cidrs: 1}", "neither true nor false"},
    {"advertise: {communities: [{prefix: 10.0.0.0/8, add: []}]}", "add is an empty list"},
    {"advertise: {communities: [{prefix: 10.0.0.0/8}]}",
        "required key \"add\" is missing in advertise.communities[]"},
    {"advertise: {communities: [{prefix: 10.0.0.0/8, add: ['65536:1']}]}",
        "is not a community"},
    {"advertise: {communities: [{prefix: 10.0.0.0/8, add: ['1:2:3:4']}]}",
        "is not a community"},
    {"advertise: {communities: [{prefix: 10.0.0.0/8, add: ['1:']}]}", "is not a community"},
    {"advertise: {local_pref: -1}", "is not a whole number"},
    {"advertise: {local_pref: 4294967296}",
        "4294967296 is out of bounds; from 0 to 4294967295"},
    {"advertise: {node_selectors: {cluster_ips: 'a b'}}", "is not a label selector"},
    {"advertise: {node_address: {ipv5: x}}", "did you mean \"ipv4\"?"},
    {"advertise: {drain_on_cordon: on}", "neither true nor false"},
    {"views: [a]", "views is a list; it takes a mapping"},
    {"views: {a: {spread: 65}}", "65 is out of bounds; from 1 to 64"},
    {"views: {a: {max_next_hops: 4, min_next_hops: 5}}",
        "min_next_hops is larger than max_next_hops"},
    {"views: {a: {prefer: row}}", "write one of: none | rack | zone"},
    {"views: {a: {only: true}}", "only restricts to what is preferred"},
    {"views: {a: {weight: 3}}", "write one of: none | endpoints"},
    {"safety: {settle: 11m}", "11m is out of bounds; from 0s to 10m"},
    {"graceful_restart: {restart_time: 1500ms}", "restart_time is carried in whole seconds"},
    {"graceful_restart: {restart_time: 2h}", "out of bounds"},
    {"http: 8179", "is not address:port"},
    {"control_socket: ''", "control_socket: is empty"},
    {"log: {level: loud}", "write one of: debug | info | warn | error"},
    {"log: {format: xml}", "write one of: logfmt | json"},
    {"threads: {io: 65}", "65 is out of bounds; from 0 to 64"},
    {"safety: {withdraw_limit: {percent: 101}}", "101 is out of bounds; from 0 to 100"},
    {"safety: {withdraw_limit: {window: soon}}", "is not a duration"},
    {"limits: {window: 64MB5}", "is not a size"},
    {"limits: {record: 1KiB}", "1KiB is out of bounds; from 64KiB to 256MiB"},
    {"x: &a 1", "anchors (&a) are not accepted"},
    {"x: *a", "aliases (*a) are not accepted"},
    {"x: !!str 1", "tags (tag:yaml.org,2002:str) are not accepted"},
    {"<<: {}", "unknown key \"<<\""},
    {"? [a]\n: b", "a key must be a single word"},
    {"a: [", "not YAML: "},
    {"a: b: c", "not YAML: "},
    {"\tx: 1", "not YAML: "},
    {"---\nx: 1", "a second document begins here"},
    {"x: [[[[[[[[[[[[[[]]]]]]]]]]]]]]", "nested more than 12 deep"},
};

static void
a_value_that_cannot_be_is_refused_with_its_place_and_a_remedy(void **state)
{
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_values); i++) {
		bool found = false;

		snprintf(text, sizeof(text),
		    "router_id: 192.0.2.7\nlocal_as: 1\npeers: []\n%s\n", bad_values[i].text);
		if (load(text))
			fail_msg("accepted: %s", bad_values[i].text);
		for (unsigned k = 0; k < errors.len; k++)
			found = found || strstr(errors.text[k], bad_values[i].expected);
		if (!found)
			fail_msg("%s: expected \"%s\", got \"%s\"", bad_values[i].text,
			    bad_values[i].expected, errors.len ? errors.text[0] : "nothing");
	}
}

static void
what_is_required_is_asked_for(void **state)
{
	(void)state;
	assert_null(load(""));
	assert_int_equal(errors.len, 3);
	assert_non_null(strstr(
	    errors.text[0], "t.yaml:1:1: required key \"router_id\" is missing; add it"));
	assert_null(load("- a\n"));
	assert_non_null(strstr(errors.text[0], "the file is a list"));
}

static void
one_run_reports_up_to_twenty_errors_in_the_order_of_the_file(void **state)
{
	char text[4096] = "router_id: x\nlocal_as: 1\npeers:\n";

	(void)state;
	for (int i = 0; i < 30; i++)
		strcat(text, "  - {as: 0, address: 127.0.0.1}\n");
	assert_null(load(text));
	assert_int_equal(errors.len, CONFIG_ERRORS_MAX);
	assert_true(errors.more);
	assert_non_null(strstr(errors.text[0], "t.yaml:1:12: router_id"));
	assert_non_null(strstr(errors.text[1], "t.yaml:4:10: as"));
	assert_non_null(strstr(errors.text[19], "t.yaml:22:10: as"));
}

static void
a_file_that_cannot_be_read_says_so(void **state)
{
	(void)state;
	assert_null(config_load("no-such-file.yaml", &errors));
	assert_non_null(
	    strstr(errors.text[0], "no-such-file.yaml:1:1: No such file or directory; "));
	assert_null(config_load("/", &errors));
	assert_non_null(strstr(errors.text[0], "Is a directory"));
}

struct text {
	char at[32768];
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
the_effective_configuration_names_the_origin_of_every_value(void **state)
{
	static struct text out;
	struct config *c;

	(void)state;
	setenv("CALICO_ADVERTISE_CLUSTER_IPS", "10.8.0.0/16", 1);
	c = load_good(
	    "router_id: 192.0.2.7\nlocal_as: 1\npeers: [{address: 127.0.0.1, as: 1}]\n"
	    "kafka: {properties: {sasl.password: hush, client.id: me}}\n");
	config_print_effective(c, collect, &out);
	assert_non_null(strstr(out.at, "router_id: 192.0.2.7  # t.yaml:1\n"));
	assert_non_null(strstr(out.at,
	    "advertise.cluster_ips: [10.8.0.0/16]  # environment CALICO_ADVERTISE_CLUSTER_IPS\n"));
	assert_non_null(strstr(out.at, "peers[0].hold_time: 90s  # default\n"));
	assert_non_null(strstr(out.at, "cluster_id: (the router_id)  # default\n"));
	assert_non_null(
	    strstr(out.at, "kafka.properties.sasl.password: (hidden)  # t.yaml:4\n"));
	assert_non_null(strstr(out.at, "kafka.properties.client.id: me  # t.yaml:4\n"));
	assert_null(strstr(out.at, "hush"));
	config_free(c);
	unsetenv("CALICO_ADVERTISE_CLUSTER_IPS");
}

static void
the_reference_names_every_key(void **state)
{
	static struct text out;

	(void)state;
	out.len = 0;
	config_print_reference(collect, &out);
	assert_non_null(strstr(out.at, "| `hold_time` | duration | `90s` | 0s to 65535s |"));
	assert_non_null(
	    strstr(out.at, "| `level` | `debug` or `info` or `warn` or `error` | `info` |"));
	assert_non_null(strstr(out.at, "## `safety.withdraw_limit`"));
}

static void
a_path_is_under_the_state_directory_unless_absolute(void **state)
{
	struct config *c =
	    load_good("router_id: 192.0.2.7\nlocal_as: 1\nstate_dir: state\npeers:\n"
	              "  - {address: 127.0.0.1, as: 1, password_file: key}\n"
	              "control_socket: /run/c.sock\n"
	              "kafka: {properties_from_files: {sasl.password: secret}}\n");
	char buf[16];

	(void)state;
	assert_string_equal(c->peers.items[0].password_file, "state/key");
	assert_string_equal(c->control_socket, "/run/c.sock");
	assert_string_equal(c->kafka.properties_from_files.items[0].value, "state/secret");
	assert_string_equal(config_path(c, "x", buf, sizeof(buf)), "state/x");
	assert_string_equal(config_path(c, "/x", buf, sizeof(buf)), "/x");
	assert_null(config_path(c, "0123456789", buf, sizeof(buf)));
	config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_documented_example_loads_as_it_is),
	    cmocka_unit_test(three_keys_are_enough),
	    cmocka_unit_test(the_environment_gives_cluster_cidrs_only_where_the_file_has_none),
	    cmocka_unit_test(replicas_are_addresses_or_names_with_a_port),
	    cmocka_unit_test(a_value_that_cannot_be_is_refused_with_its_place_and_a_remedy),
	    cmocka_unit_test(what_is_required_is_asked_for),
	    cmocka_unit_test(one_run_reports_up_to_twenty_errors_in_the_order_of_the_file),
	    cmocka_unit_test(a_file_that_cannot_be_read_says_so),
	    cmocka_unit_test(the_effective_configuration_names_the_origin_of_every_value),
	    cmocka_unit_test(the_reference_names_every_key),
	    cmocka_unit_test(a_path_is_under_the_state_directory_unless_absolute),
	};

	unsetenv("CALICO_ADVERTISE_CLUSTER_IPS");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
