/* SPDX-License-Identifier: Apache-2.0 */
/* Quarantine: once per key in the log, the latest hundred to look at, memory that does not grow. */
#include "change/quarantine.h"
#include "fixture.h"

static bool
add(struct quarantine *q, const char *key, int64_t offset)
{
	struct record r = record_of(key, "x", 1);
	struct decode_error why = {.fault = FAULT_UNDECODABLE, .text = "because"};
	struct stream_quarantined noted;

	r.offset = offset;
	return quarantine_add(q, &r, &why, &noted);
}

static void
a_key_is_logged_once_and_listed_every_time(void **state)
{
	struct stream_quarantined out[4];
	struct quarantine *q = must_alloc(sizeof(*q));

	(void)state;
	quarantine_init(q);
	assert_true(add(q, "nodes//a", 1));
	assert_false(add(q, "nodes//a", 2));
	assert_true(add(q, "nodes//b", 3));
	assert_int_equal(quarantine_read(q, out, 4), 3);
	assert_string_equal(out[0].key, "nodes//b");
	assert_string_equal(out[2].key, "nodes//a");
	assert_int_equal(out[2].offset, 1);
	assert_string_equal(out[0].reason, "because");
	quarantine_fini(q);
	free(q);
}

static void
only_the_latest_hundred_are_kept_of_any_number(void **state)
{
	struct stream_quarantined out[STREAM_QUARANTINE_SHOWN + 1];
	struct quarantine *q = must_alloc(sizeof(*q));
	char key[32];

	(void)state;
	quarantine_init(q);
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "nodes//n%d", i);
		assert_true(add(q, key, i));
	}
	assert_int_equal(
	    quarantine_read(q, out, STREAM_QUARANTINE_SHOWN + 1), STREAM_QUARANTINE_SHOWN);
	assert_int_equal(out[0].offset, 19999);
	assert_int_equal(
	    out[STREAM_QUARANTINE_SHOWN - 1].offset, 20000 - (int)STREAM_QUARANTINE_SHOWN);
	assert_int_equal(q->total, 20000);
	quarantine_fini(q);
	free(q);
}

static void
keys_that_are_no_text_are_shown_without_harm(void **state)
{
	struct stream_quarantined out;
	struct quarantine *q = must_alloc(sizeof(*q));
	struct record r = {.key = "a\n\x1b[31m\xff", .key_len = 8};
	struct stream_quarantined noted;
	struct decode_error why = {.text = ""};
	char huge[1000];

	(void)state;
	quarantine_init(q);
	quarantine_add(q, &r, &why, &noted);
	quarantine_read(q, &out, 1);
	assert_string_equal(out.key, "a??[31m?");
	memset(huge, 'k', sizeof(huge));
	r.key = huge;
	r.key_len = sizeof(huge);
	quarantine_add(q, &r, &why, &noted);
	quarantine_read(q, &out, 1);
	assert_int_equal(strlen(out.key), sizeof(out.key) - 1);
	r.key = NULL;
	r.key_len = 0;
	quarantine_add(q, &r, &why, &noted);
	quarantine_read(q, &out, 1);
	assert_string_equal(out.key, "");
	quarantine_fini(q);
	free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_logged_once_and_listed_every_time),
	    cmocka_unit_test(only_the_latest_hundred_are_kept_of_any_number),
	    cmocka_unit_test(keys_that_are_no_text_are_shown_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
