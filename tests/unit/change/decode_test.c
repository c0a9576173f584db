/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values of the four kinds, tombstones, sync records, and what is refused with which words. */
#include "fixture.h"

static void
a_node_keeps_what_decides_routes(void **state)
{
	struct change *c = decode_json("nodes//n1",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\",\"uid\":\"u-1\","
	    "\"resourceVersion\":\"77\",\"labels\":{\"zone\":\"a\",\"rack\":\"\",\"beta\":\"x\"},"
	    "\"annotations\":{\"projectcalico.org/IPv4Address\":\"10.0.0.9/24\",\"other\":\"y\","
	    "\"heliograph.io/weight\":\"3\"}},"
	    "\"spec\":{\"unschedulable\":true,\"podCIDR\":\"10.1.0.0/24\","
	    "\"podCIDRs\":[\"10.1.0.0/24\",\"fd00:1::/64\",\"bad\"],"
	    "\"taints\":[{\"key\":\"k\",\"effect\":\"NoSchedule\"},{\"key\":\"e\",\"value\":\"v\",\"effect\":\"NoExecute\"}]},"
	    "\"status\":{\"addresses\":[{\"type\":\"Hostname\",\"address\":\"n1\"},"
	    "{\"type\":\"InternalIP\",\"address\":\"10.0.0.1\"},{\"type\":\"InternalIP\",\"address\":\"fd00::1\"},"
	    "{\"type\":\"ExternalIP\",\"address\":\"192.0.2.1\"}],"
	    "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"},{\"type\":\"NetworkUnavailable\",\"status\":\"False\"}]}}");
	struct node *n = object_node(c->object);

	(void)state;
	assert_int_equal(c->kind, CHANGE_UPSERT);
	assert_string_equal(n->object.name, "n1");
	assert_string_equal(n->object.ns, "");
	assert_string_equal(n->object.uid, "u-1");
	assert_int_equal(n->object.resource_version, 77);
	assert_int_equal(c->resource_version, 77);
	assert_int_equal(n->object.record_ms, 1700000000000);
	assert_int_equal(n->labels.n, 3);
	assert_string_equal(labels_find(&n->labels, "rack"), "");
	assert_string_equal(labels_find(&n->labels, "zone"), "a");
	assert_null(labels_find(&n->labels, "absent"));
	assert_int_equal(n->annotations.n, 2);
	assert_string_equal(
	    labels_find(&n->annotations, "projectcalico.org/IPv4Address"), "10.0.0.9/24");
	assert_true(n->unschedulable);
	assert_int_equal(n->n_pod_cidrs, 2);
	assert_int_equal(n->pod_cidrs[1].len, 64);
	assert_int_equal(n->n_taints, 2);
	assert_int_equal(n->taints[0].effect, TAINT_NO_SCHEDULE);
	assert_string_equal(n->taints[0].value, "");
	assert_string_equal(n->taints[1].value, "v");
	assert_int_equal(n->n_addresses, 3);
	assert_ip(&n->addresses[0].ip, "10.0.0.1");
	assert_int_equal(n->addresses[2].type, NODE_ADDRESS_EXTERNAL);
	assert_int_equal(n->ready, CONDITION_TRUE);
	assert_int_equal(n->network_unavailable, CONDITION_FALSE);
	change_free(c);
}

static void
annotations_named_in_the_options_are_kept(void **state)
{
	static const char *const keys[] = {"example.com/next-hop"};
	static const char json[] =
	    "{\"metadata\":{\"name\":\"n1\",\"annotations\":{"
	    "\"example.com/next-hop\":\"10.9.9.9\",\"example.com/other\":\"1\"}}}";
	struct decode_options options = {.node_annotations = keys, .n_node_annotations = 1};
	struct record r = record_of("nodes//n1", json, strlen(json));
	struct decode_error why;
	struct change *c;
	struct decoder d;

	(void)state;
	decoder_init(&d, &options);
	assert_int_equal(change_decode(&d, &r, &c, &why), DECODE_OK);
	assert_int_equal(object_node(c->object)->annotations.n, 1);
	assert_string_equal(
	    labels_find(&object_node(c->object)->annotations, "example.com/next-hop"),
	    "10.9.9.9");
	change_free(c);
	decoder_fini(&d);
}

static void
a_dual_stack_load_balancer_service_is_taken_whole(void **state)
{
	struct change *c = decode_json("services/shop/web",
	    "{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\","
	    "\"labels\":{\"app\":\"web\"},\"annotations\":{\"heliograph.io/communities\":\"64512:1\",\"x\":\"y\"}},"
	    "\"spec\":{\"type\":\"LoadBalancer\",\"clusterIP\":\"10.96.0.7\","
	    "\"clusterIPs\":[\"10.96.0.7\",\"fd00:96::7\"],\"ipFamilies\":[\"IPv4\",\"IPv6\"],"
	    "\"externalIPs\":[\"192.0.2.7\",\"nonsense\"],\"externalTrafficPolicy\":\"Local\","
	    "\"internalTrafficPolicy\":\"Cluster\",\"loadBalancerClass\":\"example.com/lb\","
	    "\"publishNotReadyAddresses\":true},"
	    "\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"198.51.100.7\"},"
	    "{\"ip\":\"198.51.100.8\",\"ipMode\":\"Proxy\"},{\"hostname\":\"lb.example.com\"}]}}}");
	struct service *s = object_service(c->object);

	(void)state;
	assert_int_equal(s->type, SERVICE_LOAD_BALANCER);
	assert_int_equal(s->n_cluster_ips, 2);
	assert_ip(&s->cluster_ips[1], "fd00:96::7");
	assert_int_equal(s->ip_families[0], IP_V4);
	assert_int_equal(s->ip_families[1], IP_V6);
	assert_int_equal(s->n_external_ips, 1);
	assert_int_equal(s->external_traffic_policy, POLICY_LOCAL);
	assert_int_equal(s->internal_traffic_policy, POLICY_CLUSTER);
	assert_string_equal(s->load_balancer_class, "example.com/lb");
	assert_true(s->publish_not_ready_addresses);
	assert_false(s->headless);
	assert_int_equal(s->n_ingress, 2);
	assert_false(s->ingress[0].proxy);
	assert_true(s->ingress[1].proxy);
	assert_int_equal(s->n_hostname_ingress, 1);
	assert_int_equal(s->annotations.n, 1);
	assert_int_equal(s->labels.n, 1);
	change_free(c);
}

static void
a_service_of_which_nothing_is_said_is_a_cluster_ip_service(void **state)
{
	struct change *c =
	    decode_json("services/a/b", "{\"metadata\":{\"name\":\"b\",\"namespace\":\"a\"}}");
	struct service *s = object_service(c->object);

	(void)state;
	assert_int_equal(s->type, SERVICE_CLUSTER_IP);
	assert_int_equal(s->external_traffic_policy, POLICY_CLUSTER);
	assert_int_equal(s->n_cluster_ips, 0);
	assert_int_equal(s->ip_families[0], IP_NONE);
	assert_null(s->load_balancer_class);
	assert_string_equal(s->object.uid, "");
	change_free(c);
}

static void
a_headless_service_has_no_cluster_ips(void **state)
{
	struct change *c = decode_json("services/a/b",
	    "{\"metadata\":{\"name\":\"b\",\"namespace\":\"a\"},\"spec\":{\"clusterIP\":\"None\"}}");

	(void)state;
	assert_true(object_service(c->object)->headless);
	assert_int_equal(object_service(c->object)->n_cluster_ips, 0);
	change_free(c);
}

static const char slice_json[] =
    "{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"shop\",\"labels\":"
    "{\"kubernetes.io/service-name\":\"web\"}},\"addressType\":\"IPv4\",\"endpoints\":["
    "{\"addresses\":[\"10.1.0.1\",\"10.1.0.99\"],\"conditions\":{},\"nodeName\":\"n1\",\"zone\":\"z1\"},"
    "{\"addresses\":[\"10.1.0.2\"],\"conditions\":{\"ready\":false},\"nodeName\":\"n1\",\"zone\":\"z2\"},"
    "{\"addresses\":[\"10.1.0.3\"],\"conditions\":{\"ready\":false,\"serving\":true,\"terminating\":true},"
    "\"nodeName\":\"n2\",\"zone\":\"z1\"},"
    "{\"addresses\":[\"10.1.0.4\"]},"
    "{\"addresses\":[\"fd00::4\"],\"nodeName\":\"n9\"},"
    "{\"addresses\":[]},"
    "{\"addresses\":[\"10.1.0.5\"],\"conditions\":{\"ready\":true,\"serving\":false},\"nodeName\":\"n2\"}]}";

static void
absent_endpoint_conditions_mean_what_kubernetes_says(void **state)
{
	static const uint8_t flags[] = {ENDPOINT_READY | ENDPOINT_SERVING, 0,
	    ENDPOINT_SERVING | ENDPOINT_TERMINATING, ENDPOINT_READY | ENDPOINT_SERVING,
	    ENDPOINT_READY};
	static const char *const addresses[] = {
	    "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5"};
	struct change *c = decode_json("endpointslices/shop/web-1", slice_json);
	struct slice *s = object_slice(c->object);

	(void)state;
	assert_string_equal(s->service, "web");
	assert_int_equal(s->family, IP_V4);
	assert_int_equal(slice_stride(s), 12);
	assert_int_equal(s->n_endpoints, COUNT_OF(flags));
	for (uint32_t i = 0; i < s->n_endpoints; i++) {
		const struct endpoint *e = slice_endpoint(s, i);
		struct ip_addr ip = slice_endpoint_ip(s, e);

		assert_int_equal(e->flags, flags[i]);
		assert_ip(&ip, addresses[i]);
		assert_int_equal(e->node, ENDPOINT_NODE_NONE);
	}
	change_free(c);
}

static void
the_node_names_of_endpoints_travel_beside_the_slice(void **state)
{
	static const char *const names[] = {"n1", "n1", "n2", NULL, "n2"};
	struct change *c = decode_json("endpointslices/shop/web-1", slice_json);
	struct slice *s = object_slice(c->object);

	(void)state;
	assert_int_equal(c->names->n, s->n_endpoints);
	for (uint32_t i = 0; i < c->names->n; i++) {
		const char *name = slice_node_name(c->names, i);

		if (!names[i]) {
			assert_null(name);
			continue;
		}
		assert_string_equal(name, names[i]);
		assert_int_equal(slice_node_hash(c->names, i),
		    object_hash("", 0, names[i], strlen(names[i])));
	}
	assert_int_equal(c->hash, object_hash("shop", 4, "web-1", 5));
	assert_ptr_equal(slice_node_name(c->names, 0), slice_node_name(c->names, 1));
	assert_int_equal(s->n_zones, 2);
	assert_string_equal(s->zones[slice_endpoint(s, 2)->zone], "z1");
	assert_int_equal(slice_endpoint(s, 3)->zone, ENDPOINT_ZONE_NONE);
	change_free(c);
}

static void
a_slice_of_host_names_has_no_endpoints(void **state)
{
	struct change *c = decode_json("endpointslices/a/b",
	    "{\"metadata\":{\"name\":\"b\",\"namespace\":\"a\"},\"addressType\":\"FQDN\","
	    "\"endpoints\":[{\"addresses\":[\"example.com\"],\"nodeName\":\"n1\"}]}");

	(void)state;
	assert_int_equal(object_slice(c->object)->family, IP_NONE);
	assert_int_equal(object_slice(c->object)->n_endpoints, 0);
	assert_null(object_slice(c->object)->service);
	assert_null(c->names);
	change_free(c);
}

static void
a_service_cidr_that_is_being_deleted_says_so(void **state)
{
	struct change *c = decode_json("servicecidrs//kubernetes",
	    "{\"kind\":\"ServiceCIDR\",\"apiVersion\":\"networking.k8s.io/v1beta1\",\"metadata\":"
	    "{\"name\":\"kubernetes\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},"
	    "\"spec\":{\"cidrs\":[\"10.96.0.0/12\",\"fd00:96::/108\"]},"
	    "\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}}");
	struct service_cidr *s = object_service_cidr(c->object);

	(void)state;
	assert_true(s->object.deleting);
	assert_int_equal(s->n_cidrs, 2);
	assert_int_equal(s->cidrs[0].len, 12);
	assert_int_equal(s->ready, CONDITION_FALSE);
	change_free(c);
}

static void
a_null_value_is_a_deletion_with_what_its_headers_say(void **state)
{
	struct record r = record_of("services/shop/web", NULL, 0);
	struct decode_error why;
	struct change *c;
	struct decoder d;

	(void)state;
	r.rv = 99;
	r.epoch = 5;
	decoder_init(&d, NULL);
	assert_int_equal(change_decode(&d, &r, &c, &why), DECODE_OK);
	assert_int_equal(c->kind, CHANGE_DELETE);
	assert_int_equal(c->key.resource, RESOURCE_SERVICE);
	assert_string_equal(c->key.ns, "shop");
	assert_string_equal(c->key.name, "web");
	assert_int_equal(c->resource_version, 99);
	assert_int_equal(c->epoch, 5);
	assert_int_equal(c->offset, 42);
	assert_null(c->object);
	change_free(c);
	decoder_fini(&d);
}

static void
sync_records_carry_epoch_and_counts(void **state)
{
	struct change *begin = decode_json("sync//begin", "{\"epoch\":7}");
	struct change *end =
	    decode_json("sync//end", "{\"epoch\":7,\"counts\":{\"nodes\":3,\"services\":0}}");

	(void)state;
	assert_int_equal(begin->kind, CHANGE_SYNC_BEGIN);
	assert_int_equal(begin->epoch, 7);
	assert_int_equal(end->kind, CHANGE_SYNC_END);
	assert_int_equal(end->counts[RESOURCE_NODE], 3);
	assert_int_equal(end->counts[RESOURCE_SERVICE], 0);
	assert_true(end->counts[RESOURCE_SLICE] == COUNT_UNKNOWN);
	change_free(begin);
	change_free(end);
	assert_refused("sync//begin", "{}", "needs an epoch");
	assert_refused("sync//end", "{\"epoch\":\"x\"}", "must be numbers");
	assert_refused(
	    "sync//end", "{\"epoch\":1,\"counts\":{\"nodes\":-1}}", "must be numbers");
}

static void
what_does_not_fit_its_key_is_refused(void **state)
{
	(void)state;
	assert_refused("nodes//n1", "{\"kind\":\"Service\",\"metadata\":{\"name\":\"n1\"}}",
	    "kind is Service");
	assert_refused("nodes//n1", "{\"apiVersion\":\"v2\",\"metadata\":{\"name\":\"n1\"}}",
	    "apiVersion is v2");
	assert_refused(
	    "nodes//n1", "{\"metadata\":{\"name\":\"n2\"}}", "metadata.name is \"n2\"");
	assert_refused("nodes//n1", "{}", "metadata.name is \"\"");
	assert_refused("nodes//n1", "{\"metadata\":{\"name\":\"n1\",\"namespace\":\"a\"}}",
	    "metadata.namespace is \"a\"");
	assert_refused("services/a/b", "{\"metadata\":{\"name\":\"b\",\"namespace\":\"c\"}}",
	    "metadata.namespace is \"c\"");
	assert_refused("endpointslices/a/b",
	    "{\"apiVersion\":\"discovery.k8s.io/v1beta1\",\"metadata\":{\"name\":\"b\",\"namespace\":\"a\"}}",
	    "apiVersion is discovery.k8s.io/v1beta1");
}

static void
wrong_json_is_refused_with_the_place(void **state)
{
	(void)state;
	assert_refused("nodes//n1", "{\"metadata\":", "line 1");
	assert_refused("nodes//n1", "{\"metadata\":[]}", "field metadata is not an object");
	assert_refused("nodes//n1",
	    "{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"podCIDRs\":\"x\"}}",
	    "podCIDRs is not a list");
	assert_refused("nodes//n1",
	    "{\"metadata\":{\"name\":\"n1\"},\"spec\":{\"unschedulable\":\"x\"}}",
	    "unschedulable is not true or false");
	assert_refused("endpointslices/a/b",
	    "{\"metadata\":{\"name\":\"b\",\"namespace\":\"a\"},\"addressType\":\"IPv4\",\"endpoints\":[1]}",
	    "endpoints is not a list of objects");
	assert_refused("endpointslices/a/b",
	    "{\"metadata\":{\"name\":\"b\",\"namespace\":\"a\"}}", "no addressType");
	assert_refused("nodes//n1", "", "the value is empty");
	assert_refused("nodes//n1", "hello", "neither Kubernetes protobuf");
}

static void
a_value_over_the_limit_is_oversized(void **state)
{
	struct decode_options options = {.max_value = 10};
	struct record r = record_of("nodes//n1", "{          }", 12);
	struct decode_error why;
	struct change *c;
	struct decoder d;

	(void)state;
	decoder_init(&d, &options);
	assert_int_equal(change_decode(&d, &r, &c, &why), DECODE_BAD);
	assert_int_equal(why.fault, FAULT_OVERSIZED);
	decoder_fini(&d);
}

static void
unknown_resources_are_skipped_and_bad_keys_named(void **state)
{
	struct record r = record_of("pods/a/b", "{}", 2);
	struct decode_error why;
	struct change *c;
	struct decoder d;

	(void)state;
	decoder_init(&d, NULL);
	assert_int_equal(change_decode(&d, &r, &c, &why), DECODE_SKIPPED);
	r = record_of("nonsense", "{}", 2);
	assert_int_equal(change_decode(&d, &r, &c, &why), DECODE_BAD);
	assert_int_equal(why.fault, FAULT_BAD_KEY);
	r.key = NULL;
	r.key_len = 0;
	assert_int_equal(change_decode(&d, &r, &c, &why), DECODE_BAD);
	decoder_fini(&d);
}

static void
labels_come_out_sorted_with_the_last_of_equals(void **state)
{
	K8s__StringEntry e[] = {
	    K8S__STRING_ENTRY__INIT, K8S__STRING_ENTRY__INIT, K8S__STRING_ENTRY__INIT};
	K8s__StringEntry *list[] = {&e[0], &e[1], &e[2]};
	K8s__ObjectMeta meta = K8S__OBJECT_META__INIT;
	K8s__Node node = K8S__NODE__INIT;
	struct decode_error why;
	struct change *c;
	struct bytes b;

	(void)state;
	e[0].key = "z", e[0].value = "first";
	e[1].key = "a", e[1].value = "x";
	e[2].key = "z", e[2].value = "last";
	meta.name = "n1", meta.n_labels = 3, meta.labels = list;
	node.metadata = &meta;
	b = seal(RESOURCE_NODE, &node.base);
	c = decode_bytes("nodes//n1", b.at, b.n, &why);
	assert_non_null(c);
	assert_int_equal(object_node(c->object)->labels.n, 2);
	assert_string_equal(object_node(c->object)->labels.at[0].key, "a");
	assert_string_equal(labels_find(&object_node(c->object)->labels, "z"), "last");
	change_free(c);
	free(b.at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_node_keeps_what_decides_routes),
	    cmocka_unit_test(annotations_named_in_the_options_are_kept),
	    cmocka_unit_test(a_dual_stack_load_balancer_service_is_taken_whole),
	    cmocka_unit_test(a_service_of_which_nothing_is_said_is_a_cluster_ip_service),
	    cmocka_unit_test(a_headless_service_has_no_cluster_ips),
	    cmocka_unit_test(absent_endpoint_conditions_mean_what_kubernetes_says),
	    cmocka_unit_test(the_node_names_of_endpoints_travel_beside_the_slice),
	    cmocka_unit_test(a_slice_of_host_names_has_no_endpoints),
	    cmocka_unit_test(a_service_cidr_that_is_being_deleted_says_so),
	    cmocka_unit_test(a_null_value_is_a_deletion_with_what_its_headers_say),
	    cmocka_unit_test(sync_records_carry_epoch_and_counts),
	    cmocka_unit_test(what_does_not_fit_its_key_is_refused),
	    cmocka_unit_test(wrong_json_is_refused_with_the_place),
	    cmocka_unit_test(a_value_over_the_limit_is_oversized),
	    cmocka_unit_test(unknown_resources_are_skipped_and_bad_keys_named),
	    cmocka_unit_test(labels_come_out_sorted_with_the_last_of_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
