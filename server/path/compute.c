/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set of one prefix, from full state: the union of what each of its owners contributes.
 * An owner without a single next hop has no say in class or attributes either.
 */
#include "core/metric.h"
#include "path/attributes.h"
#include "path/maker.h"

#include <string.h>

/* A set in the making. */
struct making {
	const struct owned_prefix *prefix;
	int family;                 /* index */
	const struct eligible *all; /* SCOPE_ALL of one owner: taken as it is */
	bool everywhere;            /* SCOPE_ALL of one owner */
	bool marked;                /* some of m->marks are not 0 */
	bool shares;                /* an owner has paths whose endpoints do not count */
	uint32_t owners;            /* that contributed */
	enum path_class path_class;
	struct path_attributes attributes;
	bool merged;
};

/* The best rank that any endpoint of the family has, whoever serves it. */
static enum rank
best_anywhere(const struct path_maker *m, uint32_t service, uint8_t family) ON_WRITER
{
	const struct service_slices *slices = cluster_service_slices_own(m->cluster, service);
	enum rank best = RANK_UNUSABLE;

	for (uint32_t i = 0; slices && i < slices->n; i++) {
		const struct slice *s = cluster_slice_own(m->cluster, slices->slice[i]);

		if (!s || s->family != family)
			continue;
		for (uint32_t k = 0; k < s->n_endpoints && best < RANK_READY; k++) {
			enum rank r = decide_endpoint(slice_endpoint(s, k)->flags);

			best = r > best ? r : best;
		}
	}
	return best;
}

/* A slot that serves, whoever else says that it leaves. */
static void
add_slot(struct path_maker *m, uint32_t slot)
{
	slotset_add(&m->set[0], slot);
	if (m->marks[slot] == MARK_LEAVING)
		m->marks[slot] = 0;
}

static uint32_t
add_eligible(struct path_maker *m, struct making *mk, enum pool pool)
{
	const struct eligible *e = &m->eligible[pool][mk->family];

	mk->shares = true;
	mk->everywhere = mk->prefix->n_owners == 1;
	if (mk->everywhere && e->n_leaving == 0) {
		mk->all = e; /* already a sorted set */
		return e->n;
	}
	for (uint32_t i = 0; i < e->n; i++)
		add_slot(m, e->slots[i]);
	for (uint32_t i = 0; i < e->n_leaving; i++) {
		if (slotset_has(&m->set[0], e->leaving[i]))
			continue;
		slotset_add(&m->set[0], e->leaving[i]);
		m->marks[e->leaving[i]] = MARK_LEAVING;
		mk->marked = true;
	}
	return e->n + e->n_leaving;
}

/* Slots of the slice's endpoints on nodes that serve, by rank: ready, then draining ones. */
static void
sort_endpoints(struct path_maker *m, const struct slice *s, enum pool pool, int family,
    struct slotset *ready, struct slotset *draining)
{
	for (uint32_t i = 0; i < s->n_endpoints; i++) {
		const struct endpoint *e = slice_endpoint(s, i);
		enum rank rank = decide_endpoint(e->flags);
		const struct path_node *n;

		if (rank == RANK_UNUSABLE || e->node == ENDPOINT_NODE_NONE)
			continue;
		n = &m->nodes[e->node];
		if (!(n->local >> pool & 1) || n->slot[family] == SLOT_NONE)
			continue;
		slotset_add(rank == RANK_READY ? ready : draining, n->slot[family]);
	}
}

static void
collect_endpoint(struct path_maker *m, const struct ip_addr *addr, uint32_t slot)
{
	if (m->n_counted == m->cap_counted) {
		m->cap_counted = m->cap_counted ? 2 * m->cap_counted : 64;
		m->counted = must_realloc(m->counted, m->cap_counted * sizeof(*m->counted));
	}
	m->counted[m->n_counted++] = (struct counted){*addr, slot};
}

static void
collect_endpoints(
    struct path_maker *m, const struct slice *s, enum pool pool, int family, enum rank rank)
{
	for (uint32_t k = 0; k < s->n_endpoints; k++) {
		const struct endpoint *e = slice_endpoint(s, k);
		struct ip_addr addr = slice_endpoint_ip(s, e);
		const struct path_node *n;

		if (decide_endpoint(e->flags) != rank || e->node == ENDPOINT_NODE_NONE)
			continue;
		n = &m->nodes[e->node];
		if (n->local >> pool & 1 && n->slot[family] != SLOT_NONE)
			collect_endpoint(m, &addr, n->slot[family]);
	}
}

static int
counted_cmp(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;
	int order = ip_cmp(&x->addr, &y->addr);

	return order ? order : (x->slot > y->slot) - (x->slot < y->slot);
}

/* How many endpoints of this rank each slot has, added to its mark. One that stands in two slices counts once. */
static void
count_endpoints(struct path_maker *m, struct making *mk, const struct service_slices *slices,
    enum pool pool, enum rank rank) ON_WRITER
{
	mk->marked = true;
	m->n_counted = 0;
	for (uint32_t i = 0; i < slices->n; i++) {
		const struct slice *s = cluster_slice_own(m->cluster, slices->slice[i]);

		if (s && s->family == mk->prefix->prefix.addr.family)
			collect_endpoints(m, s, pool, mk->family, rank);
	}
	qsort(m->counted, m->n_counted, sizeof(*m->counted), counted_cmp);
	for (uint32_t i = 0; i < m->n_counted; i++)
		if (i == 0 || counted_cmp(&m->counted[i], &m->counted[i - 1]) != 0)
			m->marks[m->counted[i].slot]++;
}

/* The union of several owners is collected aside, since ranks compare within one service. */
static uint32_t
add_local(struct path_maker *m, struct making *mk, uint32_t service, enum pool pool) ON_WRITER
{
	const struct service_slices *slices = cluster_service_slices_own(m->cluster, service);
	struct slotset *ready = &m->set[1], *draining = &m->set[2];
	enum rank rank;
	uint32_t n;

	for (uint32_t i = 0; slices && i < slices->n; i++) {
		const struct slice *s = cluster_slice_own(m->cluster, slices->slice[i]);

		if (s && s->family == mk->prefix->prefix.addr.family)
			sort_endpoints(m, s, pool, mk->family, ready, draining);
	}
	rank = ready->count ? RANK_READY : RANK_DRAINING;
	n = slotset_take(ready->count ? ready : draining, m->slots);
	for (uint32_t i = 0; i < n; i++)
		add_slot(m, m->slots[i]);
	if (n && m->count_endpoints)
		count_endpoints(m, mk, slices, pool, rank);
	if (draining->count)
		slotset_clear(draining);
	return n;
}

static uint32_t
add_node(struct path_maker *m, struct making *mk, uint32_t node)
{
	const struct path_node *n = &m->nodes[node];

	if (!(n->local >> POOL_POD_CIDR & 1) || n->slot[mk->family] == SLOT_NONE)
		return 0;
	mk->shares = true;
	add_slot(m, n->slot[mk->family]);
	return 1;
}

static void
owner_counts(struct making *mk, const struct owner *o, const struct path_attributes *attributes)
{
	if (mk->owners++ == 0) {
		mk->path_class = (enum path_class)o->path_class;
		mk->attributes = *attributes;
		return;
	}
	if (o->path_class < mk->path_class)
		mk->path_class = (enum path_class)o->path_class;
	mk->merged |= attributes_merge(&mk->attributes, attributes);
}

static void
add_owner(struct path_maker *m, struct making *mk, struct owned_prefix *p,
    const struct owner *o) ON_WRITER
{
	enum pool pool = (enum pool)o->pool;
	struct path_attributes attributes;
	const struct service *s = NULL;
	uint32_t n = 0;

	if (o->path_class == PATH_AGGREGATE) {
		p->follows |= (uint8_t)(1u << pool);
		n = add_eligible(m, mk, pool);
	} else if (o->path_class == PATH_POD_CIDR) {
		n = add_node(m, mk, o->index);
	} else {
		struct rules_now now = maker_rules(m);
		enum scope scope;

		s = cluster_service_own(m->cluster, o->index);
		must(s); /* one that is gone claims nothing */
		scope = decide_service(&now, s, &p->prefix.addr, (enum path_class)o->path_class)
		            .scope;
		if (scope == SCOPE_LOCAL) {
			n = add_local(m, mk, o->index, pool);
		} else if (scope == SCOPE_ALL) {
			p->follows |= (uint8_t)(1u << pool);
			if (best_anywhere(m, o->index, p->prefix.addr.family) != RANK_UNUSABLE)
				n = add_eligible(m, mk, pool);
		}
	}
	if (n == 0)
		return;
	attributes_of_prefix(
	    rcu_own(m->rules), &p->prefix, (enum path_class)o->path_class, &attributes);
	if (s)
		attributes_of_service(s, &attributes, NULL, NULL);
	owner_counts(mk, o, &attributes);
}

static void
hold_attributes(struct path_maker *m, struct owned_prefix *p, const struct making *mk) ON_WRITER
{
	p->attributes = mk->owners
	                    ? attribute_ids_hold(&m->attributes, &mk->attributes, &m->sink)
	                    : ATTRIBUTES_NONE;
	if (mk->merged != p->merged) {
		m->merged += mk->merged ? 1u : -1u;
		metric_add(METRIC_PREFIXES_MERGED, mk->merged ? 1 : -1);
	}
	p->merged = mk->merged;
}

/* The prefix's attributes, changed by the mark: found, or made and held. */
static uint32_t
variant_of(struct path_maker *m, const struct making *mk, uint32_t mark) ON_WRITER
{
	struct path_attributes a = mk->attributes;

	for (uint32_t i = 0; i < m->n_variants; i++) {
		if (m->variants[i].mark == mark)
			return m->variants[i].id;
	}
	if (m->n_variants == m->cap_variants) {
		m->cap_variants = m->cap_variants ? 2 * m->cap_variants : 16;
		m->variants = must_realloc(m->variants, m->cap_variants * sizeof(*m->variants));
	}
	if (mark == MARK_LEAVING)
		attributes_leave(&a);
	else
		a.endpoints = mark;
	m->variants[m->n_variants] =
	    (struct variant){mark, attribute_ids_hold(&m->attributes, &a, &m->sink)};
	return m->variants[m->n_variants++].id;
}

static uint32_t
attributes_of_slot(struct path_maker *m, const struct owned_prefix *p, const struct making *mk,
    uint32_t slot) ON_WRITER
{
	uint32_t mark = m->marks[slot];

	m->marks[slot] = 0;
	if (mark == 0 || (mark != MARK_LEAVING && mk->shares))
		return p->attributes;
	return variant_of(m, mk, mark);
}

/* What the variants hold is held by the prefix from now on. */
static void
keep_variants(struct path_maker *m, struct owned_prefix *p)
{
	p->more = NULL;
	p->n_more = m->n_variants;
	if (m->n_variants)
		p->more = must_alloc(m->n_variants * sizeof(*p->more));
	for (uint32_t i = 0; i < m->n_variants; i++)
		p->more[i] = m->variants[i].id;
	m->n_variants = 0;
}

static void
emit(struct path_maker *m, struct owned_prefix *p, const struct making *mk) ON_WRITER
{
	const uint32_t *slots = m->slots;
	uint32_t n;

	if (mk->all) {
		slots = mk->all->slots;
		n = mk->all->n;
	} else {
		n = slotset_take(&m->set[0], m->slots);
	}
	for (uint32_t i = 0; i < n; i++)
		m->choices[i] = (struct path_choice){slots[i],
		    mk->marked ? attributes_of_slot(m, p, mk, slots[i]) : p->attributes};
	keep_variants(m, p);
	m->sink.set(m->sink.ctx, &p->prefix, (enum path_class)p->last_class, mk->everywhere,
	    m->choices, n);
}

void
prefix_compute(struct path_maker *m, struct owned_prefix *p)
{
	struct making mk = {.prefix = p, .family = (int)ip_family_index(p->prefix.addr.family)};
	struct owned_prefix before = *p;

	p->follows = 0;
	for (uint32_t i = 0; i < p->n_owners; i++)
		add_owner(m, &mk, p, &p->owners[i]);
	if (mk.owners)
		p->last_class = (uint8_t)mk.path_class;
	hold_attributes(m, p, &mk);
	emit(m, p, &mk);
	attribute_ids_drop(&m->attributes, before.attributes);
	for (uint32_t i = 0; i < before.n_more; i++)
		attribute_ids_drop(&m->attributes, before.more[i]);
	free(before.more);
}
