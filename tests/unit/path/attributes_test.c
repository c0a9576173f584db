/* SPDX-License-Identifier: Apache-2.0 */
/* Path attributes: from the configuration, from annotations, merged. */
#include "path/attributes.h"
#include "world.h"

#define LOCAL_WEB(ip)                                                                          \
	"'clusterIP':'" ip "','externalTrafficPolicy':'Local','externalIPs':['192.0.2.9']"

static struct world world, *const w = &world;

static int
begin(void **state)
{
	(void)state;
	world_init(w, "  cluster_ips: [10.96.0.0/12]\n"
	              "  external_ips: [192.0.2.0/24]\n"
	              "  communities:\n"
	              "    - {prefix: 10.96.0.0/12, add: ['64512:7', '64512:1:2']}\n"
	              "    - {prefix: 10.96.0.0/16, add: ['64512:3', '64512:7']}\n");
	node(w, "n1", "172.16.0.1");
	node(w, "n2", "172.16.0.2");
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
annotated(const char *key, const char *ip, const char *annotations)
{
	char full[100], metadata[1024], spec[300];

	snprintf(full, sizeof(full), "services/%s", key);
	snprintf(metadata, sizeof(metadata), "'annotations':{%s}", annotations);
	snprintf(spec, sizeof(spec),
	    "'spec':{'clusterIP':'%s','externalTrafficPolicy':'Local','externalIPs':['192.0.2.9']}",
	    ip);
	world_put(w, full, metadata, spec);
}

static void
a_community_rule_concerns_every_prefix_inside_its_own(void **state)
{
	const struct path_attributes *a;

	(void)state;
	service(w, "shop/web", LOCAL_WEB("10.96.0.7"));
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	a = attributes_of(w, "10.96.0.0/12");
	assert_int_equal(a->n_communities, 1);
	assert_int_equal(a->communities[0], 64512u << 16 | 7);
	assert_int_equal(a->n_large, 1);
	assert_int_equal(a->local_pref, 100);
	assert_false(a->has_med);
	a = attributes_of(w, "10.96.0.7/32");
	assert_int_equal(a->n_communities, 2);
	assert_int_equal(a->communities[0], 64512u << 16 | 3);
	assert_int_equal(a->communities[1], 64512u << 16 | 7);
	assert_int_equal(attributes_of(w, "192.0.2.9/32")->n_communities, 0);
}

static void
annotations_of_a_service_set_its_attributes(void **state)
{
	const struct path_attributes *a;

	(void)state;
	annotated("shop/web", "10.96.0.7",
	    "'heliograph.io/communities':'64512:1, 64512:9:9','heliograph.io/local-preference':'50',"
	    "'heliograph.io/med':'0','heliograph.io/weight':'125000000'");
	slice(w, "shop/web-1", "web", false, "n1 n2");
	commit(w);
	a = attributes_of(w, "192.0.2.9/32");
	assert_int_equal(a->n_communities, 1);
	assert_int_equal(a->communities[0], 64512u << 16 | 1);
	assert_int_equal(a->large[0].local1, 9);
	assert_int_equal(a->local_pref, 50);
	assert_true(a->has_med);
	assert_int_equal(a->med, 0);
	assert_int_equal(a->weight, 125000000);
}

static void
an_annotation_that_cannot_be_used_is_ignored_and_explained(void **state)
{
	static const char *const bad[] = {
	    "'heliograph.io/local-preference':'high'",
	    "'heliograph.io/local-preference':'4294967296'",
	    "'heliograph.io/local-preference':'1 '",
	    "'heliograph.io/communities':'64512'",
	    "'heliograph.io/communities':'64512:70000'",
	    "'heliograph.io/communities':'64512:1;2:3'",
	    "'heliograph.io/communities':'64512:1 1:2:3:4'",
	};
	struct path_attributes plain;

	(void)state;
	annotated("shop/web", "10.96.0.7", "");
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	plain = *attributes_of(w, "192.0.2.9/32");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct world_hops told;

		annotated("shop/web", "10.96.0.7", bad[i]);
		commit(w);
		assert_memory_equal(attributes_of(w, "192.0.2.9/32"), &plain, sizeof(plain));
		world_explain(w, "192.0.2.9/32", NULL, &told);
		assert_non_null(strstr(told.texts, "attribute: annotation heliograph.io/"));
	}
}

static void
two_services_on_one_prefix_merge_to_the_union_and_the_highest_preference(void **state)
{
	const struct path_attributes *a;
	struct world_hops told;

	(void)state;
	annotated("shop/a", "10.96.0.7",
	    "'heliograph.io/communities':'64512:5 64512:1','heliograph.io/local-preference':'200'");
	annotated("shop/b", "10.96.0.8",
	    "'heliograph.io/communities':'64512:1 64512:2','heliograph.io/med':'7'");
	slice(w, "shop/a-1", "a", false, "n1");
	slice(w, "shop/b-1", "b", false, "n2");
	commit(w);
	assert_paths(w, "192.0.2.9/32", "172.16.0.1 172.16.0.2");
	a = attributes_of(w, "192.0.2.9/32");
	assert_int_equal(a->n_communities, 3);
	assert_int_equal(a->local_pref, 200);
	assert_true(a->has_med && a->med == 7);
	world_explain(w, "192.0.2.9/32", NULL, &told);
	assert_non_null(strstr(told.texts, "has owners that want different path attributes"));
	slice(w, "shop/a-1", "a", false, ""); /* without a next hop it has no say */
	commit(w);
	a = attributes_of(w, "192.0.2.9/32");
	assert_int_equal(a->n_communities, 2);
	assert_int_equal(a->local_pref, 100);
	world_explain(w, "192.0.2.9/32", NULL, &told);
	assert_null(strstr(told.texts, "has owners that want different path attributes"));
}

static void
merging_gives_the_same_in_any_order_even_beyond_the_limit(void **state)
{
	struct path_attributes a = {.local_pref = 100}, b = {.local_pref = 90}, ab, ba;

	(void)state;
	for (unsigned i = 0; i < PATH_COMMUNITIES_MAX; i++) {
		a.communities[a.n_communities++] = 2 * i;
		b.communities[b.n_communities++] = 2 * i + 1;
		a.large[a.n_large++] = (struct path_large){1, 2 * i, 3};
		b.large[b.n_large++] = (struct path_large){1, 2 * i + 1, 3};
	}
	ab = a;
	ba = b;
	assert_true(attributes_merge(&ab, &b));
	assert_true(attributes_merge(&ba, &a));
	assert_memory_equal(&ab, &ba, sizeof(ab));
	assert_int_equal(ab.n_communities, PATH_COMMUNITIES_MAX);
	assert_int_equal(ab.communities[PATH_COMMUNITIES_MAX - 1], PATH_COMMUNITIES_MAX - 1);
	assert_false(attributes_merge(&ab, &ba));
}

static void
attribute_ids_end_when_the_last_prefix_leaves_them(void **state)
{
	uint32_t bound;

	(void)state;
	annotated("shop/web", "10.96.0.7", "");
	slice(w, "shop/web-1", "web", false, "n1");
	commit(w);
	for (unsigned i = 0; i < 100; i++) {
		char text[100];

		snprintf(text, sizeof(text), "'heliograph.io/med':'%u'", i);
		annotated("shop/web", "10.96.0.7", text);
		commit(w);
	}
	role_is_writer();
	bound = path_attributes_bound(w->maker);
	assert_true(bound < 12);
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    RULE(a_community_rule_concerns_every_prefix_inside_its_own),
	    RULE(annotations_of_a_service_set_its_attributes),
	    RULE(an_annotation_that_cannot_be_used_is_ignored_and_explained),
	    RULE(two_services_on_one_prefix_merge_to_the_union_and_the_highest_preference),
	    RULE(attribute_ids_end_when_the_last_prefix_leaves_them),
	    cmocka_unit_test(merging_gives_the_same_in_any_order_even_beyond_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
