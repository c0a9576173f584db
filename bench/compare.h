/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One `heliobench compare`: a path set, the contenders that bring it to the same ToRs one after the other, and
 * what each took for two kinds of work. compare.c reads options and lets things happen, contender.c
 * starts and feeds each kind, compare_report.c prints. The main thread's.
 */
#pragma once

#include "cluster.h"
#include "daemon.h"
#include "endpoint.h"
#include "model.h"
#include "rival.h"
#include "wireset.h"

#include <stdbool.h>
#include <stdint.h>

#define COMPARE_MAX 16

/* All ToRs listen while the paths arrive; all ToRs connect to a table that is loaded. */
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

struct compare_row {
	const char *name, *title;
	char version[RIVAL_TEXT_MAX];
	struct compare_work works[COMPARE_KINDS];
	char failure[DAEMON_ERROR_MAX]; /* why a work is not done; "" all are */
};

struct compare {
	struct cluster_size size;
	uint32_t tors, threads, blast_threads, chunk, timeout_s, rounds, check_memory_mb;
	const char *with, *spawn;
	bool json, keep, extended;

	struct model_rules rules;
	struct cluster *cluster;
	struct model *model;
	struct wireset *injected, *reflected;
	uint32_t paths_of_one_prefix; /* the most */
	unsigned cores;
	struct compare_row rows[COMPARE_MAX];
	unsigned row_count;
	bool stopped;
};

/* A ratio of two measurements; 0: one of them is missing. */
double compare_ratio(double value, double limit);

/* The row of the bytes-only limit, if it was run and did the work; NULL otherwise. */
const struct compare_row *compare_limit(const struct compare *c, enum compare_kind kind);

double compare_bytes_per_path(const struct compare_work *w);

/* "arrive", "join" */
const char *compare_kind_name(enum compare_kind kind);

void compare_print_table(const struct compare *c);
void compare_print_json(const struct compare *c);
