/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dense u32 ids for distinct path attributes, counted by the prefixes that use them. The
 * sink hears of an id when it is given and, at the end of the recompute that stopped using it,
 * of its end; only then may the id be given to other contents. The writer's.
 */
#pragma once

#include "core/rcumap.h"
#include "path/path.h"

struct attribute_entry {
	struct path_attributes value;
	uint32_t refs;
	bool idle; /* among the idle ones: perhaps unused at the end of the recompute */
};

struct attribute_ids {
	struct attribute_entry *at;
	uint32_t bound, cap;
	struct rcumap by_content;
	uint32_t *free, n_free;
	uint32_t *idle, n_idle;
};

#define ATTRIBUTES_NONE UINT32_MAX

void attribute_ids_init(struct attribute_ids *ids);
void attribute_ids_fini(struct attribute_ids *ids);

/* The id of these contents, held once more. */
uint32_t attribute_ids_hold(struct attribute_ids *ids, const struct path_attributes *value,
    const struct path_sink *sink) ON_WRITER;

/* ATTRIBUTES_NONE is allowed. */
void attribute_ids_drop(struct attribute_ids *ids, uint32_t id) ON_WRITER;

/* The recompute is over: ids that nothing uses end. */
void attribute_ids_release(struct attribute_ids *ids, const struct path_sink *sink) ON_WRITER;
