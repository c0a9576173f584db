/* SPDX-License-Identifier: Apache-2.0 */
#include "change/object.h"

#include <string.h>

/* The common part comes first, so that one pointer is both and one free() is enough. */
_Static_assert(offsetof(struct node, object) == 0 && offsetof(struct service, object) == 0 &&
                   offsetof(struct slice, object) == 0 &&
                   offsetof(struct service_cidr, object) == 0,
    "struct object is the first member");
_Static_assert(offsetof(struct object, later) == 0, "rcu_later is the block's address");
_Static_assert(sizeof(struct endpoint) == 8, "an endpoint is 8 bytes and its address");

const char *
labels_find(const struct labels *labels, const char *key)
{
	uint32_t low = 0, high = labels->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = strcmp(key, labels->at[mid].key);

		if (order == 0)
			return labels->at[mid].value;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

struct node *
object_node(struct object *o)
{
	must(!o || o->resource == RESOURCE_NODE);
	return (struct node *)o;
}

struct service *
object_service(struct object *o)
{
	must(!o || o->resource == RESOURCE_SERVICE);
	return (struct service *)o;
}

struct slice *
object_slice(struct object *o)
{
	must(!o || o->resource == RESOURCE_SLICE);
	return (struct slice *)o;
}

struct service_cidr *
object_service_cidr(struct object *o)
{
	must(!o || o->resource == RESOURCE_CIDR);
	return (struct service_cidr *)o;
}

static void
free_later(struct rcu_later *later)
{
	free(later);
}

void
object_retire(struct object *o)
{
	rcu_retire(&o->later, free_later);
}
