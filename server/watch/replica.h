/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other replicas: their digests are asked for over HTTP from time to time and compared with ours. They are at most a moment
 * apart while they follow one stream; what lastingly differs (watch/difference.h) is logged, and shown as a metric and by helioctl digest; what it is,
 * helioctl diff replica lists path by path. A replica that is away disturbs nothing. Of those that are there, the one with the
 * lowest router id goes first with removals of many paths (safety.stagger); the writer is told whether that is another one.
 *
 * `replicas` of the configuration may name all of them, ourselves too, so that one file serves all: who answers with our
 * router id is left out. An entry may be a DNS name (replica_list.h). The watch thread's.
 */
#pragma once

#include "core/json_out.h"
#include "core/role.h"

#include <event2/event.h>

struct call;
struct watch_sources;
struct replicas;

struct replicas *replicas_new(struct event_base *base, const struct watch_sources *sources);
void replicas_free(struct replicas *r); /* before the base; NULL is allowed */

/* Once a second: asks those that it is time to ask. */
void replicas_tick(struct replicas *r) ON_WATCH;

/* Write the array "replicas": what is known of each. NULL is allowed. */
void replicas_write(struct replicas *r, struct json_out *j) ON_WATCH;
void replicas_write_metrics(struct replicas *r, struct call *c) ON_WATCH;
