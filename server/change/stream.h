/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's state as it comes from Kafka: all partitions of the topic are read from the
 * beginning; each belongs to one of a few threads (role: decoder), which decodes its records in
 * their order and pushes typed changes. One thread (role: consumer) looks after the brokers and
 * the topic; when every partition has reached the end it had at the start, it pushes one
 * CHANGE_CAUGHT_UP after all of their changes. No consumer group, no commits. Losing the brokers, the credentials or the topic changes
 * nothing in the state: it is tried again for ever, and the status says so.
 */
#pragma once

#include "change/decode.h"
#include "change/queue.h"

#include <stdatomic.h>

struct stream;

/* Any librdkafka property; "<name>.file" takes the value from a file, for secrets. */
struct stream_property {
	const char *name, *value;
};

/* Copied by stream_new() except decode.node_annotations, which must outlive the stream. */
struct stream_options {
	const char *brokers; /* "host:port,..." or "embedded" */
	const char *topic;
	uint32_t cluster; /* which of the clusters that are followed this is: on each change */
	const char *state_dir; /* for the embedded stream: where its address is written */
	const char *journal;   /* path of the local snapshot; NULL: none is kept */
	uint64_t
	    journal_max_ns; /* an older one is only announced from until the topic was read */
	const struct stream_property *properties;
	size_t n_properties;
	struct decode_options decode;
	uint32_t
	    probe_ms; /* how often brokers and partitions are looked at; 0: STREAM_PROBE_MS */
	uint32_t embedded_partitions; /* 0: STREAM_EMBEDDED_PARTITIONS */
	uint32_t decoders; /* threads; 0: as many as processors, at most STREAM_DECODERS */
};

#define STREAM_PROBE_MS            5000u
#define STREAM_EMBEDDED_PARTITIONS 64u
#define STREAM_DECODERS            4u
#define STREAM_JOURNAL             "journal" /* the usual name of the local snapshot */

struct stream_error {
	char text[256]; /* where and what to do, for people */
};

/*
 * Check the options and set everything up without reading anything yet; NULL: *why says which
 * option is wrong. With "embedded" the broker runs from here on.
 */
struct stream *stream_new(const struct stream_options *options, struct change_queue *queue,
    struct stream_error *why) MUST_USE;
void stream_start(struct stream *s); /* starts its threads */
void stream_stop(struct stream *s);  /* ends them; what was pushed stays in the queue */
void stream_free(struct stream *s);  /* stopped; NULL is allowed */

/* --- what helioctl kafka and the metrics show; any thread --- */

enum stream_state {
	STREAM_STARTING,    /* nothing heard from the brokers yet */
	STREAM_NO_TOPIC,    /* brokers answer, the topic does not exist (or may not be read) */
	STREAM_SCANNING,    /* reading up to the barrier */
	STREAM_FOLLOWING,   /* caught up, live */
	STREAM_UNREACHABLE, /* no broker answers: state frozen, routes stay */
	STREAM_STOPPED
};

const char *stream_state_text(enum stream_state state);

struct stream_status {
	enum stream_state state;
	bool embedded;
	bool caught_up; /* the barrier was reached once; it never becomes false again */
	bool loaded;    /* the state began with the local snapshot */
	uint64_t loaded_records, loaded_age_ms; /* of it: how many, how old when it was read */
	uint64_t journal_bytes;                 /* of its file now; 0: it is not written */
	char brokers[256], topic[256];
	char last_error[256];   /* "" : none so far */
	uint64_t last_error_ms; /* wall clock, ms since 1970 */
	uint64_t last_input_ms; /* when the brokers last answered, ms since 1970; 0: never */
	uint32_t partitions;
	uint64_t records, bytes, skipped, quarantined, rescans, outages;
	int64_t lag;       /* records behind the partitions' ends */
	int64_t held_back; /* of these: kept from us by a transaction that stays open */
	double progress;   /* of the first scan, 0..1 */
};

void stream_status_read(const struct stream *s, struct stream_status *out);

struct stream_partition_status {
	int64_t first, position, end, lag, held_back;
	bool caught_up;
};

/* i < stream_status.partitions. */
void
stream_partition_read(const struct stream *s, uint32_t i, struct stream_partition_status *out);

struct stream_quarantined {
	char key[128]; /* shortened if longer; bytes that do not print are '?' */
	char reason[160];
	int32_t partition;
	int64_t offset;
	uint64_t wall_ms;
};

#define STREAM_QUARANTINE_SHOWN 100u

/* The latest quarantined records, newest first; returns how many, at most max. */
uint32_t
stream_quarantine_read(const struct stream *s, struct stream_quarantined *out, uint32_t max);
