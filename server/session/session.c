/* SPDX-License-Identifier: Apache-2.0 */
#include "session/session.h"

#include "session/bytes.h"
#include "session/ending.h"
#include "session/fsm.h"

#include <string.h>

_Static_assert(sizeof(struct session) + sizeof(struct session_history) < 4096,
    "a thousand sessions at rest take a few megabytes");

void
session_init(struct session *s, const struct session_options *options,
    struct session_history *history, struct ribout *ribout)
{
	memset(s, 0, sizeof(*s));
	s->options = options;
	s->history = history;
	s->ribout = ribout;
	s->stopped = true;
	timers_init(&s->timers, options->seed);
}

void
session_fini(struct session *s)
{
	fsm_enter(s, SESSION_IDLE, s->history->changed_at);
	session_forget_link(s);
	if (s->rival)
		s->rival->rival = NULL;
	s->rival = NULL;
}

void
session_set_rivals(struct session *a, struct session *b)
{
	a->rival = b;
	b->rival = a;
}

void
session_start(struct session *s, uint64_t now)
{
	if (!s->stopped)
		return;
	s->stopped = false;
	if (!s->closing)
		fsm_run(s, &(struct fsm_input){.event = FSM_START, .now = now});
}

void
session_await(struct session *s, uint64_t now)
{
	must(s->stopped && !s->closing);
	s->stopped = false;
	fsm_wait(s, now);
}

bool
session_accepts(const struct session *s)
{
	return s->state == SESSION_ACTIVE && s->link == LINK_NONE && !s->closing;
}

static void
link_is_up(struct session *s, bool outgoing)
{
	s->link = LINK_UP;
	s->outgoing = outgoing;
}

void
session_event(struct session *s, enum session_event event, const char *why, uint64_t now)
{
	struct fsm_input in = {.why = why, .now = now};

	switch (event) {
	case SESSION_CONNECTING:
		must(s->state == SESSION_CONNECT && s->link == LINK_NONE);
		s->link = LINK_PENDING;
		return;
	case SESSION_CONNECTED:
		must(s->link == LINK_PENDING && !s->closing);
		link_is_up(s, true);
		in.event = FSM_CONNECTED;
		break;
	case SESSION_ACCEPTED:
		must(session_accepts(s));
		link_is_up(s, false);
		in.event = FSM_ACCEPTED;
		break;
	case SESSION_CONNECT_FAILED:
		s->link = LINK_NONE;
		in.event = FSM_CONNECT_FAILED;
		break;
	case SESSION_CLOSED:
		s->link = LINK_NONE;
		in.event = FSM_CLOSED;
		break;
	}
	if (s->link == LINK_NONE && s->closing)
		session_link_gone(s, now);
	else
		fsm_run(s, &in);
}

enum session_wish
session_wish(const struct session *s)
{
	if (s->closing)
		return bytes_left(&s->control) ? SESSION_WISH_NOTHING : SESSION_WISH_CLOSE;
	if (s->state == SESSION_CONNECT && s->link == LINK_NONE)
		return SESSION_WISH_CONNECT;
	return SESSION_WISH_NOTHING;
}

uint64_t
session_deadline(const struct session *s)
{
	return timers_next(&s->timers);
}

static enum fsm_event
event_of(enum session_timer timer)
{
	static const enum fsm_event events[TIMER_COUNT] = {
	    [TIMER_CONNECT_RETRY] = FSM_CONNECT_RETRY,
	    [TIMER_HOLD] = FSM_HOLD,
	    [TIMER_KEEPALIVE] = FSM_KEEPALIVE_DUE,
	    [TIMER_SEND_HOLD] = FSM_SEND_HOLD,
	    [TIMER_IDLE_HOLD] = FSM_IDLE_HOLD,
	};
	return events[timer];
}

void
session_tick(struct session *s, uint64_t now)
{
	enum session_timer timer;

	while ((timer = timers_take(&s->timers, now)) != TIMER_COUNT) {
		if (timer == TIMER_CLOSE)
			bytes_clear(&s->control); /* it did not leave in time: just close */
		else
			fsm_run(s, &(struct fsm_input){.event = event_of(timer), .now = now});
	}
}

void
session_stop(struct session *s, uint8_t subcode, const char *text, uint64_t now)
{
	uint8_t buf[SHUTDOWN_TEXT_MAX + 1];
	struct notification n = text ? notification_shutdown(subcode, text, buf)
	                             : notification_make(NOTIFY_CEASE, subcode);

	s->stopped = true;
	if (!s->closing)
		session_fail(s, &n, now);
}

void
session_drop(struct session *s, const char *why, uint64_t now)
{
	bytes_clear(&s->control);
	if (!s->closing)
		session_end(s, why, now);
}

bool
session_survives_drop(const struct session *s)
{
	return s->state == SESSION_ESTABLISHED && s->agreed.gr;
}

void
session_redress(struct session *s)
{
	if (s->state == SESSION_ESTABLISHED)
		s->redress_due = true;
}

void
session_refresh(struct session *s)
{
	if (s->state != SESSION_ESTABLISHED)
		return;
	for (unsigned i = 0; i < IP_FAMILIES; i++)
		if (s->agreed.families[i])
			s->refresh_due |= (uint8_t)(1u << i);
}
