/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An explanation in the making: shared by explain.c and explain_service.c, lives for one call
 * of path_explain() inside its read side.
 */
#pragma once

#include "path/explain.h"
#include "path/maker.h"

/* Endpoints of the prefix's family in some scope. */
struct tally {
	uint32_t endpoints, ready, draining;
};

struct explaining {
	const struct path_maker *m;
	const struct cluster *cluster;
	struct rules_now now;
	const struct ip_prefix *prefix;
	const char *only; /* node, NULL: all */
	const struct explain_sink *sink;

	struct node_decision *decisions; /* by node index */
	struct tally *on_node;           /* the service's, by node index */
	uint32_t n_nodes;

	struct ip_addr *nexthops; /* of the whole prefix, not yet unique */
	uint32_t n_nexthops, cap_nexthops;

	struct path_attributes attributes; /* of the owners with a next hop so far, merged */
	uint32_t owners;                   /* of these, how many */
	bool merged;                       /* they differ */

	const struct service *service; /* spoken of now */
	enum path_class path_class;    /* of what is spoken of now */
	uint8_t classes;               /* bit per class that has a next hop */
	enum reason verdict;           /* while there is no next hop */
	char text[512];
};

static inline enum rank
tally_rank(const struct tally *t)
{
	if (t->ready)
		return RANK_READY;
	return t->draining ? RANK_DRAINING : RANK_UNUSABLE;
}

/* Hand the step to the sink with this text; completes prefix, ns and name. */
void explain_tell(struct explaining *x, struct explain_step step, const char *format, ...)
    PRINTF_LIKE(3);

/* Take part as a next hop: all nodes that are in, by the endpoints in on_node. Returns how many. */
uint32_t
explain_count_nodes(struct explaining *x, enum scope scope, enum pool pool, enum rank best);

/* And say so of each: of every known node, or for Local of those with endpoints. */
void explain_tell_nodes(struct explaining *x, enum scope scope, enum pool pool, enum rank best)
    RCU_READER;

/* An owner of the prefix has a next hop; s is its service, NULL: it has none. */
void explain_owner(struct explaining *x, const struct service *s);

/* Every service that has the prefix's address. */
void explain_services(struct explaining *x) RCU_READER;
