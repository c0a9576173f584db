/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What struct cluster is made of; for the files of this folder only. Everything that is not
 * RCU or atomic belongs to the writer.
 *
 * References: a node's index is kept while it has an object or an endpoint of a held slice
 * names it (refs); a service's while it has an object or slices.
 */
#pragma once

#include "cluster/catalog.h"
#include "cluster/cluster.h"

struct node_entry {
	struct catalog_entry entry;
	uint32_t refs; /* endpoints of held slices that name it */
	bool dirty;
};

struct service_entry {
	struct catalog_entry entry;
	RCU(struct service_slices) slices; /* NULL: none */
	bool dirty;
};

struct slice_entry {
	struct catalog_entry entry;
	uint32_t service; /* index + 1 of the service it belongs to; 0: none */
};

/* Indices that are dirty, each once: the flag is in the entry. */
struct dirty_list {
	uint32_t *at;
	uint32_t n, cap;
};

/* A publisher's listing; see listing.c. */
struct listing {
	uint64_t epoch; /* the newest that began or ended; 0: none         */
	int64_t end_ms; /* record time of its end, -1: unknown             */
	enum {
		LISTING_OPEN,  /* its end was not read yet                             */
		LISTING_ENDED, /* its end was read, its last records perhaps not       */
		LISTING_SWEPT  /* all of it was read, what it did not have was removed */
	} state;
	uint64_t counts[RESOURCE_COUNT]; /* keys it listed, or COUNT_UNKNOWN                */
	uint64_t seen[RESOURCE_COUNT];   /* keys of it that were read; while open: those
	                                  * of them that are deleted already */
};

struct cluster {
	struct catalog nodes, services, slices, cidrs;
	struct catalog calico[CALICO_RESOURCES];
	struct dirty_list dirty_services, dirty_nodes;
	struct cluster_dirty dirty; /* what cluster_dirty() hands out */
	struct listing listing;
	uint32_t *scans; /* by partition: how often it was begun anew; see scan.c */
	uint32_t n_scans;
	uint64_t started_ms; /* wall clock */
	_Atomic bool caught_up, loaded;
};

/* ---- cluster.c ---- */
struct catalog *cluster_catalog(struct cluster *c, enum resource resource);
void cluster_dirty_service(struct cluster *c, uint32_t service) ON_WRITER;
void cluster_dirty_node(struct cluster *c, uint32_t node) ON_WRITER;

/* ---- apply.c ---- */
/* Take the object of this index away, as its tombstone would. */
void cluster_remove(struct cluster *c, enum resource resource, uint32_t index) ON_WRITER;

/* ---- slices.c ---- */
/* Names instead of indices: fill endpoint.node of a slice that is not published yet and count
 * the references. names may be NULL. */
void
slice_resolve(struct cluster *c, struct slice *s, const struct slice_names *names) ON_WRITER;
/* The slice does not name its nodes any more. */
void slice_unresolve(struct cluster *c, const struct slice *s) ON_WRITER;
/* The slice with this index now belongs to this service (name NULL: to none); both services
 * are dirty where it moved. True: it moved. */
bool
slice_belongs(struct cluster *c, uint32_t slice, const char *ns, const char *service) ON_WRITER;
/* Give an index back that nothing uses any more. */
void node_release(struct cluster *c, uint32_t node) ON_WRITER;
void service_release(struct cluster *c, uint32_t service) ON_WRITER;

/* ---- equal.c: do two states of an object differ in anything that routing reads? ---- */
bool node_equal(const struct node *a, const struct node *b);
bool service_equal(const struct service *a, const struct service *b);
bool slice_equal(const struct slice *a, const struct slice *b);
bool service_cidr_equal(const struct service_cidr *a, const struct service_cidr *b);
bool calico_equal(const struct calico_object *a, const struct calico_object *b);

/* ---- listing.c ---- */
void listing_begin(struct cluster *c, const struct change *change) ON_WRITER;
void listing_end(struct cluster *c, const struct change *change) ON_WRITER;
/* A record of the key with this entry was read; note the run it belongs to. */
void
listing_sees(struct cluster *c, const struct change *change, struct catalog_entry *e) ON_WRITER;
/* The object of this entry is about to go, by its tombstone. */
void listing_sees_delete(
    struct cluster *c, const struct change *change, const struct catalog_entry *e) ON_WRITER;
/* Remove what a complete listing did not have, once all of it has been read. */
void listing_sweep(struct cluster *c) ON_WRITER;

/* ---- scan.c ---- */
/* A partition is read from its beginning again; a record of it was read; it was read to its end. */
void scan_begin(struct cluster *c, int32_t partition) ON_WRITER;
void
scan_sees(struct cluster *c, const struct change *change, struct catalog_entry *e) ON_WRITER;
/* Removes what the partition had and the scan has not met. */
enum cluster_result scan_end(struct cluster *c, int32_t partition) ON_WRITER;
