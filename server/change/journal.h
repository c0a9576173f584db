/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local snapshot: the records that the state was made of, in a file of this replica, so that a start needs no Kafka
 * to announce what was announced before, and reads only what has come since.
 *
 * It is a journal: each record that was used is appended as it came, by the thread that decoded it, and costs the writer
 * nothing; when it has grown to twice what it was, it is rewritten with the newest record of each key. Every frame has a checksum:
 * after kill -9 or a crash of the machine its longest sound beginning is a state that once was, with the offsets that belong to it. What
 * is appended is not brought to the disk at once for the same reason.
 *
 * Loading goes through the same decoder as Kafka's records. A file of another topic, another format or with nothing
 * sound in it is set aside (NAME.bad) with a line in the log, and the topic is read from its beginning.
 */
#pragma once

#include "change/decode.h"

#include <stdatomic.h>

struct journal;

/* What a partition's frames end with. */
struct journal_position {
	int64_t offset; /* of its last record; -1: none */
	int64_t ms;     /* and that record's timestamp */
	bool scanning;  /* a scan from the beginning had not come to its end */
};

/* Frames that a thread has collected; zeroed is empty. */
struct journal_batch {
	uint8_t *at;
	size_t len, cap;
};

/* Not opened yet. Both are copied. */
struct journal *journal_new(const char *path, const char *topic) MUST_USE;
void journal_free(struct journal *j); /* NULL is allowed; no thread uses it any more */

/* What loading meets, in the order of the file. */
struct journal_reader {
	void *ctx;
	void (*record)(void *ctx, const struct record *r);
	void (*scan)(void *ctx, int32_t partition, bool begin);
};

/*
 * Read all of it, then go on at its end. Returns how many records there were; 0: it begins empty. The consumer's thread,
 * before anything is appended. age_ns: how long ago it was last written or touched.
 */
uint64_t journal_load(struct journal *j, const struct journal_reader *reader, uint64_t *age_ns);

/* Where the partition ended when it was loaded. */
struct journal_position journal_position(const struct journal *j, uint32_t partition);

/* The Kafka cluster that the loaded records came from, "" if that was not noted. */
const char *journal_cluster(const struct journal *j);

/* Note it, if it is another one. The consumer's thread. */
void journal_set_cluster(struct journal *j, const char *id);

void journal_put(struct journal_batch *b, const struct record *r);
/* A partition is read from its beginning: what is not met again before the end of it is gone. */
void journal_put_scan(struct journal_batch *b, int32_t partition, bool begin);

/*
 * Append the batch and empty it; journal NULL: just empty it. What cannot be written ends the journal as it is (counted, logged
 * once): its beginning stays sound. Any thread; they take turns.
 */
void journal_append(struct journal *j, struct journal_batch *b);
void journal_batch_fini(struct journal_batch *b);

/* From time to time, while the stream is well: rewrite it if it has grown enough, and note that it is up to date. The
 * consumer's thread; may take some 100 ms, in which others append. */
void journal_tend(struct journal *j);

/* Bytes of the file; 0: it is not written. Any thread. */
uint64_t journal_bytes(const struct journal *j);
