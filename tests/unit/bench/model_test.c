/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of what must be advertised, against the ground truth itself: small clusters by hand. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Three nodes, one Local service 10.96.0.10 without slices. */
static struct cluster *
three_nodes(void)
{
	struct cluster *c = cluster_new_empty(3, 1);
	bool ok = true;

	for (uint32_t i = 0; i < 3; i++) {
		snprintf(c->nodes[i].name, sizeof(c->nodes[i].name), "n%u", i + 1);
		c->nodes[i].ip[0] = ip_v4(0xac100001u + i);
	}
	snprintf(c->services[0].ns, sizeof(c->services[0].ns), "shop");
	snprintf(c->services[0].name, sizeof(c->services[0].name), "web");
	ok = ip_parse("10.96.0.10", &c->services[0].cluster_ips[0]) && ok;
	c->services[0].external_local = true;
	assert_true(ok);
	return c;
}

static void
give_ipv6(struct cluster *c)
{
	char text[IP_TEXT_MAX];

	for (uint32_t i = 0; i < c->node_count; i++) {
		snprintf(text, sizeof(text), "fd00:10::%u", i + 1);
		assert_true(ip_parse(text, &c->nodes[i].ip[1]));
	}
	assert_true(ip_parse("fd00:96::10", &c->services[0].cluster_ips[1]));
}

/* How many paths the model has to a prefix; frees nothing. */
static unsigned
paths_to(const struct cluster *c, const struct model_rules *rules, const char *prefix)
{
	struct model *m = model_new(c, rules);
	struct ip_prefix p;
	unsigned n = 0;

	assert_true(ip_prefix_parse(prefix, &p));
	for (size_t i = 0; i < m->count; i++)
		n += ip_prefix_equal(&m->paths[i].prefix, &p);
	model_free(m);
	return n;
}

static bool
has_path(
    const struct cluster *c, const struct model_rules *rules, const char *prefix, uint32_t node)
{
	struct model *m = model_new(c, rules);
	struct ip_prefix p;

	assert_true(ip_prefix_parse(prefix, &p));
	bool has =
	    model_find(m, &p, &c->nodes[node].ip[ip_family_index(p.addr.family)]) != SIZE_MAX;

	model_free(m);
	return has;
}

#define SERVICE   "10.96.0.10/32"
#define SERVICE_6 "fd00:96::10/128"
#define AGGREGATE "10.96.0.0/12"

static void
the_calico_pages_example(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();
	struct bench_slice *s = cluster_add_slice(&c->services[0], IP_V4);

	(void)state;
	cluster_add_endpoint(s, 0);
	cluster_add_endpoint(s, 2);
	assert_int_equal(paths_to(c, &r, AGGREGATE), 3);
	assert_int_equal(paths_to(c, &r, SERVICE), 2);
	assert_true(has_path(c, &r, SERVICE, 0));
	assert_false(has_path(c, &r, SERVICE, 1));
	assert_true(has_path(c, &r, SERVICE, 2));
	s->count = 0; /* scaled to zero: the /32 goes, the aggregate stays */
	assert_int_equal(paths_to(c, &r, AGGREGATE), 3);
	assert_int_equal(paths_to(c, &r, SERVICE), 0);
	cluster_free(c);
}

static void
a_rolling_update_never_leaves_the_prefix_without_a_path(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();
	struct bench_slice *s = cluster_add_slice(&c->services[0], IP_V4);
	struct bench_endpoint *e = cluster_add_endpoint(s, 0);

	(void)state;
	e->ready = TRI_FALSE; /* the old pod ends, the new one is not there yet */
	e->serving = TRI_TRUE;
	e->terminating = TRI_TRUE;
	assert_true(has_path(c, &r, SERVICE, 0));
	cluster_add_endpoint(s, 1);
	assert_int_equal(paths_to(c, &r, SERVICE), 1);
	assert_true(has_path(c, &r, SERVICE, 1));
	cluster_free(c);
}

static void
an_endpoint_that_ends_without_serving_gets_no_path(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();
	struct bench_endpoint *e =
	    cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);

	(void)state;
	e->ready = TRI_FALSE;
	e->terminating = TRI_TRUE; /* serving absent: as ready */
	assert_int_equal(paths_to(c, &r, SERVICE), 0);
	cluster_free(c);
}

static void
a_slice_without_conditions_is_ready(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 1)->ready = TRI_ABSENT;
	assert_true(has_path(c, &r, SERVICE, 1));
	cluster_free(c);
}

static void
families_are_decided_apart(void **state)
{
	struct model_rules r = model_rules_default(true);
	struct cluster *c = three_nodes();

	(void)state;
	give_ipv6(c);
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V6), 0)->ready = TRI_FALSE;
	assert_int_equal(paths_to(c, &r, SERVICE), 1);
	assert_int_equal(paths_to(c, &r, SERVICE_6), 0);
	assert_int_equal(paths_to(c, &r, "fd00:96::/108"), 3);
	c->services[0].slices[1].endpoints[0].ready = TRI_TRUE;
	assert_true(has_path(c, &r, SERVICE_6, 0));
	cluster_free(c);
}

static void
of_two_slices_one_is_deleted(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 1);
	assert_int_equal(paths_to(c, &r, SERVICE), 2);
	c->services[0].slices[0].gone = true;
	assert_int_equal(paths_to(c, &r, SERVICE), 1);
	assert_true(has_path(c, &r, SERVICE, 1));
	cluster_free(c);
}

static void
a_service_that_becomes_external_name_loses_its_prefix(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);
	c->services[0].external_name = true;
	assert_int_equal(paths_to(c, &r, SERVICE), 0);
	cluster_free(c);
}

static void
the_exclusion_label_counts_whatever_its_value(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);
	c->nodes[0].exclude = true;
	c->nodes[0].exclude_value = "true";
	assert_int_equal(paths_to(c, &r, SERVICE), 0);
	assert_int_equal(paths_to(c, &r, AGGREGATE), 2);
	c->nodes[0].exclude_value = "";
	assert_int_equal(paths_to(c, &r, AGGREGATE), 2);
	cluster_free(c);
}

static void
a_node_marked_for_removal_keeps_only_its_local_endpoints(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);
	c->nodes[0].deleting = true;
	assert_true(has_path(c, &r, SERVICE, 0));
	assert_false(has_path(c, &r, AGGREGATE, 0));
	cluster_free(c);
}

static void
cordon_and_not_ready_change_nothing(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	c->nodes[0].cordoned = true;
	c->nodes[1].not_ready = true;
	assert_int_equal(paths_to(c, &r, AGGREGATE), 3);
	c->nodes[2].network_unavailable = true;
	assert_int_equal(paths_to(c, &r, AGGREGATE), 2);
	cluster_free(c);
}

static void
endpoints_on_no_or_unknown_nodes_serve_cluster_only(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();
	struct bench_slice *s = cluster_add_slice(&c->services[0], IP_V4);

	(void)state;
	cluster_add_endpoint(s, CLUSTER_NO_NODE);
	cluster_add_endpoint(s, CLUSTER_UNKNOWN_NODE);
	assert_int_equal(paths_to(c, &r, SERVICE), 0);
	c->services[0].external_local = false;
	r.host_routes_all = true;
	assert_int_equal(paths_to(c, &r, SERVICE), 3);
	cluster_free(c);
}

static void
external_addresses_need_the_allow_list(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);
	assert_true(ip_parse("192.0.2.7", &c->services[0].external_ips[0]));
	c->services[0].external_ip_count = 1;
	assert_int_equal(paths_to(c, &r, "192.0.2.7/32"), 0);
	assert_true(
	    ip_prefix_parse("192.0.2.0/24", &r.external_ips.list[r.external_ips.count++]));
	assert_int_equal(paths_to(c, &r, "192.0.2.7/32"), 1);
	assert_int_equal(paths_to(c, &r, "192.0.2.0/24"), 3);
	cluster_free(c);
}

static void
load_balancer_addresses_aggregate_and_stay_local(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 1);
	assert_true(ip_parse("198.51.100.9", &c->services[0].lb_ips[0]));
	c->services[0].lb_ip_count = 1;
	assert_true(ip_prefix_parse("198.51.100.0/24", &r.lb_ips.list[r.lb_ips.count++]));
	assert_int_equal(paths_to(c, &r, "198.51.100.9/32"), 1);
	assert_int_equal(paths_to(c, &r, "198.51.100.0/24"), 3);
	c->services[0].external_local = false;
	assert_int_equal(paths_to(c, &r, "198.51.100.9/32"), 0);
	r.lb_aggregation = false;
	assert_int_equal(paths_to(c, &r, "198.51.100.9/32"), 3);
	assert_int_equal(paths_to(c, &r, "198.51.100.0/24"), 0);
	c->services[0].slices[0].count = 0;
	assert_int_equal(paths_to(c, &r, "198.51.100.9/32"), 0);
	cluster_free(c);
}

static void
two_services_with_one_address_are_a_union(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = cluster_new_empty(2, 2);

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		c->nodes[i].ip[0] = ip_v4(0xac100001u + i);
		assert_true(ip_parse("10.96.0.10", &c->services[i].cluster_ips[0]));
		c->services[i].external_local = true;
		struct bench_slice *s = cluster_add_slice(&c->services[i], IP_V4);

		cluster_add_endpoint(s, 0);
		if (i)
			cluster_add_endpoint(s, 1);
	}
	assert_int_equal(paths_to(c, &r, SERVICE), 2);
	c->services[1].gone = true;
	assert_int_equal(paths_to(c, &r, SERVICE), 1);
	cluster_free(c);
}

static void
the_policy_that_governs_the_cluster_ip_is_a_choice(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();

	(void)state;
	cluster_add_endpoint(cluster_add_slice(&c->services[0], IP_V4), 0);
	c->services[0].external_local = false;
	c->services[0].internal_local = true;
	assert_int_equal(paths_to(c, &r, SERVICE), 0);
	r.cluster_ip_policy = MODEL_POLICY_INTERNAL;
	assert_int_equal(paths_to(c, &r, SERVICE), 1);
	r.cluster_ip_policy = MODEL_POLICY_EITHER;
	assert_int_equal(paths_to(c, &r, SERVICE), 1);
	cluster_free(c);
}

static void
the_digest_tells_one_path_more(void **state)
{
	struct model_rules r = model_rules_default(false);
	struct cluster *c = three_nodes();
	struct bench_slice *s = cluster_add_slice(&c->services[0], IP_V4);
	struct model *a, *b;

	(void)state;
	cluster_add_endpoint(s, 0);
	a = model_new(c, &r);
	cluster_add_endpoint(s, 1);
	b = model_new(c, &r);
	assert_int_equal(a->count + 1, b->count);
	assert_true(a->digest != b->digest);
	model_free(b);
	s->count = 1;
	b = model_new(c, &r);
	assert_true(a->digest == b->digest);
	model_free(a);
	model_free(b);
	cluster_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_calico_pages_example),
	    cmocka_unit_test(a_rolling_update_never_leaves_the_prefix_without_a_path),
	    cmocka_unit_test(an_endpoint_that_ends_without_serving_gets_no_path),
	    cmocka_unit_test(a_slice_without_conditions_is_ready),
	    cmocka_unit_test(families_are_decided_apart),
	    cmocka_unit_test(of_two_slices_one_is_deleted),
	    cmocka_unit_test(a_service_that_becomes_external_name_loses_its_prefix),
	    cmocka_unit_test(the_exclusion_label_counts_whatever_its_value),
	    cmocka_unit_test(a_node_marked_for_removal_keeps_only_its_local_endpoints),
	    cmocka_unit_test(cordon_and_not_ready_change_nothing),
	    cmocka_unit_test(endpoints_on_no_or_unknown_nodes_serve_cluster_only),
	    cmocka_unit_test(external_addresses_need_the_allow_list),
	    cmocka_unit_test(load_balancer_addresses_aggregate_and_stay_local),
	    cmocka_unit_test(two_services_with_one_address_are_a_union),
	    cmocka_unit_test(the_policy_that_governs_the_cluster_ip_is_a_choice),
	    cmocka_unit_test(the_digest_tells_one_path_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
