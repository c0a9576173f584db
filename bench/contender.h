/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever brings the paths to the ToRs: the bytes-only limit, heliographd, or a rival. Started with an empty
 * table, then loaded on a word; ended by whoever started it.
 */
#pragma once

#include "compare.h"
#include "core/must.h"

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
};

struct contender_kind {
	bool (*start)(struct contender *c, char *error);
	bool (*load)(struct contender *c, char *error); /* start the paths on their way */
	void (*stop)(struct contender *c);              /* all but the process itself */
};

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

/* It ended by itself, or its injector's session did: error says so. */
bool contender_failed(struct contender *c, char *error);

void contender_stop(struct contender *c, bool keep);

/* Of its process and that one's children. */
struct process_use contender_use(const struct contender *c);
