/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever brings the paths to the ToRs: the bytes-only limit, heliographd, or a rival. Started with an empty
 * table, then loaded on a word; one path of it can be changed; ended by whoever started it. contender.c has the
 * limit and the rivals, contender_heliograph.c the third kind.
 */
#pragma once

#include "compare.h"
#include "core/must.h"
#include "encode.h"
#include "probe.h"
#include "scenario.h"

#define CONTENDER_START_MS 20000 /* until it takes sessions, or the broker answers */
#define CONTENDER_AS       64512u

struct feed;
struct injector;
struct records;

/* One contender while it runs. */
struct contender {
	const struct compare *compare;
	const struct contender_kind *kind;
	const struct rival *rival; /* or NULL */
	struct daemon daemon;
	struct endpoint listen;
	int control; /* the limit's stdin; -1 */
	struct injector *injector;
	struct feed *feed;
	struct records *records; /* all of the cluster, made before they are wanted */
	struct encoder encoder;  /* of its changes */
	struct change_list changed;
	char topic[64]; /* of its own on a real broker; "": none */
};

struct contender_kind {
	bool (*start)(struct contender *c, char *error);
	bool (*load)(struct contender *c, char *error); /* start the paths on their way */
	/* The path of compare->path goes, or comes back; *times as contender_change() says. */
	bool (*change)(struct contender *c, bool present, struct stamp *times, char *error);
	void (*stop)(struct contender *c); /* all but the process itself */
};

extern const struct contender_kind contender_heliograph;

/* Is there one of that name ("limit", "heliograph", or a rival's)? Fills the row's title. */
bool contender_known(const char *name, struct compare_row *row) MUST_USE;

/* The version of its program into the row. */
void contender_version(const struct compare *compare, struct compare_row *row);

/*
 * Start it, with an empty table, and wait until it takes sessions. False: error (DAEMON_ERROR_MAX) says why;
 * contender_stop() must be called all the same.
 */
bool contender_start(
    struct contender *c, const struct compare *compare, const char *name, char *error) MUST_USE;

/* Give it all paths. False as above. */
bool contender_load(struct contender *c, char *error) MUST_USE;

/*
 * The order that the path of compare->path goes, or comes back: the least that this contender takes it by. Times
 * are those of the moment before the order is written; of the broker's acknowledgement, where there is a broker,
 * which may come until contender_stop(). times may be NULL. False as above.
 */
bool
contender_change(struct contender *c, bool present, struct stamp *times, char *error) MUST_USE;

/* To be called while waiting for what a change does: lets acknowledgements in. */
void contender_poll(struct contender *c);

/* It ended by itself, or its injector's session did, or the broker refused a record: error says so. */
bool contender_failed(struct contender *c, char *error);

void contender_stop(struct contender *c, bool keep);

/* Of its process and that one's children. */
struct process_use contender_use(const struct contender *c);
