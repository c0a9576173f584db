/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing at a load of at most one half; belongs to one fleet thread. */
#include "pathdict.h"

#include <stdlib.h>

void
pathdict_init(struct pathdict *d, size_t room)
{
	*d = (struct pathdict){.room = 1024};
	while (d->room < room)
		d->room *= 2;
	d->slot_mask = d->room * 2 - 1;
	d->keys = must_calloc(d->room, sizeof(*d->keys));
	d->slots = must_calloc(d->slot_mask + 1, sizeof(*d->slots));
}

void
pathdict_fini(struct pathdict *d)
{
	free(d->keys);
	free(d->slots);
}

static uint64_t
key_hash_of(const struct path_key *key)
{
	uint64_t x[3];

	memcpy(x, key, sizeof(x));
	return hash_mix(hash_two(x[0], x[2]) ^ x[1]);
}

static uint32_t
slot_of(const struct pathdict *d, const struct path_key *key)
{
	uint32_t at = (uint32_t)key_hash_of(key) & d->slot_mask;

	while (d->slots[at] && !path_key_equal(&d->keys[d->slots[at] - 1], key))
		at = (at + 1) & d->slot_mask;
	return at;
}

static void
grow(struct pathdict *d)
{
	d->room *= 2;
	d->keys = must_realloc(d->keys, d->room * sizeof(*d->keys));
	free(d->slots);
	d->slot_mask = d->room * 2 - 1;
	d->slots = must_calloc(d->slot_mask + 1, sizeof(*d->slots));
	for (uint32_t i = 0; i < d->count; i++)
		d->slots[slot_of(d, &d->keys[i])] = i + 1;
}

uint32_t
pathdict_intern_hashed(struct pathdict *d, const struct path_key *key)
{
	uint32_t at = slot_of(d, key);

	if (d->slots[at])
		return d->slots[at] - 1;
	if (d->count == d->room) {
		grow(d);
		at = slot_of(d, key);
	}
	d->keys[d->count] = *key;
	d->slots[at] = ++d->count;
	return d->count - 1;
}

uint32_t
pathdict_find(const struct pathdict *d, const struct path_key *key)
{
	return d->slots[slot_of(d, key)] - 1;
}

struct ip_prefix
path_key_prefix(const struct path_key *key)
{
	return (struct ip_prefix){
	    .addr = ip_from_bytes(key->family, key->bytes), .len = key->len};
}
