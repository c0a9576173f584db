/* SPDX-License-Identifier: Apache-2.0 */
/*
 * N ToRs on a few threads, each ToR on its own loopback address. A thread owns its ToRs, their
 * shared intake and its libevent loop; the caller's thread only gives orders and waits. Orders
 * are run inside the threads one after another, so nothing of a ToR is ever shared. A wait is
 * for every ToR to reach a target: a count and a digest. What a fleet waits for and takes times
 * of are its ToRs that read as they should; slow, stalled and flapping ones are the others, and
 * behave like the rest until fleet_misbehave().
 */
#pragma once

#include "model.h"
#include "tor.h"

#include <stdbool.h>
#include <stdint.h>

struct fleet;
struct fleet_thread;

/* Which ToRs that hear alike are read once (tape.h): no look at their tables then. */
enum fleet_tapes {
	FLEET_TAPES_NONE,
	FLEET_TAPES_ALL,
	FLEET_TAPES_COUNTING /* not checked ones */
};

#define FLEET_THREADS_DEFAULT_MAX 8

struct fleet_options {
	uint32_t tors, threads;
	uint32_t checked; /* the first so many ToRs keep full tables */
	uint32_t as;
	bool add_path;
	uint32_t at_once; /* ToRs connecting at a time until fleet_disconnect(); 0: all */
	enum fleet_tapes tapes;
	struct crowd crowd;                  /* the odd ones among them */
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
	struct model_family
	    families[IP_FAMILIES]; /* for ToRs whose capabilities give them less */
};

struct fleet_status {
	uint32_t complete; /* ToRs that reached the target, without the others */
	uint32_t others_complete;
	uint32_t established;
	uint32_t with_eor;
	uint32_t disconnects; /* sessions that ended without being told to */
	uint64_t paths;       /* held by all ToRs together */
	uint64_t
	    first_update_ns; /* of any ToR since it was connected or since the target was set; 0: none */
	uint64_t last_complete_ns; /* when the last of `complete` got there */
	uint64_t others_last_complete_ns;
	uint64_t last_established_ns, last_update_ns; /* without the others */
	uint64_t timed_paths_moved; /* announced and withdrawn, without the others */
	struct tor_counts counts;
	char trouble[200]; /* the first one of any ToR, "" none */
};

/* Unless told: a thread for each processor, FLEET_THREADS_DEFAULT_MAX at most. */
uint32_t fleet_default_threads(void);

/* Starts the threads; no connection yet. Owned. */
struct fleet *fleet_new(const struct fleet_options *options);
/* Closes all sessions with a Cease and ends the threads. */
void fleet_free(struct fleet *f);

void fleet_connect(struct fleet *f);    /* all ToRs, and again for ever when a session ends */
void fleet_disconnect(struct fleet *f); /* all ToRs, and they stay so */

/* All connections break without a word and all ToRs come back in the same moment. */
void fleet_storm(struct fleet *f);

/*
 * From now on, or no longer, slow ToRs are slow, stalled ones stop and flapping ones flap.
 * Turned on before they connect, their sockets are small too.
 */
void fleet_misbehave(struct fleet *f, bool on);

/* Flapping ToRs stay connected for now (and then no longer): for a look at their tables. */
void fleet_hold_still(struct fleet *f, bool still);

/* ToRs that a wait is for, and those of them that know paths by identifier. */
uint32_t fleet_timed(const struct fleet *f);
uint32_t fleet_probed(const struct fleet *f);

/* Where ToRs report changes that are waited for; NULL: nowhere. */
void fleet_probe(struct fleet *f, struct probes *p);

/* From now on a ToR is complete when it matches; clears the times. */
void fleet_aim(struct fleet *f, const struct fleet_target *target);

/* Wait at most timeout_ms for all (timed) ToRs to be complete, or less. The status is a fresh one either way. */
bool fleet_wait(struct fleet *f, unsigned timeout_ms, struct fleet_status *out);
void fleet_read_status(struct fleet *f, struct fleet_status *out);

/* The same for all others that can be: those that read, if slowly. */
bool fleet_wait_others(struct fleet *f, unsigned timeout_ms, struct fleet_status *out);

/* Run fn in every fleet thread, one after the other, and wait. */
typedef void fleet_fn(void *ctx, struct intake *in, struct tor *const *tors, uint32_t n);
void fleet_each(struct fleet *f, fleet_fn *fn, void *ctx);

/* CPU seconds that the fleet's threads have used. */
double fleet_cpu_seconds(struct fleet *f);
