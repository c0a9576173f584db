/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what the API says to what is written: makes the records, leaves out what the stream does not
 * need and what has not changed, deletes what a listing no longer has, and brackets each full
 * listing with sync//begin and sync//end.
 *
 * An epoch is one full listing of all resources and what follows it; every key that lives was
 * written with the number of the present epoch. A resource that must be listed again within an
 * epoch costs only what differs: what is gone gets a tombstone, so no new epoch is needed. A new
 * epoch begins only where it is not known what the topic holds: at the start, when the topic has
 * lost records, and when a resource can be listed that had to be left out of the epoch's end (an
 * earlier run may have written objects of it that are gone). Sans-IO; one thread.
 */
#pragma once

#include "feed/follow.h"
#include "feed/known.h"

struct publisher_options {
	bool no_annotations; /* leave annotations out, but those that begin with: */
	const char *const *kept_annotations;
	unsigned n_kept_annotations;
	bool every_version; /* write versions in which nothing has changed too */
};

/* Takes one record, borrowed for the call. value NULL: a tombstone. version 0: none. */
typedef void publisher_write(
    void *ctx, const char *key, const void *value, size_t n, uint64_t epoch, uint64_t version);

/* An epoch is needed. Called from inside a follow: begin it, and list everything, later. */
typedef void publisher_again(void *ctx);

struct publisher {
	struct publisher_options options;
	publisher_write *write;
	publisher_again *again;
	void *ctx;
	struct known known;
	uint64_t epoch;
	bool began, ended;           /* sync//begin, sync//end of the epoch are written */
	bool listed[SOURCE_COUNT];   /* completely, in this epoch */
	bool denied[SOURCE_COUNT];   /* at present */
	bool left_out[SOURCE_COUNT]; /* of sync//end's counts: what is on the stream stays */
	uint32_t seen[SOURCE_COUNT]; /* keys first written in this epoch before its end */
	uint64_t sweep_version;      /* of the listing that is being swept */
	uint8_t *scratch[2];
	size_t scratch_size;
	char told[KEY_TEXT_MAX]; /* the last key that was refused: said once */
};

/* The sink of all follows; their ctx is the publisher. */
extern const struct follow_sink publisher_sink;

void publisher_init(struct publisher *p, const struct publisher_options *options,
    publisher_write *write, publisher_again *again, void *ctx);
void publisher_fini(struct publisher *p);

/* Begin an epoch: nothing is known to be written. wall_ms makes its number; never goes back. */
void publisher_epoch(struct publisher *p, uint64_t wall_ms);
