/* SPDX-License-Identifier: Apache-2.0 */
/* The local snapshot's file: what comes back, what a damaged one gives, what rewriting keeps. */
#include "change/journal_private.h"
#include "core/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/helio-journal-XXXXXX", path[64], bad[80];
static char
    seen[8192]; /* "key=value@partition:offset " of each record, "[p" and "]p" of scans */

static void
on_record(void *ctx, const struct record *r)
{
	size_t n = strlen(seen);

	(void)ctx;
	snprintf(seen + n, sizeof(seen) - n, "%.*s=%.*s@%d:%lld ", (int)r->key_len,
	    (const char *)r->key, r->value ? (int)r->value_len : 1,
	    r->value ? (const char *)r->value : "-", r->partition, (long long)r->offset);
}

static void
on_scan(void *ctx, int32_t partition, bool begin)
{
	size_t n = strlen(seen);

	(void)ctx;
	snprintf(seen + n, sizeof(seen) - n, "%c%d ", begin ? '[' : ']', partition);
}

static const struct journal_reader reader = {NULL, on_record, on_scan};

static int
begin(void **state)
{
	(void)state;
	log_set(LOG_ERROR, LOG_LOGFMT);
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/journal", dir);
	snprintf(bad, sizeof(bad), "%s.bad", path);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	unlink(path);
	unlink(bad);
	return rmdir(dir);
}

static int
clear(void **state)
{
	(void)state;
	unlink(path);
	unlink(bad);
	return 0;
}

static struct journal *
open_journal(const char *topic)
{
	struct journal *j = journal_new(path, topic);
	uint64_t age;

	seen[0] = '\0';
	journal_load(j, &reader, &age);
	return j;
}

/* value NULL: a tombstone */
static void
put(struct journal *j, const char *key, const char *value, int32_t partition, int64_t offset)
{
	struct journal_batch b = {.at = NULL};
	struct record r = {.key = key,
	    .key_len = strlen(key),
	    .value = value,
	    .value_len = value ? strlen(value) : 0,
	    .partition = partition,
	    .offset = offset,
	    .ms = 1000 + offset};

	journal_put(&b, &r);
	journal_append(j, &b);
	journal_batch_fini(&b);
}

static void
put_scan(struct journal *j, int32_t partition, bool begins)
{
	struct journal_batch b = {.at = NULL};

	journal_put_scan(&b, partition, begins);
	journal_append(j, &b);
	journal_batch_fini(&b);
}

static void
expect_after_reopening(const char *what)
{
	struct journal *j = open_journal("t");

	assert_string_equal(seen, what);
	journal_free(j);
}

static void
records_come_back_in_their_order_with_the_positions(void **state)
{
	struct journal *j = open_journal("t");

	(void)state;
	assert_string_equal(seen, "");
	put(j, "nodes//a", "1", 0, 5);
	put(j, "nodes//b", "", 3, 7);
	put(j, "nodes//a", NULL, 0, 9);
	journal_set_cluster(j, "kafka-1");
	journal_free(j);
	j = open_journal("t");
	assert_string_equal(seen, "nodes//a=1@0:5 nodes//b=@3:7 nodes//a=-@0:9 ");
	assert_int_equal(journal_position(j, 0).offset, 9);
	assert_int_equal(journal_position(j, 0).ms, 1009);
	assert_int_equal(journal_position(j, 3).offset, 7);
	assert_int_equal(journal_position(j, 1).offset, -1);
	assert_int_equal(journal_position(j, 99).offset, -1);
	assert_string_equal(journal_cluster(j), "kafka-1");
	put(j, "nodes//c", "3", 0, 10);
	journal_free(j);
	expect_after_reopening("nodes//a=1@0:5 nodes//b=@3:7 nodes//a=-@0:9 nodes//c=3@0:10 ");
}

/* Cuts the file at every length, and flips a bit of every byte: what comes back is a beginning of what was written. */
static void
a_damaged_file_gives_a_sound_beginning_or_nothing(void **state)
{
	static const char *const beginnings[] = {"", "k1=aaaa@0:1 ", "k1=aaaa@0:1 k2=bbbb@1:2 ",
	    "k1=aaaa@0:1 k2=bbbb@1:2 k3=cccc@0:3 "};
	struct journal *j = open_journal("t");
	uint8_t whole[1024], hurt[1024];
	ssize_t n;
	int fd;

	(void)state;
	put(j, "k1", "aaaa", 0, 1);
	put(j, "k2", "bbbb", 1, 2);
	put(j, "k3", "cccc", 0, 3);
	journal_free(j);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, whole, sizeof(whole));
	close(fd);
	assert_true(n > 100 && n < (ssize_t)sizeof(whole));
	for (ssize_t i = 0; i < 2 * n; i++) {
		size_t k = 0, len = i < n ? (size_t)i : (size_t)n;

		memcpy(hurt, whole, (size_t)n);
		if (i >= n)
			hurt[i - n] ^= 0x10;
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, hurt, len), (ssize_t)len);
		close(fd);
		j = open_journal("t");
		while (k < COUNT_OF(beginnings) && strcmp(seen, beginnings[k]) != 0)
			k++;
		if (k == COUNT_OF(beginnings) || k == 3)
			fail_msg("at %zd: %s", i, seen);
		put(j, "k9", "new", 0, 9); /* and it can be gone on with */
		journal_free(j);
		j = open_journal("t");
		assert_non_null(strstr(seen, "k9=new@0:9 "));
		journal_free(j);
	}
}

static void
another_topics_file_is_set_aside(void **state)
{
	struct journal *j = open_journal("t");

	(void)state;
	put(j, "k1", "a", 0, 1);
	journal_free(j);
	j = open_journal("other");
	assert_string_equal(seen, "");
	assert_int_equal(access(bad, R_OK), 0);
	put(j, "k2", "b", 0, 1);
	journal_free(j);
	j = open_journal("other");
	assert_string_equal(seen, "k2=b@0:1 ");
	journal_free(j);
}

static void
a_file_of_another_format_is_set_aside(void **state)
{
	FILE *f = fopen(path, "we");
	struct journal *j;

	(void)state;
	fputs("heliograph journal 2\nsomething quite different\n", f);
	fclose(f);
	j = open_journal("t");
	assert_string_equal(seen, "");
	assert_int_equal(access(bad, R_OK), 0);
	journal_free(j);
}

/* Large enough to be worth rewriting. */
static void
fill(struct journal *j, unsigned rounds)
{
	char *value = must_alloc(100001);

	memset(value, 'x', 100000);
	value[100000] = '\0';
	for (unsigned i = 0; i < rounds; i++)
		put(j, "big", value, 2, i);
	free(value);
}

static void
rewriting_keeps_the_newest_of_each_key_and_where_partitions_were(void **state)
{
	struct journal *j = open_journal("t");
	struct stat st;

	(void)state;
	put(j, "a", "1", 0, 1);
	put(j, "b", "1", 0, 2);
	put(j, "a", "2", 0, 3);
	put(j, "b", NULL, 0, 4);
	fill(j, 800);
	put(j, "big", NULL, 2, 900);
	journal_tend(j);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 1000);
	put(j, "c", "1", 1, 1);
	journal_free(j);
	j = open_journal("t");
	assert_string_equal(seen, "a=2@0:3 c=1@1:1 ");
	assert_int_equal(journal_position(j, 0).offset, 4);
	assert_int_equal(journal_position(j, 2).offset, 900);
	journal_free(j);
}

static void
rewriting_forgets_what_a_complete_scan_did_not_meet(void **state)
{
	struct journal *j = open_journal("t");

	(void)state;
	put(j, "gone", "1", 0, 1);
	put(j, "other", "1", 1, 1);
	put(j, "stays", "1", 0, 2);
	put_scan(j, 0, true);
	put(j, "stays", "1", 0, 0);
	put_scan(j, 0, false);
	put_scan(j, 1, true); /* has not come to its end */
	fill(j, 800);
	put(j, "big", NULL, 2, 900);
	journal_tend(j);
	journal_free(j);
	j = open_journal("t");
	assert_string_equal(seen, "other=1@1:1 stays=1@0:0 [1 ");
	assert_true(journal_position(j, 1).scanning);
	assert_false(journal_position(j, 0).scanning);
	journal_free(j);
}

/* A frame with a sound checksum, behind what is there. */
static void
append_frame(enum frame_kind kind, const void *fixed, size_t n)
{
	struct journal_batch b = {.at = NULL};
	int fd = open(path, O_WRONLY | O_APPEND);

	assert_true(fd >= 0);
	journal_frame(&b, kind, fixed, n, NULL, 0, NULL, 0);
	assert_int_equal(write(fd, b.at, b.len), b.len);
	close(fd);
	journal_batch_fini(&b);
}

static void
frames_of_partitions_that_cannot_be_are_left_out_also_when_rewriting(void **state)
{
	static const int32_t impossible[] = {-1, JOURNAL_PARTITIONS_MAX, INT32_MAX, INT32_MIN};
	struct journal *j = open_journal("t");

	(void)state;
	put(j, "a", "1", 0, 1);
	journal_free(j);
	for (size_t i = 0; i < COUNT_OF(impossible); i++) {
		struct frame_scan scan = {.partition = impossible[i]};
		struct frame_position place = {.partition = impossible[i], .offset = 7};
		struct frame_record record = {
		    .partition = impossible[i], .value_len = FRAME_TOMBSTONE};

		append_frame(FRAME_SCAN_BEGIN, &scan, sizeof(scan));
		append_frame(FRAME_SCAN_END, &scan, sizeof(scan));
		append_frame(FRAME_POSITION, &place, sizeof(place));
		append_frame(FRAME_RECORD, &record, sizeof(record));
		append_frame(FRAME_SCAN_BEGIN, "", 0);
	}
	j = open_journal("t");
	assert_string_equal(seen, "a=1@0:1 ");
	journal_rewrite(j);
	journal_free(j);
	expect_after_reopening("a=1@0:1 ");
}

static void
a_file_that_cannot_be_written_is_given_up_and_nothing_else_happens(void **state)
{
	char nowhere[80];
	struct journal *j;
	uint64_t age;

	(void)state;
	snprintf(nowhere, sizeof(nowhere), "%s/none/journal", dir);
	j = journal_new(nowhere, "t");
	assert_int_equal(journal_load(j, &reader, &age), 0); /* says so on stderr */
	put(j, "a", "1", 0, 1);
	journal_tend(j);
	assert_int_equal(journal_bytes(j), 0);
	journal_free(j);
}

#define EACH(test) cmocka_unit_test_setup(test, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    EACH(records_come_back_in_their_order_with_the_positions),
	    EACH(a_damaged_file_gives_a_sound_beginning_or_nothing),
	    EACH(another_topics_file_is_set_aside),
	    EACH(a_file_of_another_format_is_set_aside),
	    EACH(rewriting_keeps_the_newest_of_each_key_and_where_partitions_were),
	    EACH(rewriting_forgets_what_a_complete_scan_did_not_meet),
	    EACH(frames_of_partitions_that_cannot_be_are_left_out_also_when_rewriting),
	    EACH(a_file_that_cannot_be_written_is_given_up_and_nothing_else_happens),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
