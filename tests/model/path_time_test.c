/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a recompute takes; prints, asserts only how many paths there are. By default a
 * tenth of the planned size; HELIO_FULL=1 takes all of it: 15,000 nodes, 20,000 Local services
 * with 25 endpoints each, 100 external IPs of Cluster services: 2,000,000 paths.
 */
#include "change/decode.h"
#include "core/clock.h"
#include "path/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PER_SERVICE 25

struct size {
	unsigned nodes, local, cluster;
};

static struct decoder decoder;
static struct cluster *cluster;
static uint64_t rv;

/* ---- a sink that only counts ---- */

struct counts {
	uint64_t paths, sets;
};

static void
on_nexthop(void *ctx, uint32_t slot, const struct path_nexthop *nh)
{
	(void)ctx;
	(void)slot;
	(void)nh;
}

static void
on_attributes(void *ctx, uint32_t id, const struct path_attributes *a)
{
	(void)ctx;
	(void)id;
	(void)a;
}

static void
on_set(void *ctx, const struct ip_prefix *prefix, enum path_class path_class, bool everywhere,
    const struct path_choice *paths, uint32_t n)
{
	struct counts *c = ctx;

	(void)prefix;
	(void)path_class;
	(void)everywhere;
	(void)paths;
	c->paths += n;
	c->sets++;
}

static void
on_explained(void *ctx, const struct explain_step *step)
{
	(void)step;
	++*(uint64_t *)ctx;
}

/* ---- records ---- */

static void
put(const char *key, const char *json)
{
	struct record r = {.key = key,
	    .key_len = strlen(key),
	    .value = json,
	    .value_len = strlen(json),
	    .ms = -1};
	struct decode_error why;
	struct change *c = NULL;

	role_is_writer();
	if (change_decode(&decoder, &r, &c, &why) != DECODE_OK)
		fail_msg("%s: %s", key, why.text);
	cluster_apply(cluster, c);
	change_free(c);
}

static void
put_node(unsigned i, bool excluded)
{
	char key[64], json[512];

	snprintf(key, sizeof(key), "nodes//node-%u", i);
	snprintf(json, sizeof(json),
	    "{\"metadata\":{\"name\":\"node-%u\",\"resourceVersion\":\"%llu\",\"labels\":{%s}},"
	    "\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"172.16.%u.%u\"}]}}",
	    i, (unsigned long long)++rv,
	    excluded ? "\"node.kubernetes.io/exclude-from-external-load-balancers\":\"\"" : "",
	    i >> 8, i & 255);
	put(key, json);
}

static void
put_service(unsigned i, bool local)
{
	char key[64], json[512], external[64] = "";

	if (!local)
		snprintf(
		    external, sizeof(external), ",\"externalIPs\":[\"192.0.2.%u\"]", i & 255);
	snprintf(key, sizeof(key), "services/shop/s%u", i);
	snprintf(json, sizeof(json),
	    "{\"metadata\":{\"name\":\"s%u\",\"namespace\":\"shop\"},\"spec\":{"
	    "\"clusterIPs\":[\"10.96.%u.%u\"],\"externalTrafficPolicy\":\"%s\"%s}}",
	    i, i >> 8, i & 255, local ? "Local" : "Cluster", external);
	put(key, json);
}

static void
put_slice(unsigned service, unsigned nodes, unsigned shift)
{
	char key[64], json[8192];
	size_t n;

	snprintf(key, sizeof(key), "endpointslices/shop/s%u-1", service);
	n = (size_t)snprintf(json, sizeof(json),
	    "{\"metadata\":{\"name\":\"s%u-1\",\"namespace\":\"shop\",\"resourceVersion\":\"%llu\","
	    "\"labels\":{\"kubernetes.io/service-name\":\"s%u\"}},\"addressType\":\"IPv4\","
	    "\"endpoints\":[",
	    service, (unsigned long long)++rv, service);
	for (unsigned k = 0; k < PER_SERVICE; k++)
		n += (size_t)snprintf(json + n, sizeof(json) - n,
		    "%s{\"addresses\":[\"10.244.0.%u\"],\"nodeName\":\"node-%u\"}",
		    k ? "," : "", k, (service * 7919 + k * 601 + shift) % nodes);
	snprintf(json + n, sizeof(json) - n, "]}");
	put(key, json);
}

/* ---- timing ---- */

static void
timed(const char *what, struct path_maker *m, struct counts *counts)
{
	uint64_t start = clock_mono_ns();

	role_is_writer();
	*counts = (struct counts){0};
	path_recompute(m, cluster_dirty(cluster), start);
	cluster_clean(cluster);
	print_message("%-28s %9.3f ms, %llu prefixes, %llu paths\n", what,
	    (double)(clock_mono_ns() - start) / 1e6, (unsigned long long)counts->sets,
	    (unsigned long long)counts->paths);
}

static void
timed_explain(const char *what, const struct path_maker *m, const char *text)
{
	uint64_t steps = 0, start = clock_mono_ns();
	struct explain_sink sink = {&steps, on_explained};
	struct ip_prefix p;

	assert_true(ip_prefix_parse(text, &p));
	rcu_enter();
	path_explain(m, &p, NULL, &sink);
	rcu_leave();
	print_message("%-28s %9.3f ms, %llu steps\n", what,
	    (double)(clock_mono_ns() - start) / 1e6, (unsigned long long)steps);
}

static void
fill(const struct size *size)
{
	uint64_t start = clock_mono_ns();

	for (unsigned i = 0; i < size->nodes; i++)
		put_node(i, false);
	for (unsigned i = 0; i < size->local + size->cluster; i++) {
		put_service(i, i < size->local);
		put_slice(i, size->nodes, 0);
	}
	print_message("%-28s %9.3f ms (JSON decoding included)\n", "fill the tables",
	    (double)(clock_mono_ns() - start) / 1e6);
}

static void
a_recompute_is_timed(void **state)
{
	static const char text[] =
	    "router_id: 10.255.0.1\nlocal_as: 64512\n"
	    "peers: [{name: t, range: 127.1.0.0/16, as: 64512, passive: true}]\n"
	    "advertise:\n  cluster_ips: [10.96.0.0/16]\n"
	    "  external_ips: [192.0.2.0/24]\n";
	const struct size size = getenv("HELIO_FULL") ? (struct size){15000, 20000, 100}
	                                              : (struct size){1500, 2000, 10};
	struct counts counts;
	struct path_sink sink = {&counts, on_nexthop, on_attributes, on_set};
	struct config_errors errors = {0};
	struct config *config = config_load_text("test", text, strlen(text), &errors);
	struct path_maker *m;

	(void)state;
	if (!config)
		fail_msg("%s", errors.text[0]);
	role_take(ROLE_WRITER, "test");
	role_is_writer();
	decoder_init(&decoder, NULL);
	cluster = cluster_new();
	fill(&size);
	m = path_new(&config->advertise, cluster, &sink);
	timed("first recompute", m, &counts);
	assert_int_equal(counts.paths,
	    (uint64_t)PER_SERVICE * size.local + (uint64_t)size.nodes * (size.cluster + 2));
	cluster_taint_all(cluster);
	timed("everything again", m, &counts);
	put_slice(7, size.nodes, 1);
	timed("one slice changed", m, &counts);
	put_node(3, true);
	timed("one node excluded", m, &counts);
	put_node(3, false);
	timed("and back", m, &counts);
	timed_explain("explain a Local service", m, "10.96.0.7/32");
	timed_explain("explain the aggregate", m, "10.96.0.0/16");
	path_free(m);
	cluster_free(cluster);
	decoder_fini(&decoder);
	config_free(config);
	role_drop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_recompute_is_timed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
