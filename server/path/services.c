/* SPDX-License-Identifier: Apache-2.0 */
/* Which prefixes the configuration and the services claim, and which of them follow a node. */
#include "path/maker.h"

#include <string.h>

/* ---- aggregates ---- */

static int
cidr_cmp(const void *a, const void *b)
{
	return ip_prefix_cmp(a, b);
}

static struct cidr_list *
read_service_cidrs(const struct cluster *c) ON_WRITER
{
	uint32_t n = 0, unique = 0;
	struct cidr_list *list;

	for (uint32_t i = 0; i < cluster_cidrs_bound(c); i++) {
		const struct service_cidr *s = cluster_cidr_own(c, i);

		n += s ? s->n_cidrs : 0u;
	}
	list = must_calloc(1, sizeof(*list) + n * sizeof(list->at[0]));
	for (uint32_t i = 0; i < cluster_cidrs_bound(c); i++) {
		const struct service_cidr *s = cluster_cidr_own(c, i);

		for (uint32_t k = 0; s && k < s->n_cidrs; k++)
			list->at[list->n++] = s->cidrs[k];
	}
	qsort(list->at, list->n, sizeof(list->at[0]), cidr_cmp);
	for (uint32_t i = 0; i < list->n; i++) {
		if (i == 0 || !ip_prefix_equal(&list->at[i], &list->at[i - 1]))
			list->at[unique++] = list->at[i];
	}
	list->n = unique;
	return list;
}

static void
cidr_list_free(struct rcu_later *later)
{
	free(later); /* later is the first member */
}

void
aggregates_update(struct path_maker *m)
{
	struct cidr_list *old = rcu_own(m->service_cidrs);
	struct rules_now now;

	rcu_publish(m->service_cidrs, read_service_cidrs(m->cluster));
	if (old)
		rcu_retire(&old->later, cidr_list_free);
	now = maker_rules(m);
	m->n_wants = 0;
	for (int p = 0; p < POOL_COUNT; p++) {
		struct config_prefixes cidrs = rules_cidrs(&now, (enum pool)p);

		for (uint32_t i = 0; i < cidrs.len; i++) {
			if (rules_aggregates(now.rules, (enum pool)p, &cidrs.items[i]))
				maker_want(m, &cidrs.items[i], PATH_AGGREGATE, (enum pool)p);
		}
	}
	prefixes_claim(&m->prefixes, 0, &m->aggregates, m->wants, m->n_wants);
}

/* ---- services ---- */

void
service_addresses_each(const struct service *s, service_address *cb, void *ctx)
{
	for (uint32_t i = 0; i < s->n_cluster_ips; i++)
		cb(ctx, &s->cluster_ips[i], PATH_CLUSTER_IP);
	for (uint32_t i = 0; i < s->n_external_ips; i++)
		cb(ctx, &s->external_ips[i], PATH_EXTERNAL_IP);
	for (uint32_t i = 0; i < s->n_ingress; i++)
		cb(ctx, &s->ingress[i].ip, PATH_LOAD_BALANCER);
}

struct wanting {
	struct path_maker *m;
	struct rules_now now;
	const struct service *service;
	bool local;
};

static void
want_address(void *ctx, const struct ip_addr *a, enum path_class path_class)
{
	struct wanting *w = ctx;
	struct ip_prefix prefix = ip_host_prefix(a);
	struct service_decision d = decide_service(&w->now, w->service, a, path_class);

	if (d.scope == SCOPE_NONE)
		return;
	maker_want(w->m, &prefix, path_class, class_pool(path_class));
	w->local |= d.scope == SCOPE_LOCAL;
}

static void
claim_addresses(struct path_maker *m, uint32_t index) ON_WRITER
{
	struct path_service *s = &m->services[index];
	struct wanting w = {
	    .m = m, .now = maker_rules(m), .service = cluster_service_own(m->cluster, index)};

	m->n_wants = 0;
	if (w.service)
		service_addresses_each(w.service, want_address, &w);
	s->local = w.local;
	if (m->n_wants || s->claims.n)
		prefixes_claim(&m->prefixes, index, &s->claims, m->wants, m->n_wants);
}

static void
reserve(struct path_maker *m)
{
	uint32_t n = m->n_services, bound = cluster_services_bound(m->cluster);

	if (bound <= n)
		return;
	m->n_services = bound > 2 * n ? bound : 2 * n;
	m->services = must_realloc(m->services, m->n_services * sizeof(*m->services));
	memset(&m->services[n], 0, (m->n_services - n) * sizeof(*m->services));
}

void
services_update(struct path_maker *m, const struct cluster_dirty *dirty, bool all)
{
	uint32_t bound = cluster_services_bound(m->cluster);

	reserve(m);
	for (uint32_t i = 0; all && i < bound; i++)
		claim_addresses(m, i);
	for (uint32_t i = 0; !all && i < dirty->n_services; i++)
		claim_addresses(m, dirty->services[i]);
}

void
services_fini(struct path_maker *m)
{
	for (uint32_t i = 0; i < m->n_services; i++)
		free(m->services[i].claims.at);
	free(m->services);
	free(m->aggregates.at);
}

static bool
slice_moved(const struct path_maker *m, const struct slice *s)
{
	for (uint32_t i = 0; i < s->n_endpoints; i++) {
		uint32_t node = slice_endpoint(s, i)->node;

		if (node != ENDPOINT_NODE_NONE && m->nodes[node].moved)
			return true;
	}
	return false;
}

static bool
endpoints_moved(const struct path_maker *m, uint32_t service) ON_WRITER
{
	const struct service_slices *slices = cluster_service_slices_own(m->cluster, service);

	for (uint32_t i = 0; slices && i < slices->n; i++) {
		const struct slice *s = cluster_slice_own(m->cluster, slices->slice[i]);

		if (s && slice_moved(m, s))
			return true;
	}
	return false;
}

/* One pass over all endpoints, however many nodes moved: half a million take milliseconds. */
void
services_follow_nodes(struct path_maker *m)
{
	if (!m->any_moved)
		return;
	for (uint32_t i = 0; i < m->n_services; i++) {
		if (m->services[i].local && endpoints_moved(m, i))
			prefixes_dirty_claims(&m->prefixes, &m->services[i].claims);
	}
	for (uint32_t i = 0; i < m->n_nodes; i++)
		m->nodes[i].moved = false;
	m->any_moved = false;
}
