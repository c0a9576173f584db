/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf values: the same objects as JSON gives, and no bytes whatsoever that crash the
 * decoder: cut at every length, every byte changed, and small inputs that ask for much memory.
 */
#include "core/clock.h"
#include "core/hash.h"
#include "fixture.h"

static const char *const addresses[] = {"10.1.0.1", "10.1.0.2", "10.1.0.3"};

/* A slice with three endpoints: conditions {}, none at all, and all three set. */
static struct bytes
slice_value(void)
{
	K8s__EndpointSlice s = K8S__ENDPOINT_SLICE__INIT;
	K8s__ObjectMeta meta = K8S__OBJECT_META__INIT;
	K8s__StringEntry label = K8S__STRING_ENTRY__INIT, *labels[] = {&label};
	K8s__Endpoint e[3] = {K8S__ENDPOINT__INIT, K8S__ENDPOINT__INIT, K8S__ENDPOINT__INIT};
	K8s__Endpoint *list[] = {&e[0], &e[1], &e[2]};
	K8s__EndpointConditions empty = K8S__ENDPOINT_CONDITIONS__INIT, full = empty;

	label.key = "kubernetes.io/service-name", label.value = "web";
	meta.name = "web-1", meta.namespace_ = "shop",
	meta.uid = "0f8fad5b-d9cb-469f-a165-70867728950e";
	meta.resourceversion = "123456", meta.n_labels = 1, meta.labels = labels;
	full.has_ready = full.has_serving = full.has_terminating = 1;
	full.serving = full.terminating = 1;
	for (unsigned i = 0; i < 3; i++) {
		e[i].n_addresses = 1;
		e[i].addresses = (char **)(uintptr_t)&addresses[i];
		e[i].nodename = i == 2 ? "n2" : "n1";
	}
	e[0].conditions = &empty;
	e[2].conditions = &full;
	e[2].zone = "z";
	s.metadata = &meta, s.addresstype = "IPv4", s.n_endpoints = 3, s.endpoints = list;
	return seal(RESOURCE_SLICE, &s.base);
}

static struct bytes
node_value(void)
{
	K8s__Node node = K8S__NODE__INIT;
	K8s__ObjectMeta meta = K8S__OBJECT_META__INIT;
	K8s__NodeSpec spec = K8S__NODE_SPEC__INIT;
	K8s__NodeStatus status = K8S__NODE_STATUS__INIT;
	K8s__Taint taint = K8S__TAINT__INIT, *taints[] = {&taint};
	K8s__NodeAddress address = K8S__NODE_ADDRESS__INIT, *list[] = {&address};
	K8s__NodeCondition ready = K8S__NODE_CONDITION__INIT, *conditions[] = {&ready};

	meta.name = "n1";
	taint.key = "ToBeDeletedByClusterAutoscaler", taint.effect = "NoSchedule";
	spec.podcidr = "10.1.2.0/24", spec.n_taints = 1, spec.taints = taints;
	address.type = "InternalIP", address.address = "10.0.0.1";
	ready.type = "Ready", ready.status = "Unknown";
	status.n_addresses = 1, status.addresses = list;
	status.n_conditions = 1, status.conditions = conditions;
	node.metadata = &meta, node.spec = &spec, node.status = &status;
	return seal(RESOURCE_NODE, &node.base);
}

static struct bytes
service_value(void)
{
	K8s__Service service = K8S__SERVICE__INIT;
	K8s__ObjectMeta meta = K8S__OBJECT_META__INIT;
	K8s__Time deleted = K8S__TIME__INIT;
	K8s__ServiceSpec spec = K8S__SERVICE_SPEC__INIT;
	K8s__ServiceStatus status = K8S__SERVICE_STATUS__INIT;
	K8s__LoadBalancerStatus balancer = K8S__LOAD_BALANCER_STATUS__INIT;
	K8s__LoadBalancerIngress in = K8S__LOAD_BALANCER_INGRESS__INIT, *list[] = {&in};
	char *ips[] = {"10.96.0.1", "fd00:96::1"}, *families[] = {"IPv4", "IPv6"};

	meta.name = "web", meta.namespace_ = "shop", meta.deletiontimestamp = &deleted;
	spec.n_clusterips = 2, spec.clusterips = ips, spec.n_ipfamilies = 2,
	spec.ipfamilies = families;
	spec.type = "LoadBalancer", spec.externaltrafficpolicy = "Local";
	in.ip = "198.51.100.1", in.ipmode = "Proxy";
	balancer.n_ingress = 1, balancer.ingress = list;
	status.loadbalancer = &balancer;
	service.metadata = &meta, service.spec = &spec, service.status = &status;
	return seal(RESOURCE_SERVICE, &service.base);
}

static struct bytes
cidr_value(void)
{
	K8s__ServiceCIDR cidr = K8S__SERVICE_CIDR__INIT;
	K8s__ObjectMeta meta = K8S__OBJECT_META__INIT;
	K8s__ServiceCIDRSpec spec = K8S__SERVICE_CIDRSPEC__INIT;
	K8s__ServiceCIDRStatus status = K8S__SERVICE_CIDRSTATUS__INIT;
	K8s__Condition ready = K8S__CONDITION__INIT, *conditions[] = {&ready};
	char *cidrs[] = {"10.96.0.0/12", "10.96.0.1/12"};

	meta.name = "kubernetes";
	spec.n_cidrs = 2, spec.cidrs = cidrs;
	ready.type = "Ready", ready.status = "True";
	status.n_conditions = 1, status.conditions = conditions;
	cidr.metadata = &meta, cidr.spec = &spec, cidr.status = &status;
	return seal(RESOURCE_CIDR, &cidr.base);
}

static struct change *
decode_ok(const char *key, struct bytes b)
{
	struct decode_error why = {.text = ""};
	struct change *c = decode_bytes(key, b.at, b.n, &why);

	if (!c)
		fail_msg("%s: %s", key, why.text);
	return c;
}

static void
a_protobuf_slice_gives_the_same_endpoints_as_json(void **state)
{
	struct bytes b = slice_value();
	struct change *c = decode_ok("endpointslices/shop/web-1", b);
	struct slice *s = object_slice(c->object);

	(void)state;
	assert_int_equal(s->n_endpoints, 3);
	assert_int_equal(s->object.resource_version, 123456);
	assert_string_equal(s->object.uid, "0f8fad5b-d9cb-469f-a165-70867728950e");
	assert_string_equal(s->service, "web");
	assert_int_equal(slice_endpoint(s, 0)->flags, ENDPOINT_READY | ENDPOINT_SERVING);
	assert_int_equal(slice_endpoint(s, 1)->flags, ENDPOINT_READY | ENDPOINT_SERVING);
	assert_int_equal(slice_endpoint(s, 2)->flags, ENDPOINT_SERVING | ENDPOINT_TERMINATING);
	assert_string_equal(slice_node_name(c->names, 2), "n2");
	change_free(c);
	free(b.at);
}

static void
protobuf_nodes_services_and_cidrs_are_understood(void **state)
{
	struct bytes n = node_value(), s = service_value(), d = cidr_value();
	struct change *node = decode_ok("nodes//n1", n);
	struct change *service = decode_ok("services/shop/web", s);
	struct change *cidr = decode_ok("servicecidrs//kubernetes", d);

	(void)state;
	assert_int_equal(object_node(node->object)->n_pod_cidrs, 1);
	assert_int_equal(object_node(node->object)->n_taints, 1);
	assert_int_equal(object_node(node->object)->ready, CONDITION_UNKNOWN);
	assert_int_equal(object_service(service->object)->n_cluster_ips, 2);
	assert_true(object_service(service->object)->ingress[0].proxy);
	assert_true(object_service(service->object)->object.deleting);
	assert_int_equal(
	    object_service_cidr(cidr->object)->n_cidrs, 1); /* host bits set: left out */
	assert_int_equal(object_service_cidr(cidr->object)->ready, CONDITION_TRUE);
	change_free(node);
	change_free(service);
	change_free(cidr);
	free(n.at);
	free(s.at);
	free(d.at);
}

/* Decode n bytes from a block of exactly that size, so that a sanitizer sees one byte too many. */
static void
try_bytes(struct decoder *d, const char *key, const uint8_t *bytes, size_t n)
{
	uint8_t *exact = must_alloc(n);
	struct record r = record_of(key, exact, n);
	struct decode_error why;
	struct change *c = NULL;

	if (n)
		memcpy(exact, bytes, n);
	if (change_decode(d, &r, &c, &why) == DECODE_OK)
		change_free(c);
	free(exact);
}

static void
truncated_and_damaged_values_never_crash(void **state)
{
	static const char *const keys[] = {"endpointslices/shop/web-1", "nodes//n1",
	    "services/shop/web", "servicecidrs//kubernetes"};
	struct bytes values[] = {slice_value(), node_value(), service_value(), cidr_value()};
	struct decoder d;

	(void)state;
	decoder_init(&d, NULL);
	for (unsigned v = 0; v < COUNT_OF(values); v++) {
		struct bytes b = values[v];

		for (size_t n = 0; n < b.n; n++)
			try_bytes(&d, keys[v], b.at, n);
		for (size_t i = 0; i < b.n; i++) {
			uint8_t keep = b.at[i];

			for (unsigned bit = 0; bit < 8; bit++) {
				b.at[i] = (uint8_t)(keep ^ (1u << bit));
				try_bytes(&d, keys[v], b.at, b.n);
			}
			b.at[i] = 0xff;
			try_bytes(&d, keys[v], b.at, b.n);
			b.at[i] = keep;
		}
		free(b.at);
	}
	decoder_fini(&d);
}

static void
a_small_value_cannot_ask_for_much_memory(void **state)
{
	size_t raw = 4 * 1024 * 1024, size = value_sealed_size(RESOURCE_SLICE, raw);
	uint8_t *value = must_alloc(size), *at = value_seal(RESOURCE_SLICE, raw, value);
	struct decode_error why;

	(void)state;
	for (size_t i = 0; i < raw; i += 2) { /* two million empty endpoints */
		at[i] = 2 << 3 | 2;
		at[i + 1] = 0;
	}
	assert_null(decode_bytes("endpointslices/shop/web-1", value, size, &why));
	assert_int_equal(why.fault, FAULT_OVERSIZED);
	free(value);
}

static void
decoding_is_fast_and_its_rate_is_printed(void **state)
{
	struct bytes b = slice_value();
	struct record r = record_of("endpointslices/shop/web-1", b.at, b.n);
	uint64_t began = clock_mono_ns(), took;
	struct decode_error why;
	struct change *c;
	struct decoder d;
	unsigned rounds = 20000;

	(void)state;
	decoder_init(&d, NULL);
	for (unsigned i = 0; i < rounds; i++) {
		assert_int_equal(change_decode(&d, &r, &c, &why), DECODE_OK);
		change_free(c);
	}
	took = clock_mono_ns() - began;
	print_message("slice of 3 endpoints, %zu bytes: %.0f records/s\n", b.n,
	    rounds * (double)NS_PER_S / (double)took);
	decoder_fini(&d);
	free(b.at);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_protobuf_slice_gives_the_same_endpoints_as_json),
	    cmocka_unit_test(protobuf_nodes_services_and_cidrs_are_understood),
	    cmocka_unit_test(truncated_and_damaged_values_never_crash),
	    cmocka_unit_test(a_small_value_cannot_ask_for_much_memory),
	    cmocka_unit_test(decoding_is_fast_and_its_rate_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
