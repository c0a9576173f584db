/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The producer: records to the topic over the real Kafka protocol, partitioned by key as the
 * Java client does, so that any other producer agrees. One thread. The only file of the bench
 * that knows librdkafka is feed.c.
 */
#pragma once

#include "encode.h"
#include "probe.h"
#include "records.h"
#include "scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed;

#define FEED_ERROR_MAX       300
#define FEED_NEW_TOPIC_PARTS 64 /* of a topic that is made for a cluster */

struct feed_options {
	const char *kafka; /* "HOST:PORT[,HOST:PORT]" or "embedded:STATE_DIR" of heliographd */
	const char *topic;
	uint32_t
	    create_partitions; /* create the topic, compacted, where it does not exist; 0: do not */
	unsigned timeout_ms; /* to find the brokers */
};

struct feed_totals {
	uint64_t records, bytes; /* handed over; keys and values */
	uint64_t failed;         /* not stored by the brokers */
};

/* Owned; NULL: error (FEED_ERROR_MAX bytes) says what to do. */
struct feed *feed_new(const struct feed_options *options, char *error) MUST_USE;
void feed_free(struct feed *f);

/* Delete a topic of the same brokers with all its records. False: error says why it may still be there. */
bool feed_delete_topic(struct feed *f, const char *name, char *error) MUST_USE;

/* Hand one record to the producer; waits while its queue is full. Both are copied. */
void feed_put(struct feed *f, const struct record *r);

/* The same; `times` (which may be NULL) learns when that was and when the brokers had it. */
void feed_put_stamped(struct feed *f, const struct record *r, struct stamp *times);

/*
 * From now on records carry this publisher's run in their `epoch` header; 0: none. A full listing
 * stands between a sync record that begins it and one that ends it.
 */
void feed_set_epoch(struct feed *f, uint64_t epoch);
void feed_put_sync(struct feed *f, bool end, const struct change_list *listed);

/* Let delivery reports in. Records that the brokers have not acknowledged yet. */
uint32_t feed_poll(struct feed *f);

/* Encode and hand over all objects of the list. */
void feed_put_list(struct feed *f, struct encoder *e, const struct change_list *l);

/* Hand over records that were made before. */
void feed_put_records(struct feed *f, const struct records *r);

/* Wait until the brokers have acknowledged everything. False: error is set. */
bool feed_flush(struct feed *f, unsigned timeout_ms, char *error) MUST_USE;

struct feed_totals feed_totals(const struct feed *f);
