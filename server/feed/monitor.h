/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /livez (the loop turns), /readyz (a full listing of this run has been written) and /metrics
 * (OpenMetrics) over HTTP, GET only. On the event loop; reads the feed, changes nothing.
 */
#pragma once

#include "core/must.h"

#define MONITOR_ERROR_MAX 200

struct feed;
struct monitor;

/* where: "ADDRESS:PORT" or "[ADDRESS]:PORT". NULL: error says why not. */
struct monitor *monitor_new(struct feed *feed, const char *where, char *error) MUST_USE;
void monitor_free(struct monitor *m); /* NULL is allowed */
