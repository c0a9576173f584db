/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes that leave on purpose (the autoscaler's taint, a cordon under drain_on_cordon) are next hops of
 * aggregates and Cluster routes for advertise.node_drain more, marked GRACEFUL_SHUTDOWN (RFC 8326), so that routers
 * move their traffic before the path goes. Who does, since when, is the writer's (struct path_node); the list
 * is published for explain.
 */
#pragma once

#include "core/rcu.h"
#include "path/decide.h"

struct path_maker;
struct path_node;

#define GRACEFUL_SHUTDOWN 0xffff0000u /* 65535:0 */

struct leaving_node {
	uint32_t node; /* index */
	uint8_t pools; /* bit per pool */
};

/* Ascending by node; immutable. */
struct leaving_list {
	struct rcu_later later;
	uint32_t n;
	struct leaving_node at[];
};

/* The node is decided anew, n->all is still the last decision: does it begin to leave, or not any more? */
void leaving_decide(struct path_maker *m, struct path_node *n, const struct node_decision *d)
    ON_WRITER;

/* Those whose time is over do not serve any more. Before nodes are decided. */
void leaving_expire(struct path_maker *m) ON_WRITER;

/* Publish the list, where it has changed. */
void leaving_publish(struct path_maker *m) ON_WRITER;
