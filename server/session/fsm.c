/* SPDX-License-Identifier: Apache-2.0 */
#include "session/fsm.h"

#include "bgp/message.h"
#include "core/metric.h"
#include "session/ending.h"
#include "session/history.h"

/* A session that lasted so long was a good one: damping starts anew after it. */
#define STABLE_NS        (60 * NS_PER_S)
#define CONNECT_RETRY_NS (5 * NS_PER_S)

const char *const session_state_names[SESSION_STATES] = {
    [SESSION_IDLE] = "Idle",
    [SESSION_CONNECT] = "Connect",
    [SESSION_ACTIVE] = "Active",
    [SESSION_OPEN_SENT] = "OpenSent",
    [SESSION_OPEN_CONFIRM] = "OpenConfirm",
    [SESSION_ESTABLISHED] = "Established",
};

typedef void fsm_action(struct session *s, const struct fsm_input *in);

static fsm_action *const actions[SESSION_STATES][FSM_EVENTS] = {
#define FSM(state, event, action) [SESSION_##state][FSM_##event] = fsm_##action,
#include "session/fsm.def"
};

static const uint8_t message_types[FSM_EVENTS] = {
    [FSM_OPEN] = BGP_OPEN,
    [FSM_UPDATE] = BGP_UPDATE,
    [FSM_NOTIFICATION] = BGP_NOTIFICATION,
    [FSM_KEEPALIVE] = BGP_KEEPALIVE,
    [FSM_REFRESH] = BGP_ROUTE_REFRESH,
};

/* RFC 6608: the subcode says in which state, the data which message. */
static void
unexpected_message(struct session *s, enum fsm_event event, uint64_t now) ON_IO
{
	static const uint8_t subcodes[SESSION_STATES] = {
	    [SESSION_OPEN_SENT] = NOTIFY_FSM_OPEN_SENT,
	    [SESSION_OPEN_CONFIRM] = NOTIFY_FSM_OPEN_CONFIRM,
	    [SESSION_ESTABLISHED] = NOTIFY_FSM_ESTABLISHED,
	};
	struct notification n =
	    notification_with(NOTIFY_FSM, subcodes[s->state], &message_types[event], 1);

	session_fail(s, &n, now);
}

void
fsm_run(struct session *s, const struct fsm_input *in)
{
	fsm_action *action = actions[s->state][in->event];

	role_is_io();
	if (action)
		action(s, in);
	else if (in->event >= FSM_OPEN)
		unexpected_message(s, in->event, in->now);
}

void
fsm_enter(struct session *s, enum session_state state, uint64_t now)
{
	struct session_history *h = s->history;

	if (s->state == state)
		return;
	if (s->state == SESSION_ESTABLISHED) {
		metric_add(METRIC_BGP_SESSIONS_ESTABLISHED, -1);
		h->flaps++;
		if (now - s->established_at >= STABLE_NS)
			h->failures = 0;
	}
	s->state = state;
	if (state == SESSION_ESTABLISHED) {
		metric_inc(METRIC_BGP_SESSIONS_ESTABLISHED);
		s->established_at = h->established_at = now;
		h->established++;
	}
	metric_inc(METRIC_BGP_TRANSITIONS);
	h->changed_at = now;
	h->changes++;
}

static uint64_t
connect_retry(struct session *s)
{
	uint64_t ns = s->options->connect_retry_ns;

	return timers_jitter(&s->timers, ns ? ns : CONNECT_RETRY_NS);
}

void
fsm_connect(struct session *s, const struct fsm_input *in)
{
	fsm_enter(s, SESSION_CONNECT, in->now);
	timer_start(&s->timers, TIMER_CONNECT_RETRY, in->now + connect_retry(s));
}

void
fsm_start(struct session *s, const struct fsm_input *in)
{
	if (s->options->passive)
		fsm_enter(s, SESSION_ACTIVE, in->now);
	else
		fsm_connect(s, in);
}

void
fsm_wait(struct session *s, uint64_t now)
{
	fsm_enter(s, SESSION_ACTIVE, now);
	timers_stop(&s->timers);
	if (!s->options->passive)
		timer_start(&s->timers, TIMER_CONNECT_RETRY, now + connect_retry(s));
}

void
fsm_lost(struct session *s, const struct fsm_input *in)
{
	struct session_history *h = s->history;

	history_say(h->last_error, "%s: %s",
	    s->state == SESSION_CONNECT ? "connecting failed" : "connection lost",
	    in->why ? in->why : "closed by the peer");
	h->changes++;
	session_forget_link(s);
	fsm_wait(s, in->now);
}

void
fsm_give_up_connecting(struct session *s, const struct fsm_input *in)
{
	session_end(s, "connecting failed: no answer within the connect-retry time", in->now);
}
