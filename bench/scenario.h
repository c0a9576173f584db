/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a cluster: each scenario changes the cluster as Kubernetes would and lists
 * the objects whose records must now be written, in the order a publisher would write them.
 */
#pragma once

#include "encode.h"

struct change_list {
	struct object_ref *refs;
	size_t count, room;
};

void change_list_add(struct change_list *l, struct object_ref ref);
void change_list_fini(struct change_list *l);

/* All objects: nodes, services, slices. */
void scenario_list_all(const struct cluster *c, struct change_list *l);

/* A seeded node that is there and has no endpoint of the service; UINT32_MAX: there is none. */
uint32_t scenario_free_node(const struct cluster *c, uint32_t service, uint64_t *random);

/* One endpoint of the service (of each family) moves to a seeded node that has none. */
void
scenario_move(struct cluster *c, uint32_t service, uint64_t *random, struct change_list *l);

/* The service's endpoints are from now on exactly one on each of these nodes. */
void scenario_place(struct cluster *c, uint32_t service, const uint32_t *nodes, uint32_t n,
    struct change_list *l);

/* The service's endpoints on that node are ready, or no longer, in all families. */
void scenario_set_ready(
    struct cluster *c, uint32_t service, uint32_t node, bool ready, struct change_list *l);

/* The node is cordoned, marked for removal, and its endpoints are gone. */
void scenario_drain(struct cluster *c, uint32_t node, struct change_list *l);

/* The node's object is deleted; its endpoints stay listed until their slices change. */
void scenario_delete_node(struct cluster *c, uint32_t node, struct change_list *l);

/* The service keeps its slices, and no endpoint in them. */
void scenario_scale_to_zero(struct cluster *c, uint32_t service, struct change_list *l);

/* The service and its slices are deleted. */
void scenario_delete_service(struct cluster *c, uint32_t service, struct change_list *l);

/* Everything is deleted. */
void scenario_delete_all(struct cluster *c, struct change_list *l);
