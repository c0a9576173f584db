/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The egress guard's bound on how many prefixes a peer is ever told (safety.max_prefixes): a switch that is sent more routes than it
 * has room for drops traffic of all of them. Beyond the limit a prefix that is new waits until there is room; one that is
 * announced stays, whatever its paths do; configured aggregates are never refused. It is a bound of the table, so of every peer.
 * Which prefixes wait depends on which came first: of two replicas at the limit each may announce others.
 *
 * The writer's; time is an argument.
 */
#pragma once

#include "core/log.h"
#include "rib/table.h"

struct prefix_limit {
	struct table *table;
	uint32_t max;         /* 0: none */
	uint32_t refused;     /* prefixes that wait; their names are held */
	uint64_t retry_ns;    /* everything is computed again then, not before */
	uint64_t *is_refused; /* bits by prefix */
	uint32_t cap;         /* of them */
	struct log_limit log_limit;
};

/* The table is borrowed. max may be changed at any time. */
void prefix_limit_init(struct prefix_limit *l, uint32_t max, struct table *t);
void prefix_limit_fini(struct prefix_limit *l);

/* The prefix is to have n paths from now on. False: it has to wait, and has none. */
bool prefix_limit_admits(struct prefix_limit *l, uint32_t prefix,
    enum prefix_class prefix_class, uint32_t n, uint64_t now_ns) ON_WRITER MUST_USE;

/* When prefixes that wait are to be tried again, by computing everything; NS_NEVER: none waits, or there is no room. */
uint64_t prefix_limit_next_ns(const struct prefix_limit *l) ON_WRITER;

/* It is being tried now: not again for a while. */
void prefix_limit_tried(struct prefix_limit *l, uint64_t now_ns) ON_WRITER;
