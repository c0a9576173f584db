/* SPDX-License-Identifier: Apache-2.0 */
/* One change into the tables: newest wins, and only what routing reads makes dirt. */
#include "cluster/tables.h"
#include "core/metric.h"

#include <string.h>

/* Publish; the old object is the caller's to retire. */
static struct object *
swap(struct cluster *c, enum resource resource, uint32_t index, struct object *fresh) ON_WRITER
{
	return catalog_swap(cluster_catalog(c, resource), index, fresh);
}

/* Numeric resourceVersions compare only within one object; a new uid is another object. */
static bool
is_older(const struct object *fresh, const struct object *old)
{
	if (*fresh->uid && *old->uid && strcmp(fresh->uid, old->uid) != 0)
		return false;
	return fresh->resource_version && fresh->resource_version < old->resource_version;
}

static bool
node_put(struct cluster *c, uint32_t index, struct object *fresh) ON_WRITER
{
	struct object *old = swap(c, RESOURCE_NODE, index, fresh);
	bool same = old && node_equal(object_node(old), object_node(fresh));

	if (!same)
		cluster_dirty_node(c, index);
	if (old)
		object_retire(old);
	return !same;
}

static bool
service_put(struct cluster *c, uint32_t index, struct object *fresh) ON_WRITER
{
	struct object *old = swap(c, RESOURCE_SERVICE, index, fresh);
	bool same = old && service_equal(object_service(old), object_service(fresh));

	if (!same)
		cluster_dirty_service(c, index);
	if (old)
		object_retire(old);
	return !same;
}

static bool
slice_put(struct cluster *c, uint32_t index, struct object *fresh,
    const struct slice_names *names) ON_WRITER
{
	const struct slice_entry *e = catalog_at(&c->slices, index);
	struct slice *s = object_slice(fresh);
	struct object *old;
	bool moved, changed;

	slice_resolve(c, s, names);
	old = swap(c, RESOURCE_SLICE, index, fresh);
	moved = slice_belongs(c, index, fresh->ns, s->service);
	changed = moved || (e->service && !(old && slice_equal(object_slice(old), s)));
	if (changed && e->service)
		cluster_dirty_service(c, e->service - 1);
	if (old) {
		/* After the publication: readers that still see the old one keep its nodes. */
		slice_unresolve(c, object_slice(old));
		object_retire(old);
	}
	return changed;
}

static bool
cidr_put(struct cluster *c, uint32_t index, struct object *fresh) ON_WRITER
{
	struct object *old = swap(c, RESOURCE_CIDR, index, fresh);
	bool same =
	    old && service_cidr_equal(object_service_cidr(old), object_service_cidr(fresh));

	if (!same)
		c->dirty.cidrs = true;
	if (old)
		object_retire(old);
	return !same;
}

static bool
calico_put(struct cluster *c, enum resource resource, uint32_t index, struct object *fresh)
    ON_WRITER
{
	struct object *old = swap(c, resource, index, fresh);
	bool same = old && calico_equal(object_calico(old), object_calico(fresh));

	if (!same)
		c->dirty.calico = true;
	if (old)
		object_retire(old);
	return !same;
}

static enum cluster_result
upsert(struct cluster *c, struct change *change) ON_WRITER
{
	enum resource resource = change->key.resource;
	struct catalog *catalog = cluster_catalog(c, resource);
	struct object *fresh = change->object, *old;
	struct catalog_key key = {change->key.ns, change->key.name, change->hash};
	struct catalog_entry *e;
	uint32_t index;
	bool older, changed = false;

	must(catalog && fresh && fresh->resource == resource);
	index = catalog_name_own(catalog, &key);
	e = catalog_at(catalog, index);
	old = rcu_own(e->object);
	older = old && is_older(fresh, old);
	listing_sees(c, change, e);
	if (!older || e->partition == change->partition)
		scan_sees(c, change, e);
	if (older) {
		metric_inc(METRIC_RECORDS_OLD);
		return CLUSTER_OLD;
	}
	change->object = NULL;
	if (resource == RESOURCE_NODE)
		changed = node_put(c, index, fresh);
	else if (resource == RESOURCE_SERVICE)
		changed = service_put(c, index, fresh);
	else if (resource == RESOURCE_SLICE)
		changed = slice_put(c, index, fresh, change->names);
	else if (resource == RESOURCE_CIDR)
		changed = cidr_put(c, index, fresh);
	else
		changed = calico_put(c, resource, index, fresh);
	return changed ? CLUSTER_CHANGED : CLUSTER_SAME;
}

void
cluster_remove(struct cluster *c, enum resource resource, uint32_t index)
{
	struct object *old = swap(c, resource, index, NULL);

	must(old);
	switch (resource) {
	case RESOURCE_NODE:
		cluster_dirty_node(c, index);
		node_release(c, index);
		break;
	case RESOURCE_SERVICE:
		cluster_dirty_service(c, index);
		service_release(c, index);
		break;
	case RESOURCE_SLICE:
		slice_belongs(c, index, old->ns, NULL);
		slice_unresolve(c, object_slice(old));
		catalog_forget(&c->slices, index);
		break;
	case RESOURCE_CIDR:
		c->dirty.cidrs = true;
		catalog_forget(&c->cidrs, index);
		break;
	default:
		c->dirty.calico = true;
		catalog_forget(cluster_catalog(c, resource), index);
	}
	object_retire(old);
}

static enum cluster_result
tombstone(struct cluster *c, const struct change *change) ON_WRITER
{
	struct catalog *catalog = cluster_catalog(c, change->key.resource);
	struct catalog_key key = {change->key.ns, change->key.name, change->hash};
	const struct catalog_entry *e;
	const struct object *old;
	uint32_t index;

	must(catalog);
	index = catalog_find_own(catalog, &key);
	if (index == RCUMAP_NONE)
		return CLUSTER_SAME;
	e = catalog_at(catalog, index);
	old = rcu_own(e->object);
	if (!old)
		return CLUSTER_SAME;
	if (change->resource_version && change->resource_version < old->resource_version) {
		metric_inc(METRIC_RECORDS_OLD);
		return CLUSTER_OLD;
	}
	listing_sees_delete(c, change, e);
	cluster_remove(c, change->key.resource, index);
	return CLUSTER_CHANGED;
}

static enum cluster_result
caught_up(struct cluster *c) ON_WRITER
{
	atomic_store_explicit(&c->caught_up, true, memory_order_release);
	c->dirty.caught_up = true;
	return CLUSTER_CHANGED;
}

enum cluster_result
cluster_apply(struct cluster *c, struct change *change)
{
	enum cluster_result result = CLUSTER_SAME;

	switch (change->kind) {
	case CHANGE_UPSERT:
		result = upsert(c, change);
		break;
	case CHANGE_DELETE:
		result = tombstone(c, change);
		break;
	case CHANGE_SYNC_BEGIN:
		listing_begin(c, change);
		break;
	case CHANGE_SYNC_END:
		listing_end(c, change);
		break;
	case CHANGE_LOADED:
		atomic_store_explicit(&c->loaded, true, memory_order_release);
		result = CLUSTER_CHANGED;
		break;
	case CHANGE_SCAN_BEGIN:
		scan_begin(c, change->partition);
		break;
	case CHANGE_SCAN_END:
		result = scan_end(c, change->partition);
		break;
	case CHANGE_CAUGHT_UP:
		result = caught_up(c);
		break;
	}
	listing_sweep(c);
	return result;
}
