/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One `heliobench run`: its options and everything it holds. run.c reads the options and
 * opens both ends, run_phases.c lets things happen and measures. The main thread's.
 */
#pragma once

#include "daemon.h"
#include "encode.h"
#include "endpoint.h"
#include "feed.h"
#include "fleet.h"
#include "model.h"
#include "report.h"

#include <signal.h>

#define RUN_KAFKA_WAIT_MS 15000

struct run {
	struct cluster_size size;
	uint32_t tors, threads, as, timeout_s, check_memory_mb, target_pid;
	uint64_t check_limit; /* ToRs compared path by path at most */
	struct endpoint target;
	const char *kafka, *topic, *spawn;
	bool json, keep, target_given;

	struct model_rules rules;
	struct cluster *cluster;
	struct encoder encoder;
	struct feed *feed;
	struct fleet *fleet;
	struct daemon daemon;
	struct report report;
	uint64_t random;
};

/* Set by SIGINT and SIGTERM: the run ends after what it is waiting for. */
extern volatile sig_atomic_t run_interrupted;

/* Connect, arrive, the steps, join; fills r->report. Feed, fleet, encoder and cluster are there. */
void run_phases(struct run *r);

/* Write a tombstone for everything: the topic is as it was found. */
void run_clean_topic(struct run *r);
