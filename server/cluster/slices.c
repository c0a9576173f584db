/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an endpoint slice names: the nodes of its endpoints and the service it belongs to. Both
 * may be unknown yet, or gone already; they are then placeholders that live as long as
 * something names them.
 */
#include "cluster/tables.h"

#include <stdlib.h>
#include <string.h>

void
node_release(struct cluster *c, uint32_t node)
{
	struct node_entry *e = catalog_at(&c->nodes, node);

	if (e->refs == 0 && !rcu_own(e->entry.object) && rcu_own(e->entry.name))
		catalog_forget(&c->nodes, node);
}

void
service_release(struct cluster *c, uint32_t service)
{
	struct service_entry *e = catalog_at(&c->services, service);

	if (!rcu_own(e->slices) && !rcu_own(e->entry.object) && rcu_own(e->entry.name))
		catalog_forget(&c->services, service);
}

/* Does endpoint i have a node, and not its neighbour's (whose text it then shares)? */
static bool
names_another(const struct slice_names *names, uint32_t i)
{
	return names->offset[i] && (i == 0 || names->offset[i] != names->offset[i - 1]);
}

static void
prefetch_nodes(const struct cluster *c, const struct slice_names *names, uint32_t from)
    ON_WRITER
{
	uint64_t hashes[CATALOG_PREFETCH_MAX];
	uint32_t n = 0;

	for (uint32_t i = from; i < names->n && i < from + CATALOG_PREFETCH_MAX; i++) {
		if (names_another(names, i))
			hashes[n++] = slice_node_hash(names, i);
	}
	catalog_prefetch_own(&c->nodes, hashes, n);
}

void
slice_resolve(struct cluster *c, struct slice *s, const struct slice_names *names)
{
	uint32_t last = ENDPOINT_NODE_NONE;

	must(!names || names->n == s->n_endpoints);
	for (uint32_t i = 0; i < s->n_endpoints; i++) {
		struct endpoint *e = slice_endpoint_mut(s, i);

		e->node = ENDPOINT_NODE_NONE;
		if (names && i % CATALOG_PREFETCH_MAX == 0)
			prefetch_nodes(c, names, i);
		if (!names || !names->offset[i])
			continue;
		if (names_another(names, i)) {
			struct catalog_key key = {
			    "", slice_node_name(names, i), slice_node_hash(names, i)};

			last = catalog_name_own(&c->nodes, &key);
		}
		e->node = last;
		((struct node_entry *)catalog_at(&c->nodes, last))->refs++;
	}
}

void
slice_unresolve(struct cluster *c, const struct slice *s)
{
	for (uint32_t i = 0; i < s->n_endpoints; i++) {
		uint32_t node = slice_endpoint(s, i)->node;
		struct node_entry *e;

		if (node == ENDPOINT_NODE_NONE)
			continue;
		e = catalog_at(&c->nodes, node);
		must(e->refs > 0);
		if (--e->refs == 0)
			node_release(c, node);
	}
}

static void
slices_free(struct rcu_later *later)
{
	free(later); /* later is the first member */
}

static void
slices_publish(struct service_entry *e, struct service_slices *fresh) ON_WRITER
{
	struct service_slices *old = rcu_own(e->slices);

	rcu_publish(e->slices, fresh);
	if (old)
		rcu_retire(&old->later, slices_free);
}

static void
slices_add(struct service_entry *e, uint32_t slice) ON_WRITER
{
	const struct service_slices *old = rcu_own(e->slices);
	uint32_t n = old ? old->n : 0, at = 0;
	struct service_slices *fresh = must_calloc(1, sizeof(*fresh) + (n + 1) * sizeof(slice));

	while (at < n && old->slice[at] < slice)
		at++;
	if (at)
		memcpy(fresh->slice, old->slice, at * sizeof(slice));
	if (n > at)
		memcpy(fresh->slice + at + 1, old->slice + at, (n - at) * sizeof(slice));
	fresh->slice[at] = slice;
	fresh->n = n + 1;
	slices_publish(e, fresh);
}

static void
slices_remove(struct service_entry *e, uint32_t slice) ON_WRITER
{
	const struct service_slices *old = rcu_own(e->slices);
	struct service_slices *fresh = NULL;

	must(old);
	if (old->n > 1) {
		fresh = must_calloc(1, sizeof(*fresh) + (old->n - 1) * sizeof(slice));
		for (uint32_t i = 0; i < old->n; i++) {
			if (old->slice[i] != slice)
				fresh->slice[fresh->n++] = old->slice[i];
		}
		must(fresh->n == old->n - 1);
	}
	slices_publish(e, fresh);
}

bool
slice_belongs(struct cluster *c, uint32_t slice, const char *ns, const char *service)
{
	struct slice_entry *e = catalog_at(&c->slices, slice);
	uint32_t before = e->service, now = 0;

	if (service && *service) {
		struct catalog_key key = catalog_key(ns, service);

		now = catalog_name_own(&c->services, &key) + 1;
	}
	if (before == now)
		return false;
	e->service = now;
	if (now) {
		slices_add(catalog_at(&c->services, now - 1), slice);
		cluster_dirty_service(c, now - 1);
	}
	if (before) {
		slices_remove(catalog_at(&c->services, before - 1), slice);
		cluster_dirty_service(c, before - 1);
		service_release(c, before - 1);
	}
	return true;
}
