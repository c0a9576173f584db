/* SPDX-License-Identifier: Apache-2.0 */
/* The session around the table; UPDATEs are in tor_update.c. */
#include "tor.h"

#include "bgp/refresh.h"
#include "core/clock.h"
#include "tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOR_HOLD_S         90
#define TOR_RESTART_TIME_S 120
#define KEEPALIVE_EVERY_NS (25 * NS_PER_S) /* below a third of the hold time */

void
intake_init(struct intake *in, size_t expected)
{
	*in = (struct intake){.ctx = NULL};
	attrset_store_init(&in->attrs);
	pathdict_init(&in->dict, expected);
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		in->hops[f].mask = 1023;
		in->hops[f].slots =
		    must_calloc(in->hops[f].mask + 1, sizeof(*in->hops[f].slots));
	}
}

void
intake_fini(struct intake *in)
{
	attrset_store_fini(&in->attrs);
	pathdict_fini(&in->dict);
	tapes_free(in->tapes);
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		free(in->hops[f].slots);
}

static void
fill_open(struct open *o, uint32_t as, uint32_t router_id, bool add_path)
{
	struct capabilities *c = &o->capabilities;

	*o = (struct open){.as = as, .hold_time = TOR_HOLD_S, .router_id = router_id};
	c->present = CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(ROUTE_REFRESH) |
	             CAPABILITY_BIT(EXT_MESSAGE) | CAPABILITY_BIT(GRACEFUL_RESTART) |
	             CAPABILITY_BIT(AS4) | CAPABILITY_BIT(ENHANCED_REFRESH);
	c->as4 = as;
	c->gr_time = TOR_RESTART_TIME_S;
	if (add_path)
		c->present |= CAPABILITY_BIT(ADD_PATH);
	for (unsigned f = 0; f < IP_FAMILIES; f++) {
		c->families[f] = true;
		c->add_path_receive[f] = add_path;
		c->gr[f].present = true;
	}
}

void
tor_init(struct tor *t, struct intake *in, uint32_t number, uint32_t as, uint32_t router_id,
    bool checked, bool add_path)
{
	*t = (struct tor){
	    .in = in, .number = number, .checked = checked, .add_path_wanted = add_path};
	fill_open(&t->local, as, router_id, add_path);
}

void
tor_take_habit(struct tor *t, const struct habit *h)
{
	struct capabilities *c = &t->local.capabilities;
	unsigned v6 = ip_family_index(IP_V6);

	t->habit = *h;
	if (h->no_add_path) {
		t->add_path_wanted = false;
		c->present &= ~CAPABILITY_BIT(ADD_PATH);
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			c->add_path_receive[f] = false;
	}
	if (h->ipv4_only) {
		c->families[v6] = c->add_path_receive[v6] = false;
		c->gr[v6].present = false;
	}
	if (h->no_extended)
		c->present &= ~CAPABILITY_BIT(EXT_MESSAGE);
}

void
tor_fini(struct tor *t)
{
	free(t->held);
	free(t->bits);
}

static void
forget_table(struct tor *t)
{
	if (t->held)
		memset(t->held, 0, t->room * sizeof(*t->held));
	if (t->bits)
		memset(t->bits, 0, t->room / 8);
	t->paths = t->digest = 0;
	t->guess = 0;
	tapes_forget(t);
	t->eor[0] = t->eor[1] = false;
	t->established_ns = t->first_update_ns = t->eor_ns = 0;
}

void
tor_start(struct tor *t)
{
	forget_table(t);
	t->trouble[0] = '\0';
	t->out_len = open_encode(&t->local, t->out, sizeof(t->out));
	t->state = TOR_OPEN_SENT;
}

void
tor_stop(struct tor *t)
{
	forget_table(t);
	t->state = TOR_IDLE;
	t->out_len = 0;
}

static void
put_keepalive(struct tor *t, uint64_t now_ns)
{
	t->last_keepalive_ns = now_ns;
	if (t->out_len + BGP_HEADER_SIZE <= sizeof(t->out))
		t->out_len += keepalive_encode(t->out + t->out_len);
}

void
tor_tick(struct tor *t, uint64_t now_ns)
{
	if (t->state == TOR_ESTABLISHED && now_ns - t->last_keepalive_ns >= KEEPALIVE_EVERY_NS)
		put_keepalive(t, now_ns);
}

bool
tor_has_eor(const struct tor *t)
{
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (t->agreed.families[f] && !t->eor[f])
			return false;
	return t->state == TOR_ESTABLISHED;
}

/* The target broke a rule: say which, and close with what the rule demands. */
static bool
refuse(struct tor *t, const struct notification *why)
{
	char text[NOTIFICATION_TEXT_MAX];

	snprintf(t->trouble, sizeof(t->trouble), "we refused what was sent: %.120s",
	    notification_text(why, text));
	if (t->out_len + 64 <= sizeof(t->out))
		t->out_len += notification_encode(why, t->out + t->out_len, 64);
	return false;
}

/* Without path identifiers a withdrawal does not say which next hop goes: a bit is not enough. */
static void
keep_full_table(struct tor *t)
{
	if (t->checked)
		return;
	free(t->bits);
	t->bits = NULL;
	t->room = 0;
	t->checked = true;
}

static bool
on_open(struct tor *t, const uint8_t *msg, size_t n, uint64_t now_ns)
{
	struct notification why;
	struct open remote;

	if (t->state != TOR_OPEN_SENT) {
		why = notification_make(NOTIFY_FSM, 0);
		return refuse(t, &why);
	}
	if (!open_decode(msg, n, &remote, &why) ||
	    !open_negotiate(&t->local, &remote, false, &t->agreed, &why))
		return refuse(t, &why);
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		if (t->agreed.families[f] && !t->agreed.add_path_rx[f])
			keep_full_table(t);
	put_keepalive(t, now_ns);
	t->state = TOR_OPEN_CONFIRM;
	return true;
}

static bool
on_message(struct tor *t, uint8_t type, const uint8_t *msg, size_t n, uint64_t now_ns)
{
	char text[NOTIFICATION_TEXT_MAX];
	struct notification why;

	t->counts.messages++;
	switch (type) {
	case BGP_UPDATE:
		if (t->state == TOR_ESTABLISHED)
			return tapes_update(t, msg, n, now_ns);
		break;
	case BGP_KEEPALIVE:
		if (t->state == TOR_OPEN_CONFIRM) {
			t->state = TOR_ESTABLISHED;
			t->established_ns = now_ns;
		}
		if (t->state == TOR_ESTABLISHED)
			return true;
		break;
	case BGP_OPEN:
		return on_open(t, msg, n, now_ns);
	case BGP_NOTIFICATION:
		if (notification_decode(msg, n, &why))
			snprintf(t->trouble, sizeof(t->trouble),
			    "the target closed the session: %.120s",
			    notification_text(&why, text));
		return false;
	case BGP_ROUTE_REFRESH: /* asks for our routes, of which we have none */
		return true;
	default:
		break;
	}
	why = notification_make(NOTIFY_FSM, 0);
	return refuse(t, &why);
}

/* Of what was received at once: after so many spans that are unlike the tape, message by message is faster. */
#define UNLIKE_MAX 4

size_t
tor_receive(struct tor *t, const uint8_t *bytes, size_t n, uint64_t now_ns)
{
	size_t used = 0;
	unsigned unlike = 0;

	t->counts.bytes += n;
	for (;;) {
		struct notification why;
		uint8_t type;
		size_t size;

		if (unlike < UNLIKE_MAX) {
			size_t same = tapes_skip(t, bytes + used, n - used, now_ns);

			used += same;
			unlike += same == 0;
		}
		switch (bgp_frame(
		    bytes + used, n - used, !t->habit.no_extended, &size, &type, &why)) {
		case BGP_FRAME_MORE:
			t->counts.bytes -= n - used; /* they come again with the rest */
			return used;
		case BGP_FRAME_BAD:
			refuse(t, &why);
			return SIZE_MAX;
		case BGP_FRAME_OK:
			if (!on_message(t, type, bytes + used, size, now_ns))
				return SIZE_MAX;
			used += size;
		}
	}
}
