/* SPDX-License-Identifier: Apache-2.0 */
#include "session/ending.h"

#include "session/fsm.h"
#include "session/history.h"
#include "session/output.h"

/* A NOTIFICATION that has not left by then never will. */
#define CLOSE_NS         (2 * NS_PER_S)
#define IDLE_HOLD_NS     (1 * NS_PER_S)
#define IDLE_HOLD_MAX_NS (60 * NS_PER_S)

void
session_forget_link(struct session *s)
{
	bytes_clear(&s->in);
	bytes_clear(&s->control);
	if (s->has_cursor)
		cursor_fini(&s->cursor);
	s->has_cursor = s->closing = s->waits = s->asked = false;
	s->end_of_rib_due = s->redress_due = false;
	s->refresh_due = s->refresh_runs = 0;
	s->keepalive_ns = s->hold_ns = 0;
	s->offered = s->offered_rest = s->offered_control = 0;
	s->link = LINK_NONE;
}

static uint64_t
idle_hold(struct session *s)
{
	const struct session_options *o = s->options;
	uint64_t ns = o->idle_hold_ns ? o->idle_hold_ns : IDLE_HOLD_NS;
	uint64_t max = o->idle_hold_max_ns ? o->idle_hold_max_ns : IDLE_HOLD_MAX_NS;

	for (uint64_t i = 1; i < s->history->failures && ns < max; i++)
		ns *= 2;
	return timers_jitter(&s->timers, ns < max ? ns : max);
}

void
session_link_gone(struct session *s, uint64_t now)
{
	session_forget_link(s);
	timers_stop(&s->timers);
	if (s->stopped)
		return;
	if (!s->penalty) {
		fsm_wait(s, now);
		return;
	}
	s->penalty = false;
	s->history->failures++;
	timer_start(&s->timers, TIMER_IDLE_HOLD, now + idle_hold(s));
}

void
session_end(struct session *s, const char *why, uint64_t now)
{
	struct session_history *h = s->history;

	history_say(h->last_error, "%s", why);
	h->changes++;
	fsm_enter(s, SESSION_IDLE, now);
	timers_stop(&s->timers);
	if (s->link == LINK_NONE) {
		session_link_gone(s, now);
		return;
	}
	s->closing = true;
	bytes_clear(&s->in);
	if (bytes_left(&s->control))
		timer_start(&s->timers, TIMER_CLOSE, now + CLOSE_NS);
}

void
session_fail(struct session *s, const struct notification *n, uint64_t now)
{
	struct session_history *h = s->history;
	bool connected = s->state >= SESSION_OPEN_SENT;
	char text[NOTIFICATION_TEXT_MAX], why[SESSION_TEXT_MAX];

	notification_text(n, text);
	history_say(why, "%s%s", connected ? "sent " : "", text);
	if (connected) {
		output_notification(s, n);
		history_say(h->notification_sent, "%s", text);
	}
	if (n->code != NOTIFY_CEASE || n->subcode == NOTIFY_CEASE_OUT_OF_RESOURCES)
		s->penalty = true;
	session_end(s, why, now);
}

void
fsm_hold_expired(struct session *s, const struct fsm_input *in)
{
	struct notification n = notification_make(NOTIFY_HOLD_TIMER, NOTIFY_UNSPECIFIC);

	session_fail(s, &n, in->now);
}

void
fsm_send_hold_expired(struct session *s, const struct fsm_input *in)
{
	struct notification n = notification_make(NOTIFY_SEND_HOLD, NOTIFY_UNSPECIFIC);

	session_fail(s, &n, in->now);
}

void
fsm_take_notification(struct session *s, const struct fsm_input *in)
{
	struct session_history *h = s->history;
	struct notification n;
	char text[NOTIFICATION_TEXT_MAX], why[SESSION_TEXT_MAX];

	/* bgp_frame() has checked the length already. */
	if (!notification_decode(in->msg, in->n, &n))
		n = notification_make(0, 0);
	notification_text(&n, text);
	history_say(h->notification_received, "%s", text);
	history_say(why, "received %s", text);
	s->penalty = n.code != NOTIFY_CEASE;
	bytes_clear(&s->control); /* nothing is ever an answer to a NOTIFICATION */
	session_end(s, why, in->now);
}
