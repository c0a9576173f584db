/* SPDX-License-Identifier: Apache-2.0 */
/* explain: why a prefix is, or is not, advertised; the steps of path/explain.h as JSON. */
#include "cluster/cluster.h"
#include "path/explain.h"
#include "watch/call.h"

/* The chains of all clusters that are asked, one after the other. */
struct explaining {
	struct json_out *json;
	const char *cluster;                 /* whose chain it is now */
	uint64_t paths[CONFIG_CLUSTERS_MAX]; /* that each has for the prefix */
	uint32_t at;
};

static void
on_step(void *ctx, const struct explain_step *step)
{
	struct explaining *x = ctx;
	struct json_out *j = x->json;

	json_begin_object(j, NULL);
	json_str(j, "cluster", x->cluster);
	json_str(j, "kind", explain_kind_names[step->kind]);
	json_str(j, "reason", reason_rows[step->reason].name);
	json_bool(j, "advertised", step->advertised);
	json_str(j, "class", path_class_names[step->path_class]);
	json_str(j, "namespace", step->ns);
	json_str(j, "name", step->name);
	json_prefix(j, "prefix", &step->prefix);
	if (step->nexthop.family != IP_NONE)
		json_ip(j, "next_hop", &step->nexthop);
	if (step->kind == EXPLAIN_SERVICE || step->kind == EXPLAIN_SLICE ||
	    step->kind == EXPLAIN_NODE) {
		json_u64(j, "endpoints", step->endpoints);
		json_u64(j, "ready", step->ready);
		json_u64(j, "draining", step->draining);
	}
	if (step->kind == EXPLAIN_VERDICT) {
		json_u64(j, "paths", step->paths);
		x->paths[x->at] = step->paths;
	}
	json_str(j, "text", step->text);
	json_end(j);
}

/* Some cluster that is asked has a node of this name. */
static bool
is_node(struct call *c)
{
	bool known = false;

	rcu_enter();
	for (uint32_t i = c->walk.cluster; i < c->walk.clusters_end; i++)
		known = known || cluster_node_find(c->sources->clusters[i].cluster,
		                     c->query.node) != CLUSTER_NONE;
	rcu_leave();
	return known;
}

/* Of several clusters that have paths those with the highest preference are announced (rib/merge.h). */
static void
write_winners(struct call *c, const struct explaining *x)
{
	const struct watch_cluster *all = c->sources->clusters;
	uint32_t best = 0;

	for (uint32_t i = 0; i < c->sources->n_clusters; i++)
		if (x->paths[i] && all[i].config->preference > best)
			best = all[i].config->preference;
	json_begin_array(x->json, "advertised_from");
	for (uint32_t i = 0; i < c->sources->n_clusters; i++)
		if (x->paths[i] && all[i].config->preference == best)
			json_str(x->json, NULL, all[i].config->name);
	json_end(x->json);
}

static void
write_chains(struct call *c, const struct ip_prefix *prefix)
{
	struct explaining x = {.json = &c->json};
	const struct explain_sink sink = {.ctx = &x, .step = on_step};

	json_begin_array(&c->json, "steps");
	for (; c->walk.cluster < c->walk.clusters_end; c->walk.cluster++) {
		x.at = c->walk.cluster;
		x.cluster = call_cluster(c)->config->name;
		rcu_enter();
		path_explain(call_cluster(c)->paths, prefix, c->query.node, &sink);
		rcu_leave();
	}
	json_end(&c->json);
	if (!c->query.cluster && c->sources->n_clusters > 1)
		write_winners(c, &x);
}

void
api_explain(struct call *c)
{
	struct json_out *j = &c->json;
	struct ip_prefix prefix;

	if (!c->query.prefix) {
		call_fail(c, 400, "which prefix? add ?prefix=192.0.2.1/32");
		return;
	}
	if (!ip_prefix_parse(c->query.prefix, &prefix)) {
		call_fail(c, 400,
		    "\"%.80s\" is neither a prefix (without host bits) nor an address",
		    c->query.prefix);
		return;
	}
	if (!call_clusters(c))
		return;
	if (c->query.node && !is_node(c)) {
		call_fail(c, 404, "no node is named \"%.80s\"", c->query.node);
		return;
	}
	json_begin_object(j, NULL);
	json_prefix(j, "prefix", &prefix);
	json_str(j, "node", c->query.node);
	write_chains(c, &prefix);
	json_end(j);
}
