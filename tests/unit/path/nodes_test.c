/* SPDX-License-Identifier: Apache-2.0 */
/* What a node may serve and by which address; each test is one rule. */
#include "core/hash.h"
#include "world.h"

#define AGGREGATE "10.96.0.0/12"
#define HOST      "10.96.0.7/32"
#define N1        "172.16.0.1"
#define N2        "172.16.0.2"
#define BOTH      N1 " " N2
#define EXCLUDE   "node.kubernetes.io/exclude-from-external-load-balancers"

static struct world world, *const w = &world;

/* n1 and n2, and a Local service with an endpoint on each. */
static void
start(const char *more)
{
	char text[1024];

	snprintf(
	    text, sizeof(text), "  cluster_ips: [10.96.0.0/12, 'fd00:96::/108']\n%s", more);
	world_init(w, text);
	node(w, "n1", N1);
	node(w, "n2", N2);
	service(w, "shop/web", "'clusterIP':'10.96.0.7','externalTrafficPolicy':'Local'");
	slice(w, "shop/web-1", "web", false, "n1 n2");
	commit(w);
}

static int
end(void **state)
{
	(void)state;
	world_fini(w);
	return 0;
}

static void
the_exclude_label_counts_by_presence_whatever_its_value(void **state)
{
	static const char *const values[] = {"true", "", "false"};

	(void)state;
	start("");
	assert_paths(w, AGGREGATE, BOTH);
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		char metadata[200];

		snprintf(
		    metadata, sizeof(metadata), "'labels':{'" EXCLUDE "':'%s'}", values[i]);
		node_with(w, "n1", N1, metadata, "");
		commit(w);
		assert_paths(w, AGGREGATE, N2);
		assert_paths(w, HOST, N2);
		assert_node(w, HOST, "n1", REASON_NODE_EXCLUDED);
	}
	node(w, "n1", N1);
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
}

static void
ignore_exclude_label_uses_the_node_all_the_same(void **state)
{
	(void)state;
	start("  ignore_exclude_label: true\n");
	node_with(w, "n1", N1, "'labels':{'" EXCLUDE "':''}", "");
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
	assert_paths(w, HOST, BOTH);
}

#define NOT_READY  "'status+':'conditions':[{'type':'Ready','status':'False'}]"
#define READY      "'status+':'conditions':[{'type':'Ready','status':'True'}]"
#define NO_NETWORK "'status+':'conditions':[{'type':'NetworkUnavailable','status':'True'}]"
#define CORDONED   "'spec':{'unschedulable':true}"
#define LEAVING                                                                                \
	"'spec':{'taints':[{'key':'ToBeDeletedByClusterAutoscaler','effect':'NoSchedule'}]}"
#define POD_CIDR(c) "'spec':{'podCIDRs':['" c "']}"

static void
a_node_that_is_not_ready_or_cordoned_stays(void **state)
{
	(void)state;
	start("");
	node_with(w, "n1", N1, "", NOT_READY);
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
	assert_paths(w, HOST, BOTH);
	node_with(w, "n1", N1, "", CORDONED);
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
	assert_paths(w, HOST, BOTH);
}

static void
with_drain_on_cordon_a_cordoned_node_serves_only_local_services(void **state)
{
	(void)state;
	start("  drain_on_cordon: true\n");
	node_with(w, "n1", N1, "", CORDONED);
	commit(w);
	assert_paths(w, AGGREGATE, N2);
	assert_paths(w, HOST, BOTH);
	assert_node(w, AGGREGATE, "n1", REASON_NODE_CORDONED);
}

static void
with_require_ready_a_node_that_is_not_ready_serves_only_local_services(void **state)
{
	(void)state;
	start("  require_ready: true\n");
	assert_paths(w, AGGREGATE, "");
	node_with(w, "n1", N1, "", READY);
	node_with(w, "n2", N2, "", NOT_READY);
	commit(w);
	assert_paths(w, AGGREGATE, N1);
	assert_paths(w, HOST, BOTH);
	assert_node(w, AGGREGATE, "n2", REASON_NODE_NOT_READY);
}

static void
a_node_that_the_autoscaler_deletes_leaves_aggregates_and_local_follows_its_endpoints(
    void **state)
{
	(void)state;
	start("");
	node_with(w, "n1", N1, "", LEAVING);
	commit(w);
	assert_paths(w, AGGREGATE, N2);
	assert_paths(w, HOST, BOTH);
	assert_node(w, AGGREGATE, "n1", REASON_NODE_LEAVING);
	slice(w, "shop/web-1", "web", false, "n1=draining n2");
	commit(w);
	assert_paths(w, HOST, N2);
}

static void
a_node_without_network_is_removed(void **state)
{
	(void)state;
	start("  pod_cidrs: true\n");
	node_with(w, "n1", N1, "", NO_NETWORK);
	commit(w);
	assert_paths(w, AGGREGATE, N2);
	assert_paths(w, HOST, N2);
	assert_node(w, HOST, "n1", REASON_NODE_NETWORK_UNAVAILABLE);
}

static void
the_next_hop_is_the_first_internal_ip_of_the_family(void **state)
{
	(void)state;
	start("");
	node(w, "n1", "2001:db8::1 172.16.0.9 172.16.0.10");
	commit(w);
	assert_paths(w, AGGREGATE, N2 " 172.16.0.9");
	assert_paths(w, "fd00:96::/108", "2001:db8::1");
	assert_node(w, "fd00:96::/108", "n2", REASON_NODE_NO_ADDRESS);
}

static void
a_node_without_an_address_yields_no_path_and_says_so(void **state)
{
	(void)state;
	start("");
	node(w, "n1", "");
	commit(w);
	assert_paths(w, AGGREGATE, N2);
	assert_paths(w, HOST, N2);
	assert_node(w, HOST, "n1", REASON_NODE_NO_ADDRESS);
}

static void
an_address_that_cannot_be_a_next_hop_is_refused(void **state)
{
	static const char *const bad[] = {"0.0.0.0", "127.0.0.1", "169.254.0.1", "224.0.0.1"};

	(void)state;
	start("");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		node(w, "n1", bad[i]);
		commit(w);
		assert_paths(w, AGGREGATE, N2);
		assert_node(w, AGGREGATE, "n1", REASON_NODE_BAD_ADDRESS);
	}
}

static void
the_next_hop_may_come_from_an_annotation_or_a_label(void **state)
{
	static const struct {
		const char *metadata, *paths;
		enum reason reason;
	} rows[] = {
	    {"'annotations':{'projectcalico.org/IPv4Address':'10.0.0.1/24'}", "10.0.0.1",
	        REASON_OK},
	    {"'annotations':{'projectcalico.org/IPv4Address':'10.0.0.1'}", "10.0.0.1",
	        REASON_OK},
	    {"'labels':{'projectcalico.org/IPv4Address':'10.0.0.3'}", "10.0.0.3", REASON_OK},
	    {"'annotations':{'projectcalico.org/IPv4Address':'fd00::1/64'}", "",
	        REASON_NODE_BAD_ADDRESS},
	    {"'annotations':{'projectcalico.org/IPv4Address':'soon'}", "",
	        REASON_NODE_BAD_ADDRESS},
	    {"", "", REASON_NODE_NO_ADDRESS},
	};

	(void)state;
	start("  node_address: {ipv4: projectcalico.org/IPv4Address}\n");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		node_with(w, "n1", N1, rows[i].metadata, "");
		commit(w);
		assert_paths(w, AGGREGATE, rows[i].paths);
		assert_node(w, AGGREGATE, "n1", rows[i].reason);
	}
}

static const struct path_nexthop *
nexthop_of(const char *addr)
{
	struct ip_addr a;

	assert_true(ip_parse(addr, &a));
	for (uint32_t i = 0; i < WORLD_SLOTS; i++) {
		if (ip_equal(&w->slots[i].addr, &a))
			return &w->slots[i];
	}
	fail_msg("no next hop %s", addr);
	return NULL;
}

static void
the_originator_is_the_nodes_ipv4_address_else_its_ipv6_path_id(void **state)
{
	(void)state;
	start("");
	node(w, "n1", N1 " 2001:db8::1");
	node(w, "n2", "2001:db8::2");
	commit(w);
	assert_int_equal(nexthop_of(N1)->originator, 0xac100001);
	assert_int_equal(nexthop_of(N1)->path_id, 0xac100001);
	assert_int_equal(nexthop_of("2001:db8::1")->originator, 0xac100001);
	assert_int_equal(
	    nexthop_of("2001:db8::2")->originator, nexthop_of("2001:db8::2")->path_id);
	assert_int_not_equal(
	    nexthop_of("2001:db8::1")->path_id, nexthop_of("2001:db8::2")->path_id);
}

static void
a_node_whose_address_changes_gets_another_slot_and_every_route_follows(void **state)
{
	(void)state;
	start("");
	node(w, "n1", "172.16.0.77");
	commit(w);
	assert_paths(w, AGGREGATE, N2 " 172.16.0.77");
	assert_paths(w, HOST, N2 " 172.16.0.77");
}

static void
an_originator_that_changes_renews_the_slot_of_the_other_family(void **state)
{
	(void)state;
	start("");
	node(w, "n1", "172.16.0.1 2001:db8::1");
	commit(w);
	assert_int_equal(nexthop_of("2001:db8::1")->originator, 0xac100001);
	node(w, "n1", "172.16.0.5 2001:db8::1");
	commit(w);
	assert_int_equal(nexthop_of("2001:db8::1")->originator, 0xac100005);
	assert_paths(w, "fd00:96::/108", "2001:db8::1");
}

static void
nodes_with_one_address_are_one_path_until_the_last_of_them_leaves(void **state)
{
	(void)state;
	start("");
	node(w, "n1", "172.16.0.5");
	node(w, "n2", "172.16.0.5");
	commit(w);
	assert_paths(w, AGGREGATE, "172.16.0.5");
	assert_paths(w, HOST, "172.16.0.5");
	world_delete(w, "nodes//n1");
	commit(w);
	assert_paths(w, AGGREGATE, "172.16.0.5");
	world_delete(w, "nodes//n2");
	commit(w);
	assert_paths(w, AGGREGATE, "");
}

static void
pod_cidrs_are_off_by_default(void **state)
{
	(void)state;
	start("");
	node_with(w, "n1", N1, "", POD_CIDR("10.244.1.0/24"));
	commit(w);
	assert_refused(w, "10.244.1.0/24", REASON_POD_CIDR_OFF);
}

static void
a_pod_cidr_goes_to_its_node_even_where_the_node_serves_no_services(void **state)
{
	(void)state;
	start("  pod_cidrs: true\n");
	node_with(w, "n1", N1, "", POD_CIDR("10.244.1.0/24"));
	node_with(w, "n2", N2, "'labels':{'" EXCLUDE "':''}",
	    POD_CIDR("10.244.2.0/24','2001:db8:2::/64"));
	commit(w);
	assert_paths(w, "10.244.1.0/24", N1);
	assert_paths(w, "10.244.2.0/24", N2);
	assert_paths(w, "2001:db8:2::/64", ""); /* n2 has no IPv6 address */
	assert_int_equal(class_of(w, "10.244.1.0/24"), PATH_POD_CIDR);
	node_with(w, "n1", "172.16.0.77", "", POD_CIDR("10.244.1.0/24"));
	commit(w);
	assert_paths(w, "10.244.1.0/24", "172.16.0.77");
	world_delete(w, "nodes//n1");
	commit(w);
	assert_paths(w, "10.244.1.0/24", "");
}

static void
node_selectors_choose_nodes_per_class(void **state)
{
	(void)state;
	start("  external_ips: [192.0.2.0/24]\n"
	      "  node_selectors: {cluster_ips: 'role=edge'}\n");
	assert_paths(w, AGGREGATE, "");
	node_with(w, "n1", N1, "'labels':{'role':'edge'}", "");
	commit(w);
	assert_paths(w, AGGREGATE, N1);
	assert_paths(w, HOST, N1);
	assert_paths(w, "192.0.2.0/24", BOTH);
	assert_node(w, HOST, "n2", REASON_NODE_NOT_SELECTED);
}

static void
a_selector_that_matches_nothing_is_ignored_once_the_stream_has_caught_up(void **state)
{
	(void)state;
	start("  node_selectors: {cluster_ips: 'role=edge'}\n");
	assert_paths(w, AGGREGATE, "");
	caught_up(w);
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
	assert_paths(w, HOST, BOTH);
	node_with(w, "n2", N2, "'labels':{'role':'edge'}", "");
	commit(w);
	assert_paths(w, AGGREGATE, N2);
	world_delete(w, "nodes//n2");
	commit(w);
	assert_paths(w, AGGREGATE, N1); /* instead of withdrawing the class */
}

/* The place of the next hop that the prefix's only path has. */
static void
assert_place(const char *prefix, const char *rack, const char *zone)
{
	struct ip_prefix p;
	const struct world_set *s;

	assert_true(ip_prefix_parse(prefix, &p));
	s = world_find(w, &p);
	assert_non_null(s);
	assert_int_equal(s->n, 1);
	assert_int_equal(w->slots[s->paths[0].slot].rack, place_hash(rack));
	assert_int_equal(w->slots[s->paths[0].slot].zone, place_hash(zone));
}

static void
a_next_hop_knows_its_nodes_rack_and_zone_by_the_configured_labels(void **state)
{
	(void)state;
	start("  rack_label: example.com/rack\n");
	world_delete(w, "nodes//n2");
	node_with(w, "n1", N1,
	    "'labels':{'example.com/rack':'r1','topology.kubernetes.io/zone':'z1'}", "");
	commit(w);
	assert_place(HOST, "r1", "z1");
	node_with(w, "n1", N1, "'labels':{'example.com/rack':'r2'}", "");
	commit(w);
	assert_place(HOST, "r2", NULL);
	assert_place(AGGREGATE, "r2", NULL);
}

static void
only_what_every_eligible_node_serves_is_everywhere(void **state)
{
	struct ip_prefix aggregate, host;

	(void)state;
	start("");
	assert_true(ip_prefix_parse(AGGREGATE, &aggregate) && ip_prefix_parse(HOST, &host));
	assert_true(world_find(w, &aggregate)->everywhere);
	assert_false(world_find(w, &host)->everywhere); /* though both nodes have an endpoint */
}

static void
a_node_change_recomputes_only_what_it_concerns(void **state)
{
	(void)state;
	start("");
	service(w, "shop/other", "'clusterIP':'10.96.0.8','externalTrafficPolicy':'Local'");
	slice(w, "shop/other-1", "other", false, "n2");
	commit(w);
	node_with(w, "n1", N1, "'labels':{'any':'label'}", "");
	commit(w);
	assert_int_equal(w->calls, 0);
	node_with(w, "n1", N1, "", LEAVING); /* the aggregate, not the Local routes */
	commit(w);
	assert_int_equal(w->calls, 1);
	node_with(w, "n1", N1, "'labels':{'" EXCLUDE "':''}", "");
	commit(w);
	assert_int_equal(w->calls, 1); /* shop/web; the aggregate had lost it before */
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_teardown(f, end)
	const struct CMUnitTest tests[] = {
	    RULE(the_exclude_label_counts_by_presence_whatever_its_value),
	    RULE(ignore_exclude_label_uses_the_node_all_the_same),
	    RULE(a_node_that_is_not_ready_or_cordoned_stays),
	    RULE(with_drain_on_cordon_a_cordoned_node_serves_only_local_services),
	    RULE(with_require_ready_a_node_that_is_not_ready_serves_only_local_services),
	    RULE(
	        a_node_that_the_autoscaler_deletes_leaves_aggregates_and_local_follows_its_endpoints),
	    RULE(a_node_without_network_is_removed),
	    RULE(the_next_hop_is_the_first_internal_ip_of_the_family),
	    RULE(a_node_without_an_address_yields_no_path_and_says_so),
	    RULE(an_address_that_cannot_be_a_next_hop_is_refused),
	    RULE(the_next_hop_may_come_from_an_annotation_or_a_label),
	    RULE(the_originator_is_the_nodes_ipv4_address_else_its_ipv6_path_id),
	    RULE(a_next_hop_knows_its_nodes_rack_and_zone_by_the_configured_labels),
	    RULE(only_what_every_eligible_node_serves_is_everywhere),
	    RULE(a_node_whose_address_changes_gets_another_slot_and_every_route_follows),
	    RULE(an_originator_that_changes_renews_the_slot_of_the_other_family),
	    RULE(nodes_with_one_address_are_one_path_until_the_last_of_them_leaves),
	    RULE(pod_cidrs_are_off_by_default),
	    RULE(a_pod_cidr_goes_to_its_node_even_where_the_node_serves_no_services),
	    RULE(node_selectors_choose_nodes_per_class),
	    RULE(a_selector_that_matches_nothing_is_ignored_once_the_stream_has_caught_up),
	    RULE(a_node_change_recomputes_only_what_it_concerns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
