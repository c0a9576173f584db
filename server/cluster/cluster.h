/* SPDX-License-Identifier: Apache-2.0 */
/*
  * The tables of cluster state: nodes, services, endpoint slices, service CIDRs, and Calico's own
 * objects where the cluster has them. One writer applies changes; everybody else reads.
 *
 * Each kind of object has dense u32 indices, given by name and kept for as long as anybody
 * names the object: a node that a slice names exists as a placeholder before (and after) its
 * Node object does, and a service likewise for its slices. An index is given out again only
 * when nothing names it any more and a grace period has passed, so an index met inside a read
 * side means the same name until rcu_leave().
 *
 * Objects are immutable and published under RCU: newest wins, by uid and resourceVersion.
 *
 * Writer: cluster_apply() each change of a batch, let path/ read cluster_dirty(), then
 * cluster_clean().
 */
#pragma once

#include "change/calico.h"
#include "change/change.h"
#include "core/rcu.h"

#include <stdbool.h>
#include <stdint.h>

#define CLUSTER_NONE UINT32_MAX /* no such index */

struct cluster;

struct cluster *cluster_new(void) MUST_USE;

/* No readers any more. Waits for what was retired. */
void cluster_free(struct cluster *c) ON_WRITER RCU_BLOCKS;

enum cluster_result {
	CLUSTER_CHANGED, /* the tables differ in something that routing reads: dirt was noted */
	CLUSTER_SAME,    /* applied; nothing that routing reads has changed                   */
	CLUSTER_OLD      /* ignored: the table has a newer state of this object (counted)     */
};

/*
 * Bring one change into the tables. Takes what it keeps of the change (object, set to NULL);
 * the caller frees the rest with change_free().
 */
enum cluster_result cluster_apply(struct cluster *c, struct change *change) ON_WRITER;

/* What has changed since cluster_clean(), each index once, in no particular order. */
struct cluster_dirty {
	const uint32_t *services; /* the service itself or one of its slices */
	const uint32_t *nodes;    /* became known, changed, went             */
	uint32_t n_services, n_nodes;
	bool cidrs;     /* the ServiceCIDRs                        */
	bool calico;    /* any of Calico's objects                 */
	bool caught_up; /* the stream has just caught up           */
	bool all;       /* take everything as changed              */
};

/* Borrowed until the next cluster_apply() or cluster_clean(). */
const struct cluster_dirty *cluster_dirty(struct cluster *c) ON_WRITER;
void cluster_clean(struct cluster *c) ON_WRITER;

/* Everything is dirty: the rules that read the tables are new. */
void cluster_taint_all(struct cluster *c) ON_WRITER;

/* The tables hold what the local snapshot had (CHANGE_LOADED was applied): complete, but perhaps old. */
bool cluster_loaded(const struct cluster *c) ANY_THREAD;

/* Every partition has reached its barrier once (CHANGE_CAUGHT_UP was applied). */
bool cluster_caught_up(const struct cluster *c) ANY_THREAD;

/*
 * Indices given out so far are below the bound; objects are fewer: each accessor returns NULL
 * where the index has no object (a placeholder, or free). Any thread.
 *
 *     for (uint32_t i = 0; i < cluster_nodes_bound(c); i++)
 *         if ((n = cluster_node(c, i))) ...
 */
uint32_t cluster_nodes_bound(const struct cluster *c) ANY_THREAD;
uint32_t cluster_services_bound(const struct cluster *c) ANY_THREAD;
uint32_t cluster_slices_bound(const struct cluster *c) ANY_THREAD;
uint32_t cluster_cidrs_bound(const struct cluster *c) ANY_THREAD;
uint32_t cluster_calico_bound(const struct cluster *c, enum resource resource) ANY_THREAD;

/* Objects held, for summaries. Any thread. */
uint32_t cluster_count(const struct cluster *c, enum resource resource) ANY_THREAD;

/* ---- readers: borrowed until rcu_leave() ---- */

const struct node *cluster_node(const struct cluster *c, uint32_t node) RCU_READER;
const struct service *cluster_service(const struct cluster *c, uint32_t service) RCU_READER;
const struct slice *cluster_slice(const struct cluster *c, uint32_t slice) RCU_READER;
const struct service_cidr *cluster_cidr(const struct cluster *c, uint32_t cidr) RCU_READER;

const struct calico_object *
cluster_calico(const struct cluster *c, enum resource resource, uint32_t index) RCU_READER;

/* The name that the index stands for, placeholders included; NULL: the index is free. */
const char *cluster_node_name(const struct cluster *c, uint32_t node) RCU_READER;

/* Index by name, placeholders included, or CLUSTER_NONE. */
uint32_t cluster_node_find(const struct cluster *c, const char *name) RCU_READER;
uint32_t
cluster_service_find(const struct cluster *c, const char *ns, const char *name) RCU_READER;

/* The slices that carry a service's label in its namespace, ascending by index. */
struct service_slices {
	struct rcu_later later;
	uint32_t n;
	uint32_t slice[]; /* for cluster_slice(), which may already return NULL */
};

/* NULL: it has none. */
const struct service_slices *
cluster_service_slices(const struct cluster *c, uint32_t service) RCU_READER;

/* ---- the same for the writer: borrowed until the next cluster_apply() ---- */

const struct node *cluster_node_own(const struct cluster *c, uint32_t node) ON_WRITER;
const struct service *cluster_service_own(const struct cluster *c, uint32_t service) ON_WRITER;
const struct slice *cluster_slice_own(const struct cluster *c, uint32_t slice) ON_WRITER;
const struct service_cidr *cluster_cidr_own(const struct cluster *c, uint32_t cidr) ON_WRITER;
const struct calico_object *
cluster_calico_own(const struct cluster *c, enum resource resource, uint32_t index) ON_WRITER;
const struct service_slices *
cluster_service_slices_own(const struct cluster *c, uint32_t service) ON_WRITER;
