/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two configurations, key by key, and whether a running program can follow it. Live are: advertise (but
 * for node_address, which records are decoded by), racks, views, peers, calico_peers, replicas, log, and safety (but for watchdog); all else is
 * what the program was started with.
 */
#pragma once

#include "config/config.h"

struct config_difference {
	const char
	    *key; /* "views.near.max_next_hops"; of clusters[i].advertise as of the list */
	const char *before,
	    *after; /* as the effective configuration prints them; NULL: it has no such key */
	bool live;
	bool paths; /* it may change which paths there are, or what they carry */
};

/* Calls fn for each, in no order; everything is borrowed for the call. Returns how many. Any thread. */
unsigned config_compare(const struct config *before, const struct config *after,
    void (*fn)(void *ctx, const struct config_difference *d), void *ctx);
