/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One BGP session as a state machine without input and output: bytes in, bytes out, time (ns of
 * a monotonic clock) as an argument. It never sees a socket or a clock, so the same code runs
 * under libevent (server/tcp), in the stories (tests/story) and in a simulator.
 *
 * Who drives it:
 *   session_init, session_start                      once
 *   session_event, session_receive, session_tick     when something happened; then always
 *   session_output + session_wrote                   until nothing is left or TCP is full, and
 *   session_wish                                     to connect or to close; then sleep until
 *   session_deadline                                 or until the ribout's wake-up, when
 *   session_has_news                                 tells whether to ask for output again.
 *
 * One struct session is one connection's state machine (RFC 4271 section 8.2.1). While it is
 * not clear which of two connections with a peer stays, there are two sessions, each the
 * other's rival, with one history (collision.h).
 *
 * A session belongs to one io thread. Its routes come from its cursor; it keeps none.
 */
#pragma once

#include "bgp/open.h"
#include "ribout/ribout.h"
#include "session/timers.h"

#include <sys/uio.h>

enum session_state {
	SESSION_IDLE,
	SESSION_CONNECT,
	SESSION_ACTIVE,
	SESSION_OPEN_SENT,
	SESSION_OPEN_CONFIRM,
	SESSION_ESTABLISHED,
	SESSION_STATES
};
extern const char *const session_state_names[SESSION_STATES]; /* "Idle", "OpenSent", ... */

/* What a peer is to us. Borrowed by the session, immutable while it lives. 0 in a _ns or _s
 * means the default that session.c names, but for hold_s, where it means no hold timer. */
struct session_options {
	uint32_t router_id, local_as, cluster_id; /* host order */
	const uint32_t *peer_as;                  /* those that are accepted; borrowed */
	uint32_t n_peer_as;
	bool passive;               /* never ask for a connection */
	bool family[IP_FAMILIES];   /* offered; index: ip_family_index() */
	bool add_path[IP_FAMILIES]; /* we offer to send every path (RFC 7911) */
	bool extended;              /* offer RFC 8654 */
	bool graceful_restart;      /* offer RFC 4724 */
	uint16_t restart_time_s;
	uint64_t restarting_until_ns; /* OPENs before carry the R bit */
	bool
	    draining; /* every path is sent with GRACEFUL_SHUTDOWN (RFC 8326); see session_redress() */
	uint16_t hold_s;
	uint64_t connect_retry_ns, open_hold_ns, send_hold_ns;
	uint64_t idle_hold_ns,
	    idle_hold_max_ns; /* after the first error; it doubles up to max */
	const char *hostname; /* for the FQDN capability; NULL: left out */
	struct view view;     /* struct format.view, where the peer takes all paths of it */
	uint32_t single_variant,
	    single_variants; /* of a family without ADD-PATH, where the view has none */
	uint64_t seed;       /* of the jitter */
};

#define SESSION_TEXT_MAX 256

/*
 * What outlives a connection: counters and reasons. The sessions of one peer share it. Written
 * by their io thread; the atomics are read by anyone, the rest by that thread alone (tcp
 * copies it for watch when `changes` has moved).
 */
struct session_history {
	_Atomic uint64_t messages_in, messages_out;
	_Atomic uint64_t bytes_in, bytes_out;
	_Atomic uint64_t updates_in, refreshes_in, malformed_in;
	_Atomic uint64_t paths_sent; /* announced and withdrawn, all sessions */
	_Atomic uint64_t reached;    /* version of the table up to which all was sent */

	uint64_t changes;                  /* +1 for each change of state or reason */
	uint64_t established;              /* times */
	uint64_t flaps;                    /* times that an established session ended */
	uint64_t failures;                 /* errors in a row: what damping counts */
	uint64_t established_at;           /* ns, of the present or last one */
	uint64_t changed_at;               /* ns, the last change of state */
	char last_error[SESSION_TEXT_MAX]; /* why the last connection ended; "" before that */
	char notification_sent[SESSION_TEXT_MAX];
	char notification_received[SESSION_TEXT_MAX];
	char malformed[SESSION_TEXT_MAX]; /* what was wrong with the last malformed message */
};

/* Bytes that wait: input of which a message is incomplete, output that is not routes. */
struct session_bytes {
	uint8_t *at;             /* heap; NULL while there are none */
	uint32_t head, len, cap; /* valid: [head, len) */
};

enum session_link { LINK_NONE, LINK_PENDING, LINK_UP };

struct session {
	const struct session_options *options;
	struct ribout *ribout;
	struct session_history *history;
	struct session *rival; /* the other connection with this peer, or NULL */
	enum session_state state;
	enum session_link link;
	struct timers timers;
	bool outgoing; /* we connected */
	bool asked;    /* cursor_iov() was called for the present offer */
	bool closing;  /* the end has come: send what is queued, read nothing more */
	bool stopped;  /* by the operator: stays Idle until session_start() */
	bool penalty;  /* hold in Idle before the next attempt */

	/* of the present connection */
	struct open remote; /* the peer's OPEN, from OpenConfirm on */
	struct negotiated agreed;
	uint64_t connected_at, established_at; /* ns */
	uint64_t keepalive_ns;                 /* interval, 0: none */
	uint64_t hold_ns;                      /* 0: none */
	struct session_bytes in, control;
	bool waits; /* something is offered that TCP has not taken */
	uint32_t offered_rest,
	    offered_control;    /* of the last session_output(), in this order, ... */
	size_t offered;         /* ... routes after them, all in all */
	uint32_t since_message; /* bytes of routes since a message surely ended */
	bool has_cursor;
	bool end_of_rib_due;
	bool redress_due; /* the table is to be sent again as the options are now */
	uint8_t refresh_due, refresh_runs; /* bit per family index */
	uint64_t messages_counted;         /* of cursor.messages_sent, in the history already */
	uint64_t paths_counted;            /* of cursor.paths_sent, in the history already */
	struct cursor cursor;
};

/* Idle, not started. options and history (zeroed for a new peer) are borrowed and outlive it. */
void session_init(struct session *s, const struct session_options *options,
    struct session_history *history, struct ribout *ribout) ON_IO;

/* Give back everything; the connection, if there is one, must be closed by the driver. */
void session_fini(struct session *s) ON_IO;

/* Leave Idle: ask for a connection, or wait for one if passive. Also ends session_stop(). */
void session_start(struct session *s, uint64_t now) ON_IO;

/* Leave Idle only to take a connection that the peer has opened: the next event is ACCEPTED. */
void session_await(struct session *s, uint64_t now) ON_IO;

/* Both are sessions with one peer, on this thread. */
void session_set_rivals(struct session *a, struct session *b) ON_IO;

/* What happened to the connection. */
enum session_event {
	SESSION_CONNECTING,     /* the wish to connect is being carried out */
	SESSION_CONNECTED,      /* by us */
	SESSION_ACCEPTED,       /* the peer connected: only where session_accepts() */
	SESSION_CONNECT_FAILED, /* the driver has closed it; so it has after ... */
	SESSION_CLOSED          /* ... the end of file, an error, or SESSION_WISH_CLOSE */
};
/* why: for people ("Connection reset by peer"), may be NULL; borrowed for the call. */
void
session_event(struct session *s, enum session_event event, const char *why, uint64_t now) ON_IO;

/* True where a connection of the peer's can be taken by this session. */
bool session_accepts(const struct session *s) ON_IO;

/* n bytes have come. After a fatal error they are dropped unread. */
void session_receive(struct session *s, const uint8_t *bytes, size_t n, uint64_t now) ON_IO;

/*
 * What to write now, in up to max (at least 3) pieces; 0: nothing. The pieces are borrowed
 * until session_wrote(), which must follow when the result is not 0, before anything else is
 * done with the session.
 */
unsigned session_output(struct session *s, struct iovec *iov, unsigned max, uint64_t now) ON_IO;

/* TCP took n bytes of them; 0 is fine. */
void session_wrote(struct session *s, size_t n, uint64_t now) ON_IO;

/* After session_output() gave 0: is there something again? Cheap. */
bool session_has_news(const struct session *s) ON_IO;

enum session_wish {
	SESSION_WISH_NOTHING,
	SESSION_WISH_CONNECT, /* answer with SESSION_CONNECTING, later CONNECTED or CONNECT_FAILED */
	SESSION_WISH_CLOSE, /* close what there is; answer with SESSION_CLOSED */
};
enum session_wish session_wish(const struct session *s) ON_IO;

/* When session_tick() has something to do: a point in time, NS_NEVER: not by itself. */
uint64_t session_deadline(const struct session *s) ON_IO;
void session_tick(struct session *s, uint64_t now) ON_IO;

/* End it with a Cease of this subcode; text (RFC 9003) may be NULL. Stays Idle until started. */
void session_stop(struct session *s, uint8_t subcode, const char *text, uint64_t now) ON_IO;

/* End it without a word, so that a peer that does graceful restart keeps our routes. */
void session_drop(struct session *s, const char *why, uint64_t now) ON_IO;

/* The peer will keep our routes over session_drop(). */
bool session_survives_drop(const struct session *s) ON_IO;

/* options->draining has changed: send the whole table again with other attributes. Established only; else nothing. */
void session_redress(struct session *s) ON_IO;

/* Send the whole table again, as if the peer had asked. Established only; else nothing. */
void session_refresh(struct session *s) ON_IO;
