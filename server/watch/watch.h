/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the flow: a thread (role: watch) that answers people and programs. The same requests
 * come over HTTP (GET only) and over the control socket that helioctl talks to: probes,
 * metrics and the JSON API (routes.def). It reads what the other threads publish; what an operator orders over the
 * control socket it hands to the thread whose it is. It may be slow or stuck without anybody else noticing.
 */
#pragma once

#include "config/config.h"
#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcp;
struct stream;
struct cluster;
struct path_maker;
struct table;
struct ribout;
struct writer;
struct mode_order;
struct sets_memory;
struct reloader;
struct replicas;
struct watch;

/* One of the clusters that are followed. */
struct watch_cluster {
	const struct config_cluster *config;
	const struct stream *stream;
	const struct cluster *cluster;
	const struct path_maker *paths;
};

/* What it reads from. All are borrowed and outlive the watch; none but the last three is NULL. */
struct watch_sources {
	const struct config *config;
	struct tcp *tcp; /* not const: its listing takes a lock */
	struct watch_cluster clusters[CONFIG_CLUSTERS_MAX];
	uint32_t n_clusters;     /* at least 1 */
	struct writer *writer;   /* takes orders */
	struct mode_order *mode; /* what is ordered; the watch thread's alone once it runs */
	const struct table *rib;
	struct ribout *ribout; /* not const: its listing takes a lock */
	struct reloader *
	    reloader; /* the configurations; the watch thread's alone once it runs; NULL: none can be read again */
	struct replicas *replicas; /* the watch's own; NULL: none yet */
	struct sets_memory *sets;  /* the watch's own; NULL: none yet */
};

/* Copies the struct. Nothing is opened yet. */
struct watch *watch_new(const struct watch_sources *sources) MUST_USE;

/*
 * Open the HTTP address and the control socket of the configuration and start the thread.
 * False: why (size bytes) says what is wrong and what to do; nothing runs.
 */
bool watch_start(struct watch *w, char *why, size_t size) MUST_USE;

/* Read the configuration again, as SIGHUP asks for; the watch thread does it a moment later. */
void watch_reload(struct watch *w);

/* Close everything and end the thread; requests under way are cut off. Also after a start
 * that failed. Before the sources are freed; whether they still run does not matter. */
void watch_stop(struct watch *w);
void watch_free(struct watch *w); /* stopped */
