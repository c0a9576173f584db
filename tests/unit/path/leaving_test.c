/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that leave on purpose, while advertise.node_drain lasts. */
#include "core/clock.h"
#include "path/leaving.h"
#include "world.h"

#define AGGREGATE "10.96.0.0/12"
#define HOST      "10.96.0.7/32"
#define EXTERNAL  "192.0.2.9/32" /* of a Cluster service */
#define N1        "172.16.0.1"
#define N2        "172.16.0.2"
#define BOTH      N1 " " N2
#define LEAVING                                                                                \
	"'spec':{'taints':[{'key':'ToBeDeletedByClusterAutoscaler','effect':'NoSchedule'}]}"
#define CORDONED "'spec':{'unschedulable':true}"

static struct world world, *const w = &world;

static void
start(const char *more)
{
	char text[1024];

	snprintf(text, sizeof(text),
	    "  cluster_ips: [10.96.0.0/12]\n  external_ips: [192.0.2.9/32]\n%s", more);
	world_init(w, text);
	w->now_ns = 100 * NS_PER_S;
	node(w, "n1", N1);
	node(w, "n2", N2);
	service(w, "shop/web", "'clusterIP':'10.96.0.7','externalTrafficPolicy':'Local'");
	slice(w, "shop/web-1", "web", false, "n1 n2");
	service(w, "shop/any", "'clusterIP':'10.96.0.8','externalIPs':['192.0.2.9']");
	slice(w, "shop/any-1", "any", false, "n1");
	commit(w);
}

static int
end(void **state)
{
	(void)state;
	world_fini(w);
	return 0;
}

/* The path's attributes; fails where the prefix has no such path. */
static const struct path_attributes *
attributes_by(const char *prefix, const char *nexthop)
{
	const struct world_set *s;
	struct ip_addr addr;
	struct ip_prefix p;

	assert_true(ip_prefix_parse(prefix, &p) && ip_parse(nexthop, &addr));
	s = world_find(w, &p);
	assert_non_null(s);
	for (uint32_t i = 0; i < s->n; i++)
		if (ip_equal(&w->slots[s->paths[i].slot].addr, &addr))
			return &w->attributes[s->paths[i].attributes];
	fail_msg("%s has no path to %s", prefix, nexthop);
	return NULL;
}

static void
assert_marked(const char *prefix, const char *nexthop, bool marked)
{
	const struct path_attributes *a = attributes_by(prefix, nexthop);
	bool has = a->n_communities == 1 && a->communities[0] == GRACEFUL_SHUTDOWN;

	assert_int_equal(has, marked);
	assert_int_equal(a->local_pref, marked ? 0 : 100);
}

/* The clock alone makes the recompute. */
static void
pass(uint64_t ns)
{
	w->now_ns += ns;
	role_is_writer();
	if (path_due_ns(w->maker) <= w->now_ns)
		commit(w);
}

static void
a_leaving_node_stays_a_marked_next_hop_until_its_time_is_over(void **state)
{
	(void)state;
	start("  node_drain: 30s\n");
	role_is_writer();
	assert_true(path_due_ns(w->maker) == NS_NEVER);
	node_with(w, "n1", N1, "", LEAVING);
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
	assert_paths(w, EXTERNAL, BOTH);
	assert_marked(AGGREGATE, N1, true);
	assert_marked(AGGREGATE, N2, false);
	assert_marked(EXTERNAL, N1, true);
	assert_node(w, AGGREGATE, "n1", REASON_NODE_DRAINS);
	assert_node(w, AGGREGATE, "n2", REASON_OK);
	assert_true(path_due_ns(w->maker) == w->now_ns + 30 * NS_PER_S);
	pass(30 * NS_PER_S - 1);
	assert_paths(w, AGGREGATE, BOTH);
	pass(1);
	assert_paths(w, AGGREGATE, N2);
	assert_paths(w, EXTERNAL, N2);
	assert_node(w, AGGREGATE, "n1", REASON_NODE_LEAVING);
	assert_true(path_due_ns(w->maker) == NS_NEVER);
}

static void
local_routes_follow_their_endpoints_unmarked(void **state)
{
	(void)state;
	start("  node_drain: 30s\n");
	node_with(w, "n1", N1, "", LEAVING);
	commit(w);
	assert_paths(w, HOST, BOTH);
	assert_marked(HOST, N1, false);
	pass(30 * NS_PER_S);
	assert_paths(w, HOST, BOTH);
}

static void
a_node_that_stays_after_all_loses_its_mark(void **state)
{
	(void)state;
	start("  node_drain: 30s\n  drain_on_cordon: true\n");
	node_with(w, "n1", N1, "", CORDONED);
	commit(w);
	assert_marked(AGGREGATE, N1, true);
	node(w, "n1", N1);
	commit(w);
	assert_marked(AGGREGATE, N1, false);
	pass(60 * NS_PER_S);
	assert_paths(w, AGGREGATE, BOTH);
	node_with(w, "n1", N1, "", CORDONED); /* and its time begins anew */
	commit(w);
	pass(29 * NS_PER_S);
	assert_marked(AGGREGATE, N1, true);
}

static void
a_node_that_changes_while_it_leaves_does_not_begin_anew(void **state)
{
	(void)state;
	start("  node_drain: 30s\n  drain_on_cordon: true\n");
	node_with(w, "n1", N1, "", CORDONED);
	commit(w);
	pass(20 * NS_PER_S);
	node_with(w, "n1", N1, "", LEAVING); /* another reason, the same leaving */
	commit(w);
	pass(10 * NS_PER_S);
	assert_paths(w, AGGREGATE, N2);
}

static void
a_node_that_is_deleted_or_unreachable_goes_at_once(void **state)
{
	(void)state;
	start("  node_drain: 30s\n");
	node_with(w, "n1", N1, "", LEAVING);
	commit(w);
	world_delete(w, "nodes//n1");
	commit(w);
	assert_paths(w, AGGREGATE, N2);
	role_is_writer();
	assert_true(path_due_ns(w->maker) == NS_NEVER);
}

static void
a_node_that_left_before_we_started_is_not_brought_back(void **state)
{
	(void)state;
	world_init(w, "  cluster_ips: [10.96.0.0/12]\n  node_drain: 30s\n");
	node_with(w, "n1", N1, "", LEAVING);
	node(w, "n2", N2);
	commit(w);
	assert_paths(w, AGGREGATE, N2);
}

static void
an_address_that_another_node_serves_is_not_marked(void **state)
{
	(void)state;
	start("  node_drain: 30s\n");
	node(w, "n3", N1);
	commit(w);
	node_with(w, "n1", N1, "", LEAVING);
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
	assert_marked(AGGREGATE, N1, false);
}

static void
the_last_node_that_leaves_is_announced_to_the_end_of_its_time(void **state)
{
	(void)state;
	start("  node_drain: 30s\n");
	node_with(w, "n1", N1, "", LEAVING);
	node_with(w, "n2", N2, "", LEAVING);
	commit(w);
	assert_paths(w, AGGREGATE, BOTH);
	assert_marked(AGGREGATE, N1, true);
	assert_marked(AGGREGATE, N2, true);
	pass(30 * NS_PER_S);
	assert_paths(w, AGGREGATE, "");
}

static void
no_attributes_are_left_behind(void **state)
{
	uint32_t bound;

	(void)state;
	start("  node_drain: 30s\n");
	for (unsigned i = 0; i < 50; i++) {
		node_with(w, "n1", N1, "", LEAVING);
		commit(w);
		pass(30 * NS_PER_S);
		node(w, "n1", N1);
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
	    RULE(a_leaving_node_stays_a_marked_next_hop_until_its_time_is_over),
	    RULE(local_routes_follow_their_endpoints_unmarked),
	    RULE(a_node_that_stays_after_all_loses_its_mark),
	    RULE(a_node_that_changes_while_it_leaves_does_not_begin_anew),
	    RULE(a_node_that_is_deleted_or_unreachable_goes_at_once),
	    RULE(a_node_that_left_before_we_started_is_not_brought_back),
	    RULE(an_address_that_another_node_serves_is_not_marked),
	    RULE(the_last_node_that_leaves_is_announced_to_the_end_of_its_time),
	    RULE(no_attributes_are_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
