/* SPDX-License-Identifier: Apache-2.0 */
#include "session/output.h"

#include "bgp/update.h"
#include "core/metric.h"
#include "session/ending.h"
#include "session/history.h"

/* RFC 9687 section 3.2: the larger of 8 minutes and twice the negotiated hold time. */
#define SEND_HOLD_NS (480 * NS_PER_S)

/* n bytes were written behind the last one: a message. */
static void
queued(struct session *s, size_t n)
{
	must(n <= s->control.cap - s->control.len);
	s->control.len += (uint32_t)n;
	history_add(&s->history->messages_out, 1);
}

void
output_open(struct session *s, const struct open *open)
{
	queued(s, open_encode(open, bytes_room(&s->control, OPEN_SIZE_MAX), OPEN_SIZE_MAX));
}

void
output_keepalive(struct session *s)
{
	queued(s, keepalive_encode(bytes_room(&s->control, BGP_HEADER_SIZE)));
}

void
output_notification(struct session *s, const struct notification *n)
{
	/* Never more than every peer takes: the end of the data is the least of it. */
	uint32_t room = BGP_HEADER_SIZE + 2u + n->data_len;

	if (room > BGP_MESSAGE_MAX)
		room = BGP_MESSAGE_MAX;
	queued(s, notification_encode(n, bytes_room(&s->control, room), room));
}

void
output_end_of_rib(struct session *s, uint8_t family)
{
	queued(s,
	    update_end_of_rib_encode(bytes_room(&s->control, UPDATE_END_OF_RIB_MAX), family));
}

void
output_refresh(struct session *s, uint8_t family, enum refresh_subtype subtype)
{
	queued(s, refresh_encode(bytes_room(&s->control, REFRESH_SIZE), family, subtype));
}

static void
bracket(struct session *s, uint8_t families, enum refresh_subtype subtype)
{
	if (!s->agreed.enhanced_refresh)
		return;
	if (families & 1u << ip_family_index(IP_V4))
		output_refresh(s, IP_V4, subtype);
	if (families & 1u << ip_family_index(IP_V6))
		output_refresh(s, IP_V6, subtype);
}

/* The whole table has been sent: say so. */
static void
conclude(struct session *s)
{
	if (s->end_of_rib_due) {
		if (s->agreed.families[ip_family_index(IP_V4)])
			output_end_of_rib(s, IP_V4);
		if (s->agreed.families[ip_family_index(IP_V6)])
			output_end_of_rib(s, IP_V6);
		s->end_of_rib_due = false;
	}
	bracket(s, s->refresh_runs, REFRESH_END);
	s->refresh_runs = 0;
}

/* Requests that come while a refresh runs wait for its end, and are then one. */
static void
begin_refresh(struct session *s) ON_IO
{
	bracket(s, s->refresh_due, REFRESH_BEGIN);
	s->refresh_runs = s->refresh_due;
	s->refresh_due = 0;
	cursor_restart(&s->cursor);
}

/* The same paths, dressed otherwise: the announcements replace those that the peer has. */
static void
begin_redress(struct session *s) ON_IO
{
	s->redress_due = false;
	cursor_move(&s->cursor, opening_group(s));
}

static bool
concluding_is_due(struct session *s) ON_IO
{
	return (s->end_of_rib_due || s->refresh_runs) && cursor_synced(&s->cursor);
}

/* A chunk that is begun is finished first: what it shows may be newer than the next snapshot. */
static bool
refresh_can_begin(const struct session *s)
{
	return (s->refresh_due || s->redress_due) && !s->refresh_runs && !s->cursor.chunk;
}

/* Put what belongs at this point of the stream of routes before what follows. */
static void
prepare(struct session *s) ON_IO
{
	size_t rest;

	if (bytes_left(&s->control) || !(concluding_is_due(s) || refresh_can_begin(s)) ||
	    !cursor_at_boundary(&s->cursor, &rest))
		return;
	if (concluding_is_due(s))
		conclude(s);
	if (!refresh_can_begin(s))
		return;
	if (s->redress_due)
		begin_redress(s);
	if (s->refresh_due)
		begin_refresh(s);
}

/* The end of the message that is half sent, then what waits in control. */
static unsigned
offer_control(struct session *s, struct iovec *iov) ON_IO
{
	uint32_t n = bytes_left(&s->control);
	unsigned pieces = 0;
	size_t rest = 0;

	if (!n)
		return 0;
	if (s->has_cursor && !cursor_at_boundary(&s->cursor, &rest)) {
		s->asked = true;
		must(cursor_iov(&s->cursor, iov, 1) == 1 && iov[0].iov_len >= rest);
		iov[pieces++].iov_len = rest;
		s->offered_rest = (uint32_t)rest;
	}
	iov[pieces].iov_base = s->control.at + s->control.head;
	iov[pieces++].iov_len = n;
	s->offered_control = n;
	return pieces;
}

static void
count_routes(struct session *s)
{
	struct session_history *h = s->history;

	history_add(&h->paths_sent, s->cursor.paths_sent - s->paths_counted);
	s->paths_counted = s->cursor.paths_sent;
	history_add(&h->messages_out, s->cursor.messages_sent - s->messages_counted);
	s->messages_counted = s->cursor.messages_sent;
	atomic_store_explicit(&h->reached, s->cursor.reached, memory_order_relaxed);
}

static unsigned
offer_routes(struct session *s, struct iovec *iov, unsigned max) ON_IO
{
	unsigned pieces;

	if (!s->has_cursor || s->closing || s->offered_rest)
		return 0;
	pieces = cursor_iov(&s->cursor, iov, max);
	if (pieces)
		s->asked = true;
	else
		cursor_consume(&s->cursor, 0);
	count_routes(s); /* looking alone may have moved the cursor on */
	return pieces;
}

static void
fail_if_lost(struct session *s, uint64_t now) ON_IO
{
	struct notification n = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_OUT_OF_RESOURCES);

	if (s->has_cursor && !s->closing && s->cursor.lost)
		session_fail(s, &n, now);
}

static unsigned
offer(struct session *s, struct iovec *iov, unsigned max, uint64_t now) ON_IO
{
	unsigned pieces;

	fail_if_lost(s, now);
	if (s->has_cursor && !s->closing)
		prepare(s);
	pieces = offer_control(s, iov);
	return pieces + offer_routes(s, iov + pieces, max - pieces);
}

unsigned
session_output(struct session *s, struct iovec *iov, unsigned max, uint64_t now)
{
	unsigned pieces;

	must(max >= 3);
	s->offered = s->offered_rest = s->offered_control = 0;
	if (s->link != LINK_UP)
		return 0;
	pieces = offer(s, iov, max, now);
	/* Looking for routes may have found that all were sent, or that some are gone. */
	if (!pieces && s->has_cursor && (s->cursor.lost || concluding_is_due(s)))
		pieces = offer(s, iov, max, now);
	for (unsigned i = 0; i < pieces; i++)
		s->offered += iov[i].iov_len;
	return pieces;
}

static uint64_t
send_hold(const struct session *s)
{
	uint64_t ns = s->options->send_hold_ns;

	if (ns)
		return ns;
	return SEND_HOLD_NS > 2 * s->hold_ns ? SEND_HOLD_NS : 2 * s->hold_ns;
}

/* A whole message has left lately: it does a KEEPALIVE's work (RFC 4271 section 4.4). */
static void
restart_keepalive(struct session *s, bool at_end, size_t n, uint64_t now)
{
	uint32_t longest = s->agreed.extended_tx ? BGP_MESSAGE_MAX_EXTENDED : BGP_MESSAGE_MAX;

	s->since_message += n < longest ? (uint32_t)n : longest;
	if (!at_end && s->since_message < longest)
		return;
	s->since_message = 0;
	if (s->keepalive_ns)
		timer_start(&s->timers, TIMER_KEEPALIVE,
		    now + timers_jitter(&s->timers, s->keepalive_ns));
}

static void
watch_for_stall(struct session *s, size_t n, uint64_t now)
{
	s->waits = n < s->offered;
	if (!s->waits)
		timer_stop(&s->timers, TIMER_SEND_HOLD);
	else if (n || !timer_runs(&s->timers, TIMER_SEND_HOLD))
		timer_start(&s->timers, TIMER_SEND_HOLD, now + send_hold(s));
}

void
session_wrote(struct session *s, size_t n, uint64_t now)
{
	size_t rest, control;

	must(n <= s->offered);
	rest = n < s->offered_rest ? n : s->offered_rest;
	control = n - rest < s->offered_control ? n - rest : s->offered_control;
	if (control)
		bytes_consume(&s->control, (uint32_t)control);
	if (s->asked) {
		cursor_consume(&s->cursor, n - control);
		s->asked = false;
		count_routes(s);
	}
	if (n) {
		history_add(&s->history->bytes_out, n);
		metric_add(METRIC_BGP_BYTES_OUT, (int64_t)n);
		restart_keepalive(
		    s, n == s->offered || (control && control == s->offered_control), n, now);
	}
	if (!s->closing)
		watch_for_stall(s, n, now);
	s->offered = s->offered_rest = s->offered_control = 0;
}

bool
session_has_news(const struct session *s)
{
	if (s->link != LINK_UP)
		return false;
	if (bytes_left(&s->control))
		return true;
	if (!s->has_cursor || s->closing)
		return false;
	return cursor_has_news(&s->cursor) || refresh_can_begin(s);
}
