/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run found out, phase by phase, as a table for people and as JSON for everything else.
 * Numbers only in here; who measured them and how is in run.c.
 */
#pragma once

#include "check.h"
#include "daemon.h"
#include "probe.h"

#include <stdbool.h>
#include <stdint.h>

#define REPORT_RSS_MAX 3600 /* one a second */

/* Changes at a rate. */
struct report_load {
	uint32_t wanted_rate;  /* records/s; 0: as fast as they are taken */
	double put_seconds;    /* first record to last handed over */
	double behind_seconds; /* last record handed over to the last UPDATE at any timed ToR */
	uint64_t path_changes; /* that the records amount to, for one ToR */
	struct probe_results latency;
	uint64_t rss_kb[REPORT_RSS_MAX]; /* of the target, once a second */
	uint32_t rss_count;
};

struct report_phase {
	const char *name, *what; /* "arrive"; a sentence */
	bool complete;           /* every timed ToR reached the model's table in time */
	bool misbehaving;        /* slow, stalled and flapping ToRs were that */
	double seconds; /* start of produce (or of connecting) to the last ToR complete */
	double first_byte_seconds; /* first UPDATE at any ToR to the last ToR complete */
	double
	    established_seconds; /* connecting: to the last ToR Established; 0: none connected */
	double others_seconds;   /* to the last slow or flapping ToR complete; 0: none */
	uint32_t resets;         /* sessions that the target ended */
	struct report_load *load; /* owned; NULL: not changes at a rate */
	uint64_t records, record_bytes;
	uint64_t announced, withdrawn, updates, bytes; /* over all ToRs, in this phase */
	uint64_t repeated;       /* announced to a ToR that held the path already */
	uint64_t withdrawn_void; /* withdrawn from a ToR that did not hold the path */
	double bench_cpu;        /* seconds in this phase: all of heliobench, */
	double tor_cpu;          /* its part that plays the ToRs, */
	double target_cpu;
	double machine_cpu;     /* and all programs of the machine */
	struct process_use use; /* of the target, at its end */
	struct check_result check;
};

struct report {
	uint32_t nodes, services, next_hops, tors, threads;
	uint32_t io_threads, packers; /* asked of a spawned target; 0: its own choice */
	struct crowd crowd;
	uint64_t seed;
	uint64_t model_paths; /* of the full cluster */
	unsigned cores;
	bool broker_inside; /* the target's CPU and memory include the embedded broker */
	struct report_phase *phases;
	unsigned phase_count, phase_cap;
	bool equal;   /* all tables, at all quiet points */
	bool stopped; /* by the user: the last phase says nothing */
};

/* One more phase, behind the others. */
void report_add(struct report *r, const struct report_phase *p);

/* Whose speed the phase shows: the target's, the generator's, other programs'... Static text. */
const char *report_limit(const struct report *r, const struct report_phase *p);

double report_bytes_per_path(const struct report_phase *p);

/* The same phase with ToRs that misbehave and without: medians over its rounds. */
struct report_ratio {
	unsigned calm_rounds, unruly_rounds; /* either 0: there is nothing to compare */
	double calm, unruly;                 /* seconds of the others */
	double calm_low, calm_high;          /* how much it varies by itself */
};
struct report_ratio report_ratio_of(const struct report *r, const char *phase);

/* KB/s by which memory grew over the second half of the samples (least squares); 0: too few. */
double report_rss_slope(const struct report_load *l);

void report_fini(struct report *r);

/* report_load.c: what has to do with loads and with ToRs that misbehave. */
struct json_out;
void report_print_loads(const struct report *r);
void report_print_ratios(const struct report *r);
void report_put_load(struct json_out *j, const struct report_phase *p);
void report_put_ratios(struct json_out *j, const struct report *r);

void report_print_table(const struct report *r);
void report_print_json(const struct report *r);
