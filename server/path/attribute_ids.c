/* SPDX-License-Identifier: Apache-2.0 */
#include "path/attribute_ids.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

static bool
content_equal(const void *ctx, uint32_t index, const void *key)
{
	const struct attribute_ids *ids = ctx;

	return memcmp(&ids->at[index].value, key, sizeof(ids->at[index].value)) == 0;
}

static uint64_t
content_hash(const struct path_attributes *value)
{
	return hash_bytes(value, sizeof(*value));
}

void
attribute_ids_init(struct attribute_ids *ids)
{
	memset(ids, 0, sizeof(*ids));
	rcumap_init(&ids->by_content);
}

void
attribute_ids_fini(struct attribute_ids *ids)
{
	rcumap_fini(&ids->by_content);
	free(ids->at);
	free(ids->free);
	free(ids->idle);
}

/* The three arrays are as long: each id is in the stacks at most once. */
static void
grow(struct attribute_ids *ids)
{
	ids->cap = ids->cap ? 2 * ids->cap : 16;
	ids->at = must_realloc(ids->at, ids->cap * sizeof(*ids->at));
	ids->free = must_realloc(ids->free, ids->cap * sizeof(*ids->free));
	ids->idle = must_realloc(ids->idle, ids->cap * sizeof(*ids->idle));
}

static uint32_t
id_new(struct attribute_ids *ids, const struct path_attributes *value)
{
	uint32_t id;

	if (ids->n_free == 0 && ids->bound == ids->cap)
		grow(ids);
	id = ids->n_free ? ids->free[--ids->n_free] : ids->bound++;
	ids->at[id] = (struct attribute_entry){.value = *value};
	return id;
}

uint32_t
attribute_ids_hold(struct attribute_ids *ids, const struct path_attributes *value,
    const struct path_sink *sink)
{
	uint64_t hash = content_hash(value);
	uint32_t id = rcumap_find_own(&ids->by_content, hash, content_equal, ids, value);

	if (id == RCUMAP_NONE) {
		id = id_new(ids, value);
		rcumap_insert(&ids->by_content, hash, id);
		sink->attributes(sink->ctx, id, value);
	}
	ids->at[id].refs++;
	return id;
}

void
attribute_ids_drop(struct attribute_ids *ids, uint32_t id)
{
	struct attribute_entry *e;

	if (id == ATTRIBUTES_NONE)
		return;
	e = &ids->at[id];
	must(e->refs > 0);
	if (--e->refs > 0 || e->idle)
		return;
	e->idle = true;
	ids->idle[ids->n_idle++] = id;
}

void
attribute_ids_release(struct attribute_ids *ids, const struct path_sink *sink)
{
	for (uint32_t i = 0; i < ids->n_idle; i++) {
		uint32_t id = ids->idle[i];
		struct attribute_entry *e = &ids->at[id];

		e->idle = false;
		if (e->refs)
			continue;
		rcumap_remove(&ids->by_content, content_hash(&e->value), id);
		sink->attributes(sink->ctx, id, NULL);
		ids->free[ids->n_free++] = id;
	}
	ids->n_idle = 0;
}
