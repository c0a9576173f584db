/* SPDX-License-Identifier: Apache-2.0 */
/* Where the state comes from: the brokers, and the clusters that are followed. */
#include "config/bind.h"
#include "config/rows.h"

#include <stdlib.h>
#include <string.h>

/* What heliographd sets itself, because the state would be wrong with another value. */
static const struct {
	const char *name, *instead;
} reserved_properties[] = {
    {"bootstrap.servers", "use kafka.brokers"},
    {"metadata.broker.list", "use kafka.brokers"},
    {"test.mock.num.brokers", "use \"brokers: embedded\""},
    {"enable.partition.eof", "remove it: the end of a partition has to be seen"},
    {"auto.offset.reset", "remove it: a lost offset is handled by a rescan"},
    {"allow.auto.create.topics", "remove it: a topic is never created by reading it"},
};

static void
check_properties(
    const struct config_pairs *pairs, const struct config_tree *map, struct config_report *r)
{
	for (uint32_t i = 0; i < pairs->len; i++)
		for (size_t k = 0; k < COUNT_OF(reserved_properties); k++)
			if (strcmp(pairs->items[i].name, reserved_properties[k].name) == 0)
				config_report(r,
				    config_tree_find(map, pairs->items[i].name)->key_at,
				    "%s cannot be set here; %s", pairs->items[i].name,
				    reserved_properties[k].instead);
}

/* host:port[,host:port...]; names are not resolved here. */
static void
check_brokers(const struct config_kafka *kafka, struct config_place at, struct config_report *r)
{
	for (const char *p = kafka->brokers;;) {
		size_t n = strcspn(p, ",");
		const char *colon = memrchr(p, ':', n);
		size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
		unsigned long port = digits && digits <= 5 ? strtoul(colon + 1, NULL, 10) : 0;

		if (!colon || colon == p || port == 0 || port > 65535 ||
		    colon + 1 + digits != p + n) {
			config_report(r, at,
			    "brokers: \"%.*s\" is not host:port; write for example kafka-1:9092,kafka-2:9092, or embedded",
			    (int)(n < 80 ? n : 80), p);
			return;
		}
		if (!p[n])
			return;
		p += n + 1;
	}
}

static void
check_kafka(struct config_kafka *kafka, const struct config_tree *node, struct config_report *r)
{
	const struct config_tree *properties = config_tree_find(node, "properties");
	const struct config_tree *files = config_tree_find(node, "properties_from_files");

	kafka->embedded = strcmp(kafka->brokers, "embedded") == 0;
	if (!kafka->embedded && node)
		check_brokers(kafka, config_tree_place(node, "brokers"), r);
	check_properties(&kafka->properties, properties, r);
	check_properties(&kafka->properties_from_files, files, r);
	for (uint32_t i = 0; i < kafka->properties_from_files.len; i++) {
		const char *name = kafka->properties_from_files.items[i].name;

		if (config_tree_find(properties, name))
			config_report(r, config_tree_find(files, name)->key_at,
			    "%s stands under properties too; keep one of them", name);
	}
}

static bool
is_same_stream(const struct config_kafka *a, const struct config_kafka *b)
{
	return !a->embedded && strcmp(a->brokers, b->brokers) == 0 &&
	       strcmp(a->topic, b->topic) == 0;
}

/* Names are unique, and so are the topics: one that is followed twice is a slip of the hand. */
static void
check_twins(const struct config_cluster *all, uint32_t i, const struct config_tree *node,
    struct config_report *r)
{
	for (uint32_t k = 0; k < i; k++) {
		if (strcmp(all[k].name, all[i].name) == 0)
			config_report(r, config_tree_place(node, "name"),
			    "a cluster named \"%s\" stands above; rename one", all[i].name);
		else if (is_same_stream(&all[k].kafka, &all[i].kafka))
			config_report(r, node->at,
			    "cluster \"%s\" has the brokers and the topic of \"%s\"; every cluster has a topic of its own",
			    all[i].name, all[k].name);
	}
}

/* Which keys of an advertise section stand in the file, or in the environment for it. */
static uint32_t
given_in(const struct config_tree *advertise)
{
	static const struct {
		const char *key;
		uint32_t bit;
	} keys[] = {{"cluster_ips", CONFIG_GIVES_CLUSTER_IPS},
	    {"external_ips", CONFIG_GIVES_EXTERNAL_IPS},
	    {"load_balancer_ips", CONFIG_GIVES_LB_IPS},
	    {"load_balancer_aggregation", CONFIG_GIVES_LB_AGGREGATION},
	    {"communities", CONFIG_GIVES_COMMUNITIES}};
	uint32_t given = 0;

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const struct config_tree *value = config_tree_find(advertise, keys[i].key);

		if (value && !config_tree_is_null(value))
			given |= keys[i].bit;
	}
	return given;
}

static void
check_listed(struct config *c, const struct config_tree *root, struct config_report *r,
    struct arena *arena)
{
	const struct config_tree *list = config_tree_find(root, "clusters");
	const struct config_tree *kafka = config_tree_find(root, "kafka");
	struct config_cluster *all =
	    arena_zalloc(arena, c->clusters.len * sizeof(struct config_cluster));
	const struct config_tree *node = list->first;

	if (kafka)
		config_report(r, kafka->key_at,
		    "kafka and clusters exclude each other; move it into an entry of clusters");
	if (c->clusters.len > CONFIG_CLUSTERS_MAX)
		config_report(r, list->at, "clusters has %u entries; at most %u",
		    c->clusters.len, CONFIG_CLUSTERS_MAX);
	memcpy(all, c->clusters.items, c->clusters.len * sizeof(*all));
	for (uint32_t i = 0; node && i < c->clusters.len; node = node->next, i++) {
		check_kafka(&all[i].kafka, config_tree_find(node, "kafka"), r);
		if (!config_tree_find(node, "advertise"))
			all[i].advertise = c->advertise;
		else
			all[i].advertise.given = given_in(config_tree_find(node, "advertise"));
		all[i].advertise.calico_peers = c->calico_peers.enabled;
		check_twins(all, i, node, r);
	}
	c->clusters.items = all;
	c->followed = c->clusters;
}

void
config_check_clusters(struct config *c, const struct config_tree *root,
    struct config_report *report, struct arena *arena)
{
	struct config_cluster *only;

	c->advertise.given = given_in(config_tree_find(root, "advertise"));
	c->advertise.calico_peers = c->calico_peers.enabled;
	if (c->clusters.len > 0) {
		check_listed(c, root, report, arena);
		return;
	}
	check_kafka(&c->kafka, config_tree_find(root, "kafka"), report);
	only = arena_zalloc(arena, sizeof(*only));
	*only = (struct config_cluster){
	    .name = "default", .kafka = c->kafka, .preference = 100, .advertise = c->advertise};
	c->followed = (struct config_clusters){.items = only, .len = 1};
}
