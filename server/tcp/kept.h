/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers that were established, in a file, so that the next run of this replica connects to them itself. A peer
 * that helps a graceful restart may wait for exactly that: FRR stays passive until our restart time is over ("NSF
 * passive") even where it otherwise connects, and its stale routes would go in the end. Peers that are passive, or come from
 * a range, are courted so for the restart time; the others we connect to anyway.
 *
 * Written a moment after the set has changed, so that it is right after kill -9 too, and once before the program ends its
 * sessions. Not brought to the disk: after a crash of the machine no peer waits that long.
 */
#pragma once

#include "tcp/tcp_own.h"

#define KEPT_FILE "peers" /* under state_dir */

/* What the last run wrote, into t->kept; nothing where there is no file, or graceful restart is off. Before the threads start. */
void kept_read(struct tcp *t);

/* The set of established peers has changed: have it written soon. */
void kept_changed(struct io *io, uint64_t now) ON_IO;

/* Write it now; afterwards no more (the program ends). Any thread but io's. */
void kept_finish(struct tcp *t);

/* Connect to those of this thread that would wait for the peer. */
void kept_court(struct io *io, uint64_t now) ON_IO;

/* Was it established when the last run ended, and may still wait for us? */
bool kept_waits(const struct tcp *t, const struct ip_addr *address);
