/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decisions of decide.h once more, for one prefix, told step by step. Works on what the
 * cluster publishes; keeps nothing. One call looks at every service and node once: a few
 * milliseconds at the largest planned size.
 */
#include "path/attributes.h"
#include "path/explaining.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const explain_kind_names[] = {
    [EXPLAIN_AGGREGATE] = "aggregate",
    [EXPLAIN_SERVICE] = "service",
    [EXPLAIN_ATTRIBUTE] = "attribute",
    [EXPLAIN_SLICE] = "slice",
    [EXPLAIN_NODE] = "node",
    [EXPLAIN_VERDICT] = "verdict",
};

static const char *const pool_keys[POOL_COUNT] = {
    [POOL_CLUSTER_IP] = "cluster_ips",
    [POOL_EXTERNAL_IP] = "external_ips",
    [POOL_LOAD_BALANCER] = "load_balancer_ips",
    [POOL_POD_CIDR] = "pod_cidrs",
};

/* ---- telling ---- */

void
explain_tell(struct explaining *x, struct explain_step step, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(x->text, sizeof(x->text), format, args);
	va_end(args);
	step.text = x->text;
	step.ns = step.ns ? step.ns : "";
	step.name = step.name ? step.name : "";
	if (step.prefix.addr.family == IP_NONE)
		step.prefix = *x->prefix;
	x->sink->step(x->sink->ctx, &step);
}

static void
tell_node(struct explaining *x, uint32_t node, enum reason reason, const struct tally *t)
    RCU_READER
{
	const char *name = cluster_node_name(x->cluster, node);
	const struct node_decision *d = &x->decisions[node];
	int family = (int)ip_family_index(x->prefix->addr.family);
	struct explain_step step = {.kind = EXPLAIN_NODE,
	    .reason = reason,
	    .advertised = reason == REASON_OK,
	    .path_class = x->path_class,
	    .name = name};
	char addr[IP_TEXT_MAX] = "no address";

	if (reason == REASON_OK && d->leaving && !t && x->path_class != PATH_POD_CIDR)
		step.reason = reason = REASON_NODE_DRAINS;
	if (!name || (x->only && strcmp(name, x->only) != 0))
		return;
	if (d->address[family] == REASON_OK) {
		step.nexthop = d->addr[family];
		ip_text(&step.nexthop, addr);
	}
	if (t) {
		step.endpoints = t->endpoints;
		step.ready = t->ready;
		step.draining = t->draining;
		explain_tell(x, step,
		    "node %s (%s) %s; its endpoints: %u, ready %u, terminating %u", name, addr,
		    reason == REASON_OK ? "is a next hop" : reason_rows[reason].sentence,
		    t->endpoints, t->ready, t->draining);
		return;
	}
	explain_tell(x, step, "node %s (%s) %s", name, addr,
	    reason == REASON_OK ? "is a next hop" : reason_rows[reason].sentence);
}

static void
add_nexthop(struct explaining *x, const struct ip_addr *a)
{
	if (x->n_nexthops == x->cap_nexthops) {
		x->cap_nexthops = x->cap_nexthops ? 2 * x->cap_nexthops : 64;
		x->nexthops = must_realloc(x->nexthops, x->cap_nexthops * sizeof(*x->nexthops));
	}
	x->nexthops[x->n_nexthops++] = *a;
	x->classes |= (uint8_t)(1u << x->path_class);
}

/* ---- next hops ---- */

uint32_t
explain_count_nodes(struct explaining *x, enum scope scope, enum pool pool, enum rank best)
{
	uint8_t family = x->prefix->addr.family;
	uint32_t in = 0;

	for (uint32_t i = 0; i < x->n_nodes; i++) {
		const struct node_decision *d = &x->decisions[i];
		const struct tally *t = &x->on_node[i];
		enum rank on_node = tally_rank(t);

		if (decide_nexthop(scope, decide_serves(d, scope, pool, family), on_node,
		        best) != REASON_OK)
			continue;
		add_nexthop(x, &d->addr[ip_family_index(family)]);
		in++;
	}
	return in;
}

void
explain_tell_nodes(struct explaining *x, enum scope scope, enum pool pool, enum rank best)
{
	uint8_t family = x->prefix->addr.family;

	for (uint32_t i = 0; i < x->n_nodes; i++) {
		const struct tally *t = &x->on_node[i];
		enum rank on_node = tally_rank(t);
		enum reason serves = decide_serves(&x->decisions[i], scope, pool, family);
		bool concerned = scope == SCOPE_LOCAL ? t->endpoints > 0
		                                      : cluster_node(x->cluster, i) != NULL;

		if (concerned || x->only)
			tell_node(x, i, decide_nexthop(scope, serves, on_node, best),
			    scope == SCOPE_LOCAL ? t : NULL);
	}
}

void
explain_owner(struct explaining *x, const struct service *s)
{
	struct path_attributes a;

	attributes_of_prefix(x->now.rules, x->prefix, x->path_class, &a);
	if (s)
		attributes_of_service(s, &a, NULL, NULL);
	if (x->owners++ == 0)
		x->attributes = a;
	else
		x->merged |= attributes_merge(&x->attributes, &a);
}

/* ---- aggregates ---- */

/* Who said the CIDR, where the configuration file did not. */
static const char *
origin(const struct explaining *x, enum pool pool)
{
	if (x->now.rules->from_calico >> pool & 1)
		return " of BGPConfiguration default";
	return pool == POOL_CLUSTER_IP && x->now.rules->config->cluster_ips.len == 0
	           ? " of the ServiceCIDRs"
	           : "";
}

static void
explain_aggregate(struct explaining *x, enum pool pool, const struct ip_prefix *cidr) RCU_READER
{
	struct explain_step step = {
	    .kind = EXPLAIN_AGGREGATE, .path_class = PATH_AGGREGATE, .prefix = *cidr};
	char text[IP_TEXT_MAX];
	uint32_t in;

	if (!rules_aggregates(x->now.rules, pool, cidr) || !ip_prefix_covers(cidr, x->prefix))
		return;
	ip_prefix_text(cidr, text);
	if (!ip_prefix_equal(cidr, x->prefix)) {
		step.reason = REASON_AGGREGATE;
		explain_tell(x, step, "%s (%s%s) covers it and %s", text, pool_keys[pool],
		    origin(x, pool), reason_rows[REASON_AGGREGATE].sentence);
		return;
	}
	x->path_class = PATH_AGGREGATE;
	memset(x->on_node, 0, x->n_nodes * sizeof(*x->on_node));
	in = explain_count_nodes(x, SCOPE_ALL, pool, RANK_READY);
	step.reason = in ? REASON_AGGREGATE : REASON_NO_ELIGIBLE_NODE;
	step.advertised = in > 0;
	if (in)
		explain_owner(x, NULL);
	if (!in && x->verdict == REASON_NOT_OURS)
		x->verdict = REASON_NO_ELIGIBLE_NODE;
	explain_tell(x, step, "%s (%s%s) %s", text, pool_keys[pool], origin(x, pool),
	    reason_rows[step.reason].sentence);
	explain_tell_nodes(x, SCOPE_ALL, pool, RANK_READY);
}

/* ---- pod CIDRs ---- */

static void
explain_pod_cidrs(struct explaining *x) RCU_READER
{
	uint8_t family = x->prefix->addr.family;

	for (uint32_t i = 0; i < x->n_nodes; i++) {
		const struct node *n = cluster_node(x->cluster, i);
		enum reason r = rules_pod_cidr(x->now.rules, x->prefix);
		bool has = false;

		for (uint32_t k = 0; n && k < n->n_pod_cidrs; k++)
			has |= ip_prefix_equal(&n->pod_cidrs[k], x->prefix);
		if (!has)
			continue;
		if (r == REASON_OK)
			r = decide_serves(&x->decisions[i], SCOPE_LOCAL, POOL_POD_CIDR, family);

		x->path_class = PATH_POD_CIDR;
		if (r == REASON_OK) {
			add_nexthop(x, &x->decisions[i].addr[ip_family_index(family)]);
			explain_owner(x, NULL);
		} else if (x->verdict == REASON_NOT_OURS) {
			x->verdict = r;
		}
		tell_node(x, i, r, NULL);
	}
}

/* ---- the whole ---- */

static int
addr_cmp(const void *a, const void *b)
{
	return ip_cmp(a, b);
}

static void
explain_verdict(struct explaining *x)
{
	char text[IP_TEXT_MAX];
	uint32_t paths = 0;

	ip_prefix_text(x->prefix, text);
	if (x->merged)
		explain_tell(x,
		    (struct explain_step){
		        .kind = EXPLAIN_ATTRIBUTE, .reason = REASON_MERGED, .advertised = true},
		    "%s %s", text, reason_rows[REASON_MERGED].sentence);
	if (x->n_nexthops)
		qsort(x->nexthops, x->n_nexthops, sizeof(*x->nexthops), addr_cmp);
	for (uint32_t i = 0; i < x->n_nexthops; i++)
		paths += i == 0 || !ip_equal(&x->nexthops[i], &x->nexthops[i - 1]);
	if (paths)
		explain_tell(x,
		    (struct explain_step){.kind = EXPLAIN_VERDICT,
		        .reason = REASON_OK,
		        .advertised = true,
		        .path_class = (enum path_class)__builtin_ctz(x->classes),
		        .paths = paths},
		    "%s is advertised with %u next hop%s", text, paths, paths == 1 ? "" : "s");
	else
		explain_tell(x,
		    (struct explain_step){.kind = EXPLAIN_VERDICT,
		        .reason = x->verdict,
		        .path_class = x->path_class},
		    "%s %s", text, reason_rows[x->verdict].sentence);
}

/* Nodes that leave are next hops for a while still; the writer knows since when. */
static void
complete_leaving(struct explaining *x, const struct leaving_list *list)
{
	for (uint32_t i = 0; list && i < list->n; i++)
		if (list->at[i].node < x->n_nodes)
			x->decisions[list->at[i].node].leaving = list->at[i].pools;
}

static void
explain_unknown_node(struct explaining *x) RCU_READER
{
	if (!x->only || cluster_node_find(x->cluster, x->only) != CLUSTER_NONE)
		return;
	explain_tell(x,
	    (struct explain_step){
	        .kind = EXPLAIN_NODE, .reason = REASON_NODE_UNKNOWN, .name = x->only},
	    "node %.253s is not known: no Node object of this name was read, and no endpoint names it",
	    x->only);
}

void
path_explain(const struct path_maker *m, const struct ip_prefix *prefix, const char *node,
    const struct explain_sink *sink)
{
	struct explaining x = {.m = m,
	    .cluster = m->cluster,
	    .now = {.rules = rcu_get(m->rules),
	        .service_cidrs = rcu_get(m->service_cidrs),
	        .ignored_selectors =
	            atomic_load_explicit(&m->ignored_selectors, memory_order_acquire)},
	    .prefix = prefix,
	    .only = node,
	    .sink = sink,
	    .n_nodes = cluster_nodes_bound(m->cluster),
	    .verdict = REASON_NOT_OURS};

	x.decisions = must_calloc(x.n_nodes + 1, sizeof(*x.decisions));
	x.on_node = must_calloc(x.n_nodes + 1, sizeof(*x.on_node));
	for (uint32_t i = 0; i < x.n_nodes; i++)
		decide_node(&x.now, cluster_node(m->cluster, i), &x.decisions[i]);
	complete_leaving(&x, rcu_get(m->leaving));
	explain_unknown_node(&x);
	for (int p = 0; p < POOL_COUNT; p++) {
		struct config_prefixes cidrs = rules_cidrs(&x.now, (enum pool)p);

		for (uint32_t i = 0; i < cidrs.len; i++)
			explain_aggregate(&x, (enum pool)p, &cidrs.items[i]);
	}
	explain_services(&x);
	explain_pod_cidrs(&x);
	explain_verdict(&x);
	free(x.decisions);
	free(x.on_node);
	free(x.nexthops);
}
