/* SPDX-License-Identifier: Apache-2.0 */
/* What is advertised for aggregates and the addresses of services; each test is one rule. */
#include "world.h"

#define CALICO "  cluster_ips: [10.96.0.0/12]\n"
#define POOLS                                                                                  \
	"  cluster_ips: [10.96.0.0/12, 'fd00:96::/108']\n"                                     \
	"  external_ips: [192.0.2.0/25, 192.0.2.200/32]\n"                                     \
	"  load_balancer_ips: [198.51.100.0/24, 198.51.101.7/32]\n"

#define LOCAL  "'externalTrafficPolicy':'Local'"
#define WEB(x) "'type':'NodePort','clusterIP':'10.96.0.7','clusterIPs':['10.96.0.7']," x

static struct world world, *const w = &world;

static void
three_nodes(const char *advertise)
{
	world_init(w, advertise);
	node(w, "n1", "172.16.0.1 2001:db8::1");
	node(w, "n2", "172.16.0.2 2001:db8::2");
	node(w, "n3", "172.16.0.3 2001:db8::3");
}

static int
end(void **state)
{
	(void)state;
	world_fini(w);
	return 0;
}

#define ALL    "172.16.0.1 172.16.0.2 172.16.0.3"
#define ALL_V6 "2001:db8::1 2001:db8::2 2001:db8::3"

static void
the_calico_pages_example(void **state)
{
	(void)state;
	three_nodes(CALICO);
	commit(w);
	assert_paths(w, "10.96.0.0/12", ALL);

	service(w, "shop/web", WEB(LOCAL));
	slice(w, "shop/web-1", "web", false, "n1 n2");
	commit(w);
	assert_paths(w, "10.96.0.7/32", "172.16.0.1 172.16.0.2");
	assert_paths(w, "10.96.0.0/12", ALL);
	assert_int_equal(class_of(w, "10.96.0.7/32"), PATH_CLUSTER_IP);
	assert_int_equal(class_of(w, "10.96.0.0/12"), PATH_AGGREGATE);

	slice(w, "shop/web-1", "web", false, "");
	commit(w);
	assert_refused(w, "10.96.0.7/32", REASON_NO_USABLE_ENDPOINT);
	assert_paths(w, "10.96.0.0/12", ALL);
}

static void
a_rolling_update_of_a_local_service_never_has_zero_paths_while_any_endpoint_serves(void **state)
{
	static const struct {
		const char *endpoints, *paths;
	} steps[] = {
	    {"n1", "172.16.0.1"},
	    {"n1 n2=notready", "172.16.0.1"},
	    {"n1=draining n2=notready", "172.16.0.1"},
	    {"n1=draining n2", "172.16.0.2"},
	    {"n2 n1=dying", "172.16.0.2"},
	    {"n2=draining n3=notready", "172.16.0.2"},
	    {"n2=draining n3=draining", "172.16.0.2 172.16.0.3"},
	    {"n3", "172.16.0.3"},
	};

	(void)state;
	three_nodes(CALICO);
	service(w, "shop/web", WEB(LOCAL));
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		slice(w, "shop/web-1", "web", false, steps[i].endpoints);
		commit(w);
		assert_paths(w, "10.96.0.7/32", steps[i].paths);
	}
}

static void
an_aggregate_exists_whether_or_not_a_service_does(void **state)
{
	(void)state;
	three_nodes(POOLS);
	commit(w);
	assert_paths(w, "10.96.0.0/12", ALL);
	assert_paths(w, "fd00:96::/108", ALL_V6);
	assert_paths(w, "192.0.2.0/25", ALL);
	assert_paths(w, "198.51.100.0/24", ALL);
}

static void
without_configured_cidrs_each_service_cidr_is_an_aggregate_until_it_is_gone(void **state)
{
	(void)state;
	three_nodes("");
	service(w, "shop/web", WEB(LOCAL));
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	assert_refused(w, "10.96.0.7/32", REASON_NO_POOL);

	world_put(w, "servicecidrs//kubernetes", "",
	    "'spec':{'cidrs':['10.96.0.0/16','fd00:96::/112']}");
	commit(w);
	assert_paths(w, "10.96.0.0/16", ALL);
	assert_paths(w, "fd00:96::/112", ALL_V6);
	assert_paths(w, "10.96.0.7/32", "172.16.0.1");

	world_put(w, "servicecidrs//kubernetes", "'deletionTimestamp':'2026-01-01T00:00:00Z'",
	    "'spec':{'cidrs':['10.96.0.0/16','fd00:96::/112']},"
	    "'status':{'conditions':[{'type':'Ready','status':'False'}]}");
	commit(w);
	assert_paths(w, "10.96.0.0/16", ALL);

	world_delete(w, "servicecidrs//kubernetes");
	commit(w);
	assert_paths(w, "10.96.0.0/16", "");
	assert_paths(w, "10.96.0.7/32", "");
}

static void
configured_cluster_ips_are_not_widened_by_service_cidrs(void **state)
{
	(void)state;
	three_nodes(CALICO);
	world_put(w, "servicecidrs//more", "", "'spec':{'cidrs':['10.200.0.0/16']}");
	commit(w);
	assert_refused(w, "10.200.0.0/16", REASON_NOT_OURS);
}

static void
a_cluster_service_has_no_host_route_because_the_aggregate_covers_it(void **state)
{
	(void)state;
	three_nodes(CALICO);
	service(w, "shop/web", WEB("'externalTrafficPolicy':'Cluster'"));
	slice(w, "shop/web-1", "web", false, "n1 n2");
	commit(w);
	assert_refused(w, "10.96.0.7/32", REASON_COVERED);
}

static void
host_routes_all_gives_cluster_services_a_host_route_from_every_node(void **state)
{
	(void)state;
	three_nodes("  cluster_ips: [10.96.0.0/12]\n  host_routes: all\n");
	service(w, "shop/web", WEB("'externalTrafficPolicy':'Cluster'"));
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	assert_paths(w, "10.96.0.7/32", ALL);
	slice(w, "shop/web-1", "web", false, "n1=notready");
	commit(w);
	assert_refused(w, "10.96.0.7/32", REASON_NO_USABLE_ENDPOINT);
	slice(w, "shop/web-1", "web", false, "n1=draining");
	commit(w);
	assert_paths(w, "10.96.0.7/32", ALL);
}

static void
cluster_ip_policy_says_which_field_makes_a_cluster_ip_local(void **state)
{
	static const struct {
		const char *policy, *external, *internal;
		bool local;
	} rows[] = {
	    {"external", "Local", "Cluster", true},
	    {"external", "Cluster", "Local", false},
	    {"internal", "Local", "Cluster", false},
	    {"internal", "Cluster", "Local", true},
	    {"either", "Local", "Cluster", true},
	    {"either", "Cluster", "Local", true},
	    {"either", "Cluster", "Cluster", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[200];

		snprintf(text, sizeof(text),
		    "  cluster_ips: [10.96.0.0/12]\n  cluster_ip_policy: %s\n", rows[i].policy);
		three_nodes(text);
		snprintf(text, sizeof(text),
		    WEB("'externalTrafficPolicy':'%s','internalTrafficPolicy':'%s'"),
		    rows[i].external, rows[i].internal);
		service(w, "shop/web", text);
		slice(w, "shop/web-1", "web", false, "n2");
		commit(w);
		assert_paths(w, "10.96.0.7/32", rows[i].local ? "172.16.0.2" : "");
		if (i + 1 < COUNT_OF(rows))
			world_fini(w);
	}
}

static void
the_default_cluster_ip_policy_is_the_external_one(void **state)
{
	(void)state;
	three_nodes(CALICO);
	service(w, "shop/web", WEB(LOCAL ",'internalTrafficPolicy':'Cluster'"));
	slice(w, "shop/web-1", "web", false, "n2");
	commit(w);
	assert_paths(w, "10.96.0.7/32", "172.16.0.2");
}

static void
a_cluster_ip_outside_the_configured_cidrs_is_refused(void **state)
{
	(void)state;
	three_nodes("  cluster_ips: [10.200.0.0/16]\n");
	service(w, "shop/web", WEB(LOCAL));
	slice(w, "shop/web-1", "web", false, "n2");
	commit(w);
	assert_refused(w, "10.96.0.7/32", REASON_NOT_IN_POOL);
}

static void
an_external_ip_outside_the_allow_list_is_refused(void **state)
{
	(void)state;
	three_nodes(POOLS);
	service(w, "shop/web", WEB(LOCAL ",'externalIPs':['203.0.113.9','192.0.2.9']"));
	slice(w, "shop/web-1", "web", false, "n2");
	commit(w);
	assert_refused(w, "203.0.113.9/32", REASON_NOT_IN_POOL);
	assert_paths(w, "192.0.2.9/32", "172.16.0.2");
	assert_int_equal(class_of(w, "192.0.2.9/32"), PATH_EXTERNAL_IP);
}

static void
without_an_allow_list_no_external_ip_is_advertised(void **state)
{
	(void)state;
	three_nodes(CALICO);
	service(w, "shop/web", WEB(LOCAL ",'externalIPs':['192.0.2.9']"));
	slice(w, "shop/web-1", "web", false, "n2");
	commit(w);
	assert_refused(w, "192.0.2.9/32", REASON_NO_POOL);
}

static void
an_external_ip_follows_external_traffic_policy_whatever_cluster_ip_policy_says(void **state)
{
	(void)state;
	three_nodes("  external_ips: [192.0.2.0/25]\n  cluster_ip_policy: internal\n");
	service(w, "shop/a",
	    WEB(LOCAL ",'internalTrafficPolicy':'Cluster','externalIPs':['192.0.2.9']"));
	slice(w, "shop/a-1", "a", false, "n2");
	service(w, "shop/b",
	    "'clusterIP':'10.96.0.8','internalTrafficPolicy':'Local','externalIPs':['192.0.2.10']");
	slice(w, "shop/b-1", "b", false, "n2");
	commit(w);
	assert_paths(w, "192.0.2.9/32", "172.16.0.2");
	assert_paths(w, "192.0.2.10/32", ALL);
}

static void
a_single_address_cidr_of_external_ips_exists_only_while_a_service_uses_it(void **state)
{
	(void)state;
	three_nodes(POOLS);
	commit(w);
	assert_paths(w, "192.0.2.200/32", "");
	service(w, "shop/web", WEB("'externalIPs':['192.0.2.200']"));
	slice(w, "shop/web-1", "web", false, "n2");
	commit(w);
	assert_paths(w, "192.0.2.200/32", ALL);
	assert_int_equal(class_of(w, "192.0.2.200/32"), PATH_EXTERNAL_IP);
	world_delete(w, "services/shop/web");
	commit(w);
	assert_paths(w, "192.0.2.200/32", "");
}

#define LB(x, ip)                                                                              \
	"'type':'LoadBalancer','clusterIP':'10.96.0.7'," x                                     \
	"},'status':{'loadBalancer':{'ingress':[{'ip':'" ip "'}]}"

static void
with_aggregation_a_load_balancer_ip_has_a_host_route_only_for_local(void **state)
{
	(void)state;
	three_nodes(POOLS);
	service(w, "shop/a", LB(LOCAL, "198.51.100.1"));
	slice(w, "shop/a-1", "a", false, "n3");
	service(w, "shop/b", LB("'externalTrafficPolicy':'Cluster'", "198.51.100.2"));
	slice(w, "shop/b-1", "b", false, "n3");
	commit(w);
	assert_paths(w, "198.51.100.0/24", ALL);
	assert_paths(w, "198.51.100.1/32", "172.16.0.3");
	assert_int_equal(class_of(w, "198.51.100.1/32"), PATH_LOAD_BALANCER);
	assert_refused(w, "198.51.100.2/32", REASON_COVERED);
}

static void
without_aggregation_each_load_balancer_ip_has_a_host_route_while_an_endpoint_is_usable(
    void **state)
{
	(void)state;
	three_nodes(
	    "  load_balancer_ips: [198.51.100.0/24]\n  load_balancer_aggregation: false\n");
	service(w, "shop/a", LB(LOCAL, "198.51.100.1"));
	slice(w, "shop/a-1", "a", false, "n3");
	service(w, "shop/b", LB("'externalTrafficPolicy':'Cluster'", "198.51.100.2"));
	slice(w, "shop/b-1", "b", false, "n3");
	commit(w);
	assert_paths(w, "198.51.100.0/24", "");
	assert_paths(w, "198.51.100.1/32", "172.16.0.3");
	assert_paths(w, "198.51.100.2/32", ALL);
	slice(w, "shop/b-1", "b", false, "n3=notready");
	commit(w);
	assert_refused(w, "198.51.100.2/32", REASON_NO_USABLE_ENDPOINT);
}

static void
a_load_balancer_class_counts_only_when_it_is_listed(void **state)
{
	(void)state;
	three_nodes("  load_balancer_ips: [198.51.100.0/24]\n"
	            "  load_balancer_classes: [example.com/ours]\n");
	service(
	    w, "shop/a", LB(LOCAL ",'loadBalancerClass':'example.com/ours'", "198.51.100.1"));
	service(
	    w, "shop/b", LB(LOCAL ",'loadBalancerClass':'example.com/other'", "198.51.100.2"));
	service(w, "shop/c", LB(LOCAL, "198.51.100.3"));
	slice(w, "shop/a-1", "a", false, "n1");
	slice(w, "shop/b-1", "b", false, "n2");
	slice(w, "shop/c-1", "c", false, "n3");
	commit(w);
	assert_paths(w, "198.51.100.1/32", "172.16.0.1");
	assert_refused(w, "198.51.100.2/32", REASON_OTHER_LB_CLASS);
	assert_paths(w, "198.51.100.3/32", "172.16.0.3");
}

static void
an_ingress_of_mode_proxy_has_no_node_paths_and_a_hostname_gives_nothing(void **state)
{
	(void)state;
	three_nodes(POOLS);
	service(w, "shop/a",
	    "'type':'LoadBalancer','clusterIP':'10.96.0.7'," LOCAL
	    "},'status':{'loadBalancer':{'ingress':[{'ip':'198.51.100.1','ipMode':'Proxy'},"
	    "{'hostname':'lb.example.com'},{'ip':'198.51.100.2','ipMode':'VIP'}]}");
	slice(w, "shop/a-1", "a", false, "n1");
	commit(w);
	assert_refused(w, "198.51.100.1/32", REASON_INGRESS_PROXY);
	assert_paths(w, "198.51.100.2/32", "172.16.0.1");
}

static void
a_service_that_becomes_external_name_loses_its_routes(void **state)
{
	(void)state;
	three_nodes(CALICO);
	service(w, "shop/web", WEB(LOCAL));
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	assert_paths(w, "10.96.0.7/32", "172.16.0.1");
	service(w, "shop/web",
	    "'type':'ExternalName','externalName':'example.com','clusterIP':'10.96.0.7'," LOCAL);
	commit(w);
	assert_paths(w, "10.96.0.7/32", "");
	service(w, "shop/web", "'type':'ExternalName','externalName':'example.com'");
	commit(w);
	assert_paths(w, "10.96.0.7/32", "");
}

static void
a_headless_service_is_not_advertised_even_with_external_ips(void **state)
{
	(void)state;
	three_nodes(POOLS);
	service(w, "shop/web", "'clusterIP':'None','externalIPs':['192.0.2.9']," LOCAL);
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	assert_refused(w, "192.0.2.9/32", REASON_HEADLESS);
}

static void
dual_stack_is_decided_per_family(void **state)
{
	(void)state;
	three_nodes(POOLS);
	service(w, "shop/web",
	    "'clusterIP':'10.96.0.7','clusterIPs':['10.96.0.7','fd00:96::7'],"
	    "'ipFamilies':['IPv4','IPv6']," LOCAL);
	slice(w, "shop/web-4", "web", false, "n1");
	slice(w, "shop/web-6", "web", true, "n1=notready");
	commit(w);
	assert_paths(w, "10.96.0.7/32", "172.16.0.1");
	assert_refused(w, "fd00:96::7/128", REASON_NO_USABLE_ENDPOINT);
	slice(w, "shop/web-6", "web", true, "n2");
	commit(w);
	assert_paths(w, "10.96.0.7/32", "172.16.0.1");
	assert_paths(w, "fd00:96::7/128", "2001:db8::2");
}

static void
an_address_of_a_family_the_service_does_not_have_is_refused(void **state)
{
	(void)state;
	three_nodes("  external_ips: ['2001:db8:e::/64']\n");
	service(w, "shop/web",
	    "'clusterIP':'10.96.0.7','ipFamilies':['IPv4'],'externalIPs':['2001:db8:e::1']," LOCAL);
	slice(w, "shop/web-4", "web", false, "n1");
	commit(w);
	assert_refused(w, "2001:db8:e::1/128", REASON_FAMILY_NOT_SERVED);
}

static void
two_services_that_share_an_address_are_a_reference_counted_union(void **state)
{
	(void)state;
	three_nodes(POOLS);
	service(w, "shop/a", "'clusterIP':'10.96.0.7','externalIPs':['192.0.2.9']," LOCAL);
	service(w, "shop/b", "'clusterIP':'10.96.0.8','externalIPs':['192.0.2.9']," LOCAL);
	slice(w, "shop/a-1", "a", false, "n1 n2=draining");
	slice(w, "shop/b-1", "b", false, "n2=draining n3=draining");
	commit(w);
	assert_paths(w, "192.0.2.9/32", ALL); /* ranks compare within one service */
	world_delete(w, "services/shop/a");
	commit(w);
	assert_paths(w, "192.0.2.9/32", "172.16.0.2 172.16.0.3");
	world_delete(w, "services/shop/b");
	commit(w);
	assert_paths(w, "192.0.2.9/32", "");
}

static void
one_address_in_two_classes_takes_the_lower_class(void **state)
{
	(void)state;
	three_nodes(
	    "  external_ips: [198.51.100.0/24]\n  load_balancer_ips: [198.51.100.0/24]\n");
	service(w, "shop/a", LB(LOCAL ",'externalIPs':['198.51.100.1']", "198.51.100.1"));
	slice(w, "shop/a-1", "a", false, "n3");
	commit(w);
	assert_paths(w, "198.51.100.1/32", "172.16.0.3");
	assert_int_equal(class_of(w, "198.51.100.1/32"), PATH_EXTERNAL_IP);
	service(w, "shop/a", LB(LOCAL, "198.51.100.1"));
	commit(w);
	assert_int_equal(class_of(w, "198.51.100.1/32"), PATH_LOAD_BALANCER);
}

static void
a_prefix_that_nothing_names_is_not_ours(void **state)
{
	(void)state;
	three_nodes(CALICO);
	commit(w);
	assert_refused(w, "203.0.113.0/24", REASON_NOT_OURS);
	assert_refused(w, "10.96.0.0/16", REASON_NOT_OURS);
	assert_refused(w, "10.96.0.200/32", REASON_NOT_OURS);
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_teardown(f, end)
	const struct CMUnitTest tests[] = {
	    RULE(the_calico_pages_example),
	    RULE(
	        a_rolling_update_of_a_local_service_never_has_zero_paths_while_any_endpoint_serves),
	    RULE(an_aggregate_exists_whether_or_not_a_service_does),
	    RULE(without_configured_cidrs_each_service_cidr_is_an_aggregate_until_it_is_gone),
	    RULE(configured_cluster_ips_are_not_widened_by_service_cidrs),
	    RULE(a_cluster_service_has_no_host_route_because_the_aggregate_covers_it),
	    RULE(host_routes_all_gives_cluster_services_a_host_route_from_every_node),
	    RULE(cluster_ip_policy_says_which_field_makes_a_cluster_ip_local),
	    RULE(the_default_cluster_ip_policy_is_the_external_one),
	    RULE(a_cluster_ip_outside_the_configured_cidrs_is_refused),
	    RULE(an_external_ip_outside_the_allow_list_is_refused),
	    RULE(without_an_allow_list_no_external_ip_is_advertised),
	    RULE(
	        an_external_ip_follows_external_traffic_policy_whatever_cluster_ip_policy_says),
	    RULE(a_single_address_cidr_of_external_ips_exists_only_while_a_service_uses_it),
	    RULE(with_aggregation_a_load_balancer_ip_has_a_host_route_only_for_local),
	    RULE(
	        without_aggregation_each_load_balancer_ip_has_a_host_route_while_an_endpoint_is_usable),
	    RULE(a_load_balancer_class_counts_only_when_it_is_listed),
	    RULE(an_ingress_of_mode_proxy_has_no_node_paths_and_a_hostname_gives_nothing),
	    RULE(a_service_that_becomes_external_name_loses_its_routes),
	    RULE(a_headless_service_is_not_advertised_even_with_external_ips),
	    RULE(dual_stack_is_decided_per_family),
	    RULE(an_address_of_a_family_the_service_does_not_have_is_refused),
	    RULE(two_services_that_share_an_address_are_a_reference_counted_union),
	    RULE(one_address_in_two_classes_takes_the_lower_class),
	    RULE(a_prefix_that_nothing_names_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
