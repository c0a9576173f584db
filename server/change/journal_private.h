/* SPDX-License-Identifier: Apache-2.0 */
/* Inside change/: the journal's file format, and what its two files share. */
#pragma once

#include "change/journal.h"

#include <pthread.h>

#define JOURNAL_HEAD                                                                           \
	"heliograph journal 1\n\0\0" /* 24 bytes with the last NUL: frames stay aligned */
#define JOURNAL_HEAD_BYTES     24u
#define JOURNAL_PARTITIONS_MAX 100000

enum frame_kind {
	FRAME_TOPIC,      /* the topic's name; first of all */
	FRAME_CLUSTER,    /* Kafka's cluster id */
	FRAME_RECORD,     /* struct frame_record, key, value */
	FRAME_SCAN_BEGIN, /* struct frame_scan */
	FRAME_SCAN_END,
	FRAME_POSITION, /* struct frame_position: where a partition was when the file was rewritten */
	FRAME_KINDS
};

/* Integers are of this machine: the file is its own. Payloads are padded to 8 bytes with zeros. */
struct frame {
	uint32_t size; /* of the payload that follows, padded */
	uint32_t kind;
	uint64_t hash; /* of all the rest */
};

#define FRAME_TOMBSTONE UINT32_MAX

struct frame_record {
	int32_t partition;
	uint32_t key_len, value_len; /* value_len: FRAME_TOMBSTONE: deleted */
	uint32_t zero;
	int64_t offset, ms;
	uint64_t epoch, rv;
};

struct frame_scan {
	int32_t partition;
	uint32_t zero;
};

struct frame_position {
	int32_t partition;
	uint32_t zero;
	int64_t offset, ms;
};

struct journal {
	char *path, *topic;
	char cluster[64];
	struct journal_position *positions; /* as loaded */
	uint32_t n_positions;
	uint64_t rewritten_bytes; /* after it was last rewritten */
	uint64_t looked_bytes,
	    still_ns; /* its size when it was last tended, and since when that is */
	uint64_t touched_ns;
	pthread_mutex_t lock; /* of fd and what is written to it */
	int fd;               /* -1: not written */
	_Atomic uint64_t bytes;
};

uint64_t journal_hash(const struct frame *f);

/* Append one frame of up to three parts to the batch. */
void journal_frame(struct journal_batch *b, enum frame_kind kind, const void *fixed,
    size_t n_fixed, const void *one, size_t n_one, const void *two, size_t n_two);

/* The frame at `at`, or NULL: nothing sound begins there. */
const struct frame *journal_next(const uint8_t *at, size_t left);

/* The record of a FRAME_RECORD, borrowed from it; false: its lengths, or its partition, are wrong. */
bool journal_record(const struct frame *f, struct record *r);

/* The same of FRAME_SCAN_BEGIN and _END, and of FRAME_POSITION. */
bool journal_scan(const struct frame *f, struct frame_scan *out);
bool journal_place(const struct frame *f, struct frame_position *out);

void journal_note(struct journal *j, int32_t partition, int64_t offset, int64_t ms);

/* Under the lock: append these bytes. False: it was given up. */
bool journal_write(struct journal *j, const void *at, size_t n);

/* Write the newest record of each key into a new file that takes this one's place. The consumer's thread. */
void journal_rewrite(struct journal *j);
