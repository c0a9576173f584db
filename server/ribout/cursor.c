/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor walks START -> SNAPSHOT -> WINDOW, leaves the window for CATCHUP when it was too
 * slow, and comes back. `reached` only grows; the states it sends never go back in version
 * because every place it enters begins at or behind `reached` and shows that version or newer.
 */
#include "core/wire.h"
#include "ribout/group.h"

static void
set_reached(struct cursor *c, uint64_t version)
{
	c->reached = version;
	atomic_store_explicit(&c->floor.floor, version, memory_order_release);
}

static void
was_shown(struct cursor *c, uint64_t version)
{
	if (version > c->shown)
		c->shown = version;
}

/* Tell the group's pace where this member stands. */
static void
tally(struct cursor *c, enum pace_member member) ON_IO
{
	enum pace_member was = c->member;

	c->member = member;
	if (pace_move(&c->group->pace, was, member))
		group_wake(c->group);
}

void
cursor_init(struct cursor *c, struct group *g)
{
	*c = (struct cursor){.group = g, .place = CURSOR_START};
	table_join(ribout_table(g->ribout), &c->floor);
}

static void
drop_ahead(struct cursor *c)
{
	for (unsigned i = 0; i < c->n_ahead; i++)
		chunk_drop(c->ahead[i]);
	c->n_ahead = 0;
}

static void
leave_place(struct cursor *c)
{
	if (c->chunk)
		chunk_drop(c->chunk);
	if (c->snapshot)
		snapshot_drop(c->snapshot);
	if (c->catchup)
		catchup_drop(c->catchup);
	c->chunk = NULL;
	c->snapshot = NULL;
	c->catchup = NULL;
	c->offset = 0;
}

void
cursor_fini(struct cursor *c)
{
	drop_ahead(c);
	tally(c, PACE_OUTSIDE);
	leave_place(c);
	table_leave(ribout_table(c->group->ribout), &c->floor);
	group_leave(c->group);
	c->group = NULL;
}

void
cursor_restart(struct cursor *c)
{
	must(!c->n_ahead);
	if (c->place == CURSOR_START)
		return; /* nothing has been sent since the last start */
	/* Of an interrupted first table, withdrawals since its version will be owed. */
	if (c->place == CURSOR_SNAPSHOT && !c->restarted)
		set_reached(c, c->snapshot->version);
	tally(c, PACE_OUTSIDE);
	leave_place(c); /* between two messages: the rest of the chunk is sent again */
	c->place = CURSOR_START;
	c->restarted = true;
	c->synced = false;
	c->end_seen = false;
}

void
cursor_move(struct cursor *c, struct group *g)
{
	cursor_restart(c);
	tally(c, PACE_OUTSIDE);
	group_leave(c->group);
	c->group = g;
}

/* ---- from place to place ---- */

static void
ask_snapshot(struct cursor *c)
{
	uint64_t want = atomic_load_explicit(&c->group->want, memory_order_relaxed);

	while (want < c->shown + 1)
		if (atomic_compare_exchange_weak_explicit(&c->group->want, &want, c->shown + 1,
		        memory_order_release, memory_order_relaxed)) {
			group_wake(c->group);
			return;
		}
}

static bool
usable(const struct cursor *c, const struct snapshot *s)
{
	return s && s->version >= c->shown && !snapshot_stale(s);
}

static bool
enter_snapshot(struct cursor *c)
{
	struct snapshot *s;

	rcu_enter();
	s = rcu_get(c->group->snapshot);
	if (!usable(c, s) || !snapshot_hold(s))
		s = NULL;
	rcu_leave();
	if (!s) {
		ask_snapshot(c);
		return false;
	}
	c->snapshot = s;
	c->slice = 0;
	c->place = CURSOR_SNAPSHOT;
	/* What is withdrawn from now on is owed, though the snapshot may be abandoned. */
	if (!c->restarted)
		atomic_store_explicit(&c->floor.floor, s->version, memory_order_release);
	return true;
}

/* What the floors protect was given up on purpose, and this peer was not told of all of it. */
static bool
has_lost(const struct cursor *c) ON_IO
{
	struct table *t = ribout_table(c->group->ribout);

	return atomic_load_explicit(&t->purged, memory_order_acquire) > c->reached;
}

/* All that changed since then, of which the order has been read up to `at`. */
static void
enter_catchup(struct cursor *c, struct catchup_from from, uint64_t at) ON_IO
{
	c->lost = has_lost(c);
	if (c->lost)
		return;
	c->catchup = catchup_ask(c->group, from, at, c->shown);
	c->slice = 0;
	c->place = CURSOR_CATCHUP;
}

static void
catch_up(struct cursor *c) ON_IO
{
	struct catchup_from from = {.since = c->reached, .known = c->reached};

	enter_catchup(c, from, c->reached);
}

static void
enter_window(struct cursor *c) ON_IO
{
	if (window_find(&c->group->window, c->reached, c->shown, &c->seq))
		c->place = CURSOR_WINDOW;
	else
		catch_up(c);
}

/* The slice has been sent. What `reached` says is true only after the last one: until then a
 * prefix that changed twice may still be to come, with its first change. */
static void
leave_catchup(struct cursor *c) ON_IO
{
	const struct slice *s = c->catchup->slice;
	struct catchup_from from = c->catchup->from;
	uint64_t at = s->at;
	bool last = s->last;

	was_shown(c, s->newest);
	c->lost = has_lost(c); /* perhaps while the slice was made */
	if (last && !c->lost) {
		set_reached(c, s->to);
		c->synced = true;
	}
	leave_place(c);
	if (c->lost)
		return;
	if (last)
		enter_window(c);
	else
		enter_catchup(c, from, at);
}

/* At the tail: whatever was packed and is not in the window did not concern this group. Read
 * `packed` first: what it covers was pushed before. */
static void
reach_tail(struct cursor *c) ON_IO
{
	uint64_t packed = atomic_load_explicit(&c->group->packed, memory_order_acquire);

	if (packed > c->reached && c->seq == window_tail(&c->group->window))
		set_reached(c, packed);
}

/* The snapshot has been read, or abandoned: then all of the table comes in slices. */
static bool
leave_snapshot(struct cursor *c) ON_IO
{
	const struct snapshot *s = c->snapshot;
	bool whole = !snapshot_is_abandoned(s);

	/* After a restart the peer still has what was withdrawn since `reached`. */
	if (!c->restarted)
		set_reached(c, s->version);
	if (whole)
		was_shown(c, s->newest);
	c->synced = whole;
	leave_place(c);
	if (whole)
		enter_window(c);
	else
		enter_catchup(c, (struct catchup_from){.since = 0, .known = c->reached}, 0);
	return !c->lost;
}

/* The place has nothing more: go to the next one. False: wait for news. */
static bool
next_place(struct cursor *c, bool gone) ON_IO
{
	struct snapshot *s = c->snapshot;

	switch (c->place) {
	case CURSOR_START:
		return enter_snapshot(c);
	case CURSOR_SNAPSHOT:
		/* done is set after the last chunk: read it first, then look for a chunk. */
		if (!snapshot_is_abandoned(s) &&
		    (!atomic_load_explicit(&s->done, memory_order_acquire) ||
		        snapshot_has(s, c->slice)))
			return snapshot_has(s, c->slice);
		return leave_snapshot(c);
	case CURSOR_WINDOW:
		if (gone)
			catch_up(c);
		else
			reach_tail(c);
		return gone && !c->lost;
	case CURSOR_CATCHUP:
		if (!catchup_ready(c->catchup))
			return false;
		leave_catchup(c);
		return !c->lost;
	}
	return false;
}

/* The chunk `ahead` places behind the next one, held for the caller, or NULL. */
static struct chunk *
look(struct cursor *c, unsigned ahead, bool *gone) ON_IO
{
	struct chunk *k = NULL;

	*gone = false;
	switch (c->place) {
	case CURSOR_START:
		break;
	case CURSOR_SNAPSHOT:
		return snapshot_take(c->snapshot, c->slice + ahead);
	case CURSOR_WINDOW:
		return window_take(&c->group->window, c->seq + ahead, gone);
	case CURSOR_CATCHUP:
		if (catchup_ready(c->catchup) && c->slice + ahead < c->catchup->slice->n)
			k = c->catchup->slice->chunk[c->slice + ahead];
		break;
	}
	if (k)
		chunk_hold_more(k);
	return k;
}

/* A chunk has been handed to TCP whole: one step on. */
static void
finish(struct cursor *c, struct chunk *k)
{
	if (c->place == CURSOR_WINDOW) {
		c->seq++;
		set_reached(c, k->to > c->reached ? k->to : c->reached);
	} else {
		c->slice++;
	}
	c->paths_sent += k->paths;
	c->messages_sent += k->messages;
	chunk_drop(k);
}

/* ---- what the session calls ---- */

unsigned
cursor_iov(struct cursor *c, struct iovec *iov, unsigned max)
{
	bool gone = false;

	must(c->n_ahead == 0);
	if (max > CURSOR_AHEAD)
		max = CURSOR_AHEAD;
	if (c->chunk) {
		c->ahead[c->n_ahead++] = c->chunk;
		c->chunk = NULL;
	}
	while (c->n_ahead < max && !c->lost) {
		struct chunk *k = look(c, c->n_ahead, &gone);

		if (k)
			c->ahead[c->n_ahead++] = k;
		else if (c->n_ahead || !next_place(c, gone))
			break;
	}
	for (unsigned i = 0; i < c->n_ahead; i++) {
		uint32_t skip = i == 0 ? c->offset : 0;

		iov[i].iov_base = c->ahead[i]->bytes + skip;
		iov[i].iov_len = c->ahead[i]->len - skip;
	}
	if (c->place == CURSOR_WINDOW)
		tally(c, c->n_ahead ? PACE_BEHIND : PACE_AT_TAIL);
	else
		tally(c, PACE_OUTSIDE);
	return c->n_ahead;
}

void
cursor_consume(struct cursor *c, size_t bytes)
{
	unsigned i = 0;

	for (; i < c->n_ahead && bytes >= c->ahead[i]->len - c->offset; i++) {
		bytes -= c->ahead[i]->len - c->offset;
		c->offset = 0;
		was_shown(c, c->ahead[i]->newest);
		finish(c, c->ahead[i]);
	}
	if (i < c->n_ahead && bytes + c->offset > 0) {
		was_shown(c, c->ahead[i]->newest);
		c->chunk = c->ahead[i++];
		c->offset += (uint32_t)bytes;
		bytes = 0;
	}
	for (; i < c->n_ahead; i++)
		chunk_drop(c->ahead[i]); /* untouched: found again where it is, or superseded */
	must(bytes == 0);
	c->n_ahead = 0;
}

bool
cursor_at_boundary(const struct cursor *c, size_t *rest)
{
	uint32_t at = 0;

	*rest = 0;
	if (!c->chunk)
		return true;
	while (at < c->offset) /* the length field of each message (RFC 4271 4.1) */
		at += (uint32_t)c->chunk->bytes[at + 16] << 8 | c->chunk->bytes[at + 17];
	*rest = at - c->offset;
	return *rest == 0;
}

static bool
past_barrier(const struct cursor *c)
{
	struct table *t = ribout_table(c->group->ribout);

	return c->synced &&
	       c->reached >= atomic_load_explicit(&t->barrier, memory_order_acquire);
}

bool
cursor_has_news(const struct cursor *c)
{
	const struct snapshot *s = c->snapshot;
	bool news = c->chunk != NULL;

	if (c->lost)
		return true;
	switch (c->place) {
	case CURSOR_START:
		rcu_enter();
		news = usable(c, rcu_get(c->group->snapshot));
		rcu_leave();
		break;
	case CURSOR_SNAPSHOT:
		news = news || snapshot_has(s, c->slice) ||
		       atomic_load_explicit(
		           &((struct snapshot *)(uintptr_t)s)->done, memory_order_acquire);
		break;
	case CURSOR_WINDOW:
		news =
		    news || c->seq < window_tail(&c->group->window) ||
		    atomic_load_explicit(&c->group->packed, memory_order_acquire) > c->reached;
		break;
	case CURSOR_CATCHUP:
		news = news || catchup_ready(c->catchup);
		break;
	}
	return news || (!c->end_seen && past_barrier(c));
}

bool
cursor_synced(struct cursor *c)
{
	if (!past_barrier(c))
		return false;
	c->end_seen = true;
	return true;
}
