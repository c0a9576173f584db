/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of tcp: who owns what.
 *
 *   struct tcp    all of it; immutable after tcp_start() but for the registry and atomics
 *   struct io     one thread: event loop, deadlines, the peers that hash to it; its own, but
 *                 for the inbox (connections handed over by the thread that accepts)
 *   struct peer   one neighbour, for as long as it is configured or, from a range, connected
 *   struct conn   one connection of it (or the wish for one): a session and a socket
 */
#pragma once

#include "config/locate.h"
#include "core/waker.h"
#include "tcp/deadlines.h"
#include "tcp/socket.h"
#include "tcp/tcp.h"

#include <pthread.h>

#define PEER_BUCKETS 1024u
#define READ_BYTES   ((size_t)64 * 1024) /* the thread's buffer: one largest message */

struct conn {
	struct session session;
	struct peer *peer;
	int fd; /* -1: none */
	bool connecting;
	bool blocked; /* `writable` is armed: TCP was full, or the turn was over */
	struct event readable, writable;
	struct deadline deadline;
	struct conn *idle_next,
	    **idle_prev; /* those with nothing to send; prev NULL: not in it */
	struct ip_addr local;
	uint16_t local_port, remote_port;
};

/* The part of a peer that watch is shown besides the counters; under the registry's lock. */
struct peer_shown {
	struct config_location location;
	struct peer_info info; /* strings: in here, or the configuration's */
	char host[CAPABILITY_NAME_MAX + 1];
	char last_error[SESSION_TEXT_MAX];
	char notification_sent[SESSION_TEXT_MAX];
	char notification_received[SESSION_TEXT_MAX];
};

/* See setup.h. */
struct tcp_setup {
	const struct config *config; /* borrowed */
	struct md5_key *keys;        /* by index of its peer */
};

struct peer {
	struct io *io;
	const struct config_peer *config;
	struct ip_addr address;
	struct session_options options;
	struct session_history history;
	struct conn *main;  /* always there */
	struct conn *rival; /* while two connections collide, else NULL */
	struct peer *bucket_next;
	bool
	    courted; /* it was up before we restarted: we connect, though it is passive (kept.h) */
	uint64_t seen_changes, seen_malformed, seen_up,
	    seen_down; /* what was logged and shown */
	struct log_limit log_limit;
	bool removed;   /* from the configuration: it goes as soon as its connections have */
	uint32_t place; /* in the configuration; of one from a range: behind all */
	struct peer *listed_next, **listed_prev; /* registry's list, under its lock */
	struct peer_shown shown;
};

/* A connection on its way to the thread that owns its peer. */
struct arrival {
	struct arrival *next;
	int fd;
	struct ip_addr addr;
	uint16_t port;
};

struct farewell;
struct peer_order;

struct io {
	struct tcp *tcp;
	struct tcp_setup *setup; /* that this thread follows */
	unsigned index;
	pthread_t thread;
	struct event_base *base;
	struct waker waker; /* news from the packers, arrivals, the end */
	struct event woken;
	struct deadlines deadlines;
	struct peer *bucket[PEER_BUCKETS];
	struct conn *idle; /* connections with nothing to send, to look at when woken */
	struct farewell *farewells;
	unsigned n_farewells;
	bool stopping;
	struct deadline last_moment; /* of a stopping thread */
	struct deadline kept;        /* the list of established peers is to be written */
	bool draining, drained; /* as this thread has noticed; drained: no sessions any more */
	uint64_t drain_seen;    /* of tcp.drain.changes */
	struct deadline drain;  /* the time to wait is over */
	char drain_text[SHUTDOWN_TEXT_MAX + 1];
	pthread_mutex_t inbox_lock;
	struct arrival *inbox;
	struct peer_order *orders; /* newest first */
	uint8_t buffer[READ_BYTES];
};

struct listener {
	int fd;
	uint8_t family;
	struct config_endpoint endpoint; /* as configured */
	struct tcp *tcp;
	struct event readable;
};

#define LISTENERS_MAX 64u

/* An operator's drain of the whole replica. */
struct tcp_drain {
	pthread_mutex_t lock;
	bool on;
	uint64_t until_ns; /* then the sessions end */
	uint64_t changes;
	char text[SHUTDOWN_TEXT_MAX + 1];
};

struct tcp {
	struct tcp_setup *setup;           /* the newest; under the registry's lock */
	struct tcp_setup *setup_before;    /* perhaps still some thread's; the watch thread's */
	_Atomic unsigned n_behind;         /* threads that do not follow the newest yet */
	const struct config *config_first; /* until tcp_start() */
	struct table *table;
	struct ribout *ribout;
	uint64_t started_at; /* ns */
	/* What no reload changes. */
	bool keeps; /* graceful_restart.enabled: the list of kept peers is of use */
	char *kept_path;
	uint64_t restart_time_ns;
	uint32_t max_peers;
	char hostname[CAPABILITY_NAME_MAX + 1];
	struct io *io;
	unsigned n_io;
	struct listener listener[LISTENERS_MAX];
	unsigned n_listeners;
	struct deadline accept_pause; /* of thread 0, which accepts */
	struct log_limit reject_limit;
	struct ip_addr *kept; /* peers that were up when the last run ended */
	uint32_t n_kept;
	pthread_mutex_t
	    kept_lock; /* of the file, and of kept_finished: it is not written any more */
	bool kept_finished;
	struct tcp_drain drain;
	bool running;
	_Atomic bool stop;
	_Atomic uint32_t n_peers, n_established;
	pthread_mutex_t registry_lock; /* ---- what follows, and every peer's `shown` ---- */
	struct peer **listed_end;
	struct peer
	    *listed; /* configured ones in the configuration's order, then those from ranges */
};

/* The thread that a neighbour belongs to. */
static inline struct io *
io_of(struct tcp *t, const struct ip_addr *addr)
{
	return &t->io[ip_hash(addr) % t->n_io];
}
