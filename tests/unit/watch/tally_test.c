/* SPDX-License-Identifier: Apache-2.0 */
/* A kept count says after every change what a count from the beginning says. */
#include "../ribout/views.h"
#include "core/clock.h"
#include "watch/tally.h"

#define PREFIXES 60u
#define NODES    24u

static uint64_t rnd_state;

static uint32_t
rnd(uint32_t below)
{
	rnd_state = rnd_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(rnd_state >> 33) % below;
}

static struct tally_kind
kind_of(struct view view, bool add_path)
{
	struct tally_kind k;

	memset(&k, 0, sizeof(k));
	k.view = view;
	k.family[0] = k.family[1] = true;
	k.add_path[0] = k.add_path[1] = add_path;
	return k;
}

static struct tally_count
count_anew(const struct tally_kind *kind) ALL_ROLES
{
	struct tally *y = tally_new(&table, kind);
	struct tally_count count;

	assert_true(tally_advance(y, NS_NEVER));
	count = tally_count(y);
	tally_free(y);
	return count;
}

static void
assert_same(struct tally_count a, struct tally_count b)
{
	assert_int_equal(a.digest, b.digest);
	assert_int_equal(a.sets, b.sets);
	assert_int_equal(a.widest, b.widest);
}

/* A few prefixes get other next hops, or none. */
static void
change_some(void) ALL_ROLES
{
	uint32_t n = 1 + rnd(6);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t prefix = rnd(PREFIXES), clashes = 0, k = 0;
		uint32_t keep = rnd(4) == 0 ? 0 : 1 + rnd(NODES);
		struct path_in in[NODES];

		for (uint32_t h = 0; h < NODES; h++)
			if (rnd(NODES) < keep)
				in[k++] = (struct path_in){node_name(h, 6), attrs_of(rnd(2))};
		qsort(in, k, sizeof(in[0]), by_name);
		table_set(&table, prefix_index_of(prefix),
		    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, in, k, &clashes);
	}
	table_commit(&table);
}

static uint64_t
table_digest(void)
{
	uint64_t digest[CLASS_COUNT][IP_FAMILIES], sum = 0;

	table_digests(&table, digest);
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			sum += digest[k][f];
	return sum;
}

static void
a_kept_count_is_that_of_counting_anew_after_any_changes(void **state) ALL_ROLES
{
	const struct tally_kind kinds[] = {
	    kind_of((struct view){.max = 0}, true),
	    kind_of((struct view){.max = 4}, true),
	    kind_of(near("r1", "z0", 3), true),
	    kind_of((struct view){.max = 4, .variant = 1, .variants = 3}, true),
	    kind_of((struct view){.weight = 1}, true),
	    kind_of((struct view){.max = 0}, false),
	};
	struct tally *kept[COUNT_OF(kinds)];

	(void)state;
	rnd_state = 7;
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		kept[k] = tally_new(&table, &kinds[k]);
	/* Far more changes than the order's first 1,024 entries: it is renewed under the counts. */
	for (unsigned round = 0; round < 3000; round++) {
		change_some();
		for (size_t k = 0; k < COUNT_OF(kinds); k++) {
			/* Some are asked seldom, so that the order has gone on without them. */
			if (k && rnd(40 * (uint32_t)k) != 0)
				continue;
			assert_true(tally_advance(kept[k], NS_NEVER));
			assert_same(tally_count(kept[k]), count_anew(&kinds[k]));
		}
	}
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		tally_free(kept[k]);
}

static void
a_view_of_every_path_has_the_tables_own_digest(void **state) ALL_ROLES
{
	const struct tally_kind all = kind_of((struct view){.max = 0}, true);

	(void)state;
	rnd_state = 3;
	for (unsigned round = 0; round < 50; round++)
		change_some();
	assert_int_not_equal(table_digest(), 0);
	assert_int_equal(count_anew(&all).digest, table_digest());
}

static void
sets_are_counted_once_however_many_prefixes_have_them(void **state) ALL_ROLES
{
	const struct tally_kind all = kind_of((struct view){.max = 0}, true);
	struct tally *y = tally_new(&table, &all);

	(void)state;
	set(1, 0x7, 1);
	set(2, 0x7, 1);
	set(3, 0x3, 1);
	set(4, 0x1, 1); /* one path is no group */
	table_commit(&table);
	assert_true(tally_advance(y, NS_NEVER));
	assert_same(tally_count(y),
	    (struct tally_count){.sets = 2, .widest = 3, .digest = table_digest()});
	set(1, 0, 1);
	table_commit(&table);
	assert_true(tally_advance(y, NS_NEVER));
	assert_same(tally_count(y),
	    (struct tally_count){.sets = 2, .widest = 3, .digest = table_digest()});
	set(2, 0, 1);
	table_commit(&table);
	assert_true(tally_advance(y, NS_NEVER));
	assert_same(tally_count(y),
	    (struct tally_count){.sets = 1, .widest = 2, .digest = table_digest()});
	tally_free(y);
}

static void
without_time_a_part_is_counted_and_the_rest_next_time(void **state) ALL_ROLES
{
	const struct tally_kind all = kind_of((struct view){.max = 0}, true);
	struct tally *y = tally_new(&table, &all);
	unsigned times = 1;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) /* four pages of the order */
		set(i, 0x5, 1);
	table_commit(&table);
	assert_false(tally_advance(y, 0));
	while (!tally_advance(y, 0))
		times++;
	assert_int_equal(times, 3);
	assert_int_equal(tally_count(y).digest, table_digest());
	assert_int_equal(tally_count(y).sets, 1);
	tally_free(y);
}

static void
many_sets_that_come_and_go_leave_no_memory_behind(void **state) ALL_ROLES
{
	const struct tally_kind all = kind_of((struct view){.max = 0}, true);
	struct tally *y = tally_new(&table, &all);
	uint64_t bytes = 0;

	(void)state;
	for (uint64_t round = 1; round <= 20000; round++) {
		set(1, round << 2 | 3, 1);
		table_commit(&table);
		assert_true(tally_advance(y, NS_NEVER));
		assert_int_equal(tally_count(y).sets, 1);
		if (round == 100)
			bytes = tally_bytes(y);
	}
	assert_int_equal(tally_bytes(y), bytes);
	tally_free(y);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    VIEWING(a_kept_count_is_that_of_counting_anew_after_any_changes),
	    VIEWING(a_view_of_every_path_has_the_tables_own_digest),
	    VIEWING(sets_are_counted_once_however_many_prefixes_have_them),
	    VIEWING(without_time_a_part_is_counted_and_the_rest_next_time),
	    VIEWING(many_sets_that_come_and_go_leave_no_memory_behind),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
