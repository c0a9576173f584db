/* SPDX-License-Identifier: Apache-2.0 */
/* Which endpoints of a service count; each test is one rule. */
#include "world.h"

#define LOCAL_WEB "'clusterIP':'10.96.0.7','externalTrafficPolicy':'Local'"
#define PREFIX    "10.96.0.7/32"
#define N1        "172.16.0.1"
#define N2        "172.16.0.2"
#define N3        "172.16.0.3"
#define ALL       N1 " " N2 " " N3

static struct world world, *const w = &world;

static void
start(const char *advertise)
{
	world_init(w, advertise);
	node(w, "n1", N1);
	node(w, "n2", N2);
	node(w, "n3", N3);
	service(w, "shop/web", LOCAL_WEB);
}

static int
begin(void **state)
{
	(void)state;
	start("  cluster_ips: [10.96.0.0/12]\n");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	world_fini(w);
	return 0;
}

static void
endpoints_are_the_union_of_all_slices_with_the_services_label(void **state)
{
	(void)state;
	slice(w, "shop/web-1", "web", false, "n1");
	slice(w, "shop/web-2", "web", false, "n2 n1");
	slice(w, "shop/other-1", "other", false, "n3");
	slice(w, "elsewhere/web-1", "web", false, "n3");
	commit(w);
	assert_paths(w, PREFIX, N1 " " N2);
}

static void
deleting_one_of_two_slices_recomputes_the_service(void **state)
{
	(void)state;
	slice(w, "shop/web-1", "web", false, "n1");
	slice(w, "shop/web-2", "web", false, "n2");
	commit(w);
	assert_paths(w, PREFIX, N1 " " N2);
	world_delete(w, "endpointslices/shop/web-1");
	commit(w);
	assert_paths(w, PREFIX, N2);
}

static void
a_slice_that_moves_to_another_service_changes_both(void **state)
{
	(void)state;
	service(w, "shop/new", "'clusterIP':'10.96.0.8','externalTrafficPolicy':'Local'");
	slice(w, "shop/x", "web", false, "n1");
	commit(w);
	assert_paths(w, PREFIX, N1);
	slice(w, "shop/x", "new", false, "n1");
	commit(w);
	assert_paths(w, PREFIX, "");
	assert_paths(w, "10.96.0.8/32", N1);
	slice(w, "shop/x", "", false, "n1");
	commit(w);
	assert_paths(w, "10.96.0.8/32", "");
}

static void
conditions_that_are_absent_mean_ready(void **state)
{
	(void)state;
	slice(w, "shop/web-1", "web", false, "n1=empty n2=notready");
	commit(w);
	assert_paths(w, PREFIX, N1);
}

static void
the_truth_table_of_endpoint_conditions(void **state)
{
	static const struct {
		const char *state;
		bool used_alone, used_beside_ready;
	} rows[] = {
	    {"ready", true, true}, {"empty", true, true},
	    {"published", true, true}, /* ready and terminating: publishNotReadyAddresses */
	    {"draining", true, false}, {"dying", false, false}, {"notready", false, false},
	    {"serving", false, false}, /* not terminating: its readiness gate holds it back */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char endpoints[100];

		snprintf(endpoints, sizeof(endpoints), "n1=%s", rows[i].state);
		slice(w, "shop/web-1", "web", false, endpoints);
		commit(w);
		assert_paths(w, PREFIX, rows[i].used_alone ? N1 : "");
		snprintf(endpoints, sizeof(endpoints), "n1=%s n2=ready", rows[i].state);
		slice(w, "shop/web-1", "web", false, endpoints);
		commit(w);
		assert_paths(w, PREFIX, rows[i].used_beside_ready ? N1 " " N2 : N2);
	}
}

static void
nodes_with_only_terminating_endpoints_are_used_while_no_node_has_a_ready_one(void **state)
{
	(void)state;
	slice(w, "shop/web-1", "web", false, "n1=draining n2=draining");
	commit(w);
	assert_paths(w, PREFIX, N1 " " N2);
	slice(w, "shop/web-1", "web", false, "n1=draining n2=draining n3");
	commit(w);
	assert_paths(w, PREFIX, N3);
	assert_node(w, PREFIX, "n1", REASON_NODE_NO_READY_ENDPOINT);
}

static void
a_ready_endpoint_on_a_node_that_cannot_serve_does_not_displace_terminating_ones(void **state)
{
	(void)state;
	node_with(w, "n3", N3,
	    "'labels':{'node.kubernetes.io/exclude-from-external-load-balancers':''}", "");
	slice(w, "shop/web-1", "web", false, "n1=draining n3=ready -=ready ghost=ready");
	commit(w);
	assert_paths(w, PREFIX, N1);
}

static void
an_endpoint_without_a_node_or_on_an_unknown_node_never_serves_local(void **state)
{
	(void)state;
	slice(w, "shop/web-1", "web", false, "- ghost");
	commit(w);
	assert_refused(w, PREFIX, REASON_NO_ELIGIBLE_NODE);
	assert_node(w, PREFIX, "ghost", REASON_NODE_UNKNOWN);
	node(w, "ghost", "172.16.0.9");
	commit(w);
	assert_paths(w, PREFIX, "172.16.0.9");
	world_delete(w, "nodes//ghost");
	commit(w);
	assert_paths(w, PREFIX, "");
}

static int
begin_all(void **state)
{
	(void)state;
	start("  cluster_ips: [10.96.0.0/12]\n  host_routes: all\n");
	service(w, "shop/web", "'clusterIP':'10.96.0.7','externalTrafficPolicy':'Cluster'");
	return 0;
}

static void
an_endpoint_without_a_node_or_on_an_unknown_node_serves_cluster(void **state)
{
	(void)state;
	commit(w);
	assert_paths(w, PREFIX, "");
	slice(w, "shop/web-1", "web", false, "-");
	commit(w);
	assert_paths(w, PREFIX, ALL);
	slice(w, "shop/web-1", "web", false, "ghost");
	commit(w);
	assert_paths(w, PREFIX, ALL);
}

static void
fqdn_slices_are_ignored(void **state)
{
	(void)state;
	world_put(w, "endpointslices/shop/web-f",
	    "'labels':{'kubernetes.io/service-name':'web'}",
	    "'addressType':'FQDN','endpoints':[{'addresses':['a.example.com'],'nodeName':'n1'}]");
	commit(w);
	assert_refused(w, PREFIX, REASON_NO_USABLE_ENDPOINT);
}

static void
slices_of_a_service_without_selector_count_like_any_other(void **state)
{
	(void)state;
	world_put(w, "endpointslices/shop/by-hand",
	    "'labels':{'kubernetes.io/service-name':'web',"
	    "'endpointslice.kubernetes.io/managed-by':'endpointslicemirroring-controller.k8s.io'}",
	    "'addressType':'IPv4','endpoints':[{'addresses':['10.9.9.9'],'nodeName':'n2'}]");
	commit(w);
	assert_paths(w, PREFIX, N2);
}

static void
an_endpoint_that_stands_in_two_slices_counts_once(void **state)
{
	(void)state;
	slice(w, "shop/web-1", "web", false, "n1 n2");
	slice(w, "shop/web-2", "web", false, "n1 n2");
	commit(w);
	assert_paths(w, PREFIX, N1 " " N2);
}

static void
hints_and_traffic_distribution_are_kube_proxys_and_withdraw_no_route(void **state)
{
	(void)state;
	service(w, "shop/web",
	    "'clusterIP':'10.96.0.7','externalTrafficPolicy':'Local','trafficDistribution':'PreferClose'");
	world_put(w, "endpointslices/shop/web-1",
	    "'labels':{'kubernetes.io/service-name':'web'}",
	    "'addressType':'IPv4','endpoints':["
	    "{'addresses':['10.9.9.1'],'nodeName':'n1','zone':'a','hints':{'forZones':[{'name':'b'}]}},"
	    "{'addresses':['10.9.9.2'],'nodeName':'n2','zone':'b','hints':{'forNodes':[{'name':'n1'}]}}]");
	commit(w);
	assert_paths(w, PREFIX, N1 " " N2);
}

static void
slices_before_their_service_and_nodes_after_both_give_the_same_paths(void **state)
{
	(void)state;
	slice(w, "shop/late-1", "late", false, "n8 n9");
	commit(w);
	service(w, "shop/late", "'clusterIP':'10.96.0.9','externalTrafficPolicy':'Local'");
	commit(w);
	assert_refused(w, "10.96.0.9/32", REASON_NO_ELIGIBLE_NODE);
	node(w, "n9", "172.16.0.9");
	node(w, "n8", "172.16.0.8");
	commit(w);
	assert_paths(w, "10.96.0.9/32", "172.16.0.8 172.16.0.9");
}

int
main(void)
{
#define RULE(f)     cmocka_unit_test_setup_teardown(f, begin, end)
#define RULE_ALL(f) cmocka_unit_test_setup_teardown(f, begin_all, end)
	const struct CMUnitTest tests[] = {
	    RULE(endpoints_are_the_union_of_all_slices_with_the_services_label),
	    RULE(deleting_one_of_two_slices_recomputes_the_service),
	    RULE(a_slice_that_moves_to_another_service_changes_both),
	    RULE(conditions_that_are_absent_mean_ready),
	    RULE(the_truth_table_of_endpoint_conditions),
	    RULE(nodes_with_only_terminating_endpoints_are_used_while_no_node_has_a_ready_one),
	    RULE(
	        a_ready_endpoint_on_a_node_that_cannot_serve_does_not_displace_terminating_ones),
	    RULE(an_endpoint_without_a_node_or_on_an_unknown_node_never_serves_local),
	    RULE_ALL(an_endpoint_without_a_node_or_on_an_unknown_node_serves_cluster),
	    RULE(fqdn_slices_are_ignored),
	    RULE(slices_of_a_service_without_selector_count_like_any_other),
	    RULE(an_endpoint_that_stands_in_two_slices_counts_once),
	    RULE(hints_and_traffic_distribution_are_kube_proxys_and_withdraw_no_route),
	    RULE(slices_before_their_service_and_nodes_after_both_give_the_same_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
