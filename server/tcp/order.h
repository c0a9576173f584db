/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of an operator to peers, on their way from the watch thread to the io threads whose the peers are; and the drain,
 * which concerns every peer, also those that come while it lasts.
 */
#pragma once

#include "tcp/tcp_own.h"

/* Carry out what waits for this thread, and notice a drain that began or ended. */
void order_take(struct io *io, uint64_t now) ON_IO;

/* Throw away what nobody has taken. */
void order_fini(struct io *io);
