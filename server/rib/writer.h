/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: the one thread that changes tables. It takes what has arrived, applies it,
 * recomputes what that concerns, and publishes one commit. Batching is by arrival, not by a
 * timer: an idle system reacts at once, a busy one coalesces. Before the stream has caught up
 * it applies but publishes nothing, so that no peer sees half a cluster.
 */
#pragma once

#include "change/queue.h"
#include "cluster/cluster.h"
#include "path/path.h"
#include "rib/from_path.h"

#include <pthread.h>

struct writer {
	struct change_queue *queue;
	struct cluster *cluster;
	struct path_maker *paths;
	struct from_path from_path;
	struct table *table;
	pthread_t thread;
	_Atomic bool stop;
	_Atomic bool published; /* the first commit after the barrier is visible */
};

/* All borrowed, and outlive the writer; config is for the path maker. */
void writer_init(struct writer *w, const struct config *config, struct change_queue *queue,
    struct cluster *cluster, struct table *table);
void writer_start(struct writer *w);
void writer_stop(struct writer *w); /* waits for its end */
void writer_fini(struct writer *w) ON_WRITER;

/* One round: apply these changes (owned, may be NULL) and publish. The thread does nothing
 * else; tests and the simulator call it directly. */
void writer_round(struct writer *w, struct change *changes) ON_WRITER;
