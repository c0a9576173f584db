/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes as next hops: what each may serve, its slots, and who serves all of a pool. */
#include "core/log.h"
#include "core/metric.h"
#include "path/maker.h"

#include <string.h>

static const enum ip_family families[IP_FAMILIES] = {IP_V4, IP_V6};

static void
reserve(struct path_maker *m)
{
	uint32_t n = m->n_nodes, bound = cluster_nodes_bound(m->cluster);

	if (bound <= n)
		return;
	m->n_nodes = bound > 2 * n ? bound : 2 * n;
	m->nodes = must_realloc(m->nodes, m->n_nodes * sizeof(*m->nodes));
	memset(&m->nodes[n], 0, (m->n_nodes - n) * sizeof(*m->nodes));
	for (; n < m->n_nodes; n++) {
		for (int f = 0; f < IP_FAMILIES; f++)
			m->nodes[n].slot[f] = m->nodes[n].hop[f] = HOP_NONE;
	}
}

void
nodes_fini(struct path_maker *m)
{
	for (uint32_t i = 0; i < m->n_nodes; i++)
		free(m->nodes[i].claims.at);
	free(m->nodes);
	for (int p = 0; p < POOL_COUNT; p++) {
		for (int f = 0; f < IP_FAMILIES; f++) {
			free(m->eligible[p][f].slots);
			free(m->eligible[p][f].leaving);
		}
	}
}

static uint8_t
mask_of(const enum reason reasons[POOL_COUNT])
{
	uint8_t mask = 0;

	for (int p = 0; p < POOL_COUNT; p++) {
		if (reasons[p] == REASON_OK)
			mask |= (uint8_t)(1u << p);
	}
	return mask;
}

/* The node's hop of the family; new before old, so that an address that stays keeps its hop. */
static void
update_hop(struct path_maker *m, struct path_node *n, const struct node_decision *d, int f)
    ON_WRITER
{
	uint32_t before = n->hop[f];

	n->hop[f] = d->address[f] == REASON_OK ? hops_hold(&m->hops, &d->addr[f]) : HOP_NONE;
	hops_drop(&m->hops, before);
	if (n->hop[f] != before)
		m->eligible_stale = n->moved = true;
	if (n->hop[f] == HOP_NONE)
		n->slot[f] = SLOT_NONE;
}

static void
count_selected(struct path_maker *m, const struct path_node *n, int sign)
{
	if (!n->known)
		return;
	m->known += (uint32_t)sign;
	for (int p = 0; p < POOL_COUNT; p++) {
		if (n->selected >> p & 1)
			m->selected[p] += (uint32_t)sign;
	}
}

static void
claim_pod_cidrs(struct path_maker *m, uint32_t index, const struct node *node) ON_WRITER
{
	struct path_node *n = &m->nodes[index];

	m->n_wants = 0;
	for (uint32_t i = 0; node && i < node->n_pod_cidrs; i++) {
		if (rules_pod_cidr(rcu_own(m->rules), &node->pod_cidrs[i]) == REASON_OK)
			maker_want(m, &node->pod_cidrs[i], PATH_POD_CIDR, POOL_POD_CIDR);
	}
	if (m->n_wants || n->claims.n)
		prefixes_claim(&m->prefixes, index, &n->claims, m->wants, m->n_wants);
}

static void
update_node(struct path_maker *m, uint32_t index) ON_WRITER
{
	const struct node *node = cluster_node_own(m->cluster, index);
	struct rules_now now = maker_rules(m);
	struct path_node *n = &m->nodes[index];
	struct node_decision d;
	uint8_t all, local;

	decide_node(&now, node, &d);
	all = mask_of(d.all);
	local = mask_of(d.local);
	if (all != n->all)
		m->eligible_stale = true;
	leaving_decide(m, n, &d);
	if (local != n->local)
		n->moved = true;
	count_selected(m, n, -1);
	n->known = node != NULL;
	n->selected = d.selected;
	count_selected(m, n, 1);
	n->all = all;
	n->local = local;
	if (d.originator != n->originator || d.rack != n->rack || d.zone != n->zone) {
		n->originator = d.originator;
		n->rack = d.rack;
		n->zone = d.zone;
		for (int f = 0; f < IP_FAMILIES; f++)
			hops_touch(&m->hops, n->hop[f]);
	}
	for (int f = 0; f < IP_FAMILIES; f++)
		update_hop(m, n, &d, f);
	m->any_moved |= n->moved;
	claim_pod_cidrs(m, index, node);
}

/* A selector that matches no node is a mistake: following it would withdraw the whole class. */
static uint8_t
selectors_to_ignore(const struct path_maker *m) ON_WRITER
{
	const struct rules *rules = rcu_own(m->rules);
	uint8_t mask = 0;

	if (!cluster_caught_up(m->cluster) || m->known == 0)
		return 0;
	for (int p = 0; p < POOL_COUNT; p++) {
		if (rules->selectors[p] && m->selected[p] == 0)
			mask |= (uint8_t)(1u << p);
	}
	return mask;
}

static void
update_all(struct path_maker *m) ON_WRITER
{
	uint32_t bound = cluster_nodes_bound(m->cluster);

	for (uint32_t i = 0; i < bound; i++)
		update_node(m, i);
}

static void
update_selectors(struct path_maker *m) ON_WRITER
{
	uint8_t before = atomic_load_explicit(&m->ignored_selectors, memory_order_relaxed);
	uint8_t now = selectors_to_ignore(m);

	if (now == before)
		return;
	for (int p = 0; p < POOL_COUNT; p++) {
		if (now >> p & 1 && !(before >> p & 1))
			log_warn("a node selector matches no node and is ignored",
			    f_str("class", path_class_names[pool_class((enum pool)p)]));
		if (before >> p & 1 && !(now >> p & 1))
			log_info("a node selector matches nodes again",
			    f_str("class", path_class_names[pool_class((enum pool)p)]));
	}
	metric_add(
	    METRIC_SELECTORS_IGNORED, __builtin_popcount(now) - __builtin_popcount(before));
	atomic_store_explicit(&m->ignored_selectors, now, memory_order_release);
	update_all(m);
}

/* Addresses that several nodes have become one next hop: say so, once per recompute. */
static void
report_shared(struct hops *h)
{
	uint32_t shared = 0, before = h->shared;
	const struct hop *example = NULL;

	for (uint32_t i = 0; i < h->bound; i++) {
		if (h->at[i].nodes < 2)
			continue;
		shared++;
		example = &h->at[i];
	}
	if (shared > before)
		log_warn("nodes share an address: they are one next hop",
		    f_u64("addresses", shared), f_ip("for_example", example->addr),
		    f_u64("its_nodes", example->nodes));
	metric_add(METRIC_NODE_ADDRESSES_SHARED, (int64_t)shared - (int64_t)before);
	h->shared = shared;
}

static void
update_slots(struct path_maker *m) ON_WRITER
{
	if (m->hops.n_touched == 0)
		return;
	hops_assign_ids(&m->hops);
	for (uint32_t i = 0; i < m->n_nodes; i++) {
		for (int f = 0; f < IP_FAMILIES; f++) {
			uint32_t hop = m->nodes[i].hop[f];

			if (hop != HOP_NONE && m->hops.at[hop].touched)
				hops_node(&m->hops, hop, m->nodes[i].originator,
				    m->nodes[i].rack, m->nodes[i].zone);
		}
	}
	hops_renew(&m->hops, &m->sink);
	for (uint32_t i = 0; i < m->n_nodes; i++) {
		struct path_node *n = &m->nodes[i];

		for (int f = 0; f < IP_FAMILIES; f++) {
			uint32_t hop = n->hop[f];

			if (hop == HOP_NONE || n->slot[f] == m->hops.at[hop].slot)
				continue;
			n->slot[f] = m->hops.at[hop].slot;
			n->moved = m->any_moved = m->eligible_stale = true;
			prefixes_dirty_claims(&m->prefixes, &n->claims);
		}
	}
	report_shared(&m->hops);
}

static void
dirty_followers(struct path_maker *m, enum pool pool, int f)
{
	for (uint32_t i = 0; i < m->prefixes.bound; i++) {
		const struct owned_prefix *p = &m->prefixes.at[i];

		if (p->n_owners && p->follows >> pool & 1 &&
		    p->prefix.addr.family == families[f])
			prefixes_dirty(&m->prefixes, i);
	}
}

/* The set becomes the list; true: it is another one. */
static bool
replace_list(struct slotset *set, uint32_t *scratch, uint32_t **list, uint32_t *n)
{
	uint32_t fresh = slotset_take(set, scratch);

	if (fresh == *n && (fresh == 0 || memcmp(*list, scratch, fresh * sizeof(**list)) == 0))
		return false;
	*list = must_realloc(*list, (fresh + 1) * sizeof(**list));
	if (fresh)
		memcpy(*list, scratch, fresh * sizeof(**list));
	*n = fresh;
	return true;
}

static void
update_eligible(struct path_maker *m, enum pool pool, int f)
{
	struct eligible *e = &m->eligible[pool][f];
	bool changed;

	for (uint32_t i = 0; i < m->n_nodes; i++) {
		const struct path_node *n = &m->nodes[i];

		if (n->slot[f] == SLOT_NONE)
			continue;
		if (n->all >> pool & 1)
			slotset_add(&m->set[0], n->slot[f]);
		else if (n->leaving >> pool & 1)
			slotset_add(&m->set[1], n->slot[f]);
	}
	changed = replace_list(&m->set[0], m->slots, &e->slots, &e->n);
	changed |= replace_list(&m->set[1], m->slots, &e->leaving, &e->n_leaving);
	if (changed)
		dirty_followers(m, pool, f);
}

static void
reserve_slots(struct path_maker *m)
{
	uint32_t bound = m->hops.slots_bound;

	for (size_t i = 0; i < COUNT_OF(m->set); i++)
		slotset_reserve(&m->set[i], bound);
	if (bound <= m->cap_choices)
		return;
	m->marks = must_realloc(m->marks, 2 * bound * sizeof(*m->marks));
	memset(&m->marks[m->cap_choices], 0, (2 * bound - m->cap_choices) * sizeof(*m->marks));
	m->cap_choices = 2 * bound;
	m->slots = must_realloc(m->slots, m->cap_choices * sizeof(*m->slots));
	m->choices = must_realloc(m->choices, m->cap_choices * sizeof(*m->choices));
}

void
nodes_update(struct path_maker *m, const struct cluster_dirty *dirty, bool all)
{
	reserve(m);
	leaving_expire(m);
	if (all) {
		update_all(m);
	} else {
		for (uint32_t i = 0; i < dirty->n_nodes; i++)
			update_node(m, dirty->nodes[i]);
	}
	update_selectors(m);
	update_slots(m);
	reserve_slots(m);
	leaving_publish(m);
	if (!m->eligible_stale)
		return;
	m->eligible_stale = false;
	for (int f = 0; f < IP_FAMILIES; f++) {
		for (int p = 0; p < POOL_POD_CIDR; p++)
			update_eligible(m, (enum pool)p, f);
	}
}
