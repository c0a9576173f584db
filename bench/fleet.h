/* SPDX-License-Identifier: Apache-2.0 */
/*
 * N ToRs on a few threads, each ToR on its own loopback address. A thread owns its ToRs, their
 * shared intake and its libevent loop; the caller's thread only gives orders and waits. Orders
 * are run inside the threads one after another, so nothing of a ToR is ever shared. A wait is
 * for every ToR to reach a target: a count and a digest.
 */
#pragma once

#include "tor.h"

#include <stdbool.h>
#include <stdint.h>

struct fleet;
struct fleet_thread;

struct fleet_options {
	uint32_t tors, threads;
	uint32_t checked; /* the first so many ToRs keep full tables */
	uint32_t as;
	bool add_path;
	uint32_t at_once; /* ToRs connecting at a time until fleet_disconnect(); 0: all */
	bool
	    tapes; /* what many ToRs hear alike is read once (tape.h); no look at tables then */
	size_t expected_paths;               /* in a table, about; 0: unknown */
	struct ip_addr target, first_source; /* ToR n connects from first_source + n */
	uint16_t port;
	tor_on_change *on_change; /* called in the ToR's thread; may be NULL */
	void *ctx;
};

/* What a ToR's table must be for a wait to be over. */
struct fleet_target {
	uint64_t paths, digest;
	bool table; /* false: paths and digest do not matter */
	bool eor;   /* and End-of-RIB of every family */
};

struct fleet_status {
	uint32_t complete; /* ToRs that reached the target */
	uint32_t established;
	uint32_t with_eor;
	uint32_t disconnects; /* sessions that ended without being told to */
	uint64_t paths;       /* held by all ToRs together */
	uint64_t
	    first_update_ns; /* of any ToR since it was connected or since the target was set; 0: none */
	uint64_t last_complete_ns; /* when the last of `complete` got there */
	uint64_t last_established_ns;
	struct tor_counts counts;
	char trouble[200]; /* the first one of any ToR, "" none */
};

/* Starts the threads; no connection yet. Owned. */
struct fleet *fleet_new(const struct fleet_options *options);
/* Closes all sessions with a Cease and ends the threads. */
void fleet_free(struct fleet *f);

void fleet_connect(struct fleet *f);    /* all ToRs, and again for ever when a session ends */
void fleet_disconnect(struct fleet *f); /* all ToRs, and they stay so */

/* From now on a ToR is complete when it matches; clears the times. */
void fleet_aim(struct fleet *f, const struct fleet_target *target);

/* Wait at most timeout_ms for all ToRs to be complete, or less. The status is a fresh one either way. */
bool fleet_wait(struct fleet *f, unsigned timeout_ms, struct fleet_status *out);
void fleet_read_status(struct fleet *f, struct fleet_status *out);

/* Run fn in every fleet thread, one after the other, and wait. */
typedef void fleet_fn(void *ctx, struct intake *in, struct tor *const *tors, uint32_t n);
void fleet_each(struct fleet *f, fleet_fn *fn, void *ctx);

/* CPU seconds that the fleet's threads have used. */
double fleet_cpu_seconds(struct fleet *f);
