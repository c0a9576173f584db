/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listeners. Thread 0 accepts for all and hands each connection to the thread that owns the
 * peer; strangers are closed here.
 */
#pragma once

#include "tcp/tcp_own.h"

/* Open what the configuration says. False: it was logged what is wrong and what to do. */
bool listen_open(struct tcp *t) MUST_USE;

/* Serve them on thread 0; stop serving and close them. */
void listen_start(struct tcp *t) ON_IO;
void listen_close(struct tcp *t);

/* The listeners know the keys and hops of another configuration's peers. */
void
listen_follow(struct tcp *t, const struct tcp_setup *old, const struct tcp_setup *fresh) ON_IO;

/* A connection has reached the thread of its peer. */
void listen_deliver(struct io *io, struct arrival *a, uint64_t now) ON_IO;
