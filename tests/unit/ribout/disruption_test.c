/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one lost node does to the ECMP groups of a ToR, by count and for each kind of view. 200 nodes in 10 racks; 500
 * Local services with endpoints on 40 of them each, and 20 prefixes that every node serves.
 */
#include "core/hash.h"
#include "views.h"

#define NODES      200u
#define RACKS      10u
#define LOCALS     500u
#define EVERYWHERE 20u
#define PREFIXES   (LOCALS + EVERYWHERE)
#define OWN_NODES  40u
#define LOST       77u /* stands in rack 7 */
#define NOBODY     UINT32_MAX

static void
serve(uint32_t prefix, uint32_t without) ALL_ROLES
{
	struct path_in in[NODES];
	uint32_t n = 0, clashes = 0, attrs = attrs_of(1);
	bool local = prefix < LOCALS;

	for (uint32_t h = 0; h < NODES; h++) {
		/* Some 40 of 200, always the same ones. */
		bool mine = !local || hash_two(prefix, h) % NODES < OWN_NODES;

		if (mine && h != without)
			in[n++] = (struct path_in){node_name(h, RACKS), attrs};
	}
	qsort(in, n, sizeof(in[0]), by_name);
	table_set(&table, prefix_index_of(prefix),
	    (struct set_kind){.prefix_class = local ? CLASS_CLUSTER_IP : CLASS_EXTERNAL_IP,
	        .everywhere = !local},
	    in, n, &clashes);
	assert_int_equal(clashes, 0);
}

/* A choice as one bit per node. */
struct choice {
	bool has[NODES];
	uint64_t hash;
	uint32_t n;
};

static void
choose(const struct view *v, uint32_t prefix, struct choice *out)
{
	struct ip_prefix p = prefix_of(prefix);
	const struct pathset *s = get(prefix);

	memset(out, 0, sizeof(*out));
	view_choose(v, &names, &p, s, &items);
	for (uint32_t i = 0; i < items.n; i++) {
		uint32_t node;

		if (!items.at[i].chosen)
			continue;
		node = nexthop_at(&names, s->path[items.at[i].path].nexthop)->path_id - 1;
		out->has[node] = true;
		out->hash += hash_mix(node + 1);
		out->n++;
	}
}

static void
choose_all(const struct view *v, uint32_t without, struct choice *out) ALL_ROLES
{
	for (uint32_t i = 0; i < PREFIXES; i++) {
		serve(i, without);
		choose(v, i, &out[i]);
	}
}

/* How many distinct ones of `all` are not in `known` (NULL: count them all). */
static uint32_t
distinct(const struct choice *all, const struct choice *known)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < PREFIXES; i++) {
		bool seen = false;

		for (uint32_t k = 0; k < i && !seen; k++)
			seen = all[k].hash == all[i].hash;
		for (uint32_t k = 0; known && k < PREFIXES && !seen; k++)
			seen = known[k].hash == all[i].hash;
		n += !seen;
	}
	return n;
}

struct disruption {
	uint32_t groups, removed, added, widened;
};

/* Groups that had the node lose it, and get one other at most; the others do not change at all. */
static struct disruption
compare(const struct choice *before, const struct choice *after, uint32_t node)
{
	struct disruption d = {0};

	for (uint32_t i = 0; i < PREFIXES; i++) {
		uint32_t removed = 0, added = 0;

		for (uint32_t h = 0; h < NODES; h++) {
			removed += before[i].has[h] && !after[i].has[h];
			added += after[i].has[h] && !before[i].has[h];
		}
		assert_int_equal(removed, before[i].has[node]);
		/* A rack whose last node of the service it was is shown the zone's, or all. */
		d.widened += added > 1;
		assert_true(added <= removed || before[i].n == removed);
		d.groups += removed > 0;
		d.removed += removed;
		d.added += added;
	}
	return d;
}

static void
a_lost_node_changes_the_groups_that_had_it_by_one_member_and_no_others(void **state) ALL_ROLES
{
	static struct choice before[PREFIXES], after[PREFIXES], again[PREFIXES];
	const uint64_t own = place_hash("r7"), other = place_hash("r3");
	const struct {
		const char *name;
		struct view view;
	} rows[] = {
	    {"every path", {.max = 0}},
	    {"max_next_hops: 16", {.max = 16}},
	    {"max_next_hops: 16, spread: 4", {.max = 16, .variants = 4, .variant = 1}},
	    {"max_next_hops: 16, prefer: rack (the node's)",
	        {.max = 16, .prefer = VIEW_PREFER_RACK, .rack = own}},
	    {"max_next_hops: 16, prefer: rack (another)",
	        {.max = 16, .prefer = VIEW_PREFER_RACK, .rack = other}},
	    {"prefer: rack, only: true (the node's)",
	        {.prefer = VIEW_PREFER_RACK, .only = 1, .min = 1, .rack = own}},
	    {"prefer: rack, only: true (another)",
	        {.prefer = VIEW_PREFER_RACK, .only = 1, .min = 1, .rack = other}},
	};

	(void)state;
	print_message("one node of %u lost; %u groups\n%-46s %7s %8s %6s %8s %14s %9s\n", NODES,
	    PREFIXES, "view", "groups", "members", "new", "widened", "distinct sets",
	    "new sets");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct disruption d;

		choose_all(&rows[i].view, NOBODY, before);
		choose_all(&rows[i].view, LOST, after);
		choose_all(&rows[i].view, NOBODY, again);
		d = compare(before, after, LOST);
		for (uint32_t k = 0; k < PREFIXES; k++)
			assert_memory_equal(before[k].has, again[k].has, sizeof(before[k].has));
		print_message("%-46s %7u %8u %6u %8u %7u ->%4u %9u\n", rows[i].name, d.groups,
		    d.removed, d.added, d.widened, distinct(before, NULL),
		    distinct(after, NULL), distinct(after, before));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VIEWING(a_lost_node_changes_the_groups_that_had_it_by_one_member_and_no_others),
	};

	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
