/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"
#include "feed/outbox.h"

#include <stdlib.h>

static void
records_come_out_in_order_and_in_batches(void **state)
{
	struct outbox_batch a, b;
	struct outbox o;

	(void)state;
	outbox_init(&o);
	outbox_put(&o, "nodes//a", "1", 1, 7, 0);
	outbox_put(&o, "nodes//b", NULL, 0, 7, 9);
	outbox_put(&o, "nodes//c", "", 0, 7, 0);
	outbox_take(&o, 2, SIZE_MAX, &a);
	assert_int_equal(a.n, 2);
	assert_string_equal(outbox_key(a.first), "nodes//a");
	assert_memory_equal(outbox_value(a.first), "1", 1);
	assert_null(outbox_value(a.first->next));
	assert_int_equal(a.first->next->version, 9);
	outbox_put(&o, "nodes//d", "2", 1, 7, 0);
	outbox_take(&o, 100, SIZE_MAX, &b);
	assert_int_equal(b.n, 2);
	assert_string_equal(outbox_key(b.first), "nodes//c");
	assert_non_null(outbox_value(b.first)); /* empty is not deleted */
	assert_int_equal(outbox_put_count(&o), 4);
	outbox_done(&o, &a);
	assert_int_equal(outbox_done_count(&o), 2);
	assert_false(outbox_is_empty(&o));
	outbox_done(&o, &b);
	assert_true(outbox_is_empty(&o));
	outbox_fini(&o);
}

static void
a_full_one_has_room_again_when_half_of_it_is_done(void **state)
{
	size_t megabyte = 1024 * 1024;
	char *value = calloc(1, megabyte);
	struct outbox_batch batch;
	struct outbox o;

	(void)state;
	outbox_init(&o);
	for (size_t i = 0; i < OUTBOX_FULL_BYTES / megabyte; i++) {
		assert_false(outbox_is_full(&o));
		outbox_put(&o, "k", value, megabyte, 1, 0);
	}
	assert_true(outbox_is_full(&o));
	outbox_take(&o, 8, SIZE_MAX, &batch);
	outbox_done(&o, &batch);
	assert_true(outbox_is_full(&o));
	outbox_take(&o, 1000, OUTBOX_ROOM_BYTES, &batch);
	assert_true(batch.n <= OUTBOX_ROOM_BYTES / megabyte);
	outbox_done(&o, &batch);
	assert_false(outbox_is_full(&o));
	outbox_fini(&o);
	free(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_come_out_in_order_and_in_batches),
	    cmocka_unit_test(a_full_one_has_room_again_when_half_of_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
