/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A neighbour: its settings, its history, and the one connection (two while they collide) that
 * it has. Made when its thread starts, or, for one from a range, when it connects; such a peer
 * goes when its connection has gone. Belongs to one io thread; shown.h tells watch about it.
 */
#pragma once

#include "tcp/tcp_own.h"

/* A neighbour, not started. config is borrowed from the configuration. */
struct peer *
peer_new(struct io *io, const struct config_peer *config, const struct ip_addr *address) ON_IO;

/* Make those of the thread that its configuration has by address and that are not there yet, and begin. */
void peer_make_configured(struct io *io, uint64_t now) ON_IO;

/* This is what the configuration says of it now; the session goes on as it is. */
void peer_reconfigure(struct peer *p, const struct config_peer *config) ON_IO;

/* Begin: connect, or wait for the peer. */
void peer_start(struct peer *p, uint64_t now) ON_IO;
void peer_free(struct peer *p) ON_IO;

/* The thread's peer of this address, or NULL. */
struct peer *peer_find(struct io *io, const struct ip_addr *address) ON_IO;

/* It has connected. fd is taken: kept, or closed and counted. The peer may be gone afterwards. */
void peer_accept(struct peer *p, int fd, uint16_t port, uint64_t now) ON_IO;

/*
 * After anything happened to one of its connections: settle both, decide which is the main
 * one, log and show what has changed. A peer from a range may be gone afterwards.
 */
void peer_settle(struct peer *p, uint64_t now) ON_IO;

/* End its sessions because the program ends (tcp_stop()). */
void peer_shut_down(struct peer *p, uint64_t now) ON_IO;

static inline bool
peer_is_dynamic(const struct peer *p)
{
	return p->config->address.family == IP_NONE;
}

/* Key, TTL and tuning for a socket of this peer; connecting: it is ours and not connected yet.
 * 0 or an errno. */
int peer_prepare_socket(const struct peer *p, int fd, bool connecting) MUST_USE;
