/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records on their way from the event loop, which puts them, to the producer's thread, which takes
 * them in batches and gives each batch back as done once Kafka has it for good. The order is kept.
 * When it is full the loop stops reading from the API, so that a dead Kafka costs no memory; what
 * is missed then is found by the next watch or listing.
 */
#pragma once

#include "core/must.h"
#include "core/waker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOX_FULL_BYTES ((size_t)64 * 1024 * 1024)
#define OUTBOX_ROOM_BYTES (OUTBOX_FULL_BYTES / 2) /* no longer full: not on every record */

struct outbox_record {
	struct outbox_record *next;
	uint64_t epoch, version; /* header "rv"; 0: none */
	uint32_t key_len, value_len;
	bool tombstone;
	bool suspect; /* was refused among others: is it the one that was too large? */
	bool refused; /* Kafka does not take it, ever */
	char bytes[]; /* key, NUL, value */
};

static inline const char *
outbox_key(const struct outbox_record *r)
{
	return r->bytes;
}

/* NULL: a tombstone. */
static inline const char *
outbox_value(const struct outbox_record *r)
{
	return r->tombstone ? NULL : r->bytes + r->key_len + 1;
}

struct outbox_batch {
	struct outbox_record *first;
	size_t n, bytes;
};

struct outbox {
	pthread_mutex_t lock;
	struct outbox_record *first, **last;
	size_t records, bytes;  /* waiting or taken, and not done */
	uint64_t n_put, n_done; /* since the start */
	bool full;
	struct waker news; /* the producer sleeps on it */
	struct waker room; /* the loop watches it: a batch is done, or the producer's word */
};

void outbox_init(struct outbox *o);
void outbox_fini(struct outbox *o);

/* Copy a record to the end. value NULL: a tombstone. The loop. */
void outbox_put(struct outbox *o, const char *key, const void *value, size_t value_len,
    uint64_t epoch, uint64_t version);

bool outbox_is_full(struct outbox *o);       /* any thread */
bool outbox_is_empty(struct outbox *o);      /* nothing waits and nothing is in a batch */
uint64_t outbox_put_count(struct outbox *o); /* records put since the start */
uint64_t
outbox_done_count(struct outbox *o); /* and of those, in order, the ones that are done */

/* The first records, at most max and about max_bytes; the batch is the caller's until it is done. */
void outbox_take(struct outbox *o, size_t max, size_t max_bytes, struct outbox_batch *out);
void outbox_done(struct outbox *o, struct outbox_batch *batch); /* frees it */
