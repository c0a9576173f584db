/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two connections with one peer: which of them stays (RFC 4271 section 6.8, RFC 6286 for equal
 * identifiers, RFC 4724 section 5 for a peer that has restarted).
 */
#pragma once

#include "session/session.h"

enum collision {
	COLLISION_NONE,        /* no rival, or it is too early to say */
	COLLISION_CLOSE_THIS,  /* Cease on the connection whose OPEN has just come */
	COLLISION_CLOSE_RIVAL, /* Cease on the other one */
	COLLISION_DROP_RIVAL, /* the peer has restarted: the other is dead, close it silently */
};

/* s has just taken the peer's OPEN (s->remote and s->agreed are set). */
enum collision collision_judge(const struct session *s);
