/* SPDX-License-Identifier: Apache-2.0 */
/* Loads: the same every time, and what they say about paths is what the model says. */
#include "core/hash.h"
#include "load.h"
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHANGES 700

static struct cluster *
a_cluster(void)
{
	const struct cluster_size size = {.nodes = 25,
	    .services = 90,
	    .next_hops = 4,
	    .local = 90,
	    .dual_stack = 30,
	    .zones = 3,
	    .racks = 6,
	    .seed = 11};

	return cluster_new(&size);
}

/* The records that a load asks for, as one number. */
static uint64_t
digest_of(const struct load_kind *kind, unsigned changes)
{
	struct cluster *c = a_cluster();
	struct load *l = load_new(kind, c);
	struct load_change change;
	uint64_t sum = 0;

	for (unsigned i = 0; i < changes && load_next(l, &change); i++) {
		sum = hash_two(sum, hash_two(change.ref.resource, change.ref.index));
		sum = hash_two(sum, change.ref.slice);
		for (uint32_t k = 0; k < change.delta_count; k++)
			sum = hash_two(
			    sum, hash_two(change.deltas[k].node, change.deltas[k].present));
	}
	load_free(l);
	cluster_free(c);
	return sum;
}

static void
a_load_is_the_same_every_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < load_kind_count; i++) {
		assert_true(
		    digest_of(&load_kinds[i], CHANGES) == digest_of(&load_kinds[i], CHANGES));
		assert_true(digest_of(&load_kinds[i], CHANGES) !=
		            digest_of(&load_kinds[i], CHANGES / 8));
	}
}

static bool
has_path(const struct model *m, const struct cluster *c, const struct load_delta *d)
{
	struct ip_prefix p = ip_host_prefix(&c->services[d->service].cluster_ips[0]);

	return model_find(m, &p, &c->nodes[d->node].ip[0]) != SIZE_MAX;
}

/* Paths of IPv4 host routes: those that deltas are about. */
static uint64_t
host_paths(const struct model *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += m->paths[i].prefix.addr.family == IP_V4 && m->paths[i].prefix.len == 32;
	return n;
}

/* Each delta is a real change of the model, and there is no other. */
static void
follow(const struct load_kind *kind, struct cluster *c)
{
	struct model_rules rules = model_rules_default(true);
	struct model *before = model_new(c, &rules);
	struct load *l = load_new(kind, c);
	struct load_change change;

	for (unsigned steps = 0; steps < 150;) {
		uint64_t gone = 0, come = 0;
		struct load_delta deltas[4096];
		uint32_t n = 0;

		do {
			if (!load_next(l, &change))
				break;
			assert_true(n + change.delta_count <= COUNT_OF(deltas));
			for (uint32_t i = 0; i < change.delta_count; i++)
				deltas[n++] = change.deltas[i];
		} while (!load_at_rest(l));
		struct model *after = model_new(c, &rules);

		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(has_path(before, c, &deltas[i]), !deltas[i].present);
			assert_int_equal(has_path(after, c, &deltas[i]), deltas[i].present);
			come += deltas[i].present;
			gone += !deltas[i].present;
		}
		assert_int_equal(host_paths(before) + come - gone, host_paths(after));
		if (kind->neutral) {
			assert_true(before->digest == after->digest);
			steps = 1000;
		}
		model_free(before);
		before = after;
		steps++;
	}
	model_free(before);
	load_free(l);
}

static void
what_it_says_about_paths_is_what_the_model_says(void **state)
{
	(void)state;
	for (unsigned i = 0; i < load_kind_count; i++) {
		struct cluster *c = a_cluster();

		follow(&load_kinds[i], c);
		cluster_free(c);
	}
}

static void
it_goes_on_from_whatever_other_loads_left(void **state)
{
	struct cluster *c = a_cluster();

	(void)state;
	for (unsigned i = 0; i < load_kind_count * 2; i++)
		follow(&load_kinds[(i * 5 + 3) % load_kind_count], c);
	cluster_free(c);
}

static void
a_rolling_deployment_never_leaves_a_service_with_less(void **state)
{
	struct cluster *c = a_cluster();
	struct load *l = load_new(load_kind_find("rolling"), c);
	struct load_change change;
	uint32_t before[90];

	(void)state;
	for (unsigned i = 0; i < 90; i++)
		before[i] = c->services[i].slices[0].count;
	for (unsigned i = 0; i < CHANGES; i++) {
		assert_true(load_next(l, &change));
		uint32_t now = c->services[change.ref.index].slices[change.ref.slice].count;

		assert_in_range(now, before[change.ref.index], before[change.ref.index] + 1);
	}
	load_free(l);
	cluster_free(c);
}

static void
a_relist_lists_every_object_once_and_ends(void **state)
{
	struct cluster *c = a_cluster();
	struct load *l = load_new(load_kind_find("relist"), c);
	struct load_change change;
	struct change_list all = {0};
	size_t n = 0;

	(void)state;
	scenario_list_all(c, &all);
	while (load_next(l, &change)) {
		assert_int_equal(change.ref.resource, all.refs[n].resource);
		assert_int_equal(change.ref.index, all.refs[n].index);
		assert_int_equal(change.delta_count, 0);
		n++;
	}
	assert_int_equal(n, all.count);
	change_list_fini(&all);
	load_free(l);
	cluster_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_load_is_the_same_every_time),
	    cmocka_unit_test(what_it_says_about_paths_is_what_the_model_says),
	    cmocka_unit_test(it_goes_on_from_whatever_other_loads_left),
	    cmocka_unit_test(a_rolling_deployment_never_leaves_a_service_with_less),
	    cmocka_unit_test(a_relist_lists_every_object_once_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
