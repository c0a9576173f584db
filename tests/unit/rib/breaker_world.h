/* SPDX-License-Identifier: Apache-2.0 */
/* A breaker over a table, and a clock that the test moves. */
#pragma once

#include "core/metric.h"
#include "fixture.h"
#include "rib/breaker.h"

#define S NS_PER_S

static struct breaker breaker;
static uint64_t now;

static const struct breaker_rules rules = {.percent = 15, .paths = 100, .window_ns = 60 * S};

static inline void
with(const struct breaker_rules *r) ALL_ROLES
{
	breaker_fini(&breaker);
	breaker_init(&breaker, r, &table);
	breaker_now(&breaker, now);
}

static inline int
begin_breaking(void **state) ALL_ROLES
{
	begin(state);
	now = 1000 * S;
	breaker_init(&breaker, &rules, &table);
	breaker_now(&breaker, now);
	return 0;
}

static inline int
end_breaking(void **state)
{
	breaker_fini(&breaker);
	return end(state);
}

#define BREAKING(test) cmocka_unit_test_setup_teardown(test, begin_breaking, end_breaking)

static inline void
put_class(uint32_t i, uint64_t hops, enum prefix_class prefix_class) ALL_ROLES
{
	struct path_in in[64];
	uint32_t n = 0, clashes = 0;

	for (uint32_t h = 0; h < 64; h++)
		if (hops >> h & 1)
			in[n++] = (struct path_in){hop_name(h), attrs_of(1)};
	qsort(in, n, sizeof(in[0]), by_name);
	breaker_set(&breaker, prefix_index_of(i),
	    (struct set_kind){.prefix_class = prefix_class}, in, n, now, &clashes);
	table_commit(&table);
}

/* Prefix i is to have these next hops. */
static inline void
put(uint32_t i, uint64_t hops) ALL_ROLES
{
	put_class(i, hops, CLASS_CLUSTER_IP);
}

static inline void
pass(uint64_t ns) ALL_ROLES
{
	now += ns;
	breaker_now(&breaker, now);
	breaker_tick(&breaker, now);
	table_commit(&table);
}

/* 100 prefixes of 20 paths each, and time enough for them to be what was there before. */
static inline void
two_thousand_paths(void) ALL_ROLES
{
	for (uint32_t i = 0; i < 100; i++)
		put(i, 0xfffff);
	pass(120 * S);
}

static inline uint64_t
announced(uint32_t i)
{
	return hops_of(get(i), false);
}

static inline uint32_t
held(enum hold_reason reason)
{
	return breaker.holds.by[CLASS_CLUSTER_IP][reason];
}
