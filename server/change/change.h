/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One typed change of the cluster's state, decoded from one Kafka record. Made by the
 * consumer, handed over by the change queue, owned from then on by the writer, who takes
 * what it keeps (object) and frees the rest with change_free(). Nothing here decides whether a
 * change is new: that is the tables' business (newest wins).
 */
#pragma once

#include "change/object.h"

enum change_kind {
	CHANGE_UPSERT,     /* object is set; names too for a slice with endpoints */
	CHANGE_DELETE,     /* a tombstone: only the key, and what its headers say */
	CHANGE_SYNC_BEGIN, /* a publisher's full listing begins: epoch */
	CHANGE_SYNC_END,   /* and is complete: epoch and counts */
	CHANGE_LOADED, /* the local snapshot has been read; before any record of Kafka's, no key */
	CHANGE_SCAN_BEGIN, /* the partition is read from its beginning, though it was read before; no key */
	CHANGE_SCAN_END, /* that has come to its end: what was not met again is gone; no key */
	CHANGE_CAUGHT_UP /* every partition reached its barrier; once, no key */
};

#define COUNT_UNKNOWN UINT64_MAX

struct change {
	struct change *next; /* in order of arrival, after change_queue_drain() */
	enum change_kind kind;
	uint32_t cluster;  /* which of the clusters that are followed it comes from */
	int32_t partition; /* -1: not from a record */
	int64_t offset;    /* the record's, -1: not from a record */
	int64_t record_ms; /* Kafka timestamp, ms since 1970; -1: none */
	uint64_t
	    resource_version; /* of the object; of a tombstone from header rv; 0: unknown */
	uint64_t epoch; /* publisher's run, from the header or the sync value; 0: unknown */
	struct record_key key;     /* NUL-terminated parts that live as long as the change */
	uint64_t hash;             /* object_hash() of the key's namespace and name */
	struct object *object;     /* owned until taken (set to NULL by whoever takes it) */
	struct slice_names *names; /* owned; may be NULL: no endpoint has a nodeName */
	uint64_t counts
	    [RESOURCE_COUNT]; /* SYNC_END: objects listed per resource, or COUNT_UNKNOWN */
	uint64_t seen_ns;     /* monotonic time at which the consumer had the record */
	uint32_t bytes;       /* heap of it all, for the queue's limit */
};

/* Frees the change and what it still owns; NULL is allowed. Any thread. */
void change_free(struct change *c);
