/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to the cluster and the list of objects that they touch. A node's object comes before
 * the slices that follow from it, as a controller would write them.
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

void
change_list_add(struct change_list *l, struct object_ref ref)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->refs = must_realloc(l->refs, l->room * sizeof(*l->refs));
	}
	l->refs[l->count++] = ref;
}

void
change_list_fini(struct change_list *l)
{
	free(l->refs);
	*l = (struct change_list){0};
}

static void
list_node(struct change_list *l, uint32_t node)
{
	change_list_add(l, (struct object_ref){.resource = RESOURCE_NODE, .index = node});
}

static void
list_service(struct change_list *l, uint32_t service)
{
	change_list_add(l, (struct object_ref){.resource = RESOURCE_SERVICE, .index = service});
}

static void
list_slice(struct change_list *l, uint32_t service, uint32_t slice)
{
	change_list_add(l,
	    (struct object_ref){.resource = RESOURCE_SLICE, .index = service, .slice = slice});
}

void
scenario_list_all(const struct cluster *c, struct change_list *l)
{
	for (uint32_t i = 0; i < c->node_count; i++)
		list_node(l, i);
	for (uint32_t i = 0; i < c->service_count; i++)
		list_service(l, i);
	for (uint32_t i = 0; i < c->service_count; i++)
		for (uint32_t k = 0; k < c->services[i].slice_count; k++)
			list_slice(l, i, k);
}

static bool
has_endpoint_on(const struct bench_service *s, uint32_t node)
{
	for (uint32_t i = 0; i < s->slice_count; i++)
		for (uint32_t k = 0; k < s->slices[i].count; k++)
			if (s->slices[i].endpoints[k].node == node)
				return true;
	return false;
}

uint32_t
scenario_free_node(const struct cluster *c, uint32_t service, uint64_t *random)
{
	const struct bench_service *s = &c->services[service];
	uint32_t at = cluster_random(random, c->node_count);

	for (uint32_t tried = 0; tried < c->node_count; tried++, at = (at + 1) % c->node_count)
		if (!c->nodes[at].gone && !has_endpoint_on(s, at))
			return at;
	return UINT32_MAX;
}

void
scenario_move(struct cluster *c, uint32_t service, uint64_t *random, struct change_list *l)
{
	struct bench_service *s = &c->services[service];
	uint32_t to = scenario_free_node(c, service, random);

	if (to == UINT32_MAX)
		return; /* it is on every node */
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		for (uint32_t i = 0; i < s->slice_count; i++) {
			struct bench_slice *slice = &s->slices[i];

			if (ip_family_index(slice->family) != f || slice->gone || !slice->count)
				continue;
			slice->endpoints[0].node = to;
			list_slice(l, service, i);
			break;
		}
	}
}

void
scenario_place(struct cluster *c, uint32_t service, const uint32_t *nodes, uint32_t n,
    struct change_list *l)
{
	struct bench_service *s = &c->services[service];
	bool placed[IP_FAMILIES] = {false, false};

	for (uint32_t i = 0; i < s->slice_count; i++) {
		struct bench_slice *slice = &s->slices[i];
		struct ip_addr addr = slice->count
		                          ? slice->endpoints[0].addr
		                          : s->cluster_ips[ip_family_index(slice->family)];
		bool first = !placed[ip_family_index(slice->family)];

		/* One slice a family holds them: a list that a person types is short. */
		slice->count = 0;
		placed[ip_family_index(slice->family)] = true;
		for (uint32_t k = 0; first && k < n; k++)
			cluster_add_endpoint(slice, nodes[k])->addr = addr;
		list_slice(l, service, i);
	}
}

void
scenario_set_ready(
    struct cluster *c, uint32_t service, uint32_t node, bool ready, struct change_list *l)
{
	struct bench_service *s = &c->services[service];

	for (uint32_t i = 0; i < s->slice_count; i++) {
		bool touched = false;

		for (uint32_t k = 0; k < s->slices[i].count; k++) {
			struct bench_endpoint *e = &s->slices[i].endpoints[k];

			if (e->node != node || (e->ready != TRI_FALSE) == ready)
				continue;
			e->ready = ready ? TRI_TRUE : TRI_FALSE;
			touched = true;
		}
		if (touched)
			list_slice(l, service, i);
	}
}

/* Take the node's endpoints out of a slice. True: there were some. */
static bool
evict(struct bench_slice *slice, uint32_t node)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < slice->count; i++)
		if (slice->endpoints[i].node != node)
			slice->endpoints[kept++] = slice->endpoints[i];
	bool changed = kept != slice->count;

	slice->count = kept;
	return changed;
}

void
scenario_drain(struct cluster *c, uint32_t node, struct change_list *l)
{
	c->nodes[node].cordoned = c->nodes[node].deleting = true;
	list_node(l, node);
	for (uint32_t i = 0; i < c->service_count; i++)
		for (uint32_t k = 0; k < c->services[i].slice_count; k++)
			if (evict(&c->services[i].slices[k], node))
				list_slice(l, i, k);
}

void
scenario_delete_node(struct cluster *c, uint32_t node, struct change_list *l)
{
	c->nodes[node].gone = true;
	list_node(l, node);
}

void
scenario_scale_to_zero(struct cluster *c, uint32_t service, struct change_list *l)
{
	for (uint32_t i = 0; i < c->services[service].slice_count; i++) {
		c->services[service].slices[i].count = 0;
		list_slice(l, service, i);
	}
}

void
scenario_delete_service(struct cluster *c, uint32_t service, struct change_list *l)
{
	c->services[service].gone = true;
	list_service(l, service);
	for (uint32_t i = 0; i < c->services[service].slice_count; i++) {
		c->services[service].slices[i].gone = true;
		list_slice(l, service, i);
	}
}

void
scenario_delete_all(struct cluster *c, struct change_list *l)
{
	for (uint32_t i = 0; i < c->service_count; i++)
		scenario_delete_service(c, i, l);
	for (uint32_t i = 0; i < c->node_count; i++)
		scenario_delete_node(c, i, l);
}
