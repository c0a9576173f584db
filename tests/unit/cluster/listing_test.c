/* SPDX-License-Identifier: Apache-2.0 */
/* Mark and sweep of a publisher's listing: what may be removed, and what never. */
#include "core/clock.h"
#include "records.h"

static struct records records, *const r = &records;

static int
begin(void **state)
{
	(void)state;
	records_init(r);
	r->ms = (int64_t)(clock_wall_ns() / NS_PER_MS); /* about now, so that counts matter */
	return 0;
}

static int
end(void **state)
{
	(void)state;
	records_fini(r);
	return 0;
}

static void
sync_begins(uint64_t epoch)
{
	char json[100];

	snprintf(json, sizeof(json), "{'epoch':%llu}", (unsigned long long)epoch);
	apply(r, "sync//begin", json, 0);
	r->epoch = epoch;
}

static void
sync_ends(uint64_t epoch, int nodes)
{
	char json[200];

	snprintf(json, sizeof(json),
	    "{'epoch':%llu,'counts':{'nodes':%d,'services':0,'endpointslices':0,'servicecidrs':0}}",
	    (unsigned long long)epoch, nodes);
	apply(r, "sync//end", json, 0);
}

/* The run before: n1 and n2. */
static void
first_run(void)
{
	r->epoch = 1;
	put(r, "nodes//n1", "u", 1, "");
	put(r, "nodes//n2", "u", 2, "");
	r->ms += 1000;
}

static uint32_t
nodes(void)
{
	return cluster_count(r->cluster, RESOURCE_NODE);
}

static void
a_key_that_a_complete_listing_did_not_have_is_removed(void **state)
{
	(void)state;
	first_run();
	read_all(r);
	sync_begins(2);
	put(r, "nodes//n1", "u", 1, "");
	assert_int_equal(nodes(), 2);
	sync_ends(2, 1);
	assert_int_equal(nodes(), 1);
}

static void
nothing_is_removed_by_half_a_listing(void **state)
{
	(void)state;
	first_run();
	read_all(r);
	sync_begins(2);
	put(r, "nodes//n1", "u", 1, "");
	sync_begins(3);
	put(r, "nodes//n1", "u", 1, "");
	assert_int_equal(nodes(), 2);
	sync_ends(2, 1); /* of a run that another one has replaced */
	assert_int_equal(nodes(), 2);
}

static void
nothing_is_removed_before_the_stream_has_caught_up(void **state)
{
	(void)state;
	first_run();
	sync_begins(2);
	put(r, "nodes//n1", "u", 1, "");
	sync_ends(2, 1);
	assert_int_equal(nodes(), 2);
	read_all(r);
	assert_int_equal(nodes(), 1);
}

static void
an_end_that_is_read_before_other_partitions_waits_for_their_records(void **state)
{
	(void)state;
	first_run();
	read_all(r);
	sync_begins(2);
	sync_ends(2, 2);
	assert_int_equal(nodes(), 2);
	r->ms += 5000; /* created after the listing: was not in it */
	put(r, "nodes//n8", "u", 8, "");
	put(r, "nodes//n9", "u", 9, "");
	assert_int_equal(nodes(), 4);
	r->ms -= 5000;
	put(r, "nodes//n1", "u", 1, "");
	assert_int_equal(nodes(), 4);
	put(r, "nodes//n3", "u", 3, ""); /* the second one listed: n2 was not */
	assert_int_equal(nodes(), 4);
	rcu_enter();
	assert_int_equal(cluster_node_find(r->cluster, "n2"), CLUSTER_NONE);
	rcu_leave();
}

static void
a_listed_key_that_is_deleted_meanwhile_still_counts_as_read(void **state)
{
	(void)state;
	first_run();
	read_all(r);
	sync_begins(2);
	put(r, "nodes//n1", "u", 1, "");
	put(r, "nodes//n3", "u", 3, "");
	delete (r, "nodes//n3", 4);
	sync_ends(2, 2);
	assert_int_equal(nodes(), 1);
}

static void
a_listing_without_counts_removes_nothing(void **state)
{
	(void)state;
	first_run();
	read_all(r);
	sync_begins(2);
	put(r, "nodes//n1", "u", 1, "");
	apply(r, "sync//end", "{'epoch':2}", 0);
	assert_int_equal(nodes(), 2);
}

static void
a_resource_that_a_listing_does_not_count_is_kept_and_holds_up_no_other(void **state)
{
	(void)state;
	read_all(r);
	r->epoch = 1;
	put(r, "ippools//pods", "u", 1, "'spec':{'cidr':'10.0.0.0/8'}");
	put(r, "nodes//n1", "u", 2, "");
	r->ms += 1000;
	sync_begins(2);
	sync_ends(2, 0); /* counts four resources, and no IPPools: it may not read them */
	assert_int_equal(nodes(), 0);
	assert_int_equal(cluster_count(r->cluster, RESOURCE_IPPOOL), 1);
	r->ms += 1000;
	sync_begins(3);
	apply(r, "sync//end",
	    "{'epoch':3,'counts':{'nodes':0,'services':0,'endpointslices':0,'servicecidrs':0,"
	    "'ippools':0}}",
	    0);
	assert_int_equal(cluster_count(r->cluster, RESOURCE_IPPOOL), 0);
}

static void
a_listing_from_long_before_the_start_needs_no_counts_since_compaction_may_have_taken_some(
    void **state)
{
	(void)state;
	r->ms -= 3600 * 1000;
	first_run();
	sync_begins(2);
	put(r, "nodes//n1", "u", 1, "");
	sync_ends(2, 7);
	assert_int_equal(nodes(), 2);
	read_all(r);
	assert_int_equal(nodes(), 1);
}

static void
a_record_written_after_the_end_is_kept_though_it_carries_no_epoch(void **state)
{
	(void)state;
	first_run();
	read_all(r);
	sync_begins(2);
	put(r, "nodes//n1", "u", 1, "");
	r->epoch = 0;
	r->ms += 1000;
	put(r, "nodes//by-hand", "u", 1, "");
	r->ms -= 500;
	sync_ends(2, 1);
	assert_int_equal(nodes(), 2);
	rcu_enter();
	assert_int_not_equal(cluster_node_find(r->cluster, "by-hand"), CLUSTER_NONE);
	rcu_leave();
}

int
main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
	    RULE(a_resource_that_a_listing_does_not_count_is_kept_and_holds_up_no_other),
	    RULE(a_key_that_a_complete_listing_did_not_have_is_removed),
	    RULE(nothing_is_removed_by_half_a_listing),
	    RULE(nothing_is_removed_before_the_stream_has_caught_up),
	    RULE(an_end_that_is_read_before_other_partitions_waits_for_their_records),
	    RULE(a_listed_key_that_is_deleted_meanwhile_still_counts_as_read),
	    RULE(a_listing_without_counts_removes_nothing),
	    RULE(
	        a_listing_from_long_before_the_start_needs_no_counts_since_compaction_may_have_taken_some),
	    RULE(a_record_written_after_the_end_is_kept_though_it_carries_no_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
