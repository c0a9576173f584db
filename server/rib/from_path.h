/* SPDX-License-Identifier: Apache-2.0 */
/*
  * One path maker's sink: its handles become names, its results become path sets. Handles and
 * names are both dense; an array translates. A handle holds its name for as long as it lives.
 */
#pragma once

#include "core/log.h"
#include "path/path.h"
#include "rib/merge.h"
#include "rib/plan.h"
#include "rib/settle.h"

struct handle_names {
	uint32_t *name; /* by handle; NAME_NONE: free */
	uint32_t cap;
};

struct from_path {
	const struct config_advertise *config; /* what the guard compares with */
	struct log_limit guard_limit;
	struct table *table;
	struct settle *settle; /* what is new passes it, and then the breaker */
	struct merge *merge;   /* NULL: this is the only cluster */
	uint32_t cluster;      /* which one, for merge */
	struct plan *plan;     /* set: results are counted there and change nothing */
	uint64_t now_ns;       /* of the writer's round */
	struct handle_names nexthops, attributes;
	struct path_in *scratch;
	uint32_t cap_scratch;
	uint32_t
	    clashes; /* paths left out since the last look: two next hops, one identifier */
};

/* All borrowed. merge and cluster: where several clusters come together; NULL with one. */
void from_path_init(struct from_path *f, const struct config_advertise *config, struct table *t,
    struct settle *s, struct merge *merge, uint32_t cluster);
void from_path_fini(struct from_path *f);

/* For path_new(); f must outlive the maker. */
struct path_sink from_path_sink(struct from_path *f);
