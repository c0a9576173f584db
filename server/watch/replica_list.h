/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which replicas there are: the configured addresses, and those that configured names stand for now. The watch thread's.
 */
#pragma once

#include "config/config.h"
#include "core/json_out.h"
#include "core/role.h"

struct resolver;

struct replica_list {
	struct resolver *resolver;
	struct config_endpoint
	    at[CONFIG_REPLICAS_MAX]; /* as configured, then by address; each once */
	uint32_t n;
	bool silent
	    [CONFIG_REPLICAS_MAX]; /* of the configured ones: a name without an answer, which was logged */
	bool too_many;             /* logged */
};

void replica_list_init(struct replica_list *l);
void replica_list_fini(struct replica_list *l);

/* Bring it up to date. Of more than CONFIG_REPLICAS_MAX addresses the lowest are taken, so that all replicas take the same. */
void
replica_list_follow(struct replica_list *l, const struct config_servers *configured) ON_WATCH;

/* Write an element for each name that stands for no address, as replicas_write() does. */
void replica_list_write_unresolved(struct replica_list *l,
    const struct config_servers *configured, struct json_out *j) ON_WATCH;
