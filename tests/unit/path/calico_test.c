/* SPDX-License-Identifier: Apache-2.0 */
/* What Calico's objects on the stream make of the routes, and what the configuration file makes of them. */
#include "path/calico.h"
#include "world.h"

#define ALL   "172.16.0.1 172.16.0.2"
#define LOCAL "'type':'NodePort','externalTrafficPolicy':'Local',"

static struct world world, *const w = &world;

static void
two_nodes(const char *advertise)
{
	world_init(w, advertise);
	node_with(w, "n1", "172.16.0.1", "", "'spec':{'podCIDRs':['10.244.1.0/24']}");
	node_with(w, "n2", "172.16.0.2", "", "'spec':{'podCIDRs':['10.245.2.0/24']}");
	caught_up(w);
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
configuration(const char *spec)
{
	char rest[2000];

	snprintf(rest, sizeof(rest), "'spec':{%s}", spec);
	world_put(w, "bgpconfigurations//default", "", rest);
	commit(w);
}

static void
bgp_configuration_says_what_the_file_does_not(void **state)
{
	(void)state;
	two_nodes("");
	world_put(w, "servicecidrs//kubernetes", "", "'spec':{'cidrs':['10.100.0.0/16']}");
	commit(w);
	assert_paths(w, "10.100.0.0/16", ALL);
	configuration("'serviceClusterIPs':[{'cidr':'10.96.0.0/12'}],"
	              "'serviceExternalIPs':[{'cidr':'192.0.2.0/24'}],"
	              "'serviceLoadBalancerIPs':[{'cidr':'198.51.100.0/24'}]");
	assert_paths(w, "10.96.0.0/12", ALL);
	assert_paths(w, "10.100.0.0/16", "");
	assert_paths(w, "192.0.2.0/24", ALL);
	assert_paths(w, "198.51.100.0/24", ALL);
	service(w, "shop/web",
	    LOCAL "'clusterIP':'10.96.0.7','clusterIPs':['10.96.0.7'],"
	          "'externalIPs':['192.0.2.9','203.0.113.1']");
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	assert_paths(w, "10.96.0.7/32", "172.16.0.1");
	assert_paths(w, "192.0.2.9/32", "172.16.0.1");
	assert_paths(w, "203.0.113.1/32", "");
	world_delete(w, "bgpconfigurations//default");
	commit(w);
	assert_paths(w, "10.96.0.0/12", "");
	assert_paths(w, "192.0.2.9/32", "");
	assert_paths(w, "10.100.0.0/16", ALL);
}

static void
a_key_of_the_file_counts_before_bgp_configuration(void **state)
{
	(void)state;
	two_nodes("  cluster_ips: [10.96.0.0/12]\n");
	configuration("'serviceClusterIPs':[{'cidr':'10.32.0.0/12'}],"
	              "'serviceExternalIPs':[{'cidr':'192.0.2.0/24'}]");
	assert_paths(w, "10.96.0.0/12", ALL);
	assert_paths(w, "10.32.0.0/12", "");
	assert_paths(w, "192.0.2.0/24", ALL);
}

static void
the_environment_variable_counts_before_bgp_configuration_as_in_calico(void **state)
{
	(void)state;
	setenv("CALICO_ADVERTISE_CLUSTER_IPS", "10.96.0.0/12", 1);
	two_nodes("");
	unsetenv("CALICO_ADVERTISE_CLUSTER_IPS");
	configuration("'serviceClusterIPs':[{'cidr':'10.32.0.0/12'}]");
	assert_paths(w, "10.96.0.0/12", ALL);
	assert_paths(w, "10.32.0.0/12", "");
}

static void
aggregation_that_is_disabled_leaves_host_routes_of_all_services(void **state)
{
	(void)state;
	two_nodes("");
	service(w, "shop/web",
	    "'type':'LoadBalancer','clusterIP':'10.96.0.7'},"
	    "'status':{'loadBalancer':{'ingress':[{'ip':'198.51.100.7'}]}");
	slice(w, "shop/web-1", "web", false, "n1");
	configuration("'serviceLoadBalancerIPs':[{'cidr':'198.51.100.0/24'}],"
	              "'serviceLoadBalancerAggregation':'Enabled'");
	assert_paths(w, "198.51.100.0/24", ALL);
	assert_paths(w, "198.51.100.7/32", "");
	configuration("'serviceLoadBalancerIPs':[{'cidr':'198.51.100.0/24'}],"
	              "'serviceLoadBalancerAggregation':'Disabled'");
	assert_paths(w, "198.51.100.0/24", "");
	assert_paths(w, "198.51.100.7/32", ALL);
}

static void
prefix_advertisements_tag_the_paths_inside_their_cidr(void **state)
{
	(void)state;
	two_nodes("");
	configuration("'serviceClusterIPs':[{'cidr':'10.96.0.0/12'},{'cidr':'10.32.0.0/16'}],"
	              "'communities':[{'name':'blue','value':'64512:300:7'}],"
	              "'prefixAdvertisements':[{'cidr':'10.96.0.0/12',"
	              "'communities':['blue','64512:120']}]");
	assert_int_equal(attributes_of(w, "10.96.0.0/12")->n_communities, 1);
	assert_int_equal(attributes_of(w, "10.96.0.0/12")->communities[0], 64512u << 16 | 120);
	assert_int_equal(attributes_of(w, "10.96.0.0/12")->n_large, 1);
	assert_int_equal(attributes_of(w, "10.96.0.0/12")->large[0].local2, 7);
	assert_int_equal(attributes_of(w, "10.32.0.0/16")->n_communities, 0);
}

static void
pod_cidrs_inside_a_pool_that_is_not_exported_are_left_out(void **state)
{
	(void)state;
	two_nodes("  pod_cidrs: true\n");
	assert_paths(w, "10.244.1.0/24", "172.16.0.1");
	world_put(
	    w, "ippools//wide", "", "'spec':{'cidr':'10.244.0.0/15','disableBGPExport':true}");
	commit(w);
	assert_paths(w, "10.244.1.0/24", "");
	assert_paths(w, "10.245.2.0/24", "");
	world_put(w, "ippools//narrow", "", "'spec':{'cidr':'10.245.0.0/16'}");
	commit(w);
	assert_paths(w, "10.244.1.0/24", "");
	assert_paths(w, "10.245.2.0/24", "172.16.0.2");
	world_delete(w, "ippools//wide");
	commit(w);
	assert_paths(w, "10.244.1.0/24", "172.16.0.1");
}

static void
explain_says_that_a_cidr_is_bgp_configurations(void **state)
{
	struct world_hops told;

	(void)state;
	two_nodes("");
	configuration("'serviceClusterIPs':[{'cidr':'10.96.0.0/12'}]");
	world_explain(w, "10.96.0.0/12", NULL, &told);
	assert_non_null(strstr(told.texts, "(cluster_ips of BGPConfiguration default)"));
}

static void
an_object_that_changes_nothing_for_the_rules_recomputes_nothing(void **state)
{
	(void)state;
	two_nodes("");
	configuration("'serviceClusterIPs':[{'cidr':'10.96.0.0/12'}]");
	assert_true(w->calls > 0);
	world_put(w, "bgppeers//tor-a", "", "'spec':{'peerIP':'192.0.2.1','asNumber':64512}");
	commit(w);
	assert_int_equal(w->calls, 0);
	world_put(w, "bgpconfigurations//node.n1", "", "'spec':{'listenPort':178}");
	commit(w);
	assert_int_equal(w->calls, 0);
}

/* ---- what is said of the fields ---- */

struct told {
	char text[8000];
};

static void
tell(void *ctx, const struct calico_object *o, const struct calico_verdict *v)
{
	struct told *t = ctx;
	size_t n = strlen(t->text);

	snprintf(t->text + n, sizeof(t->text) - n, "%s %s %s: %s\n", o->object.name,
	    v->applied ? "+" : "-", v->field, v->why);
}

static const char *
judged(void)
{
	static struct told t;

	t.text[0] = '\0';
	role_is_writer();
	for (enum resource r = RESOURCE_BGPCONFIG; resource_is_calico(r); r++) {
		for (uint32_t i = 0; i < cluster_calico_bound(w->cluster, r); i++)
			calico_judge(&w->config->followed.items[0].advertise,
			    cluster_calico_own(w->cluster, r, i), tell, &t);
	}
	return t.text;
}

static void
assert_judged(const char *line)
{
	if (!strstr(judged(), line))
		fail_msg("\"%s\" is not in:\n%s", line, judged());
}

static void
each_field_is_said_to_be_acted_on_or_why_not(void **state)
{
	(void)state;
	two_nodes("  external_ips: [192.0.2.0/24]\n");
	configuration("'serviceClusterIPs':[{'cidr':'10.96.0.0/12'}],"
	              "'serviceExternalIPs':[{'cidr':'192.0.2.0/24'}],'asNumber':64512,"
	              "'listenPort':178,'nodeToNodeMeshEnabled':true,'someNewField':1");
	assert_judged("default + serviceClusterIPs: as advertise.cluster_ips\n");
	assert_judged(
	    "default - serviceExternalIPs: the configuration file (or its environment) "
	    "has advertise.external_ips, which counts\n");
	assert_judged(
	    "default - asNumber: peers know us by local_as of the configuration file");
	assert_judged("default - listenPort: the ports that are listened on");
	assert_judged("default - nodeToNodeMeshEnabled: nodes do not speak BGP with us");
	assert_judged("default - someNewField: this version does not know the field\n");
	world_put(w, "bgpconfigurations//node.n1", "", "'spec':{'asNumber':64512}");
	world_put(w, "ippools//pods", "", "'spec':{'cidr':'10.244.0.0/16','blockSize':26}");
	assert_judged("node.n1 - asNumber: only the object named default");
	assert_judged("pods - cidr: advertise.pod_cidrs is off");
	assert_judged("pods - blockSize: blocks of Calico's IPAM are not on the stream");
}

static void
with_follow_calico_off_nothing_of_it_counts(void **state)
{
	(void)state;
	two_nodes("  follow_calico: false\n");
	configuration("'serviceClusterIPs':[{'cidr':'10.96.0.0/12'}]");
	assert_paths(w, "10.96.0.0/12", "");
	assert_judged("default - serviceClusterIPs: advertise.follow_calico is off");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(bgp_configuration_says_what_the_file_does_not, end),
	    cmocka_unit_test_teardown(a_key_of_the_file_counts_before_bgp_configuration, end),
	    cmocka_unit_test_teardown(
	        the_environment_variable_counts_before_bgp_configuration_as_in_calico, end),
	    cmocka_unit_test_teardown(
	        aggregation_that_is_disabled_leaves_host_routes_of_all_services, end),
	    cmocka_unit_test_teardown(
	        prefix_advertisements_tag_the_paths_inside_their_cidr, end),
	    cmocka_unit_test_teardown(
	        pod_cidrs_inside_a_pool_that_is_not_exported_are_left_out, end),
	    cmocka_unit_test_teardown(explain_says_that_a_cidr_is_bgp_configurations, end),
	    cmocka_unit_test_teardown(
	        an_object_that_changes_nothing_for_the_rules_recomputes_nothing, end),
	    cmocka_unit_test_teardown(each_field_is_said_to_be_acted_on_or_why_not, end),
	    cmocka_unit_test_teardown(with_follow_calico_off_nothing_of_it_counts, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
