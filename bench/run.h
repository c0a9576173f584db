/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One `heliobench run`: its options and everything it holds. run_options.c reads the options, run.c
 * opens both ends, run_steps.c lets things happen one after the other, run_load.c at a rate, and
 * run_phases.c measures. The main thread's.
 */
#pragma once

#include "daemon.h"
#include "encode.h"
#include "endpoint.h"
#include "feed.h"
#include "fleet.h"
#include "load.h"
#include "model.h"
#include "options.h"
#include "report.h"

#include <signal.h>

#define RUN_KAFKA_WAIT_MS 15000
#define RUN_STEPS_MAX     2048
#define RUN_STEP_NAME     16
#define RUN_LOCAL_AS      64512 /* the target's */

struct run {
	struct cluster_size size;
	struct crowd crowd;
	uint32_t tors, threads, as, timeout_s, check_memory_mb, target_pid;
	uint32_t io_threads, packers;    /* of --spawn's heliographd; 0: its own choice */
	uint32_t rate, seconds, samples; /* of loads: records/s, how long, changes observed/s */
	uint32_t rounds, storm_rounds;
	uint64_t check_limit; /* ToRs compared path by path at most */
	struct endpoint target;
	const char *kafka, *topic, *spawn, *profile, *scenario, *phases;
	bool json, keep, target_given, storm;
	char steps[RUN_STEPS_MAX][RUN_STEP_NAME]; /* what happens, in order */
	uint32_t step_count;

	struct model_rules rules;
	struct cluster *cluster;
	struct encoder encoder;
	struct feed *feed;
	struct fleet *fleet;
	struct daemon daemon;
	struct report report;
	uint64_t random;
	struct probes *probes; /* of the last load: delivery reports may still write there */
	bool misbehaving;      /* unruly ToRs are, at present */
};

/* Set by SIGINT and SIGTERM: the run ends after what it is waiting for. */
extern volatile sig_atomic_t run_interrupted;

/* Defaults, the profile, argv, in this order; the steps too. What is wrong is said on stderr. */
enum options_result run_options_read(struct run *r, int argc, char **argv) MUST_USE;

/* Connect, then all steps; fills r->report. Feed, fleet, encoder and cluster are there. */
void run_steps(struct run *r);
/* Is there a step of that name? */
bool run_step_known(const char *name);
/* Names and sentences of all steps, one per line. */
void run_steps_list(FILE *out);

/* Start --spawn's heliographd. False: why not is on stderr. */
bool run_spawn_target(struct run *r);

/* Write a tombstone for everything: the topic is as it was found. */
void run_clean_topic(struct run *r);

/* What a phase is measured against. */
struct phase_start {
	struct fleet_status status;
	struct process_use use;
	struct feed_totals fed;
	double own, tors, machine;
	uint64_t at_ns;
};

/* The pid of the target; 0: unknown. */
pid_t run_target_pid(const struct run *r);

struct phase_start phase_start_now(struct run *r);
/* From now on a ToR is complete when it holds what the model gives it, and has End-of-RIB. */
void phase_aim(struct run *r, const struct model *m);
/*
 * Wait, measure, compare; adds the phase to the report. paths: of one ToR, for the progress bar, or 0.
 * False: go no further.
 */
bool phase_end(struct run *r, struct report_phase p, const struct phase_start *s,
    const struct model *m, uint64_t paths);
/* The ToRs are there; the changes of the list go into the stream. */
bool phase_records(struct run *r, const char *name, const char *what,
    const struct change_list *l, bool show_paths);
enum phase_way { PHASE_CONNECT, PHASE_RECONNECT, PHASE_STORM };
/* All ToRs at once, to whatever is loaded. */
bool phase_connect(struct run *r, const char *name, const char *what, enum phase_way way);

/* run_load.c: changes of this kind at the run's rate for its time. */
bool run_load(struct run *r, const struct load_kind *kind);
