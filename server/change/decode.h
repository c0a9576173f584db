/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of one Kafka record to one typed change. Pure: the result depends on the
 * record and the decoder's options alone. No bytes whatsoever crash it or make it take more
 * than the limits below; a record it refuses concerns no other record. A decoder is scratch
 * memory that belongs to one thread.
 */
#pragma once

#include "change/change.h"
#include "core/arena.h"

/* The largest value taken by default. etcd refuses objects above 1.5 MiB. */
#define DECODE_MAX_VALUE   ((size_t)8 * 1024 * 1024)
/* JSON costs some 40 bytes of memory per byte in the worst case, hence a limit of its own. */
#define DECODE_MAX_JSON    ((size_t)4 * 1024 * 1024)
/* Scratch memory for the unpacked form of one protobuf value; more is refused as oversized. */
#define DECODE_MAX_SCRATCH ((size_t)128 * 1024 * 1024)

/* One record; everything borrowed. */
struct record {
	const void *key;
	size_t key_len;
	const void *value; /* NULL: tombstone */
	size_t value_len;
	int32_t partition;
	int64_t offset;
	int64_t ms;     /* Kafka timestamp, -1: none */
	uint64_t epoch; /* header "epoch", 0: none */
	uint64_t rv;    /* header "rv", 0: none */
};

enum decode_result {
	DECODE_OK,      /* *out is the caller's */
	DECODE_SKIPPED, /* a resource we do not follow, or a sync record without meaning */
	DECODE_BAD      /* *why says why */
};

enum decode_fault { FAULT_UNDECODABLE, FAULT_OVERSIZED, FAULT_BAD_KEY };

struct decode_error {
	enum decode_fault fault;
	char text[160];
};

struct decode_options {
	size_t max_value; /* bytes; 0: DECODE_MAX_VALUE */
	const char *const
	    *node_annotations; /* keys to keep beside the built-in ones; borrowed */
	size_t n_node_annotations;
};

struct decoder {
	struct arena scratch;
	struct decode_options options;
	struct json_t *json; /* the parsed value of the record at hand */
	uint64_t dropped;    /* addresses and CIDRs left out of well-formed objects so far */
};

void decoder_init(struct decoder *d, const struct decode_options *options);
void decoder_fini(struct decoder *d);

enum decode_result change_decode(struct decoder *d, const struct record *r, struct change **out,
    struct decode_error *why) MUST_USE;
