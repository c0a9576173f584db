/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ground truth: the paths that every ToR must hold for a cluster's state, computed the
 * naive way, node by node and service by service, with nothing shared with the server. A model
 * is immutable once made; any thread may read it. Its paths are sorted and distinct.
 */
#pragma once

#include "cluster.h"
#include "core/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_CIDRS 8 /* of one kind */

enum model_policy { MODEL_POLICY_EXTERNAL, MODEL_POLICY_INTERNAL, MODEL_POLICY_EITHER };

struct model_cidrs {
	struct ip_prefix list[MODEL_CIDRS];
	unsigned count;
};

/* What the target is configured to advertise, and as what. */
struct model_rules {
	struct model_cidrs cluster_ips, external_ips, lb_ips;
	enum model_policy cluster_ip_policy;
	bool lb_aggregation;
	bool host_routes_all;
	bool pod_cidrs;
	uint32_t ebgp_as;    /* the target's AS where the ToRs are eBGP peers; 0: iBGP */
	uint32_t cluster_id; /* in CLUSTER_LIST, host order; iBGP */
	uint32_t local_pref; /* iBGP */
};

struct model_path {
	struct ip_prefix prefix;
	struct ip_addr next_hop;
	uint64_t attr_digest; /* sum of path_attr_hash() */
};

/* The part of one family: what a ToR that speaks only that one must hold. */
struct model_family {
	uint64_t paths, digest;
	uint64_t prefixes; /* distinct: paths of a ToR without ADD-PATH */
};

struct model {
	struct model_path *paths; /* by family, prefix, length, next hop */
	size_t count;
	uint64_t digest; /* sum of path_hash() */
	struct model_family families[IP_FAMILIES];
};

/* Under the configuration that heliobench writes for --spawn. */
struct model_rules model_rules_default(bool dual_stack);

/* Owned. */
struct model *model_new(const struct cluster *c, const struct model_rules *rules);
void model_free(struct model *m);

/* Index of the path, or SIZE_MAX. */
size_t model_find(
    const struct model *m, const struct ip_prefix *prefix, const struct ip_addr *next_hop);
