/* SPDX-License-Identifier: Apache-2.0 */
/* calico: what of Calico's own objects is acted on and what is not, field by field. */
#include "cluster/cluster.h"
#include "path/calico.h"
#include "watch/call.h"

static void
on_field(void *ctx, const struct calico_object *o, const struct calico_verdict *v)
{
	struct json_out *j = ctx;

	(void)o;
	json_begin_object(j, NULL);
	json_str(j, "field", v->field);
	json_bool(j, "applied", v->applied);
	json_str(j, "why", v->why);
	json_end(j);
}

static void
write_object(struct call *c, const struct calico_object *o) RCU_READER
{
	struct json_out *j = &c->json;

	json_begin_object(j, NULL);
	json_str(j, "cluster", call_cluster(c)->config->name);
	json_str(j, "resource", resource_rows[o->object.resource].plural);
	json_str(j, "name", o->object.name);
	json_u64(j, "resource_version", o->object.resource_version);
	json_begin_array(j, "fields");
	calico_judge(&call_cluster(c)->config->advertise, o, on_field, j);
	json_end(j);
	json_end(j);
	call_newline(c);
}

/* The at-th place of all four tables, one behind the other; false: there are no more. */
static bool
find_place(const struct call *c, uint32_t at, enum resource *resource, uint32_t *index)
{
	for (*resource = RESOURCE_BGPCONFIG; resource_is_calico(*resource); (*resource)++) {
		uint32_t bound = cluster_calico_bound(call_cluster(c)->cluster, *resource);

		if (at < bound) {
			*index = at;
			return true;
		}
		at -= bound;
	}
	return false;
}

/* The objects of one cluster; false: the page is full before their end. */
static bool
write_objects(struct call *c)
{
	enum resource resource;
	uint32_t index;

	for (; find_place(c, c->walk.at, &resource, &index); c->walk.at++) {
		const struct calico_object *o;

		if (call_page_full(c))
			return false;
		rcu_enter();
		o = cluster_calico(call_cluster(c)->cluster, resource, index);
		if (o)
			write_object(c, o);
		rcu_leave();
	}
	return true;
}

static bool
page_objects(struct call *c)
{
	for (; c->walk.cluster < c->walk.clusters_end; c->walk.cluster++) {
		if (!write_objects(c))
			return true;
		c->walk.at = 0;
	}
	json_end(&c->json);
	json_end(&c->json);
	return false;
}

void
api_calico(struct call *c)
{
	if (!call_clusters(c))
		return;
	json_begin_object(&c->json, NULL);
	json_begin_array(&c->json, "objects");
	call_newline(c);
	c->page = page_objects;
}
