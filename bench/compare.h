/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One `heliobench compare`: a path set, the contenders that bring it to the same ToRs one after the other, and
 * what each took for each kind of work. compare.c reads options and lets things happen, compare_trial.c
 * puts one contender through whole tables and compare_change.c through single changes, contender.c
 * starts and feeds each kind, compare_report.c prints. The main thread's.
 */
#pragma once

#include "cluster.h"
#include "daemon.h"
#include "endpoint.h"
#include "model.h"
#include "rival.h"
#include "wirepath.h"
#include "wireset.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define COMPARE_MAX 16

/* Works with whole tables: all ToRs listen while the paths arrive; all ToRs connect to a table that is loaded. */
enum compare_kind { COMPARE_ARRIVE, COMPARE_JOIN, COMPARE_KINDS };

struct compare_work {
	bool done; /* every ToR has exactly the paths of the model, with the right attributes */
	double seconds;            /* from the order to the last ToR complete */
	double first_byte_seconds; /* from the first UPDATE at any ToR to there */
	double cpu, bench_cpu;     /* of the contender's processes, of heliobench */
	uint64_t rss_kb, peak_kb;
	uint64_t bytes, paths, updates; /* received by all ToRs */
	uint32_t with_eor; /* ToRs that had End-of-RIB too when the work was done */
};

/* The work `change`: all ToRs hold the table, one path goes and comes back, again and again. */
struct compare_change {
	bool done;        /* every ToR had every change, and has the model's table again */
	uint32_t changes; /* timed */
	double first_p50; /* seconds from the order to the first ToR that has it */
	double p50, p90, p99, max; /* to the last one */
	double acked_p50,
	    acked_p99; /* from the broker's acknowledgement to the last one; 0: no real one */
	double cpu,
	    tor_cpu; /* seconds a change: the contender's processes; the ToRs' threads */
};

struct compare_row {
	const char *name, *title;
	char version[RIVAL_TEXT_MAX];
	struct compare_work works[COMPARE_KINDS];
	struct compare_change change;
	char failure[DAEMON_ERROR_MAX]; /* why a work is not done; "" all are */
};

/* The path of the work `change`: there as long as an endpoint of the service is ready on the node. */
struct compare_path {
	uint32_t service, node;
	uint32_t prefix, hop; /* as the probes know it */
	struct wirepath injected, reflected;
};

struct compare {
	struct cluster_size size;
	uint32_t tors, threads, blast_threads, chunk, timeout_s, rounds, check_memory_mb;
	uint32_t changes, change_rate;
	uint32_t io_threads, packers; /* of heliographd; 0: its own choice */
	const char *with, *spawn;
	const char *kafka; /* of Heliograph; NULL: the embedded broker */
	bool json, keep, extended;

	struct model_rules rules;
	struct cluster *cluster; /* a contender may change it, and leaves it as it was */
	struct model *model;
	struct wireset *injected, *reflected;
	struct compare_path path;
	uint32_t paths_of_one_prefix; /* the most */
	unsigned cores;
	struct compare_row rows[COMPARE_MAX];
	unsigned row_count;
	bool stopped;
};

/* Set by SIGINT and SIGTERM: everything ends after what it is waiting for. */
extern volatile sig_atomic_t compare_interrupted;

/* Put one contender through all works; what is not done has a reason in row->failure. */
void compare_run_trial(struct compare *c, struct compare_row *row);

/* Which path `change` is about: cluster and model are there. The formats are those of the two wiresets. */
void compare_choose_path(struct compare *c, const struct wireset_format *injected,
    const struct wireset_format *reflected);

/* A ratio of two measurements; 0: one of them is missing. */
double compare_ratio(double value, double limit);

/* The row of the bytes-only limit, if it was run and did the work; NULL otherwise. */
const struct compare_row *compare_limit(const struct compare *c, enum compare_kind kind);
const struct compare_row *compare_limit_change(const struct compare *c);

double compare_bytes_per_path(const struct compare_work *w);

/* "arrive", "join" */
const char *compare_kind_name(enum compare_kind kind);

void compare_print_table(const struct compare *c);
void compare_print_json(const struct compare *c);
