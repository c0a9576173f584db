/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated cluster: nodes, services and their endpoint slices as Kubernetes would hold
 * them. The generator fills it from a seed, scenarios change it, encode.c turns its objects
 * into records, model.c computes from it what a ToR must hold. One thread owns it. The same
 * size and seed give the same cluster on every machine, and an object keeps its index for
 * ever: what is deleted stays as `gone`.
 */
#pragma once

#include "core/ip.h"
#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLUSTER_NAME_MAX     64
#define CLUSTER_ADDRESSES    4   /* external or load-balancer addresses of one service */
#define CLUSTER_SLICE_MAX    100 /* endpoints in one slice: kube-controller-manager's default */
#define CLUSTER_NO_NODE      UINT32_MAX       /* an endpoint without nodeName */
#define CLUSTER_UNKNOWN_NODE (UINT32_MAX - 1) /* an endpoint on a node that was never listed */

/* Kubernetes booleans that may be absent. */
enum tri { TRI_ABSENT, TRI_FALSE, TRI_TRUE };

struct bench_node {
	char name[CLUSTER_NAME_MAX], zone[CLUSTER_NAME_MAX], rack[CLUSTER_NAME_MAX];
	struct ip_addr
	    ip[IP_FAMILIES]; /* InternalIP by ip_family_index(); IP_NONE: it has none */
	struct ip_prefix pod_cidr[IP_FAMILIES];
	bool gone;
	bool exclude; /* label node.kubernetes.io/exclude-from-external-load-balancers */
	const char *exclude_value; /* of that label; its presence counts; NULL is "" */
	bool deleting;             /* taint ToBeDeletedByClusterAutoscaler */
	bool cordoned, not_ready;  /* change nothing by default */
	bool network_unavailable;  /* condition NetworkUnavailable is true */
};

struct bench_endpoint {
	struct ip_addr addr;
	uint32_t node; /* index, or CLUSTER_NO_NODE, CLUSTER_UNKNOWN_NODE */
	uint8_t ready, serving, terminating; /* enum tri */
};

struct bench_slice {
	struct bench_endpoint *endpoints;
	uint32_t count, room;
	uint8_t family; /* of addressType */
	bool gone;
};

struct bench_service {
	char ns[CLUSTER_NAME_MAX], name[CLUSTER_NAME_MAX];
	struct ip_addr
	    cluster_ips[IP_FAMILIES]; /* by ip_family_index(); IP_NONE: not of that family */
	struct ip_addr external_ips[CLUSTER_ADDRESSES], lb_ips[CLUSTER_ADDRESSES];
	unsigned external_ip_count, lb_ip_count;
	struct bench_slice *slices;
	uint32_t slice_count;
	bool gone;
	bool headless, external_name; /* clusterIP None, type ExternalName */
	bool external_local;          /* externalTrafficPolicy: Local */
	bool internal_local;          /* internalTrafficPolicy: Local */
};

struct cluster {
	struct bench_node *nodes;
	struct bench_service *services;
	uint32_t node_count, service_count;
	uint64_t seed;
};

struct cluster_size {
	uint32_t nodes, services;
	uint32_t next_hops; /* distinct nodes that serve each service */
	unsigned local;     /* percent of services with externalTrafficPolicy: Local */
	unsigned
	    dual_stack; /* percent of services with an IPv6 address too; any: nodes have both */
	uint32_t zones, racks;
	uint64_t seed;
};

#define CLUSTER_SIZE_DEFAULT                                                                   \
	((struct cluster_size){.nodes = 1000,                                                  \
	    .services = 5000,                                                                  \
	    .next_hops = 20,                                                                   \
	    .local = 100,                                                                      \
	    .zones = 3,                                                                        \
	    .racks = 40,                                                                       \
	    .seed = 1})

/* Largest sizes the address plan holds: nodes in 172.16.0.0/12, services in 10.96.0.0/12. */
#define CLUSTER_NODES_MAX    1000000u
#define CLUSTER_SERVICES_MAX 1000000u

/* The cluster of that size and seed; next_hops above the nodes means all nodes. Owned. */
struct cluster *cluster_new(const struct cluster_size *size);
/* An empty cluster to be filled by hand (tests). Owned. */
struct cluster *cluster_new_empty(uint32_t nodes, uint32_t services);
void cluster_free(struct cluster *c);

/* A slice of that family at the end of the service's list; borrowed until the next one is added. */
struct bench_slice *cluster_add_slice(struct bench_service *s, uint8_t family);
/* A ready endpoint on that node at the slice's end; borrowed likewise. */
struct bench_endpoint *cluster_add_endpoint(struct bench_slice *slice, uint32_t node);

/* The next draw of a sequence: uniform in 0..bound-1. state is any seed. */
uint32_t cluster_random(uint64_t *state, uint32_t bound);

/* Name of slice i of a service, as kube-controller-manager would: buf has CLUSTER_NAME_MAX * 2. */
char *cluster_slice_name(const struct bench_service *s, uint32_t i, char *buf);

/* Index by name, or UINT32_MAX. service is "namespace/name". */
uint32_t cluster_find_node(const struct cluster *c, const char *name);
uint32_t cluster_find_service(const struct cluster *c, const char *service);
