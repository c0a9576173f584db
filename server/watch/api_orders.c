/* SPDX-License-Identifier: Apache-2.0 */
/* Orders about sessions: drain, undrain, one peer; and whether a restart would cost anything now. */
#include "bgp/notification.h"
#include "change/stream.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/metric.h"
#include "tcp/tcp.h"
#include "watch/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_DEFAULT_S 60u
#define WAIT_MAX_S     86400u

static const char *const drain_names[] = {
    [TCP_SERVING] = "serving", [TCP_DRAINING] = "draining", [TCP_DRAINED] = "drained"};

void
call_write_drain(struct call *c)
{
	json_str(&c->json, "service", drain_names[tcp_drain_state(c->sources->tcp)]);
}

/* RFC 9003 carries one short line. */
static bool
text_fits(struct call *c)
{
	if (!c->query.reason || strlen(c->query.reason) <= SHUTDOWN_TEXT_MAX)
		return true;
	call_fail(c, 400, "the reason has more than %d bytes", SHUTDOWN_TEXT_MAX);
	return false;
}

/* "30", "30s" or "2m"; false: it is none of these. */
static bool
parse_wait(const char *text, uint64_t *seconds)
{
	char *end;

	*seconds = strtoull(text, &end, 10);
	if (end == text || *text == '-')
		return false;
	if (strcmp(end, "m") == 0)
		*seconds *= 60;
	else if (*end && strcmp(end, "s") != 0)
		return false;
	return *seconds <= WAIT_MAX_S;
}

void
act_drain(struct call *c)
{
	uint64_t seconds = WAIT_DEFAULT_S;

	if (c->query.wait && !parse_wait(c->query.wait, &seconds)) {
		call_fail(c, 400,
		    "\"%.40s\" is not a time to wait; say 60s or 5m, at most a day",
		    c->query.wait);
		return;
	}
	if (!text_fits(c))
		return;
	tcp_drain(c->sources->tcp, seconds * NS_PER_S, c->query.reason);
	log_warn("an operator drains this replica", f_u64("seconds", seconds),
	    f_str("reason", c->query.reason));
	json_begin_object(&c->json, NULL);
	call_write_drain(c);
	json_u64(&c->json, "sessions_end_in_seconds", seconds);
	json_end(&c->json);
}

void
act_undrain(struct call *c)
{
	tcp_undrain(c->sources->tcp);
	log_warn("an operator has ended the drain");
	json_begin_object(&c->json, NULL);
	call_write_drain(c);
	json_end(&c->json);
}

void
act_peer(struct call *c)
{
	static const char *const names[] = {[TCP_PEER_DOWN] = "down",
	    [TCP_PEER_UP] = "up",
	    [TCP_PEER_RESET] = "reset",
	    [TCP_PEER_REFRESH] = "refresh"};
	unsigned n = 0;
	size_t kind = 0;

	while (kind < COUNT_OF(names) &&
	       (!c->query.order || strcmp(names[kind], c->query.order) != 0))
		kind++;
	if (kind == COUNT_OF(names) || !c->query.peer) {
		call_fail(c, 400, "say which peer, and down, up, reset or refresh");
		return;
	}
	if (!text_fits(c))
		return;
	n = tcp_order(c->sources->tcp, c->query.peer, (enum tcp_order)kind, c->query.reason);
	if (!n) {
		call_fail(c, 404, "no peer has the name or address \"%.80s\"", c->query.peer);
		return;
	}
	log_warn("an operator's order to a peer", f_str("peer", c->query.peer),
	    f_str("order", names[kind]), f_u64("sessions", n),
	    f_str("reason", c->query.reason));
	json_begin_object(&c->json, NULL);
	json_str(&c->json, "order", names[kind]);
	json_u64(&c->json, "peers", n);
	json_end(&c->json);
}

/* ---- can-restart ---- */

struct looking {
	struct json_out *json;
	unsigned n;
};

static void
on_peer(void *ctx, const struct peer_info *p)
{
	struct looking *l = ctx;
	char text[400], address[IP_TEXT_MAX];

	if (p->state != SESSION_ESTABLISHED || p->graceful_restart)
		return;
	snprintf(text, sizeof(text),
	    "peer %.80s (%s) does no graceful restart: it drops our routes meanwhile", p->name,
	    ip_text(&p->address, address));
	json_str(l->json, NULL, text);
	l->n++;
}

void
api_can_restart(struct call *c)
{
	struct json_out *j = &c->json;
	struct looking l = {.json = j};
	int64_t held = metric_read(METRIC_HELD_LIMIT) + metric_read(METRIC_HELD_NO_WITHDRAW);
	char why[512];

	json_begin_object(j, NULL);
	json_begin_array(j, "against");
	if (!call_ready(c->sources, why, sizeof(why))) {
		json_str(j, NULL, why);
		l.n++;
	}
	for (uint32_t i = 0; i < c->sources->n_clusters; i++) {
		struct stream_status s;

		stream_status_read(c->sources->clusters[i].stream, &s);
		if (s.state == STREAM_FOLLOWING)
			continue;
		snprintf(why, sizeof(why),
		    "the stream of cluster %.63s is %s: the next run could not read it",
		    c->sources->clusters[i].config->name, stream_state_text(s.state));
		json_str(j, NULL, why);
		l.n++;
	}
	if (held > 0) {
		snprintf(why, sizeof(why),
		    "%lld routes are held (helioctl hold list): only a start with the same state_dir keeps them",
		    (long long)held);
		json_str(j, NULL, why);
		l.n++;
	}
	tcp_each_peer(c->sources->tcp, on_peer, &l);
	json_end(j);
	json_bool(j, "can_restart", l.n == 0);
	json_end(j);
}
