/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tables of cluster state to the path set of each prefix. The path maker belongs to
 * the writer: after a batch of changes it recomputes, from full state, every prefix that one
 * of them may concern, and hands each result to its sink. It keeps no path sets itself; the
 * RIB to its right does (and drops results that change nothing).
 *
 * Paths are made of two kinds of dense u32 handles, whose values never change while they live:
 *   slot: a next hop, which is one distinct node address. A node whose address changes gets
 *         another slot; nodes that share an address share the slot.
 *   attributes: one distinct set of path attributes.
 * The sink learns of a handle before the first set that uses it and of its end after the last.
 *
 * What is decided, and why, is in decide.h; explain.h tells it to people.
 */
#pragma once

#include "cluster/cluster.h"
#include "config/config.h"
#include "core/ip.h"

/* Why a prefix is advertised; the lowest one wins where several owners share a prefix. The
 * order is that of enum prefix_class in rib/names.h. */
enum path_class {
	PATH_AGGREGATE,     /* a CIDR, from every eligible node            */
	PATH_CLUSTER_IP,    /* host route of a service's cluster IP        */
	PATH_EXTERNAL_IP,   /* spec.externalIPs                            */
	PATH_LOAD_BALANCER, /* status.loadBalancer.ingress                 */
	PATH_POD_CIDR,      /* node.spec.podCIDRs                          */
	PATH_CLASS_COUNT
};
extern const char
    *const path_class_names[PATH_CLASS_COUNT]; /* "aggregate", "cluster_ip", ... */

/* A node's address as BGP sees it. */
struct path_nexthop {
	struct ip_addr addr;
	uint32_t originator; /* never 0; the node's IPv4 InternalIP, else its IPv6 path id */
	uint32_t path_id;    /* never 0; see path_id.h */
	uint64_t rack, zone; /* where the node is: place_hash() of its labels; 0: not known */
};

#define PATH_COMMUNITIES_MAX 32 /* of each kind; beyond it: the lowest values are kept */

struct path_large {
	uint32_t global, local1, local2;
};

/* What a path says besides its prefix and next hop. Compared as bytes: padding is zero. */
struct path_attributes {
	uint32_t local_pref;
	uint32_t med;       /* where has_med */
	uint32_t weight;    /* link bandwidth in bytes/s; 0: none */
	uint32_t endpoints; /* usable ones on this node, where they are counted; 0: not */
	uint8_t has_med;
	uint8_t n_communities, n_large;
	uint8_t zero;
	uint32_t communities[PATH_COMMUNITIES_MAX]; /* ascending, unique; the rest zero */
	struct path_large large[PATH_COMMUNITIES_MAX];
};

/* One path of a prefix, by its two handles. */
struct path_choice {
	uint32_t slot;
	uint32_t attributes;
};

/* Where results go; called on the writer inside path_recompute(), never NULL. */
struct path_sink {
	void *ctx;

	/* The slot now stands for this next hop; NULL: it is free and no set has it any more. */
	void (*nexthop)(void *ctx, uint32_t slot, const struct path_nexthop *nexthop);

	/* The same for attributes. */
	void (*attributes)(void *ctx, uint32_t id, const struct path_attributes *attributes);

	/* The prefix now has exactly these n paths, ascending by slot, each slot once. n may be
	 * 0. everywhere: they are all nodes that are eligible for its class. Called also for prefixes
	 * whose set turns out to be what it was. */
	void (*set)(void *ctx, const struct ip_prefix *prefix, enum path_class path_class,
	    bool everywhere, const struct path_choice *paths, uint32_t n);
};

struct path_maker;

/*
 * True when the parts of the configuration that are ours (label selectors) can be used; else
 * error (size bytes) says which key is wrong and how. Any thread.
 */
bool path_check_config(const struct config *config, char *error, size_t size) MUST_USE;

/* Config (checked), cluster and what the sink points to are borrowed for the maker's life. */
struct path_maker *path_new(const struct config_advertise *config,
    const struct cluster *cluster, const struct path_sink *sink) MUST_USE;
void
path_free(struct path_maker *m) ON_WRITER; /* says nothing to the sink; no readers any more */

/*
 * Give paths of Local routes the number of the service's usable endpoints on their node (struct
 * path_attributes), for views that weigh by it. Off at first, since each change of a number is a change of the path. Before the first recompute, or path_configure().
 */
void path_count_endpoints(struct path_maker *m, bool on);

/*
 * From the next recompute on another configuration (checked, borrowed) holds; same: it says what the one before it says, and
 * only stands elsewhere, else everything is computed. The next hops' annotations that the decoder keeps (node_address) are not
 * changed by it.
 */
void path_configure(struct path_maker *m, const struct config_advertise *config, bool same)
    ON_WRITER;

/* Recompute what the dirt may concern, at time now (ns). A new maker's first call computes everything. */
void path_recompute(struct path_maker *m, const struct cluster_dirty *dirty, uint64_t now_ns)
    ON_WRITER;

/* When a recompute is due without any dirt (a node has drained); NS_NEVER: at no time. */
uint64_t path_due_ns(const struct path_maker *m) ON_WRITER;

/* Upper bounds of the handles given out so far, for arrays beside them. */
uint32_t path_slots_bound(const struct path_maker *m) ON_WRITER;
uint32_t path_attributes_bound(const struct path_maker *m) ON_WRITER;
