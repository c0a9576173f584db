/* SPDX-License-Identifier: Apache-2.0 */
#include "path/path_id.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

uint32_t
path_id_v6(const struct ip_addr *a, uint32_t salt)
{
	uint32_t id = (uint32_t)(hash_two(hash_bytes(a->bytes, 16), salt) >> 32);

	return id ? id : 1;
}

/* Identifiers that are taken: open addressing, 0 is empty. */
struct taken {
	uint32_t *slot;
	uint32_t mask;
};

/* False: it was there already. */
static bool
take(struct taken *t, uint32_t id)
{
	uint32_t at = (uint32_t)hash_mix(id) & t->mask;

	for (; t->slot[at]; at = (at + 1) & t->mask) {
		if (t->slot[at] == id)
			return false;
	}
	t->slot[at] = id;
	return true;
}

/* Nearly always no two collide, and the order does not matter. */
static bool
assign_unsalted(
    struct taken *t, const struct ip_addr *addrs, uint32_t n, path_id_hash *hash, uint32_t *ids)
{
	for (uint32_t i = 0; i < n; i++) {
		ids[i] = hash(&addrs[i], 0);
		if (ids[i] == 0 || !take(t, ids[i]))
			return false;
	}
	return true;
}

struct ranked {
	const struct ip_addr *addr;
	uint32_t *id;
};

static int
ranked_cmp(const void *a, const void *b)
{
	return ip_cmp(((const struct ranked *)a)->addr, ((const struct ranked *)b)->addr);
}

static void
assign_salted(
    struct taken *t, const struct ip_addr *addrs, uint32_t n, path_id_hash *hash, uint32_t *ids)
{
	struct ranked *order = must_calloc(n, sizeof(*order));

	for (uint32_t i = 0; i < n; i++)
		order[i] = (struct ranked){&addrs[i], &ids[i]};
	qsort(order, n, sizeof(*order), ranked_cmp);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t salt = 0, id;

		do {
			id = hash(order[i].addr, salt++);
		} while (id == 0 || !take(t, id));
		*order[i].id = id;
	}
	free(order);
}

void
path_ids_assign(const struct ip_addr *addrs, uint32_t n, path_id_hash *hash, uint32_t *ids)
{
	uint32_t size = 64;
	struct taken t;

	while (size < 4 * (uint64_t)n)
		size *= 2;
	t = (struct taken){must_calloc(size, sizeof(*t.slot)), size - 1};
	if (!assign_unsalted(&t, addrs, n, hash, ids)) {
		memset(t.slot, 0, size * sizeof(*t.slot));
		assign_salted(&t, addrs, n, hash, ids);
	}
	free(t.slot);
}
