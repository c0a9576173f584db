/* SPDX-License-Identifier: Apache-2.0 */
/* Path sets: what each path's state is since when, and what a tombstone says. */
#include "fixture.h"

static uint32_t clashes;

/* The set after `old` at this version: next hops as bits, all with this MED; owned by the caller. */
static struct pathset *
next(const struct pathset *old, uint64_t version, uint64_t floor, uint64_t hops,
    uint32_t med) ALL_ROLES
{
	struct path_in in[64];
	struct pathset_change c = {.old = old,
	    .prefix = prefix_index_of(1),
	    .paths = in,
	    .version = version,
	    .floor = floor,
	    .kind = {.prefix_class = CLASS_CLUSTER_IP}};

	for (uint32_t h = 0; h < 64; h++)
		if (hops >> h & 1)
			in[c.n++] = (struct path_in){hop_name(h), attrs_of(med)};
	qsort(in, c.n, sizeof(in[0]), by_name);
	return pathset_next(&names, &c, &clashes);
}

static uint64_t
since(const struct pathset *s, uint32_t hop)
{
	return path_since(s, path_of(s, hop));
}

static void
a_new_set_has_its_paths_since_now(void **state)
{
	struct pathset *s = next(NULL, 7, 0, 0xb, 1);

	(void)state;
	assert_int_equal(s->n, 3);
	assert_int_equal(s->tombstones, 0);
	assert_int_equal(s->changed, 7);
	assert_int_equal(s->prefix_class, CLASS_CLUSTER_IP);
	assert_int_equal(hops_of(s, false), 0xb);
	assert_int_equal(since(s, 3), 7);
	free(s);
}

static void
a_path_that_does_not_change_keeps_its_age(void **state)
{
	struct pathset *a = next(NULL, 7, 0, 0x3, 1), *b = next(a, 9, 0, 0x7, 1);
	struct pathset *c = next(b, 20, 0, 0xf, 1);

	(void)state;
	assert_int_equal(since(c, 0), 7);
	assert_int_equal(since(c, 2), 9);
	assert_int_equal(since(c, 3), 20);
	free(a);
	free(b);
	free(c);
}

static void
new_attributes_are_a_new_state(void **state)
{
	struct pathset *a = next(NULL, 7, 0, 0x3, 1), *b = next(a, 9, 0, 0x3, 2);

	(void)state;
	assert_int_equal(since(b, 0), 9);
	assert_int_equal(b->tombstones, 0);
	free(a);
	free(b);
}

static void
a_path_that_goes_leaves_a_tombstone_that_keeps_its_version(void **state)
{
	struct pathset *a = next(NULL, 7, 0, 0x7, 1), *b = next(a, 9, 0, 0x5, 1);
	struct pathset *c = next(b, 12, 0, 0x4, 1), *d = next(c, 13, 0, 0, 1);

	(void)state;
	assert_int_equal(hops_of(b, true), 0x2);
	assert_int_equal(since(b, 1), 9);
	assert_int_equal(hops_of(c, true), 0x3);
	assert_int_equal(since(c, 1), 9);
	assert_int_equal(since(c, 0), 12);
	assert_int_equal(d->n, 0);
	assert_int_equal(hops_of(d, true), 0x7);
	assert_int_equal(since(d, 2), 13);
	free(a);
	free(b);
	free(c);
	free(d);
}

static void
a_path_that_comes_back_takes_its_tombstone_away(void **state)
{
	struct pathset *a = next(NULL, 7, 0, 0x3, 1), *b = next(a, 9, 0, 0x1, 1);
	struct pathset *c = next(b, 11, 0, 0x3, 1);

	(void)state;
	assert_int_equal(hops_of(c, false), 0x3);
	assert_int_equal(c->tombstones, 0);
	assert_int_equal(since(c, 1), 11);
	free(a);
	free(b);
	free(c);
}

/* Live paths, then tombstones, each ascending: what readers search by. */
static void
both_parts_are_sorted_whatever_the_history(void **state) ALL_ROLES
{
	struct pathset *s = NULL, *n;
	uint64_t random = 3;

	(void)state;
	for (uint64_t version = 1; version < 2000; version++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		n = next(s, version, version > 50 ? version - 50 : 0, random >> 32 & 0xffffff,
		    (uint32_t)(random >> 60));
		free(s);
		s = n;
		for (uint32_t i = 1; s && i < s->n + s->tombstones; i++)
			assert_true(i == s->n || s->path[i].nexthop > s->path[i - 1].nexthop);
		for (uint32_t i = 0; s && i < s->n + s->tombstones; i++) {
			assert_true(path_since(s, &s->path[i]) <= version);
			assert_true(i < s->n || path_since(s, &s->path[i]) + 50 > version);
		}
		assert_true(!s || (hops_of(s, true) & hops_of(s, false)) == 0);
	}
	free(s);
}

static void
tombstones_at_or_below_the_floor_are_left_out(void **state)
{
	struct pathset *a = next(NULL, 7, 0, 0x7, 1), *b = next(a, 9, 0, 0x3, 1);
	struct pathset *c = next(b, 12, 8, 0x1, 1), *d = next(c, 13, 9, 0x1, 2);

	(void)state;
	assert_int_equal(hops_of(c, true), 0x6);
	assert_int_equal(hops_of(d, true), 0x2);
	free(a);
	free(b);
	free(c);
	free(d);
}

static void
purging_keeps_the_paths_and_the_version(void **state)
{
	struct pathset *a = next(NULL, 7, 0, 0x7, 1), *b = next(a, 9, 0, 0x3, 1);
	struct pathset *c = next(b, 12, 0, 0x1, 1), *p = pathset_purged(c, 9);

	(void)state;
	assert_int_equal(p->changed, 12);
	assert_int_equal(hops_of(p, false), 0x1);
	assert_int_equal(hops_of(p, true), 0x2);
	assert_int_equal(since(p, 0), 7);
	assert_int_equal(since(p, 1), 12);
	free(p);
	free(c);
	c = next(b, 12, 0, 0, 1);
	p = pathset_purged(c, 11);
	assert_int_equal(p->tombstones, 2);
	free(p);
	assert_null(pathset_purged(c, 12));
	free(a);
	free(b);
	free(c);
}

static void
nothing_from_nothing_is_nothing(void **state)
{
	(void)state;
	assert_null(next(NULL, 7, 0, 0, 1));
	assert_false(pathset_differs(NULL, NULL, 0));
}

static void
a_set_differs_by_next_hops_and_by_attributes_alone(void **state) ALL_ROLES
{
	struct pathset *s = next(NULL, 7, 0, 0x3, 1), *gone = next(s, 9, 0, 0, 1);
	struct path_in same[] = {{hop_name(0), attrs_of(1)}, {hop_name(1), attrs_of(1)}};
	struct path_in other[] = {{hop_name(0), attrs_of(1)}, {hop_name(1), attrs_of(2)}};
	struct path_in hop[] = {{hop_name(0), attrs_of(1)}, {hop_name(2), attrs_of(1)}};

	(void)state;
	assert_false(pathset_differs(s, same, 2));
	assert_true(pathset_differs(s, other, 2));
	assert_true(pathset_differs(s, hop, 2));
	assert_true(pathset_differs(s, same, 1));
	assert_true(pathset_differs(s, NULL, 0));
	assert_true(pathset_differs(NULL, same, 1));
	assert_false(pathset_differs(gone, NULL, 0)); /* tombstones are no paths */
	free(s);
	free(gone);
}

/* Four thousand million versions later: an age too long would only repeat a state. */
static void
a_saturated_age_makes_a_state_look_newer_and_never_older(void **state)
{
	struct pathset *a = next(NULL, 7, 0, 0x1, 1);
	struct pathset *b = next(a, 7 + (1ull << 33), 0, 0x3, 1);
	struct pathset *c = next(b, 8 + (1ull << 33), 0, 0x3, 1);

	(void)state;
	assert_true(since(b, 0) >= 7);
	assert_true(since(b, 0) == 7 + (1ull << 33) - UINT32_MAX);
	assert_true(since(c, 0) >= since(b, 0));
	assert_true(since(c, 1) == 7 + (1ull << 33));
	free(a);
	free(b);
	free(c);
}

/* ---- two next hops with one path identifier ---- */

static uint32_t twin; /* has next hop 1's identifier and a higher name */

static void
make_twin(void) ALL_ROLES
{
	struct nexthop nh = hop_of(40);

	hop_name(0);
	hop_name(1);
	nh.path_id = 2;
	twin = nexthop_name(&names, &nh);
	clashes = 0;
}

static struct pathset *
next_with_twin(const struct pathset *old, uint64_t version, bool first, bool second) ALL_ROLES
{
	struct path_in in[3];
	struct pathset_change c = {
	    .old = old, .prefix = prefix_index_of(1), .paths = in, .version = version};

	in[c.n++] = (struct path_in){hop_name(0), attrs_of(1)};
	if (first)
		in[c.n++] = (struct path_in){hop_name(1), attrs_of(1)};
	if (second)
		in[c.n++] = (struct path_in){twin, attrs_of(1)};
	return pathset_next(&names, &c, &clashes);
}

static void
of_two_paths_with_one_identifier_the_higher_name_is_left_out(void **state)
{
	struct pathset *s;

	(void)state;
	make_twin();
	s = next_with_twin(NULL, 1, true, true);
	assert_int_equal(clashes, 1);
	assert_int_equal(s->n, 2);
	assert_int_not_equal(s->path[1].nexthop, twin);
	free(s);
}

/* The announcement replaces the path: a withdrawal of the same identifier would take both away. */
static void
a_path_replaced_by_its_twin_leaves_no_tombstone(void **state)
{
	struct pathset *a, *b, *c, *d;

	(void)state;
	make_twin();
	a = next_with_twin(NULL, 1, true, false);
	b = next_with_twin(a, 2, false, true);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->tombstones, 0);
	assert_int_equal(path_since(b, &b->path[1]), 2);
	c = next_with_twin(b, 3, true, false);
	assert_int_equal(c->tombstones, 0);
	/* When both are gone one tombstone says so, at the later version. */
	d = next_with_twin(c, 4, false, false);
	assert_int_equal(d->tombstones, 1);
	assert_int_equal(path_since(d, &d->path[d->n]), 4);
	free(a);
	free(b);
	free(c);
	free(d);
}

/* An old tombstone of the identifier goes when the other next hop has it. */
static void
a_tombstone_goes_when_its_twin_comes(void **state)
{
	struct pathset *a, *b, *c;

	(void)state;
	make_twin();
	a = next_with_twin(NULL, 1, true, false);
	b = next_with_twin(a, 2, false, false);
	assert_int_equal(b->tombstones, 1);
	c = next_with_twin(b, 3, false, true);
	assert_int_equal(c->n, 2);
	assert_int_equal(c->tombstones, 0);
	free(a);
	free(b);
	free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_TABLE(a_new_set_has_its_paths_since_now),
	    WITH_TABLE(a_path_that_does_not_change_keeps_its_age),
	    WITH_TABLE(new_attributes_are_a_new_state),
	    WITH_TABLE(a_path_that_goes_leaves_a_tombstone_that_keeps_its_version),
	    WITH_TABLE(a_path_that_comes_back_takes_its_tombstone_away),
	    WITH_TABLE(both_parts_are_sorted_whatever_the_history),
	    WITH_TABLE(tombstones_at_or_below_the_floor_are_left_out),
	    WITH_TABLE(purging_keeps_the_paths_and_the_version),
	    WITH_TABLE(nothing_from_nothing_is_nothing),
	    WITH_TABLE(a_set_differs_by_next_hops_and_by_attributes_alone),
	    WITH_TABLE(a_saturated_age_makes_a_state_look_newer_and_never_older),
	    WITH_TABLE(of_two_paths_with_one_identifier_the_higher_name_is_left_out),
	    WITH_TABLE(a_path_replaced_by_its_twin_leaves_no_tombstone),
	    WITH_TABLE(a_tombstone_goes_when_its_twin_comes),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
