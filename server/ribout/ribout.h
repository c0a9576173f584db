/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fan-out: from the table to chunks that a thousand sessions share.
 *
 * A group is a view and a wire format. Its packer turns each commit into chunks of its window
 * and, for joiners, the whole table into one shared snapshot. A session holds a cursor and
 * pulls; the packer never knows who reads. One mechanism, "what changed since version v",
 * serves all: the window (shared, newest), the snapshot (from 0, shared) and the private
 * catch-up of a laggard (from where it fell out).
 */
#pragma once

#include "rib/table.h"
#include "ribout/chunk.h"
#include "ribout/format.h"
#include "ribout/pace.h"

#include <sys/uio.h>

struct waker;
struct ribout;
struct group;

struct ribout_options {
	unsigned packers;      /* threads; 0: one for four processors, at least one */
	uint64_t window_bytes; /* a group's chunks kept for those behind; 0: 16 MiB */
	uint32_t
	    snapshot_changes; /* a snapshot lasts so many changes, or a quarter of the prefixes if those
	                            * are more; 0: 1,024 */
};

/* The table is borrowed and outlives the ribout. */
struct ribout *ribout_new(const struct ribout_options *o, struct table *rib);
void ribout_start(struct ribout *r); /* packer threads run */
void ribout_stop(struct ribout *r);  /* and have ended; no cursor is left */
void ribout_free(struct ribout *r);

/* News for sessions: woken whenever a group has new chunks. One per io thread, before start. */
void ribout_wakes(struct ribout *r, struct waker *w);

/* The group of this format, made if there is none; held for the caller, who gives the hold to
 * a cursor or to group_leave(). */
struct group *ribout_join(struct ribout *r, const struct format *f) ON_IO;
void group_leave(struct group *g) ANY_THREAD;

/* ---- a session's place in its group; belongs to the session's io thread ---- */

enum cursor_place {
	CURSOR_START,    /* waits for the group's snapshot                                    */
	CURSOR_SNAPSHOT, /* reads the snapshot                                                */
	CURSOR_WINDOW,   /* reads the window, or is at its end                                */
	CURSOR_CATCHUP,  /* fell out of the window: reads (or waits for) slices of its own    */
};

#define CURSOR_AHEAD 16 /* chunks one writev may cover */

struct snapshot;
struct catchup;

struct cursor {
	struct group *group;
	enum cursor_place place;
	enum pace_member member;   /* how the group's pace counts it                */
	struct chunk *chunk;       /* held: the one being sent, or NULL at a boundary  */
	uint32_t offset;           /* bytes of it that TCP has taken                   */
	uint64_t seq;              /* WINDOW: of the chunk that is next                */
	struct snapshot *snapshot; /* SNAPSHOT: held                                   */
	uint32_t slice;            /* SNAPSHOT: index of the chunk that is next        */
	struct catchup *catchup;   /* CATCHUP: held, shared with the packer            */
	uint64_t reached;          /* everything up to this version has been sent      */
	uint64_t shown;            /* no state that was sent is of a later version     */
	bool synced;               /* one whole table has been sent since start or restart */
	bool restarted;            /* has sent a table before: withdrawals matter        */
	bool end_seen;             /* cursor_synced() has said so                          */
	bool lost;                 /* what it missed is gone: the session must start anew  */
	struct chunk *ahead[CURSOR_AHEAD]; /* held between cursor_iov and cursor_consume */
	unsigned n_ahead;
	struct table_reader floor; /* what the table keeps for this cursor             */
	uint64_t paths_sent;       /* announced and withdrawn, for show                */
	uint64_t messages_sent;    /* in chunks that were sent whole, for show         */
};

/* Begin at version 0: the cursor takes over the caller's hold on the group. */
void cursor_init(struct cursor *c, struct group *g) ON_IO;
void cursor_fini(struct cursor *c) ON_IO;

/*
 * What to send next: up to `max` pieces, whole chunks but for the first (which starts where
 * the last write ended). 0: nothing now; ask again when woken (ribout_wakes). Must be followed
 * by cursor_consume() before the thread does anything else with this cursor.
 */
unsigned cursor_iov(struct cursor *c, struct iovec *iov, unsigned max) ON_IO;

/* TCP took this many bytes of what cursor_iov() gave (0 is fine). */
void cursor_consume(struct cursor *c, size_t bytes) ON_IO;

/* Between two messages: true where nothing of a message is half sent. Otherwise *rest is the
 * number of bytes up to the end of the message that is under way. */
bool cursor_at_boundary(const struct cursor *c, size_t *rest) ON_IO;

/* There is surely something to send (cheap; for the walk over those that waited). */
bool cursor_has_news(const struct cursor *c) ON_IO;

/* Everything that was there at the barrier has been sent: End-of-RIB is due. */
bool cursor_synced(struct cursor *c) ON_IO;

/* The peer asked for a refresh: send the whole table again, never an older state than it has. At a boundary only. */
void cursor_restart(struct cursor *c) ON_IO;

/*
 * The same, and on in another group, whose hold the cursor takes over: one that shows the same paths with other
 * attributes, for what the peer holds beyond them is not withdrawn.
 */
void cursor_move(struct cursor *c, struct group *g) ON_IO;

/* ---- for show (watch) ---- */
uint64_t group_id(const struct group *g) ANY_THREAD; /* struct group_info.id; never 0 */
const struct format *group_format(const struct group *g) ANY_THREAD; /* never changes */

struct group_info {
	struct format format;
	uint64_t id, members, window_chunks, window_bytes, snapshot_version, snapshot_bytes;
	uint64_t packed, table_version, chunks_made, bytes_made;
};
/* Calls fn for every group; fn must not call back into ribout. */
void ribout_each(
    struct ribout *r, void (*fn)(void *ctx, const struct group_info *), void *ctx) ON_WATCH;
