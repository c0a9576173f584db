/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the session: events, the table that says what each does (fsm.def), and the actions
 * that the other files of this folder hold. Nobody outside the folder includes this.
 */
#pragma once

#include "session/session.h"

enum fsm_event {
	FSM_START,
	FSM_IDLE_HOLD,
	FSM_CONNECTED,
	FSM_ACCEPTED,
	FSM_CONNECT_FAILED,
	FSM_CLOSED,
	FSM_CONNECT_RETRY,
	FSM_HOLD,
	FSM_SEND_HOLD,
	FSM_KEEPALIVE_DUE,
	FSM_OPEN, /* from here on: messages */
	FSM_UPDATE,
	FSM_NOTIFICATION,
	FSM_KEEPALIVE,
	FSM_REFRESH,
	FSM_EVENTS
};

struct fsm_input {
	enum fsm_event event;
	const uint8_t *msg; /* a whole message, borrowed; NULL for the other events */
	size_t n;
	const char *why; /* of FSM_CONNECT_FAILED and FSM_CLOSED, for people; may be NULL */
	uint64_t now;
};

/* Do what the table says. */
void fsm_run(struct session *s, const struct fsm_input *in) ON_IO;

/* Change the state: counted, dated, shown. */
void fsm_enter(struct session *s, enum session_state state, uint64_t now);

/* Active: wait for the peer, or for the connect-retry timer. */
void fsm_wait(struct session *s, uint64_t now);

/* ---- the actions ---- */
#define FSM(state, event, action)                                                              \
	void fsm_##action(struct session *s, const struct fsm_input *in) ON_IO;
#include "session/fsm.def"
