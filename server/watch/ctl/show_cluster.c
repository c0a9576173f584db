/* SPDX-License-Identifier: Apache-2.0 */
/* kafka, nodes, services. */
#include "watch/ctl/grid.h"
#include "watch/ctl/js.h"
#include "watch/ctl/show.h"
#include "watch/ctl/text.h"

#include <stdlib.h>
#include <string.h>

static void
print_stream(const json_t *a)
{
	char when[TEXT_MAX];

	printf("State:       %s%s\n", js_str(a, "state"),
	    js_true(a, "caught_up") ? ", caught up" : "");
	printf("Brokers:     %s\nTopic:       %s\n", js_str(a, "brokers"), js_str(a, "topic"));
	printf("Records:     %lld read, %lld skipped, %lld quarantined, lag %lld\n",
	    js_int(a, "records"), js_int(a, "skipped"), js_int(a, "quarantined"),
	    js_int(a, "lag"));
	if (!js_true(a, "caught_up"))
		printf("First scan:  %.0f %%\n", js_num(a, "scan_progress") * 100);
	if (json_is_null(json_object_get(a, "last_input_at")))
		printf("Last input:  never\n");
	else
		printf("Last input:  %s (%.1f s ago)\n",
		    text_time(js_num(a, "last_input_at"), when),
		    js_num(a, "input_age_seconds"));
	if (js_int(a, "held_back"))
		printf(
		    "Held back:   %lld records are held back by an open transaction (kafka-transactions.sh names it)\n",
		    js_int(a, "held_back"));
	printf("Outages:     %lld, rescans %lld\n", js_int(a, "outages"), js_int(a, "rescans"));
	if (*js_str(a, "last_error"))
		printf("Last error:  %s (%s)\n", js_str(a, "last_error"),
		    text_time(js_num(a, "last_error_at"), when));
}

static void
print_partitions(const struct options *o, const json_t *partitions)
{
	static const struct grid_column columns[] = {{"Partition", true}, {"First", true},
	    {"Position", true}, {"End", true}, {"Lag", true}, {"Caught up", false}};
	struct grid *g = grid_new(columns, COUNT_OF(columns));

	for (size_t i = 0; i < json_array_size(partitions); i++) {
		const json_t *p = json_array_get(partitions, i);

		grid_row(g, NULL);
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "partition"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "first"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "position"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "end"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(p, "lag"));
		grid_cell(g, js_true(p, "caught_up") ? GRID_GOOD : GRID_BAD, "%s",
		    js_true(p, "caught_up") ? "yes" : "no");
	}
	grid_print(g, stdout, o->colour, "No partitions are known yet.");
	grid_free(g);
}

static void
print_quarantine(const struct options *o, const json_t *records)
{
	static const struct grid_column columns[] = {{"Key", false}, {"Partition", true},
	    {"Offset", true}, {"At", false}, {"Reason", false}};
	struct grid *g;
	char when[TEXT_MAX];

	if (json_array_size(records) == 0)
		return;
	printf(
	    "\nQuarantined records (the last good value of each key stays), newest first:\n");
	g = grid_new(columns, COUNT_OF(columns));
	for (size_t i = 0; i < json_array_size(records); i++) {
		const json_t *r = json_array_get(records, i);

		grid_row(g, NULL);
		grid_cell(g, GRID_PLAIN, "%s", js_str(r, "key"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(r, "partition"));
		grid_cell(g, GRID_PLAIN, "%lld", js_int(r, "offset"));
		grid_cell(g, GRID_PLAIN, "%s", text_time(js_num(r, "at"), when));
		grid_cell(g, GRID_BAD, "%s", js_str(r, "reason"));
	}
	grid_print(g, stdout, o->colour, NULL);
	grid_free(g);
}

static void
print_kafka(const struct options *o, const json_t *a)
{
	const json_t *clusters = json_object_get(a, "clusters");

	for (size_t i = 0; i < json_array_size(clusters); i++) {
		const json_t *c = json_array_get(clusters, i);

		if (json_array_size(clusters) > 1)
			printf("%sCluster:     %s, preference %lld\n", i ? "\n" : "",
			    js_str(c, "name"), js_int(c, "preference"));
		print_stream(c);
		printf("\n");
		print_partitions(o, json_object_get(c, "partitions"));
		print_quarantine(o, json_object_get(c, "quarantine"));
	}
}

int
show_kafka(const struct options *o)
{
	struct target t;

	target_init(&t, "/api/v1/kafka");
	return show_answer(o, &t, print_kafka);
}

static void
on_node(void *ctx, const json_t *n)
{
	struct grid *g = ctx;
	char *addresses = js_join(n, "addresses"), *taints = js_join(n, "taints");
	const char *ready = js_str(n, "ready");

	grid_row(g, js_str(n, "name"));
	grid_cell(g, GRID_PLAIN, "%s", js_str(n, "name"));
	grid_cell(g, GRID_PLAIN, "%s", addresses);
	grid_cell(g, strcmp(ready, "true") == 0 ? GRID_GOOD : GRID_BAD, "%s", ready);
	grid_cell(g, GRID_PLAIN, "%s%s%s", js_true(n, "unschedulable") ? "cordoned " : "",
	    js_true(n, "excluded") ? "excluded " : "",
	    strcmp(js_str(n, "network_unavailable"), "true") == 0 ? "no-network" : "");
	grid_cell(g, GRID_PLAIN, "%s", js_str(n, "rack"));
	grid_cell(g, GRID_PLAIN, "%s", js_str(n, "zone"));
	grid_cell(g, GRID_PLAIN, "%s", taints);
	grid_cell(g, GRID_PLAIN, "%s", js_str(n, "cluster"));
	free(addresses);
	free(taints);
}

static void
on_service(void *ctx, const json_t *s)
{
	struct grid *g = ctx;
	char *cluster = js_join(s, "cluster_ips"), *external = js_join(s, "external_ips");
	char *balancer = js_join(s, "load_balancer_ips"), *key;

	if (asprintf(&key, "%s/%s", js_str(s, "namespace"), js_str(s, "name")) < 0)
		die("out of memory for a table");
	grid_row(g, key);
	grid_cell(g, GRID_PLAIN, "%s", key);
	grid_cell(g, GRID_PLAIN, "%s", js_str(s, "type"));
	grid_cell(g, GRID_PLAIN, "%s", js_true(s, "headless") ? "None" : cluster);
	grid_cell(g, GRID_PLAIN, "%s", external);
	grid_cell(g, GRID_PLAIN, "%s", balancer);
	grid_cell(g, GRID_PLAIN, "%s", js_str(s, "external_traffic_policy"));
	grid_cell(g, GRID_PLAIN, "%s", js_str(s, "internal_traffic_policy"));
	grid_cell(
	    g, GRID_PLAIN, "%lld/%lld", js_int(s, "ready_endpoints"), js_int(s, "endpoints"));
	grid_cell(g, GRID_PLAIN, "%s", js_str(s, "cluster"));
	free(key);
	free(cluster);
	free(external);
	free(balancer);
}

static void
on_calico(void *ctx, const json_t *object)
{
	const json_t *fields = json_object_get(object, "fields");
	struct grid *g = ctx;

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *f = json_array_get(fields, i);
		bool applied = js_true(f, "applied");
		char *key;

		if (asprintf(&key, "%s %s/%s %03zu", js_str(object, "cluster"),
		        js_str(object, "resource"), js_str(object, "name"), i) < 0)
			die("out of memory for a table");
		grid_row(g, key);
		free(key);
		grid_cell(
		    g, GRID_PLAIN, "%s/%s", js_str(object, "resource"), js_str(object, "name"));
		grid_cell(g, applied ? GRID_GOOD : GRID_PLAIN, "%s", applied ? "+" : "-");
		grid_cell(g, GRID_PLAIN, "%s", js_str(f, "field"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(object, "cluster"));
		grid_cell(g, GRID_PLAIN, "%s", js_str(f, "why"));
	}
}

static int
list(const struct options *o, const char *path, show_element *each, struct grid *g,
    const char *none)
{
	struct target t;
	int result;

	target_init(&t, path);
	result = show_elements(o, &t, each, g);
	if (result == EXIT_GOOD && !o->json) {
		grid_sort(g);
		grid_print(g, stdout, o->colour, none);
	}
	grid_free(g);
	return result;
}

int
show_nodes(const struct options *o)
{
	static const struct grid_column columns[] = {{"Node", false}, {"Addresses", false},
	    {"Ready", false}, {"Flags", false}, {"Rack", false}, {"Zone", false},
	    {"Taints", false}, {"Cluster", false}};

	return list(o, "/api/v1/nodes", on_node, grid_new(columns, COUNT_OF(columns)),
	    "No nodes are known.");
}

int
show_services(const struct options *o)
{
	static const struct grid_column columns[] = {{"Service", false}, {"Type", false},
	    {"Cluster IPs", false}, {"External IPs", false}, {"Load-balancer IPs", false},
	    {"External policy", false}, {"Internal policy", false}, {"Ready endpoints", true},
	    {"Cluster", false}};

	return list(o, "/api/v1/services", on_service, grid_new(columns, COUNT_OF(columns)),
	    "No services are known.");
}

int
show_calico(const struct options *o)
{
	static const struct grid_column columns[] = {{"Object", false}, {"", false},
	    {"Field", false}, {"Cluster", false}, {"Why", false}};

	return list(o, "/api/v1/calico", on_calico, grid_new(columns, COUNT_OF(columns)),
	    "The stream has none of Calico's objects.");
}
