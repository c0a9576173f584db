/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets after the session: a close with unread input makes the kernel send a reset, which can
 * overtake the NOTIFICATION that says why. So we end our direction only, read and drop what
 * still comes, and close when the peer has, or after a second.
 */
#pragma once

#include "tcp/tcp_own.h"

/* The thread keeps fd for that, and closes it. */
void farewell_start(struct io *io, int fd, uint64_t now) ON_IO;

/* Close them all. */
void farewell_end_all(struct io *io) ON_IO;
