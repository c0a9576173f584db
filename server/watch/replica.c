/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/replica.h"

#include "config/config.h"
#include "core/clock.h"
#include "core/log.h"
#include "rib/writer.h"
#include "watch/call.h"
#include "watch/comparison.h"
#include "watch/metrics.h"
#include "watch/replica_list.h"

#include <event2/buffer.h>
#include <event2/http.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_EVERY_NS   (5 * NS_PER_S)
#define ASK_CLOSELY_NS (NS_PER_S * 9 / 10) /* while it is not equal: with every tick */
#define TIMEOUT_S      5
#define ANSWER_MAX     (64 * 1024)

enum replica_state {
	REPLICA_UNKNOWN,
	REPLICA_AWAY,
	REPLICA_SELF,
	REPLICA_EQUAL,
	REPLICA_CHANGES, /* not equal now, but nothing that lasts */
	REPLICA_DIFFERS
};

static const char *const state_names[] = {
    "unknown", "away", "self", "equal", "changes", "differs"};

static const enum replica_state state_of[] = {
    [COMPARISON_EQUAL] = REPLICA_EQUAL,
    [COMPARISON_CHANGES] = REPLICA_CHANGES,
    [COMPARISON_DIFFERS] = REPLICA_DIFFERS,
};

struct replica {
	struct replicas *all;
	struct config_endpoint at;
	struct evhttp_connection *connection; /* NULL: nothing is under way */
	uint64_t asked_ns;
	enum replica_state state;
	bool ready;
	char router_id[IP_TEXT_MAX];
	struct comparison comparison;
	uint64_t compared_ns; /* wall time */
	uint64_t differed_ns; /* since when, of a difference that was logged; else 0 */
	char error[160];
};

struct replicas {
	struct event_base *base;
	const struct watch_sources *sources;
	struct replica_list list;
	struct replica
	    *at[CONFIG_REPLICAS_MAX]; /* one each of the list; requests point to them */
	uint32_t n;
};

struct replicas *
replicas_new(struct event_base *base, const struct watch_sources *sources)
{
	struct replicas *r = must_calloc(1, sizeof(*r));

	r->base = base;
	r->sources = sources;
	replica_list_init(&r->list);
	return r;
}

static void
hang_up(struct replica *o)
{
	if (o->connection)
		evhttp_connection_free(o->connection);
	o->connection = NULL;
}

static void
replica_free(struct replica *o)
{
	hang_up(o);
	comparison_fini(&o->comparison);
	free(o);
}

void
replicas_free(struct replicas *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->n; i++)
		replica_free(r->at[i]);
	replica_list_fini(&r->list);
	free(r);
}

static const char *
address_text(const struct replica *o, char text[IP_TEXT_MAX + 8])
{
	char addr[IP_TEXT_MAX];

	snprintf(text, IP_TEXT_MAX + 8, o->at.addr.family == IP_V6 ? "[%s]:%u" : "%s:%u",
	    ip_text(&o->at.addr, addr), o->at.port);
	return text;
}

/* ---- an answer ---- */

/* What was compared is not that replica's any more. */
static void
forget_differences(struct replica *o)
{
	comparison_fini(&o->comparison);
	o->differed_ns = 0;
}

static void
be_away(struct replica *o, const char *why)
{
	char where[IP_TEXT_MAX + 8];

	snprintf(o->error, sizeof(o->error), "%s", why);
	if (o->state != REPLICA_AWAY)
		log_warn("a replica does not answer: its routes cannot be compared with ours",
		    f_str("replica", address_text(o, where)), f_str("why", why));
	o->state = REPLICA_AWAY;
	forget_differences(o);
}

static void
tell_difference(struct replica *o, uint64_t now_ns)
{
	char where[IP_TEXT_MAX + 8];

	if (o->state == REPLICA_DIFFERS && !o->differed_ns) {
		log_error("the replica's routes are not ours: see helioctl diff replica URL",
		    f_str("replica", address_text(o, where)), f_bool("it_is_ready", o->ready));
		o->differed_ns = comparison_since(&o->comparison);
	}
	if (o->state != REPLICA_DIFFERS && o->differed_ns) {
		log_info("the replica's routes are ours again",
		    f_str("replica", address_text(o, where)),
		    f_u64("seconds", (now_ns - o->differed_ns) / NS_PER_S));
		o->differed_ns = 0;
	}
}

static void
take_answer(struct replica *o, const json_t *root) ON_WATCH
{
	const char *id = json_string_value(json_object_get(root, "router_id"));
	struct ip_addr ours = ip_v4(o->all->sources->config->router_id);
	uint64_t now_ns = clock_mono_ns();
	char mine[IP_TEXT_MAX];

	if (!id || !json_is_array(json_object_get(root, "digests"))) {
		be_away(o, "its answer has no router_id or no digests: another version?");
		return;
	}
	snprintf(o->router_id, sizeof(o->router_id), "%s", id);
	o->error[0] = '\0';
	if (strcmp(id, ip_text(&ours, mine)) == 0) {
		o->state = REPLICA_SELF;
		forget_differences(o);
		return;
	}
	o->ready = json_is_true(json_object_get(root, "ready"));
	o->state = state_of[comparison_take(&o->comparison, o->all->sources, root, now_ns)];
	o->compared_ns = clock_wall_ns();
	tell_difference(o, now_ns);
}

static void
on_answer(struct evhttp_request *req, void *ctx)
{
	struct replica *o = ctx;
	struct evbuffer *body = req ? evhttp_request_get_input_buffer(req) : NULL;
	size_t n = body ? evbuffer_get_length(body) : 0;
	json_t *root = NULL;

	role_is_watch();
	/* The connection ends itself: "Connection: close". */
	if (req && evhttp_request_get_response_code(req) == HTTP_OK)
		root = json_loadb(
		    (const char *)evbuffer_pullup(body, -1), n, JSON_REJECT_DUPLICATES, NULL);
	if (root)
		take_answer(o, root);
	else
		be_away(o, req && evhttp_request_get_response_code(req)
		               ? "its answer cannot be read"
		               : "no connection, or no answer in time");
	json_decref(root);
}

static void
ask(struct replica *o, uint64_t now_ns)
{
	struct evhttp_request *req;
	char addr[IP_TEXT_MAX];

	hang_up(o);
	o->asked_ns = now_ns;
	o->connection = evhttp_connection_base_new(
	    o->all->base, NULL, ip_text(&o->at.addr, addr), o->at.port);
	req = o->connection ? evhttp_request_new(on_answer, o) : NULL;
	if (!req) {
		be_away(o, "out of memory");
		return;
	}
	evhttp_connection_set_timeout(o->connection, TIMEOUT_S);
	evhttp_connection_set_max_body_size(o->connection, ANSWER_MAX);
	evhttp_connection_set_max_headers_size(o->connection, ANSWER_MAX);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Host", addr);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
	if (evhttp_make_request(o->connection, req, EVHTTP_REQ_GET, "/api/v1/digest") != 0)
		be_away(o, "cannot connect");
}

/* ---- who they are ---- */

/* The one at this address, taken out of those that there were; a new one if there was none. */
static struct replica *
keep_or_make(struct replicas *r, const struct config_endpoint *at)
{
	struct replica *o;

	for (uint32_t i = 0; i < r->n; i++) {
		o = r->at[i];
		if (!o || !ip_equal(&o->at.addr, &at->addr) || o->at.port != at->port)
			continue;
		r->at[i] = NULL;
		return o;
	}
	o = must_calloc(1, sizeof(*o));
	o->all = r;
	o->at = *at;
	return o;
}

/* The configuration may have been read again, and names may stand for other addresses. */
static void
follow(struct replicas *r) ON_WATCH
{
	struct replica *fresh[CONFIG_REPLICAS_MAX] = {NULL};

	replica_list_follow(&r->list, &r->sources->config->replicas);
	for (uint32_t i = 0; i < r->list.n; i++)
		fresh[i] = keep_or_make(r, &r->list.at[i]);
	for (uint32_t i = 0; i < r->n; i++)
		if (r->at[i])
			replica_free(r->at[i]);
	memcpy(r->at, fresh, sizeof(fresh));
	r->n = r->list.n;
}

/* Somebody with a lower router id is there, and has all routes. */
static bool
goes_first(const struct replica *o, uint32_t ours)
{
	struct ip_addr id;

	return o->state >= REPLICA_EQUAL && o->ready && ip_parse(o->router_id, &id) &&
	       id.family == IP_V4 && ip_v4_host(&id) < ours;
}

static void
tell_writer(struct replicas *r)
{
	bool second = false;

	for (uint32_t i = 0; i < r->n; i++)
		second = second || goes_first(r->at[i], r->sources->config->router_id);
	atomic_store_explicit(&r->sources->writer->second, second, memory_order_relaxed);
}

void
replicas_tick(struct replicas *r)
{
	uint64_t now_ns = clock_mono_ns();

	tell_writer(r);
	follow(r);
	for (uint32_t i = 0; i < r->n; i++) {
		struct replica *o = r->at[i];

		if (!o->asked_ns ||
		    now_ns - o->asked_ns >=
		        (o->state > REPLICA_EQUAL ? ASK_CLOSELY_NS : ASK_EVERY_NS))
			ask(o, now_ns);
	}
}

/* ---- showing ---- */

static double
differs_for(const struct replica *o)
{
	uint64_t since_ns = comparison_since(&o->comparison);

	return since_ns ? (double)(clock_mono_ns() - since_ns) / 1e9 : 0;
}

void
replicas_write(struct replicas *r, struct json_out *j)
{
	char where[IP_TEXT_MAX + 8];

	json_begin_array(j, "replicas");
	for (uint32_t i = 0; r && i < r->n; i++) {
		const struct replica *o = r->at[i];

		json_begin_object(j, NULL);
		json_str(j, "address", address_text(o, where));
		json_str(j, "router_id", o->router_id);
		json_str(j, "state", state_names[o->state]);
		json_bool(j, "ready", o->ready);
		json_f64(j, "differs_seconds", differs_for(o));
		json_str(j, "error", o->error);
		comparison_write(&o->comparison, j);
		json_end(j);
	}
	if (r)
		replica_list_write_unresolved(&r->list, &r->sources->config->replicas, j);
	json_end(j);
}

void
replicas_write_metrics(struct replicas *r, struct call *c)
{
	char where[IP_TEXT_MAX + 8];

	metrics_head(c->out, "replica_reachable", "gauge",
	    "1 while the other replica's digests can be asked for");
	for (uint32_t i = 0; i < r->n; i++)
		if (r->at[i]->state != REPLICA_SELF && r->at[i]->state != REPLICA_UNKNOWN)
			metrics_labelled(c->out, "replica_reachable", "replica",
			    address_text(r->at[i], where), r->at[i]->state != REPLICA_AWAY);
	metrics_head(c->out, "replica_differs_seconds", "gauge",
	    "For how long the other replica's routes have lastingly not been ours; 0: nothing that lasts");
	for (uint32_t i = 0; i < r->n; i++)
		if (r->at[i]->state >= REPLICA_EQUAL)
			metrics_labelled(c->out, "replica_differs_seconds", "replica",
			    address_text(r->at[i], where), (uint64_t)differs_for(r->at[i]));
	metrics_head(c->out, "replica_compared_timestamp_seconds", "gauge",
	    "When the other replica's digests were last compared with ours");
	for (uint32_t i = 0; i < r->n; i++)
		if (r->at[i]->compared_ns)
			metrics_labelled(c->out, "replica_compared_timestamp_seconds",
			    "replica", address_text(r->at[i], where),
			    r->at[i]->compared_ns / NS_PER_S);
}
