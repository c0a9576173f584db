/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run found out, phase by phase, as a table for people and as JSON for everything else.
 * Numbers only in here; who measured them and how is in run.c.
 */
#pragma once

#include "check.h"
#include "daemon.h"

#include <stdbool.h>
#include <stdint.h>

#define REPORT_PHASES 16

struct report_phase {
	const char *name, *what; /* "arrive"; a sentence */
	bool complete;           /* every ToR reached the model's table in time */
	double seconds; /* start of produce (or of connecting) to the last ToR complete */
	double first_byte_seconds; /* first UPDATE at any ToR to the last ToR complete */
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
	uint64_t seed;
	uint64_t model_paths; /* of the full cluster */
	unsigned cores;
	bool broker_inside; /* the target's CPU and memory include the embedded broker */
	struct report_phase phases[REPORT_PHASES];
	unsigned phase_count;
	bool equal;   /* all tables, at all quiet points */
	bool stopped; /* by the user: the last phase says nothing */
};

/* Whose speed the phase shows: the target's, the generator's, other programs'... Static text. */
const char *report_limit(const struct report *r, const struct report_phase *p);

double report_bytes_per_path(const struct report_phase *p);

void report_print_table(const struct report *r);
void report_print_json(const struct report *r);
