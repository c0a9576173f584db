/* SPDX-License-Identifier: Apache-2.0 */
#include "path/prefixes.h"

#include <stdlib.h>
#include <string.h>

static bool
prefix_equal(const void *ctx, uint32_t index, const void *key)
{
	const struct prefixes *p = ctx;

	return ip_prefix_equal(&p->at[index].prefix, key);
}

void
prefixes_init(struct prefixes *p)
{
	memset(p, 0, sizeof(*p));
	rcumap_init(&p->by_prefix);
}

void
prefixes_fini(struct prefixes *p)
{
	for (uint32_t i = 0; i < p->bound; i++) {
		free(p->at[i].owners);
		free(p->at[i].more);
	}
	rcumap_fini(&p->by_prefix);
	free(p->at);
	free(p->free);
	free(p->dirty);
	free(p->scratch);
}

void
prefixes_dirty(struct prefixes *p, uint32_t prefix)
{
	if (p->at[prefix].dirty)
		return;
	p->at[prefix].dirty = true;
	p->dirty[p->n_dirty++] = prefix;
}

void
prefixes_dirty_claims(struct prefixes *p, const struct claims *claims)
{
	for (uint32_t i = 0; i < claims->n; i++)
		prefixes_dirty(p, claims->at[i].prefix);
}

/* The stacks are as long as the array: each prefix is in each at most once. */
static uint32_t
prefix_index(struct prefixes *p, const struct ip_prefix *prefix) ON_WRITER
{
	uint64_t hash = ip_prefix_hash(prefix);
	uint32_t i = rcumap_find_own(&p->by_prefix, hash, prefix_equal, p, prefix);

	if (i != RCUMAP_NONE)
		return i;
	if (p->n_free == 0 && p->bound == p->cap) {
		p->cap = p->cap ? 2 * p->cap : 64;
		p->at = must_realloc(p->at, p->cap * sizeof(*p->at));
		p->free = must_realloc(p->free, p->cap * sizeof(*p->free));
		p->dirty = must_realloc(p->dirty, p->cap * sizeof(*p->dirty));
	}
	i = p->n_free ? p->free[--p->n_free] : p->bound++;
	p->at[i] = (struct owned_prefix){.prefix = *prefix, .attributes = ATTRIBUTES_NONE};
	rcumap_insert(&p->by_prefix, hash, i);
	return i;
}

static void
owner_add(struct owned_prefix *o, struct owner who)
{
	o->owners = must_realloc(o->owners, (o->n_owners + 1) * sizeof(who));
	o->owners[o->n_owners++] = who;
}

static void
owner_remove(struct owned_prefix *o, struct owner who)
{
	uint32_t i = 0;

	while (o->owners[i].index != who.index || o->owners[i].path_class != who.path_class ||
	       o->owners[i].pool != who.pool) {
		i++;
		must(i < o->n_owners);
	}
	o->owners[i] = o->owners[--o->n_owners];
}

static bool
claim_equal(const struct claim *a, const struct claim *b)
{
	return a->prefix == b->prefix && a->path_class == b->path_class && a->pool == b->pool;
}

static bool
claimed(const struct claim *at, uint32_t n, const struct claim *c)
{
	for (uint32_t i = 0; i < n; i++) {
		if (claim_equal(&at[i], c))
			return true;
	}
	return false;
}

static uint32_t
read_wants(struct prefixes *p, const struct want *want, uint32_t n) ON_WRITER
{
	uint32_t n_claims = 0;

	if (n > p->cap_scratch) {
		p->cap_scratch = 2 * n;
		p->scratch = must_realloc(p->scratch, p->cap_scratch * sizeof(*p->scratch));
	}
	for (uint32_t i = 0; i < n; i++) {
		struct claim c = {.prefix = prefix_index(p, &want[i].prefix),
		    .path_class = want[i].path_class,
		    .pool = want[i].pool};

		if (!claimed(p->scratch, n_claims, &c))
			p->scratch[n_claims++] = c;
	}
	return n_claims;
}

void
prefixes_claim(struct prefixes *p, uint32_t claimant, struct claims *claims,
    const struct want *want, uint32_t n)
{
	struct claim *now;
	uint32_t n_now = read_wants(p, want, n);

	now = p->scratch;
	for (uint32_t i = 0; i < n_now; i++) {
		if (!claimed(claims->at, claims->n, &now[i]))
			owner_add(&p->at[now[i].prefix],
			    (struct owner){claimant, now[i].path_class, now[i].pool});
		prefixes_dirty(p, now[i].prefix);
	}
	for (uint32_t i = 0; i < claims->n; i++) {
		const struct claim *c = &claims->at[i];

		if (!claimed(now, n_now, c))
			owner_remove(&p->at[c->prefix],
			    (struct owner){claimant, c->path_class, c->pool});
		prefixes_dirty(p, c->prefix);
	}
	if (n_now != claims->n) {
		free(claims->at);
		claims->at = n_now ? must_calloc(n_now, sizeof(*now)) : NULL;
	}
	if (n_now)
		memcpy(claims->at, now, n_now * sizeof(*now));
	claims->n = n_now;
}

void
prefixes_clean(struct prefixes *p)
{
	for (uint32_t i = 0; i < p->n_dirty; i++) {
		uint32_t index = p->dirty[i];
		struct owned_prefix *o = &p->at[index];

		o->dirty = false;
		if (o->n_owners)
			continue;
		must(o->attributes == ATTRIBUTES_NONE && o->n_more == 0);
		rcumap_remove(&p->by_prefix, ip_prefix_hash(&o->prefix), index);
		free(o->owners);
		o->owners = NULL;
		p->free[p->n_free++] = index;
	}
	p->n_dirty = 0;
}
