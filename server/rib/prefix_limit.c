/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/prefix_limit.h"

#include "core/clock.h"
#include "core/metric.h"
#include "core/must.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_NS  (5 * NS_PER_S) /* everything is computed for it: 0.2 s for 2,000,000 paths */
#define LOG_BURST 1u

void
prefix_limit_init(struct prefix_limit *l, uint32_t max, struct table *t)
{
	*l = (struct prefix_limit){.max = max, .table = t};
}

void
prefix_limit_fini(struct prefix_limit *l)
{
	free(l->is_refused);
}

static bool
is_waiting(const struct prefix_limit *l, uint32_t prefix)
{
	return prefix < l->cap && l->is_refused[prefix / 64] >> prefix % 64 & 1;
}

static void
tell(const struct prefix_limit *l)
{
	metric_set(METRIC_PREFIXES_REFUSED, l->refused);
}

static void
begin_waiting(struct prefix_limit *l, uint32_t prefix, uint64_t now_ns) ON_WRITER
{
	uint32_t cap = l->cap ? l->cap : 1024, swallowed;

	while (cap <= prefix)
		cap *= 2;
	if (cap > l->cap) {
		l->is_refused = must_realloc(l->is_refused, cap / 8);
		memset(&l->is_refused[l->cap / 64], 0, (cap - l->cap) / 8);
		l->cap = cap;
	}
	l->is_refused[prefix / 64] |= 1ull << prefix % 64;
	l->refused++;
	name_hold(&l->table->names->prefixes, prefix);
	tell(l);
	if (log_allow(&l->log_limit, LOG_BURST, now_ns, &swallowed))
		log_error(
		    "safety.max_prefixes is reached: new prefixes are not announced until "
		    "there is room; those announced stay",
		    f_prefix("prefix", *prefix_at(l->table->names, prefix)),
		    f_u64("max_prefixes", l->max), f_u64("waiting", l->refused),
		    f_u64("swallowed", swallowed));
}

static void
end_waiting(struct prefix_limit *l, uint32_t prefix) ON_WRITER
{
	l->is_refused[prefix / 64] &= ~(1ull << prefix % 64);
	l->refused--;
	name_drop(&l->table->names->prefixes, prefix, l->table->last);
	tell(l);
}

/* One more prefix would be too many, and this is one more. */
static bool
is_too_many(const struct prefix_limit *l, uint32_t prefix, enum prefix_class prefix_class)
    ON_WRITER
{
	const struct pathset *old = table_get_own(l->table, prefix);

	return l->max && l->table->live_prefixes >= l->max && !(old && old->n) &&
	       prefix_class != CLASS_AGGREGATE;
}

bool
prefix_limit_admits(struct prefix_limit *l, uint32_t prefix, enum prefix_class prefix_class,
    uint32_t n, uint64_t now_ns)
{
	bool waits = is_waiting(l, prefix);

	if (n && is_too_many(l, prefix, prefix_class)) {
		if (!waits)
			begin_waiting(l, prefix, now_ns);
		return false;
	}
	if (waits)
		end_waiting(l, prefix);
	return true;
}

uint64_t
prefix_limit_next_ns(const struct prefix_limit *l)
{
	if (!l->refused || (l->max && l->table->live_prefixes >= l->max))
		return NS_NEVER;
	return l->retry_ns;
}

void
prefix_limit_tried(struct prefix_limit *l, uint64_t now_ns)
{
	l->retry_ns = now_ns + RETRY_NS;
}
