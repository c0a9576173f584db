/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BGP sockets: listeners, connects, and N io threads with one event loop each. A peer
 * belongs to the thread that the hash of its address names, so that connections that collide
 * meet on one thread; nothing of a peer is touched by another thread, but for what watch reads
 * (struct peer_info, under the registry's lock, which is held at creation, end, change of
 * state and listing, never on the way of bytes).
 */
#pragma once

#include "config/config.h"
#include "ribout/ribout.h"
#include "session/session.h"

struct tcp;

/*
 * Make it; nothing is opened yet, and the ribout must not have been started (the io threads'
 * wakers are given to it here). All three are borrowed and outlive it. table: what `behind`
 * in struct peer_info is measured against.
 */
struct tcp *tcp_new(const struct config *config, struct table *table, struct ribout *ribout);

/*
 * Read the password files, open the listeners, start the threads. False: it was logged what is
 * wrong and what to do; nothing runs, tcp_free() is all that is left to do.
 */
bool tcp_start(struct tcp *t) MUST_USE;

/*
 * End all sessions and the threads: a peer that does graceful restart sees its connection
 * close and keeps our routes, the others get a Cease (Administrative Shutdown). Takes two
 * seconds at most. No cursor is left when it returns.
 */
void tcp_stop(struct tcp *t);
void tcp_free(struct tcp *t);

/*
 * Another configuration takes the place of the present one, as far as peers, views and racks go: peers that it does not have
 * get a Cease (Peer De-configured), those of which it says something else one (Other Configuration Change) and begin anew,
 * the others notice nothing. First the setup, which reads the password files (NULL: why); tcp_configure() takes it. The
 * config is borrowed until another has taken its place and tcp_settled(), which has to be true before the next. One thread.
 */
struct tcp_setup *tcp_setup_new(const struct config *config, char *why, size_t size) MUST_USE;
void tcp_setup_free(struct tcp_setup *s); /* one that was not used */
void tcp_configure(struct tcp *t, struct tcp_setup *setup);
bool tcp_settled(struct tcp *t);

/* What tcp_configure() would do to the session with this address. */
enum tcp_fate { TCP_STAYS, TCP_RESTARTS, TCP_ENDS };
enum tcp_fate
tcp_fate(const struct tcp *t, const struct tcp_setup *fresh, const struct ip_addr *address);

/* What an operator may have done to a peer. */
enum tcp_order {
	TCP_PEER_DOWN,  /* Cease (Administrative Shutdown); stays down until UP, or a restart */
	TCP_PEER_UP,    /* end DOWN */
	TCP_PEER_RESET, /* Cease (Administrative Reset), and up again */
	TCP_PEER_REFRESH /* send it the whole table again */
};

/*
 * To all peers of this name or address; text (RFC 9003, UTF-8) may be NULL. Returns how many there are; they are
 * told a moment later, by their threads. Any thread but io's.
 */
unsigned tcp_order(struct tcp *t, const char *who, enum tcp_order kind, const char *text);

/*
 * Drain this replica: every path is sent again with GRACEFUL_SHUTDOWN (RFC 8326), so that routers prefer the other
 * one's; after wait_ns the sessions end with a Cease (Administrative Shutdown), and there are none until tcp_undrain() or
 * a restart. Again: the new time holds. Any thread but io's.
 */
void tcp_drain(struct tcp *t, uint64_t wait_ns, const char *text);
void tcp_undrain(struct tcp *t);

enum tcp_drain_state { TCP_SERVING, TCP_DRAINING, TCP_DRAINED };
enum tcp_drain_state tcp_drain_state(struct tcp *t); /* any thread */

/* A copy of what is known of a peer, for show. Strings live as long as the call of fn. */
struct peer_info {
	const char *name; /* of the configuration; a range's peers share it */
	struct ip_addr address;
	uint16_t port;        /* of the peer's end, 0: not connected */
	struct ip_addr local; /* our end; IP_NONE: not connected */
	uint16_t local_port;
	uint32_t as; /* as its OPEN says; before that the configured one, or 0 */
	uint32_t local_as;
	uint32_t router_id;             /* 0: not known yet */
	const char *host;               /* FQDN capability, "" if none */
	const char *rack, *zone, *view; /* "" if none */
	struct view viewing;            /* what that is for this peer */
	bool dynamic, passive, outgoing;
	enum session_state state;
	const char *state_name;
	uint64_t state_since_ns;      /* monotonic */
	uint64_t established_wall_ns; /* since 1970; 0: is not established */
	uint64_t uptime_ns;           /* 0: is not established */
	uint64_t messages_in, messages_out, bytes_in, bytes_out;
	uint64_t updates_in, refreshes_in, malformed_in;
	uint64_t paths_sent;    /* announced and withdrawn since the peer is known */
	uint64_t reached;       /* version of the table that it has in full */
	uint64_t behind;        /* versions (changes of a prefix) that it has not */
	const char *last_error; /* "" if none, as those below */
	const char *notification_sent, *notification_received;
	uint16_t hold_time;         /* negotiated, s */
	bool families[IP_FAMILIES]; /* negotiated; index: ip_family_index() */
	bool add_path[IP_FAMILIES];
	bool extended, graceful_restart;
	uint64_t group;              /* struct group_info.id; 0: none */
	uint64_t established, flaps; /* times */
	unsigned thread;
};

/*
 * Calls fn for every peer: configured ones in the order of the configuration, then dynamic
 * ones in the order in which they came. fn must be short, and must not call back into tcp.
 */
void tcp_each_peer(
    struct tcp *t, void (*fn)(void *ctx, const struct peer_info *), void *ctx) ON_WATCH;

/* Where the listeners really are (port 0 in tests): the i-th one, in the order of the
 * configuration. After tcp_start(). */
uint16_t tcp_listen_port(const struct tcp *t, unsigned i);

struct tcp_totals {
	uint32_t peers, established;
};
/* Any thread, at any time. */
struct tcp_totals tcp_totals(const struct tcp *t);
