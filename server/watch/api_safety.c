/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The safety of the routes: what is held and why, the operator's mode, digests; and the orders that change it. Holds are the
 * writer's own: it copies them out between two rounds, and carries the orders out.
 */
#include "core/clock.h"
#include "core/log.h"
#include "rib/writer.h"
#include "watch/call.h"
#include "watch/replica.h"
#include "watch/sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDS_SHOWN    10000u /* of one answer; the counts are of all */
#define WRITER_WAIT_NS (5 * NS_PER_S)

/* ---- holds ---- */

struct shown_hold {
	struct ip_prefix prefix;
	struct ip_addr nexthop;
	uint64_t since_ns, until_ns;
	uint8_t prefix_class, reason;
	bool approved;
};

struct collecting {
	struct hold_match match;
	struct shown_hold *at;
	uint32_t n, matched;
	uint64_t now_ns;
	uint32_t by[CLASS_COUNT][HOLD_REASONS];
};

static void
collect(struct writer *w, void *ctx, uint64_t now_ns) ON_WRITER
{
	struct collecting *c = ctx;
	const struct holds *h = &w->breaker.holds;
	const struct names *names = w->table->names;

	c->now_ns = now_ns;
	memcpy(c->by, h->by, sizeof(c->by));
	for (uint32_t i = 0; i < h->bound; i++) {
		const struct hold *hold = &h->at[i];

		if (!breaker_matches(&w->breaker, hold, &c->match))
			continue;
		if (c->matched++ >= HOLDS_SHOWN)
			continue;
		c->at[c->n++] = (struct shown_hold){.prefix = *prefix_at(names, hold->prefix),
		    .nexthop = nexthop_at(names, hold->nexthop)->addr,
		    .since_ns = hold->since_ns,
		    .until_ns = hold->until_ns,
		    .prefix_class = hold->prefix_class,
		    .reason = hold->reason,
		    .approved = hold->approved};
	}
}

/* Which holds the query means; false: it has failed. prefix is the caller's room. */
static bool
take_match(struct call *c, struct hold_match *m, struct ip_prefix *prefix)
{
	*m = (struct hold_match){.prefix_class = -1};
	if (c->query.prefix) {
		if (!ip_prefix_parse(c->query.prefix, prefix)) {
			call_fail(c, 400, "\"%.80s\" is not a prefix", c->query.prefix);
			return false;
		}
		m->prefix = prefix;
	}
	if (!c->query.class)
		return true;
	for (int k = 0; k < CLASS_COUNT; k++)
		if (strcmp(c->query.class, prefix_class_names[k]) == 0)
			m->prefix_class = k;
	if (m->prefix_class < 0)
		call_fail(c, 400,
		    "there is no class \"%.40s\"; there are aggregate, cluster_ip, external_ip, load_balancer, pod_cidr",
		    c->query.class);
	return m->prefix_class >= 0;
}

/* The writer does it, or the call has failed. */
static bool
have_done(struct call *c, void (*fn)(struct writer *w, void *ctx, uint64_t now_ns), void *ctx)
{
	if (writer_ask(c->sources->writer, fn, ctx, WRITER_WAIT_NS))
		return true;
	call_fail(c, 503, "the writer thread is busy and has not taken the order; try again");
	return false;
}

static void
write_hold(struct call *c, const struct shown_hold *h, uint64_t now_ns)
{
	struct json_out *j = &c->json;

	json_begin_object(j, NULL);
	json_prefix(j, "prefix", &h->prefix);
	json_ip(j, "next_hop", &h->nexthop);
	json_str(j, "class", prefix_class_names[h->prefix_class]);
	json_str(j, "reason", hold_reason_names[h->reason]);
	call_seconds(c, "held_seconds", now_ns > h->since_ns ? now_ns - h->since_ns : 0);
	if (h->until_ns == NS_NEVER)
		json_put_null(j, "ends_in_seconds");
	else
		call_seconds(
		    c, "ends_in_seconds", h->until_ns > now_ns ? h->until_ns - now_ns : 0);
	json_bool(j, "released", h->approved);
	json_end(j);
	call_newline(c);
}

void
api_holds(struct call *c)
{
	struct collecting all = {.n = 0};
	struct ip_prefix prefix;

	if (!take_match(c, &all.match, &prefix))
		return;
	all.at = must_calloc(HOLDS_SHOWN, sizeof(*all.at));
	if (have_done(c, collect, &all)) {
		json_begin_object(&c->json, NULL);
		json_u64(&c->json, "held", all.matched);
		json_begin_array(&c->json, "holds");
		call_newline(c);
		for (uint32_t i = 0; i < all.n; i++)
			write_hold(c, &all.at[i], all.now_ns);
		json_end(&c->json);
		json_end(&c->json);
	}
	free(all.at);
}

struct releasing {
	struct hold_match match;
	bool at_once;
	uint32_t n, left;
};

static void
release(struct writer *w, void *ctx, uint64_t now_ns) ON_WRITER
{
	struct releasing *r = ctx;

	r->n = breaker_release(&w->breaker, &r->match, r->at_once, now_ns);
	r->left = w->breaker.holds.n;
}

static void
let_go(struct call *c, bool at_once)
{
	struct releasing r = {.at_once = at_once};
	struct ip_prefix prefix;

	if (!take_match(c, &r.match, &prefix) || !have_done(c, release, &r))
		return;
	log_warn("an operator has let held routes go", f_str("class", c->query.class),
	    f_str("prefix", c->query.prefix), f_u64("paths", r.n),
	    f_str("pace", at_once ? "at once" : "as the limit allows"),
	    f_u64("still_held", r.left));
	json_begin_object(&c->json, NULL);
	json_u64(&c->json, "released", r.n);
	json_u64(&c->json, "still_held", r.left);
	json_end(&c->json);
}

void
act_hold_release(struct call *c)
{
	let_go(c, false);
}

void
act_hold_drop(struct call *c)
{
	let_go(c, true);
}

/* ---- the mode ---- */

static void
change_mode(struct writer *w, void *ctx, uint64_t now_ns) ON_WRITER
{
	writer_mode(w, *(const enum mode *)ctx, now_ns);
}

void
call_write_mode(struct call *c)
{
	const struct mode_order *m = c->sources->mode;
	struct json_out *j = &c->json;

	json_str(j, "mode", mode_names[m->mode]);
	if (m->since_ms)
		json_f64(j, "mode_since", (double)m->since_ms / 1e3);
	else
		json_put_null(j, "mode_since");
	json_str(j, "mode_reason", m->reason);
}

/* First to the disk: an order that would not survive is refused. */
void
act_mode(struct call *c)
{
	struct mode_order order = {.since_ms = clock_wall_ns() / NS_PER_MS};
	char path[4096], why[512];

	if (!c->query.mode || !mode_parse(c->query.mode, &order.mode)) {
		call_fail(c, 400, "mode is normal, no-withdraw or frozen");
		return;
	}
	if (c->query.reason)
		snprintf(order.reason, sizeof(order.reason), "%s", c->query.reason);
	for (char *p = order.reason; *p; p++)
		*p = (unsigned char)*p < ' ' ? ' ' : *p;
	if (!config_path(c->sources->config, MODE_FILE, path, sizeof(path)) ||
	    !mode_store(path, &order, why, sizeof(why))) {
		call_fail(c, 503,
		    "the order cannot be kept over a restart, so it is not taken: %s", why);
		return;
	}
	if (!have_done(c, change_mode, &order.mode))
		return;
	*c->sources->mode = order;
	log_warn("an operator has changed the mode", f_str("mode", mode_names[order.mode]),
	    f_str("reason", order.reason));
	json_begin_object(&c->json, NULL);
	call_write_mode(c);
	json_end(&c->json);
}

/* ---- digests ---- */

void
api_digest(struct call *c)
{
	struct json_out *j = &c->json;
	uint64_t digest[CLASS_COUNT][IP_FAMILIES];
	uint64_t version = table_digests(c->sources->rib, digest);
	struct ip_addr router_id = ip_v4(c->sources->config->router_id);
	char why[512], text[20];

	json_begin_object(j, NULL);
	json_str(j, "heliograph", HELIO_VERSION);
	json_ip(j, "router_id", &router_id);
	json_u64(j, "table_version", version);
	json_bool(j, "ready", call_ready(c->sources, why, sizeof(why)));
	json_begin_array(j, "digests");
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++) {
			snprintf(
			    text, sizeof(text), "%016llx", (unsigned long long)digest[k][f]);
			json_begin_object(j, NULL);
			json_str(j, "class", prefix_class_names[k]);
			json_str(j, "family", ip_family_names[f]);
			json_str(j, "digest", text);
			json_end(j);
		}
	json_end(j);
	sets_write_digests(c);
	replicas_write(c->sources->replicas, j);
	json_end(j);
}
