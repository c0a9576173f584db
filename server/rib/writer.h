/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: the one thread that changes tables. It takes what has arrived, applies it,
 * recomputes what that concerns, and publishes one commit. Batching is by arrival, not by a
 * timer: an idle system reacts at once, a busy one coalesces. Before a cluster's stream has caught up
 * it applies its changes but publishes nothing of it, so that no peer sees half a cluster, but what the local
 * snapshot had, once; when all have, the barrier is set.
 */
#pragma once

#include "change/queue.h"
#include "cluster/cluster.h"
#include "path/path.h"
#include "rib/from_path.h"
#include "rib/kept_holds.h"
#include "rib/mode.h"

#include <pthread.h>

struct writer_order;

/* One of the clusters that are followed. */
struct writer_cluster {
	struct cluster *cluster;
	struct path_maker *paths;
	struct from_path from_path;
	bool published; /* its paths are in the RIB: complete, or those of the local snapshot */
	bool complete;  /* its stream had caught up when they were computed */
	bool waiting;   /* something has changed that is not in the RIB yet */
};

struct writer {
	struct change_queue *queue;
	struct writer_cluster *clusters; /* by change.cluster */
	uint32_t n_clusters;
	struct merge merge; /* in use with several */
	struct settle settle;
	struct breaker breaker;
	struct table *table;
	pthread_t thread;
	_Atomic bool stop;
	_Atomic bool
	    second; /* another replica goes first with removals: as the watch has found */
	_Atomic bool published; /* the first commit after all barriers is visible */
	bool
	    frozen; /* an operator's order: the RIB stays as it is, once something is published */
	pthread_mutex_t orders_lock;
	pthread_cond_t orders_done;
	struct writer_order *orders; /* under the lock, oldest first */
	struct kept_holds kept;      /* what a former run held, until the first commit */
	bool restored;               /* that has come */
	const struct config *config;
};

/*
 * All borrowed, and outlive the writer; config is for the path makers and the breaker. clusters: one for each of
 * config->followed, in that order; the array is not kept.
 */
void writer_init(struct writer *w, const struct config *config, struct change_queue *queue,
    struct cluster *const *clusters, struct table *table);
/* What a former run held (taken over) is announced and held with the first routes. Before the start. */
void writer_keep(struct writer *w, struct kept_holds *kept);
void writer_start(struct writer *w);
void writer_stop(struct writer *w); /* waits for its end */
void writer_fini(struct writer *w) ON_WRITER;

/* One round at time now: apply these changes (owned, may be NULL) and publish. The thread does nothing
 * else; tests and the simulator call it directly. */
void writer_round(struct writer *w, struct change *changes, uint64_t now_ns) ON_WRITER;

/* When the next round is due without any change; NS_NEVER: none is. */
uint64_t writer_next_ns(const struct writer *w) ON_WRITER;

/*
 * An operator's order, from now on. Frozen: nothing that arrives changes the RIB any more, in either direction; with the
 * next order what has arrived meanwhile takes effect at once. A process that starts frozen publishes its first state all
 * the same: an empty RIB protects nobody.
 */
void writer_mode(struct writer *w, enum mode mode, uint64_t now_ns) ON_WRITER;

/* Another configuration: what it would do to the routes, and, if it may, its doing so. */
struct writer_reload {
	const struct config *config; /* checked; borrowed from then on, if it is applied */
	bool paths;                  /* what is advertised, or weighed, is another */
	bool apply;                  /* not only planned */
	bool force; /* whatever the plan says; and the breaker holds nothing of it */
	struct plan_class plan[CLASS_COUNT];
	bool applied;
	char refused[256]; /* "": nothing speaks against it */
};

/* For writer_ask(). The clusters of both configurations are the same ones, but for `advertise`. */
void writer_configure(struct writer *w, struct writer_reload *r, uint64_t now_ns) ON_WRITER;

/*
 * Have fn done by the writer between two rounds, and wait for it; it commits what fn changed. False: the writer
 * did not come to it in time, and will not. Any thread that is not the writer and not inside a read side.
 */
bool writer_ask(struct writer *w, void (*fn)(struct writer *w, void *ctx, uint64_t now_ns),
    void *ctx, uint64_t timeout_ns) MUST_USE;
