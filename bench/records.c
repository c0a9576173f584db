/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include "core/must.h"

#include <stdlib.h>
#include <string.h>

struct made {
	const uint8_t *bytes; /* the key, then the value */
	uint32_t key_len, value_len;
	bool tombstone;
};

struct records {
	struct arena arena;
	size_t count;
	struct made made[];
};

struct records *
records_new(struct encoder *e, const struct change_list *l)
{
	struct records *r = must_calloc(1, sizeof(*r) + l->count * sizeof(r->made[0]));

	arena_init(&r->arena);
	for (; r->count < l->count; r->count++) {
		struct record made;

		encode_object(e, l->refs[r->count], &made);
		uint8_t *bytes = arena_alloc(&r->arena, made.key_len + made.value_len);

		memcpy(bytes, made.key, made.key_len);
		if (made.value)
			memcpy(bytes + made.key_len, made.value, made.value_len);
		r->made[r->count] = (struct made){.bytes = bytes,
		    .key_len = (uint32_t)made.key_len,
		    .value_len = (uint32_t)made.value_len,
		    .tombstone = !made.value};
	}
	return r;
}

void
records_free(struct records *r)
{
	if (!r)
		return;
	arena_fini(&r->arena);
	free(r);
}

size_t
records_count(const struct records *r)
{
	return r->count;
}

void
records_get(const struct records *r, size_t i, struct record *out)
{
	const struct made *m = &r->made[i];

	must(m->key_len < sizeof(out->key));
	memcpy(out->key, m->bytes, m->key_len);
	out->key[m->key_len] = '\0';
	out->key_len = m->key_len;
	out->value = m->tombstone ? NULL : m->bytes + m->key_len;
	out->value_len = m->value_len;
}
