/* SPDX-License-Identifier: Apache-2.0 */
/* What encode.c writes is read back with the generated messages. */
#include "encode.h"
#include "k8s/core.pb-c.h"
#include "k8s/discovery.pb-c.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct cluster_size size = {.nodes = 5,
    .services = 3,
    .next_hops = 2,
    .local = 100,
    .dual_stack = 100,
    .zones = 2,
    .racks = 2,
    .seed = 9};

static struct value_span
open_value(const struct record *r, const char *kind)
{
	struct value_envelope env;

	assert_int_equal(value_form(r->value, r->value_len), VALUE_PROTOBUF);
	assert_true(value_open(r->value, r->value_len, &env));
	assert_true(value_span_is(env.kind, kind));
	return env.raw;
}

static void
a_node_comes_back_as_it_was(void **state)
{
	struct cluster *c = cluster_new(&size);
	struct encoder e;
	struct record r;

	(void)state;
	encoder_init(&e, c, ENCODE_PROTOBUF);
	c->nodes[2].deleting = c->nodes[2].exclude = true;
	encode_object(&e, (struct object_ref){.resource = RESOURCE_NODE, .index = 2}, &r);
	assert_string_equal(r.key, "nodes//node-3");
	struct value_span raw = open_value(&r, "Node");
	K8s__Node *n = k8s__node__unpack(NULL, raw.n, raw.at);

	assert_non_null(n);
	assert_string_equal(n->metadata->name, "node-3");
	assert_int_equal(n->metadata->n_labels, 3);
	assert_int_equal(n->status->n_addresses, 3);
	assert_string_equal(n->status->addresses[0]->address, "172.16.0.3");
	assert_string_equal(n->status->addresses[1]->address, "fd00:10::3");
	assert_string_equal(n->spec->taints[0]->key, "ToBeDeletedByClusterAutoscaler");
	k8s__node__free_unpacked(n, NULL);
	encoder_fini(&e);
	cluster_free(c);
}

static void
a_service_comes_back_as_it_was(void **state)
{
	struct cluster *c = cluster_new(&size);
	struct encoder e;
	struct record r;

	(void)state;
	encoder_init(&e, c, ENCODE_PROTOBUF);
	encode_object(&e, (struct object_ref){.resource = RESOURCE_SERVICE, .index = 1}, &r);
	assert_string_equal(r.key, "services/pay/web");
	struct value_span raw = open_value(&r, "Service");
	K8s__Service *s = k8s__service__unpack(NULL, raw.n, raw.at);

	assert_non_null(s);
	assert_int_equal(s->spec->n_clusterips, 2);
	assert_string_equal(s->spec->clusterips[0], "10.96.0.2");
	assert_string_equal(s->spec->clusterips[1], "fd00:96::2");
	assert_string_equal(s->spec->externaltrafficpolicy, "Local");
	k8s__service__free_unpacked(s, NULL);
	encoder_fini(&e);
	cluster_free(c);
}

static void
a_slice_comes_back_as_it_was(void **state)
{
	struct cluster *c = cluster_new(&size);
	struct encoder e;
	struct record r;

	(void)state;
	encoder_init(&e, c, ENCODE_PROTOBUF);
	c->services[0].slices[0].endpoints[1].serving = TRI_FALSE;
	encode_object(
	    &e, (struct object_ref){.resource = RESOURCE_SLICE, .index = 0, .slice = 0}, &r);
	assert_string_equal(r.key, "endpointslices/shop/web-s1");
	struct value_span raw = open_value(&r, "EndpointSlice");
	K8s__EndpointSlice *s = k8s__endpoint_slice__unpack(NULL, raw.n, raw.at);

	assert_non_null(s);
	assert_string_equal(s->addresstype, "IPv4");
	assert_string_equal(s->metadata->labels[0]->value, "web");
	assert_int_equal(s->n_endpoints, 2);
	assert_string_equal(s->endpoints[0]->nodename,
	    c->nodes[c->services[0].slices[0].endpoints[0].node].name);
	assert_true(s->endpoints[0]->conditions->ready);
	assert_false(s->endpoints[0]->conditions->has_serving);
	assert_true(s->endpoints[1]->conditions->has_serving);
	assert_false(s->endpoints[1]->conditions->serving);
	k8s__endpoint_slice__free_unpacked(s, NULL);
	encoder_fini(&e);
	cluster_free(c);
}

static void
what_is_gone_is_a_tombstone_and_versions_grow(void **state)
{
	struct cluster *c = cluster_new(&size);
	struct encoder e;
	struct record r;

	(void)state;
	encoder_init(&e, c, ENCODE_PROTOBUF);
	uint64_t first = e.version;

	c->services[0].gone = true;
	encode_object(
	    &e, (struct object_ref){.resource = RESOURCE_SLICE, .index = 0, .slice = 0}, &r);
	assert_null(r.value);
	assert_int_equal(r.value_len, 0);
	assert_true(e.version > first);
	encoder_fini(&e);
	cluster_free(c);
}

static void
json_says_the_same(void **state)
{
	struct cluster *c = cluster_new(&size);
	struct encoder e;
	struct record r;

	(void)state;
	encoder_init(&e, c, ENCODE_JSON);
	encode_object(
	    &e, (struct object_ref){.resource = RESOURCE_SLICE, .index = 0, .slice = 0}, &r);
	assert_int_equal(value_form(r.value, r.value_len), VALUE_JSON);
	char *text = strndup((const char *)r.value, r.value_len);

	assert_non_null(strstr(text, "\"kubernetes.io/service-name\":\"web\""));
	assert_non_null(strstr(text, "\"apiVersion\":\"discovery.k8s.io/v1\""));
	free(text);
	encoder_fini(&e);
	cluster_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_node_comes_back_as_it_was),
	    cmocka_unit_test(a_service_comes_back_as_it_was),
	    cmocka_unit_test(a_slice_comes_back_as_it_was),
	    cmocka_unit_test(what_is_gone_is_a_tombstone_and_versions_grow),
	    cmocka_unit_test(json_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
