/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kubernetes objects as the rest of the program sees them: only what decides routes,
 * parsed and resolved. The decoder builds each one in one heap block (strings and arrays
 * inside it); the writer owns it, fills endpoint.node before it publishes, and retires it;
 * after publication nobody writes to it. Every text is NUL-terminated and never NULL unless
 * said so. What could not be parsed inside an object was left out and counted.
 */
#pragma once

#include "core/hash.h"
#include "core/ip.h"
#include "core/rcu.h"
#include "schema/key.h"

#include <stdlib.h>
#include <string.h>

#define OBJECT_UID_MAX 40 /* a UUID is 36; a longer uid is kept as a hash of itself */

struct object {
	struct rcu_later later;    /* for rcu_retire() */
	uint64_t resource_version; /* 0: the record carried none */
	int64_t record_ms;         /* the record's Kafka timestamp, ms since 1970; -1: none */
	const char *ns, *name;     /* ns "" for cluster-scoped */
	uint32_t block_bytes;      /* size of the whole heap block */
	uint8_t resource;          /* enum resource: what this object really is */
	uint8_t ns_len, name_len;
	bool deleting;            /* metadata.deletionTimestamp is set */
	char uid[OBJECT_UID_MAX]; /* "" where the record carried none */
};

struct label {
	const char *key, *value;
};

struct labels {
	const struct label *at; /* sorted by key (strcmp), each key once */
	uint32_t n;
};

/* The value of a label or annotation, or NULL when it is absent. Borrowed from the object. */
const char *labels_find(const struct labels *labels, const char *key);

/* A condition's status; absent counts as unknown, as in Kubernetes. */
enum condition { CONDITION_UNKNOWN, CONDITION_FALSE, CONDITION_TRUE };

enum taint_effect {
	TAINT_OTHER,
	TAINT_NO_SCHEDULE,
	TAINT_PREFER_NO_SCHEDULE,
	TAINT_NO_EXECUTE
};

struct taint {
	const char *key, *value;
	enum taint_effect effect;
};

enum node_address_type { NODE_ADDRESS_INTERNAL, NODE_ADDRESS_EXTERNAL };

struct node_address {
	uint8_t type; /* enum node_address_type; host names are left out */
	struct ip_addr ip;
};

/* Kubernetes Node. */
struct node {
	struct object object;
	struct labels labels;      /* all of them */
	struct labels annotations; /* those the decoder was told to keep */
	const struct taint *taints;
	const struct node_address
	    *addresses; /* in the object's order: the first of a type and family counts */
	const struct ip_prefix
	    *pod_cidrs; /* spec.podCIDRs, or spec.podCIDR where that is empty */
	uint16_t n_taints, n_addresses, n_pod_cidrs;
	bool unschedulable;          /* spec.unschedulable: cordoned */
	uint8_t ready;               /* enum condition, type Ready */
	uint8_t network_unavailable; /* enum condition, type NetworkUnavailable */
};

enum service_type {
	SERVICE_CLUSTER_IP, /* also when the field is absent */
	SERVICE_NODE_PORT,
	SERVICE_LOAD_BALANCER,
	SERVICE_EXTERNAL_NAME
};

enum traffic_policy { POLICY_CLUSTER, POLICY_LOCAL }; /* absent: Cluster */

struct ingress {
	struct ip_addr ip;
	bool proxy; /* ipMode is Proxy: traffic to it must not be sent to nodes */
};

/* Kubernetes Service. */
struct service {
	struct object object;
	struct labels labels;      /* all of them */
	struct labels annotations; /* heliograph.io/ only */
	const struct ip_addr
	    *cluster_ips; /* spec.clusterIPs, or spec.clusterIP; empty when headless */
	const struct ip_addr *external_ips; /* spec.externalIPs */
	const struct ingress *ingress;      /* status.loadBalancer.ingress with an ip */
	const char *load_balancer_class;    /* NULL: unset */
	uint16_t n_cluster_ips, n_external_ips, n_ingress;
	uint16_t n_hostname_ingress;     /* ingress entries that have only a host name */
	uint8_t type;                    /* enum service_type */
	uint8_t external_traffic_policy; /* enum traffic_policy */
	uint8_t internal_traffic_policy; /* enum traffic_policy */
	uint8_t ip_families
	    [IP_FAMILIES]; /* enum ip_family in spec.ipFamilies' order, IP_NONE after the last */
	bool headless;     /* clusterIP is "None" */
	bool publish_not_ready_addresses;
};

#define ENDPOINT_READY       0x1u /* conditions.ready; absent: yes                     */
#define ENDPOINT_SERVING     0x2u /* conditions.serving; absent: as ready              */
#define ENDPOINT_TERMINATING 0x4u /* conditions.terminating; absent: no                */

#define ENDPOINT_NODE_NONE UINT32_MAX /* no nodeName: can serve Cluster, never Local */
#define ENDPOINT_ZONE_NONE UINT16_MAX

/* 8 bytes and the address; walk them with slice_endpoint(). */
struct endpoint {
	uint32_t node; /* index in the writer's node table; ENDPOINT_NODE_NONE until resolved */
	uint16_t zone; /* index in the slice's zones, or ENDPOINT_ZONE_NONE */
	uint8_t flags; /* ENDPOINT_* bits, absent conditions already resolved */
	uint8_t reserved; /* 0 */
	uint8_t addr[];   /* 4 or 16 bytes by the slice's family */
};

/* Kubernetes EndpointSlice. */
struct slice {
	struct object object;
	const char *service;      /* label kubernetes.io/service-name; NULL: belongs to none */
	struct endpoint *first;   /* packed with slice_stride(); use slice_endpoint() */
	const char *const *zones; /* the distinct zones of its endpoints */
	uint32_t n_endpoints;
	uint16_t n_zones;
	uint8_t
	    family; /* enum ip_family of addressType; IP_NONE for FQDN (then no endpoints) */
};

static inline size_t
slice_stride(const struct slice *s)
{
	return sizeof(struct endpoint) + ip_bits(s->family) / 8;
}

/* i < n_endpoints. Its first address only: Kubernetes calls the others equivalent and no proxy uses them. */
static inline const struct endpoint *
slice_endpoint(const struct slice *s, uint32_t i)
{
	return (const struct endpoint *)(const void *)((const char *)s->first +
	                                               i * slice_stride(s));
}

/* The same, for the writer to fill `node` before the slice is published. */
static inline struct endpoint *
slice_endpoint_mut(struct slice *s, uint32_t i)
{
	return (struct endpoint *)(void *)((char *)s->first + i * slice_stride(s));
}

static inline struct ip_addr
slice_endpoint_ip(const struct slice *s, const struct endpoint *e)
{
	return ip_from_bytes(s->family, e->addr);
}

/*
 * The node names of a slice's endpoints: a block of its own that travels with the change,
 * read once by the writer to fill endpoint.node, then free()d.
 */
struct slice_names {
	uint32_t n;        /* as the slice's n_endpoints */
	uint32_t offset[]; /* from the block's start to the NUL-terminated name; 0: no nodeName.
	               * Eight bytes before each name: its object_hash(), for the writer */
};

/* The name of endpoint i's node, or NULL where it has none. Equal neighbours share one text
 * (equal pointers). slice_node_hash() only where it has one. */
static inline const char *
slice_node_name(const struct slice_names *names, uint32_t i)
{
	return names->offset[i] ? (const char *)names + names->offset[i] : NULL;
}

static inline uint64_t
slice_node_hash(const struct slice_names *names, uint32_t i)
{
	uint64_t hash;

	memcpy(&hash, (const char *)names + names->offset[i] - sizeof(hash), sizeof(hash));
	return hash;
}

/* By which the tables find an object of a kind; ns "" for cluster-scoped. */
static inline uint64_t
object_hash(const char *ns, size_t ns_len, const char *name, size_t name_len)
{
	return hash_two(hash_bytes(ns, ns_len), hash_bytes(name, name_len));
}

/* Kubernetes ServiceCIDR; object.deleting matters: it stays valid until it is gone. */
struct service_cidr {
	struct object object;
	const struct ip_prefix *cidrs;
	uint16_t n_cidrs;
	uint8_t ready; /* enum condition, type Ready */
};

/* The object as what it is; NULL stays NULL, another resource is a bug (must). */
struct node *object_node(struct object *o);
struct service *object_service(struct object *o);
struct slice *object_slice(struct object *o);
struct service_cidr *object_service_cidr(struct object *o);

/* The whole block at once; NULL is allowed. For one that was published: object_retire(). */
static inline void
object_free(struct object *o)
{
	free(o);
}

/* Free after a grace period; already unreachable for new readers. */
void object_retire(struct object *o);
