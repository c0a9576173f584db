/* SPDX-License-Identifier: Apache-2.0 */
/* explain: why a prefix is, or is not, advertised; the steps of path/explain.h as JSON. */
#include "cluster/cluster.h"
#include "path/explain.h"
#include "watch/call.h"

static void
on_step(void *ctx, const struct explain_step *step)
{
	struct json_out *j = ctx;

	json_begin_object(j, NULL);
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
	if (step->kind == EXPLAIN_VERDICT)
		json_u64(j, "paths", step->paths);
	json_str(j, "text", step->text);
	json_end(j);
}

static bool
is_node(struct call *c)
{
	bool known;

	rcu_enter();
	known = cluster_node_find(c->sources->cluster, c->query.node) != CLUSTER_NONE;
	rcu_leave();
	return known;
}

void
api_explain(struct call *c)
{
	struct json_out *j = &c->json;
	const struct explain_sink sink = {.ctx = j, .step = on_step};
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
	if (c->query.node && !is_node(c)) {
		call_fail(c, 404, "no node is named \"%.80s\"", c->query.node);
		return;
	}
	json_begin_object(j, NULL);
	json_prefix(j, "prefix", &prefix);
	json_str(j, "node", c->query.node);
	json_begin_array(j, "steps");
	rcu_enter();
	path_explain(c->sources->paths, &prefix, c->query.node, &sink);
	rcu_leave();
	json_end(j);
	json_end(j);
}
