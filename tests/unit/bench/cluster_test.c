/* SPDX-License-Identifier: Apache-2.0 */
/* The seeded generator and its scenarios, judged by what the model makes of them. */
#include "cluster.h"
#include "model.h"
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct cluster_size small = {.nodes = 50,
    .services = 200,
    .next_hops = 7,
    .local = 100,
    .dual_stack = 30,
    .zones = 3,
    .racks = 5,
    .seed = 42};

static uint64_t
digest_of(const struct cluster_size *size)
{
	struct model_rules r = model_rules_default(size->dual_stack > 0);
	struct cluster *c = cluster_new(size);
	struct model *m = model_new(c, &r);
	uint64_t d = m->digest;

	model_free(m);
	cluster_free(c);
	return d;
}

static void
the_same_seed_gives_the_same_cluster(void **state)
{
	struct cluster_size other = small;

	(void)state;
	assert_true(digest_of(&small) == digest_of(&small));
	other.seed++;
	assert_true(digest_of(&small) != digest_of(&other));
}

static void
every_service_is_served_by_that_many_distinct_nodes(void **state)
{
	struct cluster_size size = small;
	struct model_rules r = model_rules_default(false);

	(void)state;
	size.dual_stack = 0;
	struct cluster *c = cluster_new(&size);
	struct model *m = model_new(c, &r);

	assert_int_equal(m->count, size.services * size.next_hops + size.nodes);
	model_free(m);
	cluster_free(c);
}

static void
more_next_hops_than_nodes_means_all_nodes(void **state)
{
	struct cluster_size size = {.nodes = 3, .services = 2, .next_hops = 20, .local = 100};
	struct model_rules r = model_rules_default(false);
	struct cluster *c = cluster_new(&size);
	struct model *m = model_new(c, &r);

	(void)state;
	assert_int_equal(m->count, 2 * 3 + 3);
	model_free(m);
	cluster_free(c);
}

static void
a_service_with_many_endpoints_has_several_slices(void **state)
{
	struct cluster_size size = {
	    .nodes = 250, .services = 1, .next_hops = 250, .local = 100};
	struct cluster *c = cluster_new(&size);

	(void)state;
	assert_int_equal(c->services[0].slice_count, 3);
	assert_int_equal(c->services[0].slices[2].count, 50);
	cluster_free(c);
}

static void
names_can_be_found(void **state)
{
	struct cluster *c = cluster_new(&small);

	(void)state;
	assert_int_equal(cluster_find_service(c, "shop/web"), 0);
	assert_int_equal(cluster_find_service(c, "pay/web"), 1);
	assert_int_equal(cluster_find_service(c, "shop/web-2"), 64);
	assert_int_equal(cluster_find_service(c, "shop"), UINT32_MAX);
	assert_int_equal(cluster_find_node(c, "node-50"), 49);
	assert_int_equal(cluster_find_node(c, "node-51"), UINT32_MAX);
	cluster_free(c);
}

static size_t
count_paths(const struct cluster *c)
{
	struct model_rules r = model_rules_default(false);
	struct model *m = model_new(c, &r);
	size_t n = m->count;

	model_free(m);
	return n;
}

static void
scenarios_change_what_they_say(void **state)
{
	struct cluster_size size = small;
	struct change_list l = {0};
	uint64_t random = 7;

	(void)state;
	size.dual_stack = 0;
	struct cluster *c = cluster_new(&size);
	size_t before = count_paths(c);

	scenario_move(c, 0, &random, &l);
	assert_int_equal(l.count, 1);
	assert_int_equal(count_paths(c), before);
	scenario_scale_to_zero(c, 1, &l);
	assert_int_equal(count_paths(c), before - size.next_hops);
	scenario_place(c, 1, (const uint32_t[]){3, 4}, 2, &l);
	assert_int_equal(count_paths(c), before - size.next_hops + 2);
	l.count = 0;
	scenario_drain(c, 4, &l);
	assert_int_equal(l.refs[0].resource, RESOURCE_NODE);
	assert_int_equal(count_paths(c),
	    before - size.next_hops + 2 - l.count); /* its /32s, its aggregate */
	scenario_delete_all(c, &l);
	assert_int_equal(count_paths(c), 0);
	change_list_fini(&l);
	cluster_free(c);
}

static void
an_endpoint_that_is_not_ready_takes_its_path_and_brings_it_back(void **state)
{
	struct cluster_size size = small;
	struct change_list l = {0};

	(void)state;
	size.dual_stack = 0;
	struct cluster *c = cluster_new(&size);
	size_t before = count_paths(c);
	uint32_t node = c->services[1].slices[0].endpoints[1].node;

	scenario_set_ready(c, 1, node, true, &l);
	assert_int_equal(l.count, 0); /* it is */
	scenario_set_ready(c, 1, node, false, &l);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.refs[0].resource, RESOURCE_SLICE);
	assert_int_equal(l.refs[0].index, 1);
	assert_int_equal(count_paths(c), before - 1);
	scenario_set_ready(c, 1, node, true, &l);
	assert_int_equal(l.count, 2);
	assert_int_equal(count_paths(c), before);
	change_list_fini(&l);
	cluster_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_seed_gives_the_same_cluster),
	    cmocka_unit_test(every_service_is_served_by_that_many_distinct_nodes),
	    cmocka_unit_test(more_next_hops_than_nodes_means_all_nodes),
	    cmocka_unit_test(a_service_with_many_endpoints_has_several_slices),
	    cmocka_unit_test(names_can_be_found),
	    cmocka_unit_test(scenarios_change_what_they_say),
	    cmocka_unit_test(an_endpoint_that_is_not_ready_takes_its_path_and_brings_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
