/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection: the hands of a session. It carries bytes between the session and its socket,
 * carries out what the session wishes, and knows nothing of BGP. Belongs to its peer's thread.
 */
#pragma once

#include "tcp/tcp_own.h"

/* Without a socket, its session not started. */
struct conn *conn_new(struct peer *p) ON_IO MUST_USE;

/* Closes what is open. */
void conn_free(struct conn *c) ON_IO;

/* The peer has connected; the session accepts it. fd is the connection's from now on. */
void conn_accept(struct conn *c, int fd, uint16_t port, uint64_t now) ON_IO;

/*
 * Bring the world in line with what the session wants after anything happened to it: write,
 * connect, close, set its deadline.
 */
void conn_settle(struct conn *c, uint64_t now) ON_IO;

static inline bool
conn_is_open(const struct conn *c)
{
	return c->fd >= 0;
}

/* Write for those of the thread that had nothing to send and now have. */
void conn_walk_idle(struct io *io, uint64_t now) ON_IO;
