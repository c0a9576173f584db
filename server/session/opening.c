/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the connection to Established: our OPEN, the peer's, what follows from both, and the
 * cursor in the group whose bytes this peer gets.
 */
#include "bgp/open.h"
#include "core/metric.h"
#include "session/collision.h"
#include "session/ending.h"
#include "session/fsm.h"
#include "session/history.h"
#include "session/output.h"

#include <stdio.h>

#define OPEN_HOLD_NS (240 * NS_PER_S) /* RFC 4271 8.2.2: "a hold timer value of 4 minutes" */

/* Keepalives a hold time should cover; RFC 4271 section 10 suggests a third. */
#define KEEPALIVES_PER_HOLD 3

static struct open
our_open(const struct session *s, uint64_t now)
{
	const struct session_options *o = s->options;
	struct open open = {
	    .as = o->local_as,
	    .hold_time = o->hold_s,
	    .router_id = o->router_id,
	};
	struct capabilities *c = &open.capabilities;

	c->present = CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(ROUTE_REFRESH) |
	             CAPABILITY_BIT(ENHANCED_REFRESH) | CAPABILITY_BIT(AS4);
	c->as4 = o->local_as;
	if (o->extended)
		c->present |= CAPABILITY_BIT(EXT_MESSAGE);
	if (o->graceful_restart) {
		c->present |= CAPABILITY_BIT(GRACEFUL_RESTART);
		c->gr_time = o->restart_time_s;
		c->gr_restarting = now < o->restarting_until_ns;
	}
	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		c->families[i] = o->family[i];
		c->add_path_send[i] = o->family[i] && o->add_path[i];
		if (c->add_path_send[i])
			c->present |= CAPABILITY_BIT(ADD_PATH);
		/* The nodes forward, not we: their state outlives any restart of ours. */
		c->gr[i].present = c->gr[i].forwarding = o->family[i] && o->graceful_restart;
	}
	if (o->hostname) {
		c->present |= CAPABILITY_BIT(FQDN);
		snprintf(c->host, sizeof(c->host), "%s", o->hostname);
	}
	return open;
}

void
fsm_greet(struct session *s, const struct fsm_input *in)
{
	uint64_t wait = s->options->open_hold_ns;
	struct open open = our_open(s, in->now);

	timers_stop(&s->timers);
	s->remote = (struct open){.as = 0};
	s->agreed = (struct negotiated){.hold_time = 0};
	s->connected_at = in->now;
	output_open(s, &open);
	timer_start(&s->timers, TIMER_HOLD, in->now + (wait ? wait : OPEN_HOLD_NS));
	fsm_enter(s, SESSION_OPEN_SENT, in->now);
}

/* The configured AS that the peer's OPEN has to match: its own if that is listed. */
static uint32_t
expected_as(const struct session_options *o, uint32_t as)
{
	for (uint32_t i = 0; i < o->n_peer_as; i++)
		if (o->peer_as[i] == as)
			return as;
	return o->n_peer_as ? o->peer_as[0] : 0;
}

static bool
open_is_acceptable(struct session *s, const struct fsm_input *in, struct notification *why)
{
	const struct session_options *o = s->options;
	struct open ours = our_open(s, in->now);

	return open_decode(in->msg, in->n, &s->remote, why) &&
	       open_check(
	           &s->remote, expected_as(o, s->remote.as), o->local_as, o->router_id, why) &&
	       open_negotiate(&ours, &s->remote, false, &s->agreed, why);
}

/* False: this connection has lost. */
static bool
survives_collision(struct session *s, uint64_t now) ON_IO
{
	struct notification cease = notification_make(NOTIFY_CEASE, NOTIFY_CEASE_COLLISION);

	switch (collision_judge(s)) {
	case COLLISION_NONE:
		return true;
	case COLLISION_CLOSE_THIS:
		session_fail(s, &cease, now);
		return false;
	case COLLISION_CLOSE_RIVAL:
		session_fail(s->rival, &cease, now);
		return true;
	case COLLISION_DROP_RIVAL:
		session_drop(s->rival, "the peer restarted and has connected anew", now);
		return true;
	}
	return true;
}

void
fsm_take_open(struct session *s, const struct fsm_input *in)
{
	struct session_history *h = s->history;
	struct notification why;

	if (!open_is_acceptable(s, in, &why)) {
		metric_inc(METRIC_BGP_MALFORMED_OPEN);
		history_add(&h->malformed_in, 1);
		history_say(h->malformed, "OPEN refused: %s",
		    notification_subcode_name(why.code, why.subcode));
		session_fail(s, &why, in->now);
		return;
	}
	if (!survives_collision(s, in->now))
		return;
	s->hold_ns = s->agreed.hold_time * NS_PER_S;
	s->keepalive_ns = s->hold_ns / KEEPALIVES_PER_HOLD;
	timer_stop(&s->timers, TIMER_HOLD);
	if (s->hold_ns) {
		timer_start(&s->timers, TIMER_HOLD, in->now + s->hold_ns);
		timer_start(&s->timers, TIMER_KEEPALIVE,
		    in->now + timers_jitter(&s->timers, s->keepalive_ns));
	}
	output_keepalive(s);
	fsm_enter(s, SESSION_OPEN_CONFIRM, in->now);
}

/* What the encoder needs to know of this peer. */
static struct format
format_of(const struct session *s)
{
	const struct session_options *o = s->options;
	struct format f = {.local_as = 0};

	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		f.family[i] = s->agreed.families[i];
		f.add_path[i] = s->agreed.families[i] && s->agreed.add_path_tx[i];
	}
	f.extended = s->agreed.extended_tx;
	f.as4 = s->agreed.as4;
	f.ebgp = s->agreed.ebgp;
	f.local_as = o->local_as;
	f.cluster_id = o->cluster_id;
	f.draining = o->draining;
	f.view = o->view;
	/* Peers that take one path differ, so that together they use all next hops. */
	if (f.view.variants < 2 &&
	    ((f.family[0] && !f.add_path[0]) || (f.family[1] && !f.add_path[1]))) {
		f.view.variant = o->single_variant;
		f.view.variants = o->single_variants;
	}
	return f;
}

struct group *
opening_group(struct session *s)
{
	struct format format = format_of(s);

	return ribout_join(s->ribout, &format);
}

void
fsm_establish(struct session *s, const struct fsm_input *in)
{
	if (s->rival && s->rival->state == SESSION_CONNECT)
		session_drop(s->rival, "the peer's own connection was first", in->now);
	cursor_init(&s->cursor, opening_group(s));
	s->has_cursor = true;
	s->paths_counted = s->messages_counted = 0;
	s->since_message = 0;
	s->end_of_rib_due = true;
	fsm_enter(s, SESSION_ESTABLISHED, in->now);
}
