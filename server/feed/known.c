/* SPDX-License-Identifier: Apache-2.0 */
/* A chained hash table; an entry is one block with its key behind it. */
#include "feed/known.h"

#include "core/hash.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 1024u

struct known_entry {
	struct known_entry *next;
	uint64_t hash, digest;
	uint32_t round;
	uint8_t resource;
	char key[];
};

void
known_init(struct known *k)
{
	memset(k, 0, sizeof(*k));
	k->n_buckets = FIRST_BUCKETS;
	k->buckets = must_calloc(k->n_buckets, sizeof(struct known_entry *));
}

void
known_clear(struct known *k)
{
	for (uint32_t i = 0; i < k->n_buckets; i++) {
		while (k->buckets[i]) {
			struct known_entry *e = k->buckets[i];

			k->buckets[i] = e->next;
			free(e);
		}
	}
	k->n = 0;
	memset(k->count, 0, sizeof(k->count));
}

void
known_fini(struct known *k)
{
	known_clear(k);
	free(k->buckets);
	memset(k, 0, sizeof(*k));
}

static void
grow(struct known *k)
{
	uint32_t n = k->n_buckets * 2;
	struct known_entry **buckets = must_calloc(n, sizeof(struct known_entry *));

	for (uint32_t i = 0; i < k->n_buckets; i++) {
		while (k->buckets[i]) {
			struct known_entry *e = k->buckets[i];

			k->buckets[i] = e->next;
			e->next = buckets[e->hash & (n - 1)];
			buckets[e->hash & (n - 1)] = e;
		}
	}
	free(k->buckets);
	k->buckets = buckets;
	k->n_buckets = n;
}

/* Where the entry hangs, or where it would be hung. */
static struct known_entry **
find(struct known *k, const char *key, uint64_t hash)
{
	struct known_entry **at = &k->buckets[hash & (k->n_buckets - 1)];

	while (*at && ((*at)->hash != hash || strcmp((*at)->key, key) != 0))
		at = &(*at)->next;
	return at;
}

enum known_news
known_put(struct known *k, enum resource resource, const char *key, uint64_t digest)
{
	size_t n = strlen(key);
	uint64_t hash = hash_bytes(key, n);
	struct known_entry **at = find(k, key, hash), *e = *at;

	if (e) {
		bool same = e->digest == digest;

		e->digest = digest;
		e->round = k->round[resource];
		return same ? KNOWN_SAME : KNOWN_CHANGED;
	}
	e = must_alloc(sizeof(*e) + n + 1);
	*e = (struct known_entry){.hash = hash,
	    .digest = digest,
	    .round = k->round[resource],
	    .resource = (uint8_t)resource};
	memcpy(e->key, key, n + 1);
	*at = e;
	k->count[resource]++;
	if (++k->n > k->n_buckets)
		grow(k);
	return KNOWN_NEW;
}

void
known_touch(struct known *k, enum resource resource, const char *key)
{
	struct known_entry *e = *find(k, key, hash_bytes(key, strlen(key)));

	if (e)
		e->round = k->round[resource];
}

static void
unhang(struct known *k, struct known_entry **at)
{
	struct known_entry *e = *at;

	*at = e->next;
	k->n--;
	k->count[e->resource]--;
	free(e);
}

bool
known_drop(struct known *k, enum resource resource, const char *key)
{
	struct known_entry **at = find(k, key, hash_bytes(key, strlen(key)));

	if (!*at)
		return false;
	must((*at)->resource == resource);
	unhang(k, at);
	return true;
}

void
known_begin(struct known *k, enum resource resource)
{
	k->round[resource]++;
}

uint32_t
known_sweep(struct known *k, enum resource resource, known_gone *gone, void *ctx)
{
	uint32_t swept = 0;

	for (uint32_t i = 0; i < k->n_buckets; i++) {
		struct known_entry **at = &k->buckets[i];

		while (*at) {
			if ((*at)->resource != resource || (*at)->round == k->round[resource]) {
				at = &(*at)->next;
				continue;
			}
			gone(ctx, (*at)->key);
			unhang(k, at);
			swept++;
		}
	}
	return swept;
}
