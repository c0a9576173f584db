/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer may hold of a view's choice, reconstructed from what is there now. */
#include "views.h"

static const struct set_kind host = {.prefix_class = CLASS_CLUSTER_IP};

#define PAST 12u /* versions that are looked back at */

static const struct view *
random_views(unsigned *n)
{
	static struct view v[6];

	*n = COUNT_OF(v);
	v[0] = (struct view){.max = 3};
	v[1] = (struct view){.max = 1};
	v[2] = (struct view){.max = 6, .variants = 3, .variant = 1};
	v[3] = near("r1", "z0", 4);
	v[4] = near("r1", "z0", 0);
	v[4].only = true;
	v[4].min = 2;
	v[5] = near("r1", "z0", 3);
	v[5].only = true;
	v[5].min = 3;
	return v;
}

/* Prefix 1 gets some of 24 next hops, a few of them with a higher LOCAL_PREF. */
static void
serve_at_random(uint64_t *random) ALL_ROLES
{
	struct path_in in[24];
	uint32_t n = 0, clashes = 0;

	for (uint32_t h = 0; h < 24; h++) {
		struct path_attrs a;

		*random = hash_two(*random, h);
		if (*random % 3 == 0)
			continue;
		memset(&a, 0, sizeof(a));
		a.local_pref = *random % 11 == 0 ? 200 : 100;
		in[n++] = (struct path_in){node_name(h, 20), attrs_name(&names, &a)};
	}
	qsort(in, n, sizeof(in[0]), by_name);
	table_set(&table, prefix_index_of(1), host, in, n, &clashes);
}

struct said {
	uint64_t now, was, surely; /* next hops as bits */
};

static struct said
say(const struct view *v, uint64_t known)
{
	struct ip_prefix p = prefix_of(1);
	const struct pathset *s = get(1);
	struct said said = {0};

	view_change(v, &names, &p, s, known, &items);
	for (uint32_t i = 0; i < items.n; i++) {
		const struct view_item *x = &items.at[i];
		uint64_t bit = 1ull
		               << (nexthop_at(&names, s->path[x->path].nexthop)->path_id - 1);

		said.now |= x->chosen ? bit : 0;
		said.was |= x->was ? bit : 0;
		said.surely |= x->surely ? bit : 0;
	}
	return said;
}

/*
 * Random histories: whatever version of the last ones a peer was told of, also in part, who was chosen since then
 * and is not now has `was`, and who has `surely` was chosen all the time.
 */
static void
what_a_peer_may_hold_is_never_said_too_small(void **state) ALL_ROLES
{
	uint64_t random = 7, held[6][PAST] = {{0}}, version[PAST] = {0};
	struct table_reader keeps = {.vital = false};
	unsigned n;
	const struct view *views = random_views(&n);

	(void)state;
	table_join(&table, &keeps);
	for (unsigned round = 0; round < 3000; round++) {
		serve_at_random(&random);
		version[round % PAST] = table_commit(&table);
		for (unsigned k = 0; k < n; k++) {
			held[k][round % PAST] = say(&views[k], table_version(&table)).now;
			for (unsigned ago = 1; ago < PAST && ago <= round; ago++) {
				struct said said =
				    say(&views[k], version[(round - ago) % PAST]);

				for (unsigned then = 1; then <= ago; then++) {
					uint64_t had = held[k][(round - then) % PAST];

					had &= hops_of(get(1), false);
					assert_int_equal(had & ~said.now & ~said.was, 0);
					assert_int_equal(said.surely & ~had, 0);
				}
			}
		}
		atomic_store(&keeps.floor, version[(round + 1) % PAST]);
	}
	table_leave(&table, &keeps);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VIEWING(what_a_peer_may_hold_is_never_said_too_small),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
