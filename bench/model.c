/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A naive reading of what is advertised: for every address of every service, which nodes. No
 * state is kept between two models and nothing is incremental, so that it stays easy to see
 * that it is right; its speed does not matter.
 */
#include "model.h"

#include "pathhash.h"

#include <stdlib.h>
#include <string.h>

struct maker {
	const struct cluster *cluster;
	const struct model_rules *rules;
	struct model *model;
	size_t room;
	uint8_t
	    *node_state; /* scratch of one service and family: READY_HERE, TERMINATING_HERE */
};

enum { READY_HERE = 1, TERMINATING_HERE = 2 };

struct model_rules
model_rules_default(bool dual_stack)
{
	struct model_rules r = {.cluster_ip_policy = MODEL_POLICY_EXTERNAL,
	    .lb_aggregation = true,
	    .cluster_id = 0x0aff0001, /* 10.255.0.1 */
	    .local_pref = 100};
	bool ok = ip_prefix_parse("10.96.0.0/12", &r.cluster_ips.list[r.cluster_ips.count++]);

	if (dual_stack)
		ok = ip_prefix_parse(
		         "fd00:96::/108", &r.cluster_ips.list[r.cluster_ips.count++]) &&
		     ok;
	must(ok);
	return r;
}

/* What the target writes into every attribute set but for the next hop. */
static uint64_t
expected_attrs(const struct model_rules *r, const struct bench_node *n)
{
	uint8_t word[4];
	uint64_t sum =
	    path_attr_hash(0x40, 1, (const uint8_t *)"", 1); /* ORIGIN IGP: one zero byte */

	if (r->ebgp_as) {
		uint8_t sequence[6] = {2, 1, (uint8_t)(r->ebgp_as >> 24),
		    (uint8_t)(r->ebgp_as >> 16), (uint8_t)(r->ebgp_as >> 8),
		    (uint8_t)r->ebgp_as};

		return sum + path_attr_hash(0x40, 2, sequence, sizeof(sequence));
	}
	sum += path_attr_hash(0x40, 2, NULL, 0);
	for (unsigned i = 0; i < 4; i++)
		word[i] = (uint8_t)(r->local_pref >> (24 - 8 * i));
	sum += path_attr_hash(0x40, 5, word, 4);
	sum += path_attr_hash(0x80, 9, n->ip[0].bytes, 4);
	for (unsigned i = 0; i < 4; i++)
		word[i] = (uint8_t)(r->cluster_id >> (24 - 8 * i));
	return sum + path_attr_hash(0x80, 10, word, 4);
}

/* Kubernetes' own exclusion and a broken network take a node out of everything. */
static bool
node_can_serve(const struct bench_node *n)
{
	return !n->gone && !n->exclude && !n->network_unavailable;
}

/* A node that the autoscaler is about to remove keeps only what its own endpoints need. */
static bool
node_takes_any(const struct bench_node *n)
{
	return node_can_serve(n) && !n->deleting;
}

static void
add_path(struct maker *m, const struct ip_prefix *prefix, uint32_t node)
{
	const struct bench_node *n = &m->cluster->nodes[node];
	const struct ip_addr *hop = &n->ip[ip_family_index(prefix->addr.family)];

	if (hop->family == IP_NONE)
		return;
	if (m->model->count == m->room) {
		m->room = m->room ? m->room * 2 : 1024;
		m->model->paths =
		    must_realloc(m->model->paths, m->room * sizeof(*m->model->paths));
	}
	m->model->paths[m->model->count++] = (struct model_path){
	    .prefix = *prefix, .next_hop = *hop, .attr_digest = expected_attrs(m->rules, n)};
}

static void
add_from_every_node(struct maker *m, const struct ip_prefix *prefix)
{
	for (uint32_t i = 0; i < m->cluster->node_count; i++)
		if (node_takes_any(&m->cluster->nodes[i]))
			add_path(m, prefix, i);
}

static bool
endpoint_ready(const struct bench_endpoint *e)
{
	return e->ready != TRI_FALSE;
}

/* Still answering while it is being taken down. */
static bool
endpoint_terminating(const struct bench_endpoint *e)
{
	bool serving = e->serving == TRI_ABSENT ? endpoint_ready(e) : e->serving == TRI_TRUE;

	return serving && e->terminating == TRI_TRUE;
}

/* Fill node_state; true when the service has a usable endpoint anywhere in that family. */
static bool
look_at_endpoints(struct maker *m, const struct bench_service *s, uint8_t family)
{
	bool usable = false;

	memset(m->node_state, 0, m->cluster->node_count);
	for (uint32_t i = 0; i < s->slice_count; i++) {
		const struct bench_slice *slice = &s->slices[i];

		if (slice->gone || slice->family != family)
			continue;
		for (uint32_t k = 0; k < slice->count; k++) {
			const struct bench_endpoint *e = &slice->endpoints[k];
			uint8_t here = endpoint_ready(e)         ? READY_HERE
			               : endpoint_terminating(e) ? TERMINATING_HERE
			                                         : 0;

			usable = usable || here;
			if (e->node < m->cluster->node_count &&
			    !m->cluster->nodes[e->node].gone)
				m->node_state[e->node] |= here;
		}
	}
	return usable;
}

/* Ready nodes; where there is none, those that are still serving their last requests. */
static void
add_from_endpoint_nodes(struct maker *m, const struct ip_prefix *prefix)
{
	uint8_t wanted = TERMINATING_HERE;

	for (uint32_t i = 0; i < m->cluster->node_count; i++)
		if (m->node_state[i] & READY_HERE)
			wanted = READY_HERE;
	for (uint32_t i = 0; i < m->cluster->node_count; i++)
		if ((m->node_state[i] & wanted) && node_can_serve(&m->cluster->nodes[i]))
			add_path(m, prefix, i);
}

static bool
inside(const struct model_cidrs *cidrs, const struct ip_addr *a)
{
	for (unsigned i = 0; i < cidrs->count; i++)
		if (ip_prefix_has(&cidrs->list[i], a))
			return true;
	return false;
}

static bool
cluster_ip_is_local(const struct maker *m, const struct bench_service *s)
{
	switch (m->rules->cluster_ip_policy) {
	case MODEL_POLICY_EXTERNAL:
		return s->external_local;
	case MODEL_POLICY_INTERNAL:
		return s->internal_local;
	case MODEL_POLICY_EITHER:
		break;
	}
	return s->external_local || s->internal_local;
}

static void
add_cluster_ip(struct maker *m, const struct bench_service *s, const struct ip_addr *a)
{
	struct ip_prefix host = ip_host_prefix(a);
	bool usable = look_at_endpoints(m, s, a->family);

	if (!inside(&m->rules->cluster_ips, a))
		return;
	if (cluster_ip_is_local(m, s))
		add_from_endpoint_nodes(m, &host);
	else if (m->rules->host_routes_all && usable)
		add_from_every_node(m, &host);
}

static void
add_external_ip(struct maker *m, const struct bench_service *s, const struct ip_addr *a)
{
	struct ip_prefix host = ip_host_prefix(a);
	bool usable = look_at_endpoints(m, s, a->family);

	if (!inside(&m->rules->external_ips, a))
		return;
	if (s->external_local)
		add_from_endpoint_nodes(m, &host);
	else if (usable)
		add_from_every_node(m, &host);
}

static void
add_lb_ip(struct maker *m, const struct bench_service *s, const struct ip_addr *a)
{
	struct ip_prefix host = ip_host_prefix(a);
	bool usable = look_at_endpoints(m, s, a->family);

	if (!inside(&m->rules->lb_ips, a))
		return;
	if (s->external_local)
		add_from_endpoint_nodes(m, &host);
	else if (usable && (!m->rules->lb_aggregation || m->rules->host_routes_all))
		add_from_every_node(m, &host);
}

static void
add_service(struct maker *m, const struct bench_service *s)
{
	if (s->gone || s->external_name)
		return;
	for (unsigned f = 0; f < IP_FAMILIES && !s->headless; f++)
		if (s->cluster_ips[f].family != IP_NONE)
			add_cluster_ip(m, s, &s->cluster_ips[f]);
	for (unsigned i = 0; i < s->external_ip_count; i++)
		add_external_ip(m, s, &s->external_ips[i]);
	for (unsigned i = 0; i < s->lb_ip_count; i++)
		add_lb_ip(m, s, &s->lb_ips[i]);
}

static void
add_aggregates(struct maker *m, const struct model_cidrs *cidrs, bool single_too)
{
	for (unsigned i = 0; i < cidrs->count; i++) {
		const struct ip_prefix *p = &cidrs->list[i];

		if (single_too || p->len < ip_bits(p->addr.family))
			add_from_every_node(m, p);
	}
}

static void
add_pod_cidrs(struct maker *m)
{
	for (uint32_t i = 0; i < m->cluster->node_count; i++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			if (node_takes_any(&m->cluster->nodes[i]) &&
			    m->cluster->nodes[i].pod_cidr[f].addr.family != IP_NONE)
				add_path(m, &m->cluster->nodes[i].pod_cidr[f], i);
}

static int
path_key_cmp(
    const struct model_path *x, const struct ip_prefix *prefix, const struct ip_addr *next_hop)
{
	int c = ip_prefix_cmp(&x->prefix, prefix);

	return c ? c : ip_cmp(&x->next_hop, next_hop);
}

static int
path_cmp(const void *a, const void *b)
{
	const struct model_path *y = b;

	return path_key_cmp(a, &y->prefix, &y->next_hop);
}

/* Two services may share an address: each path once. */
static void
sort_and_sum(struct model *m)
{
	size_t kept = 0;

	if (m->count)
		qsort(m->paths, m->count, sizeof(*m->paths), path_cmp);
	for (size_t i = 0; i < m->count; i++)
		if (i == 0 || path_cmp(&m->paths[i], &m->paths[kept - 1]) != 0)
			m->paths[kept++] = m->paths[i];
	m->count = kept;
	for (size_t i = 0; i < kept; i++) {
		const struct model_path *p = &m->paths[i];
		struct model_family *f = &m->families[ip_family_index(p->prefix.addr.family)];
		uint64_t hash = path_hash(&p->prefix, path_seed(&p->next_hop, p->attr_digest));

		m->digest += hash;
		f->digest += hash;
		f->paths++;
		f->prefixes += i == 0 || ip_prefix_cmp(&p->prefix, &p[-1].prefix) != 0;
	}
}

struct model *
model_new(const struct cluster *c, const struct model_rules *rules)
{
	struct model *model = must_calloc(1, sizeof(*model));
	struct maker m = {.cluster = c,
	    .rules = rules,
	    .model = model,
	    .node_state = must_calloc(c->node_count + 1, 1)};

	add_aggregates(&m, &rules->cluster_ips, true);
	add_aggregates(&m, &rules->external_ips, false);
	if (rules->lb_aggregation)
		add_aggregates(&m, &rules->lb_ips, false);
	if (rules->pod_cidrs)
		add_pod_cidrs(&m);
	for (uint32_t i = 0; i < c->service_count; i++)
		add_service(&m, &c->services[i]);
	free(m.node_state);
	sort_and_sum(model);
	return model;
}

void
model_free(struct model *m)
{
	if (!m)
		return;
	free(m->paths);
	free(m);
}

size_t
model_find(
    const struct model *m, const struct ip_prefix *prefix, const struct ip_addr *next_hop)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = path_key_cmp(&m->paths[mid], prefix, next_hop);

		if (c == 0)
			return mid;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return SIZE_MAX;
}
