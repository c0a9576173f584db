/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

static struct records records, *const r = &records;

static int
begin(void **state)
{
	(void)state;
	records_init(r);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	records_fini(r);
	return 0;
}

static const struct service *
the_service(const char *ns, const char *name)
{
	const struct service *s = NULL;
	uint32_t i;

	rcu_enter();
	i = cluster_service_find(r->cluster, ns, name);
	if (i != CLUSTER_NONE)
		s = cluster_service(r->cluster, i);
	rcu_leave();
	return s; /* this thread is the only one that could retire it */
}

static uint32_t
node_index(const char *name)
{
	uint32_t i;

	rcu_enter();
	i = cluster_node_find(r->cluster, name);
	rcu_leave();
	return i;
}

static uint32_t
service_index(const char *name)
{
	uint32_t i;

	rcu_enter();
	i = cluster_service_find(r->cluster, "shop", name);
	rcu_leave();
	return i;
}

static void
clean(void)
{
	role_is_writer();
	cluster_clean(r->cluster);
}

/* ---- newest wins ---- */

static void
an_older_resource_version_of_the_same_uid_is_ignored_and_counted(void **state)
{
	int64_t before = metric_read(METRIC_RECORDS_OLD);

	(void)state;
	put(r, "services/shop/web", "u1", 100, "'spec':{'clusterIP':'10.96.0.1'}");
	assert_int_equal(
	    put(r, "services/shop/web", "u1", 99, "'spec':{'clusterIP':'10.96.0.2'}"),
	    CLUSTER_OLD);
	assert_int_equal(the_service("shop", "web")->object.resource_version, 100);
	assert_int_equal(metric_read(METRIC_RECORDS_OLD), before + 1);
}

static void
resource_versions_compare_as_numbers(void **state)
{
	(void)state;
	put(r, "services/shop/web", "u1", 99, "");
	assert_int_equal(put(r, "services/shop/web", "u1", 100, ""), CLUSTER_SAME);
	assert_int_equal(the_service("shop", "web")->object.resource_version, 100);
}

static void
a_new_uid_is_a_new_object_whatever_its_version(void **state)
{
	(void)state;
	put(r, "services/shop/web", "u1", 100, "'spec':{'clusterIP':'10.96.0.1'}");
	assert_int_equal(
	    put(r, "services/shop/web", "u2", 5, "'spec':{'clusterIP':'10.96.0.2'}"),
	    CLUSTER_CHANGED);
	assert_int_equal(the_service("shop", "web")->object.resource_version, 5);
}

static void
a_record_without_a_version_always_counts(void **state)
{
	(void)state;
	put(r, "services/shop/web", "u1", 100, "'spec':{'clusterIP':'10.96.0.1'}");
	assert_int_equal(apply(r, "services/shop/web",
	                     "{'metadata':{'name':'web','namespace':'shop'},"
	                     "'spec':{'clusterIP':'10.96.0.2'}}",
	                     0),
	    CLUSTER_CHANGED);
}

static void
a_tombstone_older_than_the_object_is_ignored(void **state)
{
	(void)state;
	put(r, "services/shop/web", "u1", 100, "");
	assert_int_equal(delete (r, "services/shop/web", 99), CLUSTER_OLD);
	assert_non_null(the_service("shop", "web"));
	assert_int_equal(delete (r, "services/shop/web", 0), CLUSTER_CHANGED);
	assert_null(the_service("shop", "web"));
	assert_int_equal(delete (r, "services/shop/web", 0), CLUSTER_SAME);
}

static void
objects_are_counted_by_kind(void **state)
{
	(void)state;
	put(r, "nodes//n1", "u", 1, "");
	put(r, "nodes//n2", "u", 1, "");
	put(r, "services/shop/web", "u", 1, "");
	put_slice(r, "endpointslices/shop/web-1", 1, "web", "n1 n9");
	put(r, "servicecidrs//k", "u", 1, "'spec':{'cidrs':['10.96.0.0/16']}");
	assert_int_equal(cluster_count(r->cluster, RESOURCE_NODE), 2);
	assert_int_equal(cluster_count(r->cluster, RESOURCE_SERVICE), 1);
	assert_int_equal(cluster_count(r->cluster, RESOURCE_SLICE), 1);
	assert_int_equal(cluster_count(r->cluster, RESOURCE_CIDR), 1);
	delete (r, "nodes//n2", 0);
	assert_int_equal(cluster_count(r->cluster, RESOURCE_NODE), 1);
}

/* ---- dirt ---- */

static void
the_same_content_again_makes_no_dirt(void **state)
{
	const struct cluster_dirty *d;

	(void)state;
	role_is_writer();
	put(r, "nodes//n1", "u", 1, "'spec':{'podCIDRs':['10.1.0.0/24']}");
	put(r, "services/shop/web", "u", 1, "'spec':{'clusterIP':'10.96.0.1'}");
	put_slice(r, "endpointslices/shop/web-1", 1, "web", "n1 n1");
	put(r, "servicecidrs//k", "u", 1, "'spec':{'cidrs':['10.96.0.0/16']}");
	d = cluster_dirty(r->cluster);
	assert_int_equal(d->n_services, 1);
	assert_int_equal(d->n_nodes, 1);
	assert_true(d->cidrs);
	clean();
	put(r, "nodes//n1", "u", 2,
	    "'spec':{'podCIDRs':['10.1.0.0/24']},'status':{'images':[{'names':['x']}]}");
	put(r, "services/shop/web", "u", 2,
	    "'spec':{'clusterIP':'10.96.0.1','sessionAffinity':'None'}");
	put_slice(r, "endpointslices/shop/web-1", 2, "web", "n1 n1");
	put(r, "servicecidrs//k", "u", 2, "'spec':{'cidrs':['10.96.0.0/16']}");
	d = cluster_dirty(r->cluster);
	assert_int_equal(d->n_services + d->n_nodes + d->cidrs, 0);
	assert_int_equal(the_service("shop", "web")->object.resource_version, 2);
}

static void
each_index_is_dirty_once(void **state)
{
	(void)state;
	role_is_writer();
	for (uint64_t i = 1; i < 10; i++) {
		put_slice(r, "endpointslices/shop/web-1", i, "web", i % 2 ? "n1" : "n2");
		put(r, "nodes//n1", "u", i,
		    i % 2 ? "'spec':{'unschedulable':true}" : "'spec':{'unschedulable':false}");
	}
	assert_int_equal(cluster_dirty(r->cluster)->n_services, 1);
	assert_int_equal(cluster_dirty(r->cluster)->n_nodes, 1);
}

static void
a_slice_that_moves_dirties_both_services(void **state)
{
	(void)state;
	role_is_writer();
	put_slice(r, "endpointslices/shop/x", 1, "a", "n1");
	clean();
	put_slice(r, "endpointslices/shop/x", 2, "b", "n1");
	assert_int_equal(cluster_dirty(r->cluster)->n_services, 2);
	clean();
	delete (r, "endpointslices/shop/x", 3);
	assert_int_equal(cluster_dirty(r->cluster)->n_services, 1);
	assert_int_equal(service_index("a"), CLUSTER_NONE);
	assert_int_equal(service_index("b"), CLUSTER_NONE);
}

/* ---- names and indices ---- */

static void
a_node_that_a_slice_names_has_an_index_before_and_after_its_object(void **state)
{
	uint32_t n9;

	(void)state;
	put_slice(r, "endpointslices/shop/x", 1, "a", "n9");
	n9 = node_index("n9");
	assert_int_not_equal(n9, CLUSTER_NONE);
	rcu_enter();
	assert_null(cluster_node(r->cluster, n9));
	assert_string_equal(cluster_node_name(r->cluster, n9), "n9");
	rcu_leave();
	put(r, "nodes//n9", "u", 1, "");
	assert_int_equal(node_index("n9"), n9);
	delete (r, "nodes//n9", 0);
	assert_int_equal(node_index("n9"), n9);
	delete (r, "endpointslices/shop/x", 0);
	assert_int_equal(node_index("n9"), CLUSTER_NONE);
}

static void
a_name_that_nobody_uses_gives_its_index_back(void **state)
{
	uint32_t bound = 0;

	(void)state;
	for (uint64_t i = 0; i < 300; i++) {
		char nodes[100];

		snprintf(nodes, sizeof(nodes), "a%llu b%llu", (unsigned long long)i,
		    (unsigned long long)i);
		put_slice(r, "endpointslices/shop/x", i + 1, "web", nodes);
		rcu_drain();
		if (i == 10)
			bound = cluster_nodes_bound(r->cluster);
	}
	assert_int_equal(cluster_nodes_bound(r->cluster), bound);
	assert_int_equal(node_index("a1"), CLUSTER_NONE);
	assert_int_not_equal(node_index("a299"), CLUSTER_NONE);
}

static void
a_service_lists_its_slices_ascending(void **state)
{
	const struct service_slices *s;
	char key[64];

	(void)state;
	put(r, "services/shop/web", "u", 1, "");
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "endpointslices/shop/web-%d", i);
		put_slice(r, key, 1, "web", "n1");
	}
	for (int i = 0; i < 20; i += 2) {
		snprintf(key, sizeof(key), "endpointslices/shop/web-%d", i);
		delete (r, key, 0);
	}
	put_slice(r, "endpointslices/shop/web-4", 1, "web", "n1");
	rcu_enter();
	s = cluster_service_slices(r->cluster, service_index("web"));
	assert_int_equal(s->n, 11);
	for (uint32_t i = 0; i < s->n; i++) {
		assert_non_null(cluster_slice(r->cluster, s->slice[i]));
		assert_true(i == 0 || s->slice[i] > s->slice[i - 1]);
	}
	rcu_leave();
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    RULE(an_older_resource_version_of_the_same_uid_is_ignored_and_counted),
	    RULE(resource_versions_compare_as_numbers),
	    RULE(a_new_uid_is_a_new_object_whatever_its_version),
	    RULE(a_record_without_a_version_always_counts),
	    RULE(a_tombstone_older_than_the_object_is_ignored),
	    RULE(objects_are_counted_by_kind),
	    RULE(the_same_content_again_makes_no_dirt),
	    RULE(each_index_is_dirty_once),
	    RULE(a_slice_that_moves_dirties_both_services),
	    RULE(a_node_that_a_slice_names_has_an_index_before_and_after_its_object),
	    RULE(a_name_that_nobody_uses_gives_its_index_back),
	    RULE(a_service_lists_its_slices_ascending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
