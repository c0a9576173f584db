/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group, seen from inside ribout: its window of chunks, its snapshot, the laggards' requests.
 *
 * Who writes what. The packer that owns the group: everything but `members` (joins and leaves,
 * under the ribout's lock), `want` and `requests` (io threads, atomically). io threads read the
 * window and the snapshot without a lock: slots and the snapshot pointer are followed inside a
 * read side and the chunk or snapshot found there is then held by count.
 */
#pragma once

#include "ribout/encode.h"
#include "ribout/pace.h"
#include "ribout/ribout.h"

#define WINDOW_SLOTS                                                                           \
	4096u /* chunks in a window at most; the byte budget usually ends it sooner */

/* The last chunks in order. Chunk `seq` is in slot seq % WINDOW_SLOTS while head <= seq < tail. */
struct window {
	_Atomic(struct chunk *) slot[WINDOW_SLOTS];
	_Atomic uint64_t head, tail;
	_Atomic uint64_t evicted_to; /* highest batch_to of what was let go */
	_Atomic uint64_t bytes;
};

/*
 * The whole table, encoded once for all who join; grows while it is encoded. One that is replaced stays for those
 * that read it until the next one is replaced too: then it is abandoned, and who still reads it has the
 * rest of the table from slices of its own. So a joiner that is stalled pins one chunk, like everybody.
 */
struct snapshot {
	struct rcu_later later;
	struct table *table;
	uint32_t lasts;            /* changes, see struct ribout_options          */
	uint64_t version;          /* it shows states of this version or newer,   */
	uint64_t newest;           /* but not of a later one than this            */
	struct table_reader floor; /* keeps what changed since, while it is held  */
	struct stable chunks;      /* _Atomic(struct chunk *), each held; NULL when abandoned */
	_Atomic uint32_t ready;    /* chunks that may be read                     */
	_Atomic bool done;         /* there will be no more                       */
	_Atomic bool abandoned;
	_Atomic uint64_t bytes;
	_Atomic uint32_t holders;
};

enum catchup_state { CATCHUP_ASKED, CATCHUP_READY };

#define CATCHUP_PATHS 20000u /* about 180 KB of IPv4 NLRI: a slice is bounded work and memory */

/* What changed since a version, or a part of it, encoded for all who wait for about the same. Immutable
 * once it is handed out. */
struct slice {
	uint64_t at; /* where in the order it ended */
	bool last;   /* with it all up to `to` has been sent */
	uint64_t to, newest;
	struct chunk **chunk; /* each held */
	unsigned n, cap;
	_Atomic unsigned holders; /* catch-ups */
};

/*
 * What a laggard needs: all that is newer than `since` (its cursor's `reached`; 0: all there is), while it holds
 * everything up to `known`. Both are less where it shares slices with others, and the same for all slices of a
 * catch-up.
 */
struct catchup_from {
	uint64_t since, known;
};

/* A laggard's request for a slice, and its answer. */
struct catchup {
	struct catchup *next; /* in the group's requests, then in the packer's list */
	struct catchup_from from;
	uint64_t at;              /* where in the order the slice begins */
	uint64_t shown;           /* served once the table is at this version or later */
	_Atomic int state;        /* enum catchup_state; READY publishes what follows */
	struct slice *slice;      /* held */
	_Atomic unsigned holders; /* the cursor and the packer */
};

struct packer;

struct group {
	struct group *next; /* the ribout's list, under its lock */
	uint64_t id;
	struct format format;
	struct ribout *ribout;
	struct packer *packer;
	struct group *packer_next; /* its packer's list, under the ribout's lock */
	_Atomic uint32_t members;
	struct window window;
	struct pace pace;
	_Atomic uint64_t packed;   /* the window has everything up to this version */
	struct table_reader floor; /* = packed */
	RCU(struct snapshot) snapshot;
	struct snapshot *older; /* held: the one before, while anybody reads it; or NULL */
	_Atomic uint64_t
	    want; /* 1 + version that a wanted snapshot must have; 0: none wanted */
	_Atomic(struct catchup *) requests; /* a stack; the packer takes all at once */
	/* the packer's own */
	uint64_t told;           /* no member has ever been shown a state of a later version */
	struct catchup *queue;   /* requests in the order of their coming, one slice each */
	struct snapshot *making; /* being encoded; also published */
	struct gather making_gather;
	struct encoder making_encoder;
	_Atomic uint64_t chunks_made, bytes_made;
};

/* ---- window.c ---- */
void window_init(struct window *w);
void window_fini(struct window *w) ON_PACKER;
/* Append one chunk, whose hold passes to the window; lets the oldest go beyond the budget. */
void window_push(struct window *w, struct chunk *c, uint64_t budget) ON_PACKER;
/* Chunk seq, held for the caller; NULL: not there yet, or let go (*gone). */
struct chunk *window_take(struct window *w, uint64_t seq, bool *gone) ON_IO;
/* The seq at which a reader goes on that has everything up to `reached` and was shown states of
 * up to `shown`, so that it misses nothing and nothing goes back; false: it must catch up first. */
bool window_find(struct window *w, uint64_t reached, uint64_t shown, uint64_t *seq) ON_IO;
static inline uint64_t
window_tail(const struct window *w)
{
	return atomic_load_explicit(
	    &((struct window *)(uintptr_t)w)->tail, memory_order_acquire);
}

/* ---- snapshot.c ---- */
struct snapshot *
snapshot_new(struct table *t, uint32_t lasts) ON_PACKER MUST_USE; /* held once */
bool snapshot_hold(struct snapshot *s) RCU_READER MUST_USE;
void snapshot_drop(struct snapshot *s) ANY_THREAD;
void snapshot_add(struct snapshot *s, struct chunk *c) ON_PACKER; /* takes the hold */
/* Chunk `i`, held for the caller; NULL: not ready yet, or the snapshot is abandoned. */
struct chunk *snapshot_take(struct snapshot *s, uint32_t i) ON_IO;
/* Chunk `i` can be taken, or the snapshot is abandoned. */
bool snapshot_has(const struct snapshot *s, uint32_t i);
/* Nobody but the caller holds it. */
bool snapshot_is_unread(const struct snapshot *s) ON_PACKER;
/* Let its chunks go; who holds it still sees its version. */
void snapshot_abandon(struct snapshot *s) ON_PACKER;
static inline bool
snapshot_is_abandoned(const struct snapshot *s)
{
	return atomic_load_explicit(
	    &((struct snapshot *)(uintptr_t)s)->abandoned, memory_order_acquire);
}
/* So much has changed since that a new one is cheaper than catching up from this one. */
bool snapshot_stale(const struct snapshot *s);

/* ---- catchup.c ---- */
/* The slice behind order position `at` for a cursor that was shown states of up to `shown`; held
 * once for the caller. */
struct catchup *catchup_ask(
    struct group *g, struct catchup_from from, uint64_t at, uint64_t shown) ON_IO MUST_USE;
void catchup_drop(struct catchup *k) ANY_THREAD;
/* Answer one of the requests that wait, and all others that are content with the same slice. False:
 * there is none that can be answered now. */
bool catchup_serve(struct group *g, struct gather *scratch, struct encoder *e) ON_PACKER;
static inline bool
catchup_ready(const struct catchup *k)
{
	return atomic_load_explicit(&((struct catchup *)(uintptr_t)k)->state,
	           memory_order_acquire) == CATCHUP_READY;
}

/* ---- group.c ---- */
struct group *group_new(struct ribout *r, const struct format *f, uint64_t id) MUST_USE;
void group_free(struct group *g) ON_PACKER;
/* One bounded step of each kind of work at time now; true when anything was done (there may be
 * more). */
bool group_work(struct group *g, struct gather *scratch, struct encoder *encoder,
    uint64_t now_ns) ON_PACKER;
/* A chunk was made: for show. */
void group_count(struct group *g, const struct chunk *c) ON_PACKER;
static inline uint64_t
later_of(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}
/* When a commit that waits for its turn (pace) may be packed; NS_NEVER: none waits. */
uint64_t group_next_ns(const struct group *g) ON_PACKER;
/* Tell the packer that want or requests have changed. */
void group_wake(struct group *g) ANY_THREAD;

/* ---- ribout.c, for its own ---- */
struct table *ribout_table(const struct ribout *r);
uint64_t ribout_window_bytes(const struct ribout *r);
uint32_t ribout_snapshot_changes(const struct ribout *r);
void ribout_wake_io(struct ribout *r) ON_PACKER;
unsigned ribout_io_threads(const struct ribout *r);
