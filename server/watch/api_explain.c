/* SPDX-License-Identifier: Apache-2.0 */
/* explain: why a prefix is, or is not, advertised; the steps of path/explain.h as JSON. */
#include "cluster/cluster.h"
#include "core/metric.h"
#include "path/explain.h"
#include "rib/mode.h"
#include "rib/table.h"
#include "watch/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A next hop that a cluster's chain has, and whether the RIB has it too. */
struct decided {
	struct ip_addr addr;
	uint32_t cluster;
	bool there;
};

/* The chains of all clusters that are asked, one after the other. */
struct explaining {
	struct json_out *json;
	const char *cluster;                 /* whose chain it is now */
	uint64_t paths[CONFIG_CLUSTERS_MAX]; /* that each has for the prefix */
	uint32_t at;
	struct decided *decided;
	uint32_t n_decided, cap_decided;
};

static void
note_decided(struct explaining *x, const struct ip_addr *addr)
{
	if (x->n_decided == x->cap_decided) {
		x->cap_decided = x->cap_decided ? 2 * x->cap_decided : 64;
		x->decided = must_realloc(x->decided, x->cap_decided * sizeof(*x->decided));
	}
	x->decided[x->n_decided++] = (struct decided){.addr = *addr, .cluster = x->at};
}

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
	if (step->kind == EXPLAIN_NODE && step->advertised)
		note_decided(x, &step->nexthop);
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
static bool
wins(const struct call *c, const struct explaining *x, uint32_t cluster)
{
	const struct watch_cluster *all = c->sources->clusters;

	for (uint32_t i = 0; i < c->sources->n_clusters; i++)
		if (x->paths[i] && all[i].config->preference > all[cluster].config->preference)
			return false;
	return x->paths[cluster] > 0;
}

static void
write_winners(struct call *c, const struct explaining *x)
{
	const struct watch_cluster *all = c->sources->clusters;

	json_begin_array(x->json, "advertised_from");
	for (uint32_t i = 0; i < c->sources->n_clusters; i++)
		if (wins(c, x, i))
			json_str(x->json, NULL, all[i].config->name);
	json_end(x->json);
}

/* ---- what the RIB has beside what was decided ---- */

static int
by_address(const void *a, const void *b)
{
	return ip_cmp(&((const struct decided *)a)->addr, &((const struct decided *)b)->addr);
}

static void
write_difference(struct call *c, const char *reason, bool advertised,
    const struct ip_prefix *prefix, const struct ip_addr *nexthop, const char *sentence)
{
	struct json_out *j = &c->json;
	char addr[IP_TEXT_MAX], text[300];

	snprintf(text, sizeof(text), "next hop %s %s", ip_text(nexthop, addr), sentence);
	json_begin_object(j, NULL);
	json_str(j, "kind", "rib");
	json_str(j, "reason", reason);
	json_bool(j, "advertised", advertised);
	json_prefix(j, "prefix", prefix);
	json_ip(j, "next_hop", nexthop);
	json_str(j, "text", text);
	json_end(j);
}

/* What is announced and was not decided: held, but for the moment that the writer needs. */
static void
write_held(struct call *c, struct explaining *x, const struct ip_prefix *prefix,
    const struct pathset *s)
{
	const struct names *names = c->sources->rib->names;
	bool frozen = c->sources->mode->mode == MODE_FROZEN;

	for (uint32_t i = 0; s && i < s->n; i++) {
		struct decided key = {.addr = nexthop_at(names, s->path[i].nexthop)->addr};
		struct decided *d = x->n_decided ? bsearch(&key, x->decided, x->n_decided,
		                                       sizeof(key), by_address)
		                                 : NULL;

		/* Several clusters may have the address: they stand side by side. */
		for (; d && d > x->decided && by_address(d - 1, &key) == 0; d--)
			;
		for (; d && d < x->decided + x->n_decided && by_address(d, &key) == 0; d++)
			d->there = true;
		if (!d && !c->query.node && !c->query.cluster)
			write_difference(c, frozen ? "frozen" : "held", true, prefix, &key.addr,
			    frozen
			        ? "is announced all the same: this replica is frozen (helioctl resume)"
			        : "is announced all the same: its withdrawal is held (helioctl hold list)");
	}
}

/* Why what was decided is not announced. */
struct absence {
	const char *reason, *text;
};

static struct absence
absence_of(const struct call *c, const struct explaining *x)
{
	bool any = false;

	for (uint32_t i = 0; i < x->n_decided; i++)
		any = any || x->decided[i].there;
	if (c->sources->mode->mode == MODE_FROZEN)
		return (struct absence){
		    "frozen", "is not announced: this replica is frozen (helioctl resume)"};
	if (!any && metric_read(METRIC_PREFIXES_REFUSED) > 0)
		return (struct absence){
		    "max_prefixes", "is not announced: safety.max_prefixes is reached"};
	if (c->sources->config->safety.settle_ns > 0)
		return (struct absence){
		    "settles", "is not announced yet: it is new, and waits (safety.settle)"};
	return (struct absence){"not_yet", "is not announced yet: its cluster's stream has "
	                                   "not caught up, or it came this moment"};
}

static void
write_missing(struct call *c, const struct explaining *x, const struct ip_prefix *prefix)
{
	struct absence why = absence_of(c, x);

	for (uint32_t i = 0; i < x->n_decided; i++) {
		const struct decided *d = &x->decided[i];

		if (d->there || !wins(c, x, d->cluster) ||
		    (i && by_address(d, &x->decided[i - 1]) == 0))
			continue;
		write_difference(c, why.reason, false, prefix, &d->addr, why.text);
	}
}

/* Steps of kind "rib": where the RIB is not as the chains have it. */
static void
write_differences(struct call *c, struct explaining *x, const struct ip_prefix *prefix)
{
	const struct table *t = c->sources->rib;
	uint32_t index;

	if (x->n_decided)
		qsort(x->decided, x->n_decided, sizeof(*x->decided), by_address);
	rcu_enter();
	index = prefix_find(t->names, prefix);
	write_held(c, x, prefix, index == RCUMAP_NONE ? NULL : table_get(t, index));
	rcu_leave();
	write_missing(c, x, prefix);
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
	write_differences(c, &x, prefix);
	free(x.decided);
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
