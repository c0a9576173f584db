/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a prefix is, or is not, advertised with which next hops: the chain from configuration,
 * service, slices and nodes to the verdict, decided again by the functions that path_recompute()
 * uses (decide.h) over the tables as they are now. Reads only; runs on the watch thread.
 */
#pragma once

#include "path/path.h"
#include "path/reason.h"

enum explain_kind {
	EXPLAIN_AGGREGATE, /* the prefix is, or is covered by, a CIDR that is advertised         */
	EXPLAIN_SERVICE, /* a service that has this address: is it advertised, by which policy */
	EXPLAIN_ATTRIBUTE, /* an annotation that was ignored, or owners whose attributes differ   */
	EXPLAIN_SLICE,  /* one of its slices: how many endpoints, how many usable             */
	EXPLAIN_NODE,   /* a next hop: is it in, or why not                                   */
	EXPLAIN_VERDICT /* the last step: the prefix as a whole                               */
};
extern const char *const explain_kind_names[]; /* "aggregate", "service", ... */

/* All pointers are borrowed for the call. */
struct explain_step {
	enum explain_kind kind;
	enum reason reason; /* reason_rows[] has its name and sentence         */
	bool advertised;    /* what this step says of the prefix or next hop   */
	enum path_class path_class;
	const char *ns, *name;   /* the object it speaks of; "" where there is none */
	struct ip_prefix prefix; /* asked for; for EXPLAIN_AGGREGATE the CIDR      */
	struct ip_addr nexthop;  /* EXPLAIN_NODE: the node's address, if it has one */
	uint32_t endpoints;      /* SERVICE, SLICE, NODE: of the prefix's family    */
	uint32_t ready;          /* of these: ready                                 */
	uint32_t draining;       /* of these: not ready, serving and terminating    */
	uint32_t paths;          /* VERDICT: distinct next hops                     */
	const char *text;        /* one sentence for people                         */
};

struct explain_sink {
	void *ctx;
	void (*step)(void *ctx, const struct explain_step *step);
};

/*
 * Every step for the prefix. node limits the next hops to one node by name (NULL: all that
 * could serve it: every node for aggregates and Cluster routes, those with endpoints for Local ones).
 */
void path_explain(const struct path_maker *m, const struct ip_prefix *prefix, const char *node,
    const struct explain_sink *sink) RCU_READER;
