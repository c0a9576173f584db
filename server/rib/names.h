/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dense u32 names for what paths are made of: prefixes, next hops and attribute sets. A name
 * is given on first use and counted by the path sets that use it; when the last one is gone
 * and no reader can meet it any more, the index is given out again.
 *
 * Changed by the writer. Read by anyone who got the index from a published path set and is
 * either inside a read side or protected by a table's floor (table.h): an entry is immutable
 * for as long as its index can be met.
 */
#pragma once

#include "core/ip.h"
#include "core/rcu.h"
#include "core/rcumap.h"
#include "core/stable.h"

#include <pthread.h>
#include <stdint.h>

/* Why a prefix is advertised; the lowest one wins where several services share an address. */
enum prefix_class {
	CLASS_AGGREGATE,     /* a configured CIDR, from every eligible node */
	CLASS_CLUSTER_IP,    /* host route of a service's cluster IP        */
	CLASS_EXTERNAL_IP,   /* spec.externalIPs                            */
	CLASS_LOAD_BALANCER, /* status.loadBalancer.ingress                 */
	CLASS_POD_CIDR,      /* node.spec.podCIDRs                          */
	CLASS_COUNT
};
extern const char *const prefix_class_names[CLASS_COUNT]; /* "aggregate", "cluster_ip", ... */

/* A node's address as BGP sees it. The path identifier depends on the next hop alone, so both
 * replicas send the same one and a withdrawal needs no history (RFC 7911 leaves it to us). */
struct nexthop {
	struct ip_addr addr;
	uint32_t path_id;    /* never 0; IPv4: the address; IPv6: see path/path_id.h */
	uint32_t originator; /* ORIGINATOR_ID (RFC 4456): the node's IPv4 address, host order */
	uint64_t rack, zone; /* where the node is: place_hash(); 0: not known. For views */
};

#define ATTRS_COMMUNITIES_MAX                                                                  \
	32 /* of each kind; config and annotations beyond it are refused */

struct large_community {
	uint32_t global, local1, local2;
};

/* What a path says besides its prefix and next hop. Equal contents have one index. */
struct path_attrs {
	uint32_t local_pref; /* sent to iBGP peers */
	uint32_t med;        /* sent when has_med */
	uint32_t weight;     /* link bandwidth community in bytes/s; 0: none */
	uint32_t
	    endpoints; /* of the service on this node, for views that weigh; 0: not counted */
	uint8_t has_med;
	uint8_t n_communities, n_large;
	uint8_t zero; /* padding; contents are compared as bytes */
	uint32_t communities[ATTRS_COMMUNITIES_MAX]; /* ascending, unique; the rest zero */
	struct large_community large[ATTRS_COMMUNITIES_MAX];
};

/* One kind of name: entries, their hash, who uses them, which indices are free. */
struct name_space {
	struct stable entries; /* struct name + the entry */
	struct rcumap by_content;
	struct rcumap by_id; /* next hops only: by path identifier, the writer's */
	bool ids;
	size_t size;    /* bytes of one entry */
	uint32_t *free; /* the writer's stack of indices to give out */
	uint32_t n_free, cap_free;
	struct name_idle *idle; /* unused since a version, oldest first */
	uint32_t idle_head, idle_tail, cap_idle;
	_Atomic(struct name_freed *)
	    freed; /* past their grace period, from the callback thread */
	uint32_t live;
};

struct names {
	struct name_space prefixes, nexthops, attrs;
};

void names_init(struct names *n);
void names_fini(struct names *n); /* after rcu_drain() */

/* The index of this content, given now if it has none. The name is not counted yet: pair it
 * with names_hold() before the commit ends, or it may be given to another. */
uint32_t prefix_name(struct names *n, const struct ip_prefix *p) ON_WRITER;
uint32_t nexthop_name(struct names *n, const struct nexthop *nh) ON_WRITER;
uint32_t
attrs_name(struct names *n, const struct path_attrs *a) ON_WRITER; /* normalises nothing */

/* The entry; see the top for how long it may be used. */
const struct ip_prefix *prefix_at(const struct names *n, uint32_t index);
const struct nexthop *nexthop_at(const struct names *n, uint32_t index);
const struct path_attrs *attrs_at(const struct names *n, uint32_t index);

/* Index of a prefix that is in use, or RCUMAP_NONE. */
uint32_t prefix_find(const struct names *n, const struct ip_prefix *p) RCU_READER;
uint32_t prefix_find_own(const struct names *n, const struct ip_prefix *p) ON_WRITER;

/* A hash of the name's content: the same on every replica. As long as the entry may be used. */
uint64_t name_hash(const struct name_space *s, uint32_t index);

/* One more or one less path set uses the name. drop: `version` is the one that stopped using it. */
void name_hold(struct name_space *s, uint32_t index) ON_WRITER;
void name_drop(struct name_space *s, uint32_t index, uint64_t version) ON_WRITER;

/* Give back names that nothing used since before `floor`. */
void names_reclaim(struct names *n, uint64_t floor) ON_WRITER;

/* Another next hop with the same path identifier was named at some time (IPv6 hash, or a node
 * whose ORIGINATOR_ID changed): sets must look for it before they write a tombstone. */
bool nexthop_shares_id(const struct names *n, uint32_t index) ON_WRITER;

/* Upper bounds of the indices given out so far: sizes for counting sorts. Any thread. */
uint32_t nexthop_bound(const struct names *n);
uint32_t prefix_bound(const struct names *n);
uint32_t attrs_bound(const struct names *n);
