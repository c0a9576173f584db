/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/filter.h"

#include "core/hash.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct filter {
	uint64_t hash;
	uint32_t n;
	struct filter_rule_out rules[];
};

/* By number - 1. Written once each, by the watch thread; never freed but at the program's end. */
static _Atomic(struct filter *) filters[FILTERS_MAX];
static uint32_t n_filters; /* the watch thread's */

static bool
is_same(const struct filter_rule_out *a, const struct filter_rule_out *b)
{
	return ip_prefix_equal(&a->cidr, &b->cidr) && a->match == b->match &&
	       a->min_len == b->min_len && a->max_len == b->max_len && a->accept == b->accept;
}

static bool
has_rules(const struct filter *f, const struct filter_rule_out *rules, uint32_t n)
{
	for (uint32_t i = 0; f->n == n && i < n; i++)
		if (!is_same(&f->rules[i], &rules[i]))
			return false;
	return f->n == n;
}

static uint64_t
hash_rules(const struct filter_rule_out *rules, uint32_t n)
{
	uint64_t hash = n;

	for (uint32_t i = 0; i < n; i++) {
		const struct filter_rule_out *r = &rules[i];

		hash = hash_two(hash, ip_prefix_hash(&r->cidr));
		hash = hash_two(hash, (uint64_t)r->match << 24 | (uint64_t)r->min_len << 16 |
		                          (uint64_t)r->max_len << 8 | r->accept);
	}
	return hash;
}

uint32_t
filter_number(const struct filter_rule_out *rules, uint32_t n)
{
	struct filter *f;

	if (n == 0)
		return FILTER_NONE;
	for (uint32_t i = 0; i < n_filters; i++) {
		f = atomic_load_explicit(&filters[i], memory_order_relaxed);
		if (has_rules(f, rules, n))
			return i + 1;
	}
	if (n_filters == FILTERS_MAX)
		return FILTER_TOO_MANY;
	f = must_calloc(1, sizeof(*f) + n * sizeof(*rules));
	f->n = n;
	f->hash = hash_rules(rules, n);
	memcpy(f->rules, rules, n * sizeof(*rules));
	atomic_store_explicit(&filters[n_filters++], f, memory_order_release);
	return n_filters;
}

static bool
fits(const struct filter_rule_out *r, const struct ip_prefix *p)
{
	bool inside =
	    ip_prefix_covers(&r->cidr, p) && p->len >= r->min_len && p->len <= r->max_len;

	switch ((enum filter_match)r->match) {
	case FILTER_EQUAL:
		return ip_prefix_equal(&r->cidr, p);
	case FILTER_NOT_EQUAL:
		return !ip_prefix_equal(&r->cidr, p);
	case FILTER_IN:
		return inside;
	case FILTER_NOT_IN:
		return !inside;
	case FILTER_ANY:
		break;
	}
	return true;
}

bool
filter_passes(uint32_t number, const struct ip_prefix *prefix)
{
	const struct filter *f;

	if (number == FILTER_NONE)
		return true;
	f = atomic_load_explicit(&filters[number - 1], memory_order_acquire);
	for (uint32_t i = 0; i < f->n; i++)
		if (f->rules[i].cidr.addr.family == prefix->addr.family &&
		    fits(&f->rules[i], prefix))
			return f->rules[i].accept;
	return true;
}

uint64_t
filter_hash(uint32_t number)
{
	if (number == FILTER_NONE)
		return 0;
	return atomic_load_explicit(&filters[number - 1], memory_order_acquire)->hash;
}
