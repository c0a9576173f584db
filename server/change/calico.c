/* SPDX-License-Identifier: Apache-2.0 */
#include "change/calico.h"

_Static_assert(offsetof(struct calico_object, object) == 0 &&
                   offsetof(struct bgp_configuration, calico) == 0 &&
                   offsetof(struct bgp_peer, calico) == 0 &&
                   offsetof(struct bgp_filter, calico) == 0 &&
                   offsetof(struct ip_pool, calico) == 0,
    "the common part is the first member");
_Static_assert(RESOURCE_IPPOOL == RESOURCE_BGPCONFIG + 3, "Calico's resources stand together");

const struct calico_row calico_rows[CALICO_FIELDS] = {
#define CALICO(resource, id, field, used, why) {RESOURCE_##resource, used, field, why},
#include "change/calico.def"
#undef CALICO
};

struct calico_object *
object_calico(struct object *o)
{
	must(!o || resource_is_calico(o->resource));
	return (struct calico_object *)o;
}

const struct bgp_configuration *
calico_configuration(const struct calico_object *o)
{
	must(!o || o->object.resource == RESOURCE_BGPCONFIG);
	return (const struct bgp_configuration *)o;
}

const struct bgp_peer *
calico_peer(const struct calico_object *o)
{
	must(!o || o->object.resource == RESOURCE_BGPPEER);
	return (const struct bgp_peer *)o;
}

const struct bgp_filter *
calico_filter(const struct calico_object *o)
{
	must(!o || o->object.resource == RESOURCE_BGPFILTER);
	return (const struct bgp_filter *)o;
}

const struct ip_pool *
calico_pool(const struct calico_object *o)
{
	must(!o || o->object.resource == RESOURCE_IPPOOL);
	return (const struct ip_pool *)o;
}
