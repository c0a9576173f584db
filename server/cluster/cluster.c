/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/cluster.h"

#include "cluster/tables.h"
#include "core/clock.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(offsetof(struct node_entry, entry) == 0 &&
                   offsetof(struct service_entry, entry) == 0 &&
                   offsetof(struct slice_entry, entry) == 0,
    "a catalog's entry is the first member");

struct cluster *
cluster_new(void)
{
	struct cluster *c = must_calloc(1, sizeof(*c));

	catalog_init(&c->nodes, sizeof(struct node_entry));
	catalog_init(&c->services, sizeof(struct service_entry));
	catalog_init(&c->slices, sizeof(struct slice_entry));
	catalog_init(&c->cidrs, sizeof(struct catalog_entry));
	for (unsigned i = 0; i < CALICO_RESOURCES; i++)
		catalog_init(&c->calico[i], sizeof(struct catalog_entry));
	c->started_ms = clock_wall_ns() / NS_PER_MS;
	return c;
}

void
cluster_free(struct cluster *c)
{
	rcu_drain();
	for (uint32_t i = 0; i < catalog_bound(&c->services); i++) {
		struct service_entry *e = catalog_at(&c->services, i);

		free(rcu_own(e->slices));
	}
	catalog_fini(&c->nodes);
	catalog_fini(&c->services);
	catalog_fini(&c->slices);
	catalog_fini(&c->cidrs);
	for (unsigned i = 0; i < CALICO_RESOURCES; i++)
		catalog_fini(&c->calico[i]);

	free(c->dirty_services.at);
	free(c->dirty_nodes.at);
	free(c->scans);
	free(c);
}

struct catalog *
cluster_catalog(struct cluster *c, enum resource resource)
{
	switch (resource) {
	case RESOURCE_NODE:
		return &c->nodes;
	case RESOURCE_SERVICE:
		return &c->services;
	case RESOURCE_SLICE:
		return &c->slices;
	case RESOURCE_CIDR:
		return &c->cidrs;
	default:
		return resource_is_calico(resource) ? &c->calico[resource - RESOURCE_BGPCONFIG]
		                                    : NULL;
	}
}

/* ---- dirt ---- */

static void
dirty_add(struct dirty_list *l, uint32_t index)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 256;
		l->at = must_realloc(l->at, l->cap * sizeof(*l->at));
	}
	l->at[l->n++] = index;
}

void
cluster_dirty_service(struct cluster *c, uint32_t service)
{
	struct service_entry *e = catalog_at(&c->services, service);

	if (!e->dirty)
		dirty_add(&c->dirty_services, service);
	e->dirty = true;
}

void
cluster_dirty_node(struct cluster *c, uint32_t node)
{
	struct node_entry *e = catalog_at(&c->nodes, node);

	if (!e->dirty)
		dirty_add(&c->dirty_nodes, node);
	e->dirty = true;
}

const struct cluster_dirty *
cluster_dirty(struct cluster *c)
{
	c->dirty.services = c->dirty_services.at;
	c->dirty.n_services = c->dirty_services.n;
	c->dirty.nodes = c->dirty_nodes.at;
	c->dirty.n_nodes = c->dirty_nodes.n;
	return &c->dirty;
}

void
cluster_clean(struct cluster *c)
{
	for (uint32_t i = 0; i < c->dirty_services.n; i++) {
		struct service_entry *e = catalog_at(&c->services, c->dirty_services.at[i]);

		e->dirty = false;
	}
	for (uint32_t i = 0; i < c->dirty_nodes.n; i++) {
		struct node_entry *e = catalog_at(&c->nodes, c->dirty_nodes.at[i]);

		e->dirty = false;
	}
	c->dirty_services.n = c->dirty_nodes.n = 0;
	c->dirty = (struct cluster_dirty){0};
}

void
cluster_taint_all(struct cluster *c)
{
	c->dirty.all = true;
}

/* ---- reading ---- */

bool
cluster_loaded(const struct cluster *c)
{
	return atomic_load_explicit(&c->loaded, memory_order_acquire);
}

bool
cluster_caught_up(const struct cluster *c)
{
	return atomic_load_explicit(&c->caught_up, memory_order_acquire);
}

uint32_t
cluster_nodes_bound(const struct cluster *c)
{
	return catalog_bound(&c->nodes);
}

uint32_t
cluster_services_bound(const struct cluster *c)
{
	return catalog_bound(&c->services);
}

uint32_t
cluster_slices_bound(const struct cluster *c)
{
	return catalog_bound(&c->slices);
}

uint32_t
cluster_cidrs_bound(const struct cluster *c)
{
	return catalog_bound(&c->cidrs);
}

uint32_t
cluster_count(const struct cluster *c, enum resource resource)
{
	const struct catalog *catalog =
	    cluster_catalog((struct cluster *)(uintptr_t)c, resource); /* only read here */

	return catalog ? atomic_load_explicit(&catalog->objects, memory_order_relaxed) : 0;
}

static struct object *
object_of(const struct catalog *catalog, uint32_t index) RCU_READER
{
	const struct catalog_entry *e = catalog_at(catalog, index);

	return rcu_get(e->object);
}

static struct object *
object_own(const struct catalog *catalog, uint32_t index) ON_WRITER
{
	const struct catalog_entry *e = catalog_at(catalog, index);

	return rcu_own(e->object);
}

const struct node *
cluster_node(const struct cluster *c, uint32_t node)
{
	return object_node(object_of(&c->nodes, node));
}

const struct service *
cluster_service(const struct cluster *c, uint32_t service)
{
	return object_service(object_of(&c->services, service));
}

const struct slice *
cluster_slice(const struct cluster *c, uint32_t slice)
{
	return object_slice(object_of(&c->slices, slice));
}

const struct service_cidr *
cluster_cidr(const struct cluster *c, uint32_t cidr)
{
	return object_service_cidr(object_of(&c->cidrs, cidr));
}

uint32_t
cluster_calico_bound(const struct cluster *c, enum resource resource)
{
	must(resource_is_calico(resource));
	return catalog_bound(&c->calico[resource - RESOURCE_BGPCONFIG]);
}

const struct calico_object *
cluster_calico(const struct cluster *c, enum resource resource, uint32_t index)
{
	must(resource_is_calico(resource));
	return object_calico(object_of(&c->calico[resource - RESOURCE_BGPCONFIG], index));
}

const struct calico_object *
cluster_calico_own(const struct cluster *c, enum resource resource, uint32_t index)
{
	must(resource_is_calico(resource));
	return object_calico(object_own(&c->calico[resource - RESOURCE_BGPCONFIG], index));
}

const char *
cluster_node_name(const struct cluster *c, uint32_t node)
{
	const struct catalog_entry *e = catalog_at(&c->nodes, node);
	const struct catalog_name *name = rcu_get(e->name);

	return name ? name->text + name->name_at : NULL;
}

uint32_t
cluster_node_find(const struct cluster *c, const char *name)
{
	return catalog_find(&c->nodes, "", name);
}

uint32_t
cluster_service_find(const struct cluster *c, const char *ns, const char *name)
{
	return catalog_find(&c->services, ns, name);
}

const struct service_slices *
cluster_service_slices(const struct cluster *c, uint32_t service)
{
	const struct service_entry *e = catalog_at(&c->services, service);

	return rcu_get(e->slices);
}

const struct node *
cluster_node_own(const struct cluster *c, uint32_t node)
{
	return object_node(object_own(&c->nodes, node));
}

const struct service *
cluster_service_own(const struct cluster *c, uint32_t service)
{
	return object_service(object_own(&c->services, service));
}

const struct slice *
cluster_slice_own(const struct cluster *c, uint32_t slice)
{
	return object_slice(object_own(&c->slices, slice));
}

const struct service_cidr *
cluster_cidr_own(const struct cluster *c, uint32_t cidr)
{
	return object_service_cidr(object_own(&c->cidrs, cidr));
}

const struct service_slices *
cluster_service_slices_own(const struct cluster *c, uint32_t service)
{
	const struct service_entry *e = catalog_at(&c->services, service);

	return rcu_own(e->slices);
}
