/* SPDX-License-Identifier: Apache-2.0 */
#include "session/collision.h"

/* The connection that the speaker with the higher identifier opened stays. */
static bool
ours_stays(const struct session *s)
{
	const struct session_options *o = s->options;

	if (o->router_id != s->remote.router_id)
		return o->router_id > s->remote.router_id;
	return o->local_as > s->remote.as;
}

static enum collision
against_established(const struct session *s, const struct session *rival)
{
	/*
	 * A connection that began after the other was established comes from a peer that has
	 * lost its state. One that began before is the loser of a collision that the peer may
	 * already have settled in favour of the established one.
	 */
	if (rival->agreed.gr && !s->outgoing && s->connected_at > rival->established_at)
		return COLLISION_DROP_RIVAL;
	return COLLISION_CLOSE_THIS;
}

enum collision
collision_judge(const struct session *s)
{
	const struct session *rival = s->rival;

	if (!rival || rival->closing)
		return COLLISION_NONE;
	if (rival->state == SESSION_ESTABLISHED)
		return against_established(s, rival);
	if (rival->state != SESSION_OPEN_CONFIRM)
		return COLLISION_NONE;
	if (s->outgoing == rival->outgoing) /* the peer has given up the older one */
		return s->connected_at < rival->connected_at ? COLLISION_CLOSE_THIS
		                                             : COLLISION_CLOSE_RIVAL;
	return s->outgoing == ours_stays(s) ? COLLISION_CLOSE_RIVAL : COLLISION_CLOSE_THIS;
}
