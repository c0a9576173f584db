/* SPDX-License-Identifier: Apache-2.0 */
/* How many usable endpoints each path stands for, where views weigh by it. */
#include "world.h"

#define HOST "10.96.0.7/32"

static struct world world, *const w = &world;

static void
start(bool on)
{
	world_init(w, "  cluster_ips: [10.96.0.0/12]\n  external_ips: [192.0.2.0/24]\n");
	path_count_endpoints(w->maker, on);
	node(w, "n1", "172.16.0.1");
	node(w, "n2", "172.16.0.2");
	service(w, "shop/web", "'clusterIP':'10.96.0.7','externalTrafficPolicy':'Local'");
}

static int
end(void **state)
{
	(void)state;
	world_fini(w);
	return 0;
}

/* "address:endpoints" of each path, by address. */
static void
assert_counts(const char *prefix, const char *want)
{
	char have[512] = "";
	const struct world_set *s;
	struct ip_prefix p;
	size_t n = 0;

	assert_true(ip_prefix_parse(prefix, &p));
	s = world_find(w, &p);
	assert_non_null(s);
	for (unsigned i = 1; i < 9; i++) {
		struct ip_addr a = ip_v4(0xac100000u + i);

		for (uint32_t k = 0; k < s->n; k++)
			if (ip_equal(&w->slots[s->paths[k].slot].addr, &a))
				n += (size_t)snprintf(have + n, sizeof(have) - n, "%s.%u:%u",
				    n ? " " : "", i,
				    w->attributes[s->paths[k].attributes].endpoints);
	}
	assert_string_equal(have, want);
}

static void
a_local_route_counts_the_usable_endpoints_of_each_node(void **state)
{
	(void)state;
	start(true);
	slice(w, "shop/web-1", "web", false, "n1 n2 n2");
	slice(w, "shop/web-2", "web", false, "n2 n2=notready n1=draining");
	commit(w);
	assert_counts(HOST, ".1:1 .2:3");
	slice(w, "shop/web-1", "web", false, "n1 n1 n2");
	commit(w);
	assert_counts(HOST, ".1:2 .2:2");
}

static void
an_endpoint_that_stands_in_two_slices_counts_once(void **state)
{
	(void)state;
	start(true);
	slice(w, "shop/web-1", "web", false, "n1 n2 n2");
	slice(
	    w, "shop/web-2", "web", false, "n1 n2"); /* the same addresses on the same nodes */
	commit(w);
	assert_counts(HOST, ".1:1 .2:2");
}

static void
where_none_is_ready_the_terminating_ones_count(void **state)
{
	(void)state;
	start(true);
	slice(w, "shop/web-1", "web", false, "n1=draining n1=draining n2=draining n2=dying");
	commit(w);
	assert_counts(HOST, ".1:2 .2:1");
}

static void
services_that_share_an_address_add_up(void **state)
{
	(void)state;
	start(true);
	service(w, "shop/a",
	    "'clusterIP':'10.96.0.8','externalIPs':['192.0.2.9'],'externalTrafficPolicy':'Local'");
	service(w, "shop/b",
	    "'clusterIP':'10.96.0.9','externalIPs':['192.0.2.9'],'externalTrafficPolicy':'Local'");
	slice(w, "shop/a-1", "a", false, "n1 n1");
	slice(w, "shop/b-1", "b", false, "n1 n2");
	commit(w);
	assert_counts("192.0.2.9/32", ".1:3 .2:1");
}

static void
paths_that_every_node_serves_are_not_counted(void **state)
{
	(void)state;
	start(true);
	service(w, "shop/a",
	    "'clusterIP':'10.96.0.8','externalIPs':['192.0.2.9'],'externalTrafficPolicy':'Local'");
	service(w, "shop/b", "'clusterIP':'10.96.0.9','externalIPs':['192.0.2.9']");
	slice(w, "shop/a-1", "a", false, "n1 n1");
	slice(w, "shop/b-1", "b", false, "n1 n2");
	commit(w);
	assert_counts("10.96.0.0/12", ".1:0 .2:0");
	assert_counts("192.0.2.9/32", ".1:0 .2:0"); /* a mix would be no proportion */
}

static void
without_a_view_that_weighs_nothing_is_counted(void **state)
{
	(void)state;
	start(false);
	slice(w, "shop/web-1", "web", false, "n1 n2 n2");
	commit(w);
	assert_counts(HOST, ".1:0 .2:0");
}

static void
no_attributes_are_left_behind(void **state)
{
	uint32_t bound;

	(void)state;
	start(true);
	for (unsigned i = 0; i < 60; i++) {
		char list[256] = "";

		for (unsigned k = 0; k <= i % 30; k++)
			strcat(list, "n1 ");
		slice(w, "shop/web-1", "web", false, list);
		commit(w);
	}
	role_is_writer();
	bound = path_attributes_bound(w->maker);
	assert_true(bound <= 4);
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_teardown(f, end)
	const struct CMUnitTest tests[] = {
	    RULE(a_local_route_counts_the_usable_endpoints_of_each_node),
	    RULE(an_endpoint_that_stands_in_two_slices_counts_once),
	    RULE(where_none_is_ready_the_terminating_ones_count),
	    RULE(services_that_share_an_address_add_up),
	    RULE(paths_that_every_node_serves_are_not_counted),
	    RULE(without_a_view_that_weighs_nothing_is_counted),
	    RULE(no_attributes_are_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
