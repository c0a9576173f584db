/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to messages. Whole messages are taken where they are; only the beginning of an
 * incomplete one is kept, in a buffer of the size that its header names.
 */
#include "bgp/message.h"
#include "core/metric.h"
#include "session/bytes.h"
#include "session/ending.h"
#include "session/fsm.h"
#include "session/history.h"

#include <string.h>

static const enum fsm_event events[] = {
    [BGP_OPEN] = FSM_OPEN,
    [BGP_UPDATE] = FSM_UPDATE,
    [BGP_NOTIFICATION] = FSM_NOTIFICATION,
    [BGP_KEEPALIVE] = FSM_KEEPALIVE,
    [BGP_ROUTE_REFRESH] = FSM_REFRESH,
};

/* One message at bytes, if it is whole. *size: its length, or how many bytes are wanted. */
static enum bgp_frame
take_message(struct session *s, const uint8_t *bytes, size_t n, size_t *size, uint64_t now)
    ON_IO
{
	struct session_history *h = s->history;
	struct notification why;
	enum bgp_frame frame;
	uint8_t type;

	frame = bgp_frame(bytes, n, s->options->extended, size, &type, &why);
	if (frame == BGP_FRAME_OK) {
		history_add(&h->messages_in, 1);
		metric_inc(METRIC_BGP_MESSAGES_IN);
		must(type < COUNT_OF(events));
		fsm_run(s, &(struct fsm_input){
		               .event = events[type], .msg = bytes, .n = *size, .now = now});
	} else if (frame == BGP_FRAME_BAD) {
		metric_inc(METRIC_BGP_MALFORMED_HEADER);
		history_add(&h->malformed_in, 1);
		history_say(h->malformed, "header: %s",
		    notification_subcode_name(why.code, why.subcode));
		session_fail(s, &why, now);
	}
	return frame;
}

/* Add to the message of which the beginning is kept. Returns the bytes used. */
static size_t
complete_kept(struct session *s, const uint8_t *bytes, size_t n, uint64_t now) ON_IO
{
	struct session_bytes kept;
	size_t used = 0, want;

	while (used < n && bytes_left(&s->in)) {
		/* Known to be incomplete, or it would not be kept: how much is wanted? */
		want = s->in.cap - bytes_left(&s->in);
		if (want > n - used)
			want = n - used;
		memcpy(bytes_room(&s->in, (uint32_t)want), bytes + used, want);
		s->in.len += (uint32_t)want;
		used += want;
		if (s->in.len < s->in.cap)
			break;
		/* The buffer leaves the session while its message is dispatched. */
		kept = s->in;
		s->in = (struct session_bytes){.at = NULL};
		if (take_message(s, kept.at, kept.len, &want, now) == BGP_FRAME_MORE) {
			s->in = kept;
			bytes_room(&s->in, (uint32_t)(want - kept.len));
		} else {
			bytes_clear(&kept);
		}
	}
	return used;
}

static void
keep(struct session *s, const uint8_t *bytes, size_t n, size_t wanted)
{
	memcpy(bytes_room(&s->in, (uint32_t)wanted), bytes, n);
	s->in.len += (uint32_t)n;
}

void
session_receive(struct session *s, const uint8_t *bytes, size_t n, uint64_t now)
{
	size_t size;

	if (s->closing || s->link != LINK_UP)
		return;
	history_add(&s->history->bytes_in, n);
	if (s->hold_ns)
		timer_start(&s->timers, TIMER_HOLD, now + s->hold_ns);
	for (size_t used = complete_kept(s, bytes, n, now); used < n && !s->closing;
	     used += size) {
		if (take_message(s, bytes + used, n - used, &size, now) == BGP_FRAME_MORE) {
			keep(s, bytes + used, n - used, size);
			return;
		}
	}
}
