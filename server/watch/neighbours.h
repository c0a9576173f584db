/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers that tcp follows: those of the configuration file and, with calico_peers.enabled, the neighbours that Calico's
 * BGPPeer objects name by peerIP, with their filters. An address of the file is the file's. What comes from the objects follows them
 * while the program runs; that more than half of them go at once is taken for a mistake and held until a reload is forced.
 *
 * The watch thread's.
 */
#pragma once

#include "config/config.h"
#include "core/arena.h"
#include "core/role.h"

struct tcp_setup;
struct watch_sources;

/* A configuration whose peers are both; the rest is borrowed from the file's. */
struct neighbours {
	struct config config;
	struct arena arena;
	uint64_t hash;     /* of the objects that it was made of */
	uint32_t n_calico; /* peers that are theirs */
	bool incomplete;   /* one was left out for want of its password: looked at again */
	uint64_t made_ns;
};

/* Of this configuration and of the objects that the clusters have now. Free with neighbours_free(). */
struct neighbours *neighbours_new(
    const struct config *config, const struct watch_sources *sources) ON_WATCH MUST_USE;
void neighbours_free(struct neighbours *n); /* NULL is allowed */

/* What the objects that matter say now; equal: the same. */
uint64_t neighbours_hash(const struct watch_sources *sources) ON_WATCH;

/* The objects may have changed: follow them. Called every second or so. */
void neighbours_follow(struct watch_sources *sources) ON_WATCH;
