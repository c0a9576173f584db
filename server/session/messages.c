/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an established peer sends. Its routes are parsed, judged and counted, and not used: a
 * ToR has nothing to tell us but that it lives, and that it wants the table again.
 */
#include "bgp/refresh.h"
#include "bgp/update.h"
#include "core/metric.h"
#include "session/ending.h"
#include "session/fsm.h"
#include "session/history.h"
#include "session/output.h"

static struct update_context
context_of(const struct session *s)
{
	const struct negotiated *agreed = &s->agreed;
	struct update_context ctx = {
	    .as4 = agreed->as4,
	    .ebgp = agreed->ebgp,
	    .ext_nexthop = agreed->ext_nexthop,
	    .local_role = agreed->role,
	    .local_as = s->options->local_as,
	    .peer_as = s->remote.as,
	    .router_id = s->options->router_id,
	    .cluster_id = s->options->cluster_id,
	};

	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		ctx.families[i] = agreed->families[i];
		ctx.add_path[i] = agreed->add_path_rx[i];
	}
	return ctx;
}

static void
note_malformed(struct session *s, const struct update *u)
{
	struct session_history *h = s->history;

	metric_inc(u->bad_attr ? METRIC_BGP_MALFORMED_ATTRIBUTE : METRIC_BGP_MALFORMED_UPDATE);
	history_add(&h->malformed_in, 1);
	history_say(h->malformed, "UPDATE: %s%s%s (%s)",
	    u->bad_attr ? attr_name(u->bad_attr) : "", u->bad_attr ? ": " : "",
	    u->why ? u->why : "malformed", attr_verdict_name(u->verdict));
}

void
fsm_take_update(struct session *s, const struct fsm_input *in)
{
	struct update_context ctx = context_of(s);
	struct update u;

	history_add(&s->history->updates_in, 1);
	update_decode(in->msg, in->n, &ctx, &u);
	switch (u.verdict) {
	case ATTR_OK:
		return;
	case ATTR_DISCARD:
	case ATTR_WITHDRAW: /* the peer has no routes here that could be withdrawn */
		note_malformed(s, &u);
		return;
	case ATTR_RESET:
		note_malformed(s, &u);
		session_fail(s, &u.error, in->now);
		return;
	}
}

void
fsm_take_keepalive(struct session *s, const struct fsm_input *in)
{
	(void)s,
	    (void)in; /* that it came is all: session_receive() has restarted the hold timer */
}

void
fsm_take_refresh(struct session *s, const struct fsm_input *in)
{
	struct session_history *h = s->history;
	struct notification why;
	struct refresh r;
	uint8_t family;

	if (!refresh_decode(in->msg, in->n, s->agreed.enhanced_refresh, &r, &why)) {
		metric_inc(METRIC_BGP_MALFORMED_REFRESH);
		history_add(&h->malformed_in, 1);
		history_say(h->malformed, "ROUTE-REFRESH: wrong length");
		session_fail(s, &why, in->now);
		return;
	}
	if (r.subtype != REFRESH_REQUEST)
		return; /* the peer brackets routes that we do not keep */
	family = (uint8_t)r.family;
	if (family == IP_NONE || !s->agreed.families[ip_family_index(family)]) {
		metric_inc(METRIC_BGP_MALFORMED_REFRESH);
		history_add(&h->malformed_in, 1);
		history_say(h->malformed,
		    "ROUTE-REFRESH: AFI %u SAFI %u was not negotiated (ignored)", r.afi,
		    r.safi);
		return;
	}
	history_add(&h->refreshes_in, 1);
	s->refresh_due |= (uint8_t)(1u << ip_family_index(family));
}

void
fsm_send_keepalive(struct session *s, const struct fsm_input *in)
{
	/* What waits already says as much, when the peer takes it. */
	if (!bytes_left(&s->control))
		output_keepalive(s);
	timer_start(
	    &s->timers, TIMER_KEEPALIVE, in->now + timers_jitter(&s->timers, s->keepalive_ns));
}
