/* SPDX-License-Identifier: Apache-2.0 */
/* Ratios, who the limit is, and the path that changes. */
#include "bgp/message.h"
#include "compare.h"
#include "contender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
a_ratio_with_a_missing_side_is_none(void **state)
{
	(void)state;
	assert_true(compare_ratio(3, 2) > 1.49 && compare_ratio(3, 2) < 1.51);
	assert_true(compare_ratio(3, 0) == 0);
	assert_true(compare_ratio(0, 2) == 0);
}

static void
the_limit_counts_only_for_work_that_it_did(void **state)
{
	struct compare c = {.row_count = 2,
	    .rows = {{.name = "frr"}, {.name = "limit", .works = {{.done = true}}}}};

	(void)state;
	assert_ptr_equal(compare_limit(&c, COMPARE_ARRIVE), &c.rows[1]);
	assert_null(compare_limit(&c, COMPARE_JOIN));
	c.row_count = 1;
	assert_null(compare_limit(&c, COMPARE_ARRIVE));
}

static void
the_limit_of_changes_is_that_of_its_own_work(void **state)
{
	struct compare c = {.row_count = 2,
	    .rows = {{.name = "frr"}, {.name = "limit", .works = {{.done = true}}}}};

	(void)state;
	assert_null(compare_limit_change(&c));
	c.rows[0].change.done = true;
	assert_null(compare_limit_change(&c));
	c.rows[1].change.done = true;
	assert_ptr_equal(compare_limit_change(&c), &c.rows[1]);
}

/* Whatever the seed: a host route of the model, by an endpoint that stands where the path says. */
static void
the_path_that_changes_is_one_of_the_models(void **state)
{
	const struct wireset_format f = {.message_max = BGP_MESSAGE_MAX};

	(void)state;
	for (uint64_t seed = 1; seed < 30; seed++) {
		struct compare c = {.size = CLUSTER_SIZE_DEFAULT};
		struct change_list l = {0};

		c.size.nodes = 1 + (uint32_t)seed % 7;
		c.size.services = 1 + (uint32_t)seed % 5;
		c.size.seed = seed;
		c.rules = model_rules_default(false);
		c.cluster = cluster_new(&c.size);
		c.model = model_new(c.cluster, &c.rules);
		compare_choose_path(&c, &f, &f);
		scenario_set_ready(c.cluster, c.path.service, c.path.node, false, &l);
		struct model *without = model_new(c.cluster, &c.rules);
		const struct ip_prefix p = {.addr = ip_v4(c.path.prefix), .len = 32};
		const struct ip_addr hop = ip_v4(c.path.hop);

		assert_int_equal(l.count, 1);
		assert_int_equal(without->count, c.model->count - 1);
		assert_int_not_equal(model_find(c.model, &p, &hop), SIZE_MAX);
		assert_int_equal(model_find(without, &p, &hop), SIZE_MAX);
		model_free(without);
		model_free(c.model);
		cluster_free(c.cluster);
		change_list_fini(&l);
	}
}

static void
bytes_per_path_counts_all_bytes_of_the_sessions(void **state)
{
	const struct compare_work w = {.bytes = 200 * 9 + 58, .paths = 200};

	(void)state;
	assert_true(compare_bytes_per_path(&w) > 9.28 && compare_bytes_per_path(&w) < 9.30);
}

static void
contenders_have_names(void **state)
{
	struct compare_row row = {0};

	(void)state;
	assert_true(contender_known("limit", &row));
	assert_string_equal(row.title, "bytes-only limit");
	assert_true(contender_known("heliograph", &row));
	assert_true(contender_known("frr", &row));
	assert_string_equal(row.title, "FRR");
	assert_false(contender_known("quagga", &row));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_ratio_with_a_missing_side_is_none),
	    cmocka_unit_test(the_limit_counts_only_for_work_that_it_did),
	    cmocka_unit_test(the_limit_of_changes_is_that_of_its_own_work),
	    cmocka_unit_test(the_path_that_changes_is_one_of_the_models),
	    cmocka_unit_test(bytes_per_path_counts_all_bytes_of_the_sessions),
	    cmocka_unit_test(contenders_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
