/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An endless sequence of changes to the cluster, one record after the other, as a busy cluster
 * makes them: rolling deployments, nodes and zones that come and go, an endpoint that flaps. It is
 * a function of the cluster's seed and the kind, not of time. With each record comes which
 * paths it makes appear or go, where that is known. One thread owns it, and the cluster.
 */
#pragma once

#include "scenario.h"

#include <stdbool.h>
#include <stdint.h>

struct load;

/* A path of the service's IPv4 host route by its next hop's node. */
struct load_delta {
	uint32_t service, node;
	bool present; /* afterwards */
};

struct load_change {
	struct object_ref
	    ref; /* whose record is to be written; encode it before the next one */
	const struct load_delta *deltas; /* borrowed, until the next one */
	uint32_t delta_count;
};

struct load_kind {
	const char *name, *what;
	void (*step)(struct load *l);
	bool burst;   /* a step's records belong together: they are written without a pause */
	bool once;    /* one step is all */
	bool neutral; /* must change no route */
	bool listing; /* written as a publisher's full listing */
};

extern const struct load_kind load_kinds[];
extern const unsigned load_kind_count;

/* NULL: there is no such kind. */
const struct load_kind *load_kind_find(const char *name);

/* Changes c from now on. Owned. */
struct load *load_new(const struct load_kind *kind, struct cluster *c);
void load_free(struct load *l);

/* The cluster as it is after the next record. False: it has ended, or nothing can be changed. */
bool load_next(struct load *l, struct load_change *out);

/* A step is complete: the records given so far describe the cluster as it now is. */
bool load_at_rest(const struct load *l);
