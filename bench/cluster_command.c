/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `heliobench cluster`: writes the seeded cluster to the stream, or one change to it. Each call
 * makes the same cluster again from its options and writes only what its scenario changes, so
 * several calls in a row play a story.
 */
#include "commands.h"
#include "feed.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

#define KAFKA_WAIT_MS 15000
#define FLUSH_WAIT_MS 60000
#define PLACE_MAX     64

struct command {
	struct cluster_size size;
	const char *kafka, *topic, *scenario, *service, *node, *on;
	bool delete_all, json;
	struct cluster *cluster;
	uint32_t service_index, node_index;
	struct change_list changes;
};

static enum options_result
read_options(struct command *c, int argc, char **argv)
{
	const struct option_row rows[] = {
	    {"nodes", OPTION_U32, &c->size.nodes, 1, CLUSTER_NODES_MAX, "N",
	        "nodes of the cluster: node-1 ..."},
	    {"services", OPTION_U32, &c->size.services, 1, CLUSTER_SERVICES_MAX, "N",
	        "services: shop/web, pay/web ..."},
	    {"next-hops", OPTION_U32, &c->size.next_hops, 1, CLUSTER_NODES_MAX, "N",
	        "nodes that serve each service"},
	    {"dual-stack", OPTION_U32, &c->size.dual_stack, 0, 100, "PERCENT",
	        "services that have an IPv6 address too"},
	    {"local", OPTION_U32, &c->size.local, 0, 100, "PERCENT",
	        "services with externalTrafficPolicy Local"},
	    {"seed", OPTION_U64, &c->size.seed, 0, 0, "N", "same seed, same cluster"},
	    {"kafka", OPTION_TEXT, &c->kafka, 0, 0, "WHERE",
	        "HOST:PORT or embedded:STATE_DIR of heliographd"},
	    {"topic", OPTION_TEXT, &c->topic, 0, 0, "NAME", "of the stream"},
	    {"delete", OPTION_FLAG, &c->delete_all, 0, 0, "", "delete the whole cluster"},
	    {"scenario", OPTION_TEXT, &c->scenario, 0, 0, "NAME",
	        "instead: write one change (see below)"},
	    {"service", OPTION_TEXT, &c->service, 0, 0, "NS/NAME", "of the scenario"},
	    {"node", OPTION_TEXT, &c->node, 0, 0, "NAME", "of the scenario"},
	    {"on", OPTION_TEXT, &c->on, 0, 0, "NODES", "of scenario place: node-1,node-2,..."},
	    {"json", OPTION_FLAG, &c->json, 0, 0, "",
	        "records as the API's JSON, not protobuf"},
	    {.type = OPTION_END},
	};

	return options_parse(argc, argv,
	    "heliobench cluster: writes a seeded cluster to the stream, or one change to it.\n\n"
	    "Scenarios (give the same --nodes, --services, --next-hops and --seed as before):\n"
	    "  place    --service S --on NODES   the service has exactly one endpoint on each of these nodes\n"
	    "  move     --service S              one endpoint goes to another node\n"
	    "  zero     --service S              scaled to zero: slices without endpoints\n"
	    "  restore  --service S              the service and its slices as the seed made them\n"
	    "  remove   --service S              the service is deleted\n"
	    "  drain    --node N                 cordoned, marked for removal, its endpoints gone\n"
	    "  lose     --node N                 the node's object is deleted, its endpoints stay listed\n"
	    "  uncordon --node N                 the node and the slices on it as the seed made them",
	    rows);
}

static int
usage(const char *what, const char *value)
{
	fprintf(
	    stderr, "heliobench cluster: %s%s (see heliobench cluster --help)\n", what, value);
	return EXIT_USAGE;
}

static bool
place(struct command *c)
{
	uint32_t nodes[PLACE_MAX], n = 0;
	char *list = must_strdup(c->on ? c->on : ""), *save = NULL;
	bool ok = true;

	for (char *name = strtok_r(list, ",", &save); ok && name;
	     name = strtok_r(NULL, ",", &save)) {
		uint32_t node = cluster_find_node(c->cluster, name);

		ok = node != UINT32_MAX && n < PLACE_MAX;
		if (ok)
			nodes[n++] = node;
		else
			usage("--on: no such node, or too many: ", name);
	}
	free(list);
	if (ok && n == 0)
		usage("scenario place needs --on NODES", "");
	if (ok && n)
		scenario_place(c->cluster, c->service_index, nodes, n, &c->changes);
	return ok && n;
}

static bool
move(struct command *c)
{
	uint64_t random = c->size.seed ^ c->service_index;

	scenario_move(c->cluster, c->service_index, &random, &c->changes);
	return true;
}

static bool
zero(struct command *c)
{
	scenario_scale_to_zero(c->cluster, c->service_index, &c->changes);
	return true;
}

static bool
restore(struct command *c)
{
	const struct bench_service *s = &c->cluster->services[c->service_index];

	change_list_add(&c->changes,
	    (struct object_ref){.resource = RESOURCE_SERVICE, .index = c->service_index});
	for (uint32_t i = 0; i < s->slice_count; i++)
		change_list_add(&c->changes,
		    (struct object_ref){
		        .resource = RESOURCE_SLICE, .index = c->service_index, .slice = i});
	return true;
}

static bool
remove_service(struct command *c)
{
	scenario_delete_service(c->cluster, c->service_index, &c->changes);
	return true;
}

static bool
drain(struct command *c)
{
	scenario_drain(c->cluster, c->node_index, &c->changes);
	return true;
}

static bool
lose(struct command *c)
{
	scenario_delete_node(c->cluster, c->node_index, &c->changes);
	return true;
}

/* The objects that a drain changes, from a cluster that was made anew. */
static bool
uncordon(struct command *c)
{
	struct cluster *fresh = cluster_new(&c->size);

	scenario_drain(c->cluster, c->node_index, &c->changes);
	cluster_free(c->cluster);
	c->cluster = fresh;
	return true;
}

static const struct scenario_row {
	const char *name;
	bool (*run)(struct command *);
	bool needs_service, needs_node;
} scenarios[] = {
    {"place", place, true, false},
    {"move", move, true, false},
    {"zero", zero, true, false},
    {"restore", restore, true, false},
    {"remove", remove_service, true, false},
    {"drain", drain, false, true},
    {"lose", lose, false, true},
    {"uncordon", uncordon, false, true},
};

static int
run_scenario(struct command *c)
{
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		const struct scenario_row *s = &scenarios[i];

		if (strcmp(s->name, c->scenario) != 0)
			continue;
		c->service_index =
		    c->service ? cluster_find_service(c->cluster, c->service) : UINT32_MAX;
		c->node_index = c->node ? cluster_find_node(c->cluster, c->node) : UINT32_MAX;
		if (s->needs_service && c->service_index == UINT32_MAX)
			return usage("--service: no such service: ",
			    c->service ? c->service : "none given");
		if (s->needs_node && c->node_index == UINT32_MAX)
			return usage(
			    "--node: no such node: ", c->node ? c->node : "none given");
		return s->run(c) ? EXIT_OK : EXIT_USAGE;
	}
	return usage("--scenario: no such scenario: ", c->scenario);
}

static int
write_changes(struct command *c)
{
	const struct feed_options o = {.kafka = c->kafka,
	    .topic = c->topic,
	    .create_partitions =
	        strncmp(c->kafka, "embedded:", 9) == 0 ? 0 : FEED_NEW_TOPIC_PARTS,
	    .timeout_ms = KAFKA_WAIT_MS};
	char error[FEED_ERROR_MAX];
	struct feed *feed = feed_new(&o, error);
	struct encoder e;
	bool ok = false;

	if (feed) {
		encoder_init(&e, c->cluster, c->json ? ENCODE_JSON : ENCODE_PROTOBUF);
		feed_put_list(feed, &e, &c->changes);
		ok = feed_flush(feed, FLUSH_WAIT_MS, error);
		encoder_fini(&e);
	}
	if (ok)
		printf("%llu records, %llu bytes written to %s\n",
		    (unsigned long long)feed_totals(feed).records,
		    (unsigned long long)feed_totals(feed).bytes, c->topic);
	else
		fprintf(stderr, "heliobench cluster: %s\n", error);
	feed_free(feed);
	return ok ? EXIT_OK : EXIT_DIFFERENT;
}

int
command_cluster(int argc, char **argv)
{
	struct command c = {.size = CLUSTER_SIZE_DEFAULT,
	    .kafka = "127.0.0.1:9092",
	    .topic = "kubernetes-state"};
	int result = EXIT_OK;

	switch (read_options(&c, argc, argv)) {
	case OPTIONS_HELP:
		return EXIT_OK;
	case OPTIONS_BAD:
		return EXIT_USAGE;
	case OPTIONS_OK:
		break;
	}
	c.cluster = cluster_new(&c.size);
	if (c.scenario)
		result = run_scenario(&c);
	else if (c.delete_all)
		scenario_delete_all(c.cluster, &c.changes);
	else
		scenario_list_all(c.cluster, &c.changes);
	if (result == EXIT_OK)
		result = write_changes(&c);
	change_list_fini(&c.changes);
	cluster_free(c.cluster);
	return result;
}
