/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says by class: attributes, and which services. */
#include "world.h"

#define POOLS                                                                                  \
	"  cluster_ips: [10.96.0.0/12]\n"                                                      \
	"  external_ips: [192.0.2.0/24]\n"                                                     \
	"  load_balancer_ips: [198.51.100.0/24]\n"                                             \
	"  pod_cidrs: true\n"

static struct world world, *const w = &world;

static void
start(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text), POOLS "%s", more);
	world_init(w, text);
	node_with(w, "n1", "172.16.0.1", "", "'spec':{'podCIDRs':['10.244.1.0/24']}");
	node(w, "n2", "172.16.0.2");
}

/* A Local service with an address of each class. */
static void
web(const char *metadata)
{
	world_put(w, "services/shop/web", metadata,
	    "'spec':{'type':'LoadBalancer','clusterIP':'10.96.0.7','externalIPs':['192.0.2.7'],"
	    "'externalTrafficPolicy':'Local'},"
	    "'status':{'loadBalancer':{'ingress':[{'ip':'198.51.100.7'}]}}");
	slice(w, "shop/web-1", "web", false, "n1");
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
each_class_has_communities_preference_and_med_of_its_own(void **state)
{
	static const struct {
		const char *prefix;
		uint32_t community, local_pref, med;
	} rows[] = {
	    {"10.96.0.0/12", 1, 10, 0},
	    {"10.96.0.7/32", 2, 20, 1},
	    {"192.0.2.7/32", 3, 30, 2},
	    {"198.51.100.7/32", 4, 40, 3},
	    {"10.244.1.0/24", 5, 50, 4},
	};

	(void)state;
	start("  attributes:\n"
	      "    aggregates: {communities: ['64512:1'], local_pref: 10, med: 0}\n"
	      "    cluster_ips: {communities: ['64512:2'], local_pref: 20, med: 1}\n"
	      "    external_ips: {communities: ['64512:3'], local_pref: 30, med: 2}\n"
	      "    load_balancer_ips: {communities: ['64512:4'], local_pref: 40, med: 3}\n"
	      "    pod_cidrs: {communities: ['64512:5'], local_pref: 50, med: 4}\n");
	web("");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct path_attributes *a = attributes_of(w, rows[i].prefix);

		assert_int_equal(a->n_communities, 1);
		assert_int_equal(a->communities[0], 64512u << 16 | rows[i].community);
		assert_int_equal(a->local_pref, rows[i].local_pref);
		assert_true(a->has_med);
		assert_int_equal(a->med, rows[i].med);
	}
}

static void
what_a_class_does_not_say_is_the_general_value(void **state)
{
	const struct path_attributes *a;

	(void)state;
	start(
	    "  local_pref: 70\n"
	    "  attributes: {cluster_ips: {local_pref: 0}, external_ips: {communities: [no-export]}}\n");
	web("");
	a = attributes_of(w, "10.96.0.7/32");
	assert_int_equal(a->local_pref, 0);
	assert_false(a->has_med);
	a = attributes_of(w, "192.0.2.7/32");
	assert_int_equal(a->local_pref, 70);
	assert_int_equal(a->communities[0], 0xffffff01);
	assert_int_equal(attributes_of(w, "10.96.0.0/12")->local_pref, 70);
}

static void
communities_by_class_by_prefix_and_by_annotation_add_up_and_the_annotations_numbers_count(
    void **state)
{
	const struct path_attributes *a;

	(void)state;
	start(
	    "  communities: [{prefix: 10.96.0.0/16, add: ['64512:2']}]\n"
	    "  attributes: {cluster_ips: {communities: ['64512:1'], local_pref: 10, med: 5}}\n");
	web("'annotations':{'heliograph.io/communities':'64512:3, no-export',"
	    "'heliograph.io/local-preference':'20'}");
	a = attributes_of(w, "10.96.0.7/32");
	assert_int_equal(a->n_communities, 4);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(a->communities[i], 64512u << 16 | (i + 1));
	assert_int_equal(a->communities[3], 0xffffff01);
	assert_int_equal(a->local_pref, 20);
	assert_int_equal(a->med, 5);
}

static void
an_address_that_is_of_two_classes_has_the_attributes_of_both_merged(void **state)
{
	const struct path_attributes *a;

	(void)state;
	world_init(w, "  external_ips: [192.0.2.0/24]\n  load_balancer_ips: [192.0.2.0/24]\n"
	              "  attributes:\n"
	              "    external_ips: {communities: ['64512:1'], local_pref: 20, med: 9}\n"
	              "    load_balancer_ips: {communities: ['64512:2'], local_pref: 30}\n");
	node(w, "n1", "172.16.0.1");
	world_put(w, "services/shop/web", "",
	    "'spec':{'type':'LoadBalancer','clusterIP':'10.96.0.7','externalIPs':['192.0.2.7'],"
	    "'externalTrafficPolicy':'Local'},"
	    "'status':{'loadBalancer':{'ingress':[{'ip':'192.0.2.7'}]}}");
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	a = attributes_of(w, "192.0.2.7/32");
	assert_int_equal(a->n_communities, 2);
	assert_int_equal(a->local_pref, 30);
	assert_int_equal(a->med, 9);
}

static void
a_service_selector_chooses_services_per_class_by_label(void **state)
{
	(void)state;
	start("  service_selectors: {external_ips: 'expose=yes', cluster_ips: '!internal'}\n");
	web("");
	assert_refused(w, "192.0.2.7/32", REASON_NOT_SELECTED);
	assert_paths(w, "10.96.0.7/32", "172.16.0.1");
	assert_paths(w, "198.51.100.7/32", "172.16.0.1");
	web("'labels':{'expose':'yes','internal':''}");
	assert_paths(w, "192.0.2.7/32", "172.16.0.1");
	assert_refused(w, "10.96.0.7/32", REASON_NOT_SELECTED);
	web("'labels':{'expose':'no'}");
	assert_refused(w, "192.0.2.7/32", REASON_NOT_SELECTED);
}

static void
a_service_selector_finds_our_annotations_where_there_is_no_such_label(void **state)
{
	(void)state;
	start(
	    "  service_selectors: {external_ips: 'heliograph.io/advertise in (yes, true)'}\n");
	web("'annotations':{'heliograph.io/advertise':'true'}");
	assert_paths(w, "192.0.2.7/32", "172.16.0.1");
	web("'labels':{'heliograph.io/advertise':'no'},"
	    "'annotations':{'heliograph.io/advertise':'true'}");
	assert_refused(w, "192.0.2.7/32", REASON_NOT_SELECTED);
}

static void
a_service_selector_leaves_aggregates_alone(void **state)
{
	(void)state;
	start("  service_selectors: {cluster_ips: 'nothing=fits'}\n");
	web("");
	assert_paths(w, "10.96.0.0/12", "172.16.0.1 172.16.0.2");
	assert_refused(w, "10.96.0.7/32", REASON_NOT_SELECTED);
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_teardown(f, end)
	const struct CMUnitTest tests[] = {
	    RULE(each_class_has_communities_preference_and_med_of_its_own),
	    RULE(what_a_class_does_not_say_is_the_general_value),
	    RULE(
	        communities_by_class_by_prefix_and_by_annotation_add_up_and_the_annotations_numbers_count),
	    RULE(an_address_that_is_of_two_classes_has_the_attributes_of_both_merged),
	    RULE(a_service_selector_chooses_services_per_class_by_label),
	    RULE(a_service_selector_finds_our_annotations_where_there_is_no_such_label),
	    RULE(a_service_selector_leaves_aggregates_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
