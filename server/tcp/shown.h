/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others see of the peers: the registry that watch lists, and the log. Counters are read
 * as they are; everything else is copied when it changes, under the registry's lock.
 */
#pragma once

#include "tcp/tcp_own.h"

/* Enter the peer in the registry; leave it. */
void shown_add(struct peer *p) ON_IO;
void shown_remove(struct peer *p) ON_IO;

/* The configuration says something else of it. */
void shown_again(struct peer *p) ON_IO;

/* Log and copy what has changed since the last call. Cheap when nothing has. */
void shown_update(struct peer *p, uint64_t now) ON_IO;
