/* SPDX-License-Identifier: Apache-2.0 */
/* An io thread: its event loop, its wake-ups, its beginning and its end. */
#pragma once

#include "tcp/tcp_own.h"

/* Before the threads start; the ribout gets the waker. */
void io_init(struct io *io, struct tcp *t, unsigned index);
void io_fini(struct io *io);

void io_start(struct io *io);
void io_join(struct io *io); /* after tcp.stop was set and the waker woken */
