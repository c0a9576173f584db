/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/reload.h"

#include "config/compare.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/metric.h"
#include "path/path.h"
#include "rib/writer.h"
#include "tcp/tcp.h"
#include "watch/call.h"
#include "watch/neighbours.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITER_WAIT_NS (60 * NS_PER_S) /* three times everything is computed */
#define NAMES_MAX      32u             /* of peers that are named */

void
reloader_init(struct reloader *r, const char *path, struct config *c)
{
	*r = (struct reloader){.path = path, .first = c, .now = c};
	metric_set(METRIC_CONFIG_LOADED, (int64_t)(clock_wall_ns() / NS_PER_S));
}

void
reloader_fini(struct reloader *r)
{
	neighbours_free(r->peers);
	neighbours_free(r->peers_before);
	if (r->before != r->first)
		config_free(r->before);
	if (r->now != r->first)
		config_free(r->now);
	config_free(r->first);
}

void
reloader_configure(
    struct reloader *r, struct tcp *tcp, struct tcp_setup *setup, struct neighbours *peers)
{
	tcp_configure(tcp, setup); /* lets go of what was made of peers_before */
	neighbours_free(r->peers_before);
	r->peers_before = r->peers;
	r->peers = peers;
	r->peers_hash = peers->hash;
}

enum outcome {
	OUTCOME_APPLIED,
	OUTCOME_PLANNED,
	OUTCOME_UNCHANGED,
	OUTCOME_REFUSED,
	OUTCOME_BAD
};

static const char *const outcome_names[] = {
    "applied", "planned", "unchanged", "refused", "bad"};

struct difference {
	char *key, *before, *after; /* strdup()ed; NULL: none */
	bool live;
};

struct names_list {
	char at[NAMES_MAX][64];
	uint32_t n; /* may be more */
};

/* One reading of the file, and what came of it. */
struct reading {
	struct watch_sources *sources;
	struct reloader *reloader;
	bool plan_only, force;
	struct config *fresh;     /* NULL: there is none, or it has found its place */
	struct neighbours *peers; /* of fresh and of Calico's objects */
	struct tcp_setup *setup;
	struct config_errors errors;
	struct difference *differences;
	uint32_t n_differences, cap_differences;
	bool paths, at_start; /* some of them change paths; cannot be followed */
	struct names_list added, removed, restarted;
	struct writer_reload writer;
	enum outcome outcome;
	char why[512];
};

static void
reading_fini(struct reading *r)
{
	for (uint32_t i = 0; i < r->n_differences; i++) {
		free(r->differences[i].key);
		free(r->differences[i].before);
		free(r->differences[i].after);
	}
	free(r->differences);
	tcp_setup_free(r->setup);
	neighbours_free(r->peers);
	config_free(r->fresh);
}

static char *
copy(const char *text)
{
	return text ? must_strdup(text) : NULL;
}

static void
on_difference(void *ctx, const struct config_difference *d)
{
	struct reading *r = ctx;

	if (r->n_differences == r->cap_differences) {
		r->cap_differences = r->cap_differences ? 2 * r->cap_differences : 16;
		r->differences =
		    must_realloc(r->differences, r->cap_differences * sizeof(*r->differences));
	}
	r->differences[r->n_differences++] =
	    (struct difference){copy(d->key), copy(d->before), copy(d->after), d->live};
	r->paths |= d->paths;
	r->at_start |= !d->live;
}

static void refuse(struct reading *r, const char *format, ...) PRINTF_LIKE(2);

static void
refuse(struct reading *r, const char *format, ...)
{
	va_list args;

	r->outcome = OUTCOME_REFUSED;
	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
}

/* ---- peers ---- */

static void
note(struct names_list *l, const char *name)
{
	if (l->n < NAMES_MAX)
		snprintf(l->at[l->n], sizeof(l->at[0]), "%s", name);
	l->n++;
}

/* The entry of c for the same neighbour, or the same range; NULL: there is none. */
static bool
has_entry(const struct config *c, const struct config_peer *k)
{
	for (uint32_t i = 0; i < c->peers.len; i++) {
		const struct config_peer *p = &c->peers.items[i];

		if (k->address.family != IP_NONE
		        ? ip_equal(&p->address, &k->address)
		        : p->address.family == IP_NONE && ip_prefix_equal(&p->range, &k->range))
			return true;
	}
	return false;
}

static void
on_peer(void *ctx, const struct peer_info *p)
{
	struct reading *r = ctx;

	if (p->state == SESSION_ESTABLISHED &&
	    tcp_fate(r->sources->tcp, r->setup, &p->address) == TCP_RESTARTS)
		note(&r->restarted, p->name);
}

static void
plan_peers(struct reading *r) ON_WATCH
{
	const struct config *now = r->reloader->now;

	for (uint32_t i = 0; i < r->fresh->peers.len; i++)
		if (!has_entry(now, &r->fresh->peers.items[i]))
			note(&r->added, r->fresh->peers.items[i].name);
	for (uint32_t i = 0; i < now->peers.len; i++)
		if (!has_entry(r->fresh, &now->peers.items[i]))
			note(&r->removed, now->peers.items[i].name);
	tcp_each_peer(r->sources->tcp, on_peer, r);
}

/* ---- the steps ---- */

static bool
read_file(struct reading *r)
{
	char why[256];

	r->fresh = config_load(r->reloader->path, &r->errors);
	if (r->fresh && path_check_config(r->fresh, why, sizeof(why)))
		return true;
	r->outcome = OUTCOME_BAD;
	if (r->fresh)
		snprintf(r->errors.text[r->errors.len++], CONFIG_ERROR_TEXT_MAX, "%s: %s",
		    r->reloader->path, why);
	snprintf(r->why, sizeof(r->why), "%s", r->errors.len ? r->errors.text[0] : "not read");
	return false;
}

/* Calico's BGPPeers are not those that tcp follows: more than half of them went, and that was not believed. */
static bool
may_let_go(const struct reading *r) ON_WATCH
{
	const struct reloader *l = r->reloader;

	return l->now->calico_peers.enabled && l->peers &&
	       l->peers->hash != neighbours_hash(r->sources);
}

/* What does not depend on the routes. False: it ends here. */
static bool
may_be_followed(struct reading *r) ON_WATCH
{
	const struct config *now = r->reloader->now;

	if (config_compare(now, r->fresh, on_difference, r) == 0 &&
	    !(r->force && may_let_go(r))) {
		r->outcome = OUTCOME_UNCHANGED;
		return false;
	}
	if (r->at_start) {
		refuse(r,
		    "some keys are only read at the start: restart heliographd for them, or take them back");
		return false;
	}
	if (!tcp_settled(r->sources->tcp)) {
		refuse(r, "the last reload is still under way: try again in a moment");
		return false;
	}
	r->peers = neighbours_new(r->fresh, r->sources);
	r->setup = tcp_setup_new(&r->peers->config, r->why, sizeof(r->why));
	if (!r->setup) {
		r->outcome = OUTCOME_REFUSED;
		return false;
	}
	plan_peers(r);
	if (!r->force && 2 * r->removed.n > now->peers.len)
		refuse(r,
		    "%u of %u peers would go: more than half; say --force if that is meant",
		    r->removed.n, now->peers.len);
	return true;
}

static void
ask_writer(struct writer *w, void *ctx, uint64_t now_ns) ON_WRITER
{
	writer_configure(w, ctx, now_ns);
}

/* The writer plans and, where nothing speaks against it, follows. False: it did not. */
static bool
have_written(struct reading *r)
{
	struct writer_reload *w = &r->writer;
	bool refused = r->outcome == OUTCOME_REFUSED;

	*w = (struct writer_reload){.config = r->fresh,
	    .paths = r->paths,
	    .apply = !r->plan_only && !refused,
	    .force = r->force};
	if (!writer_ask(r->sources->writer, ask_writer, w, WRITER_WAIT_NS)) {
		refuse(r, "the writer did not come to it in time: nothing has changed");
		return false;
	}
	if (w->applied)
		return true;
	if (w->refused[0] && !refused)
		refuse(r, "%s; say --force if that is meant", w->refused);
	else if (!refused)
		r->outcome = OUTCOME_PLANNED;
	return false;
}

static void
take_place(struct reading *r) ON_WATCH
{
	struct watch_sources *s = r->sources;
	struct reloader *l = r->reloader;

	reloader_configure(l, s->tcp, r->setup, r->peers);
	r->setup = NULL;
	r->peers = NULL;
	log_set(r->fresh->log.level, r->fresh->log.format);
	s->config = r->fresh;
	for (uint32_t i = 0; i < s->n_clusters; i++)
		s->clusters[i].config = &r->fresh->followed.items[i];
	if (l->before != l->first)
		config_free(l->before);
	l->before = l->now;
	l->now = r->fresh;
	r->fresh = NULL;
	r->outcome = OUTCOME_APPLIED;
	metric_set(METRIC_CONFIG_LOADED, (int64_t)(clock_wall_ns() / NS_PER_S));
}

static void
count(const struct reading *r)
{
	if (r->plan_only)
		return;
	metric_set(
	    METRIC_CONFIG_STALE, r->outcome == OUTCOME_REFUSED || r->outcome == OUTCOME_BAD);
	metric_inc(r->outcome == OUTCOME_BAD       ? METRIC_RELOADS_BAD
	           : r->outcome == OUTCOME_REFUSED ? METRIC_RELOADS_REFUSED
	                                           : METRIC_RELOADS_APPLIED);
}

static void
tell(const struct reading *r)
{
	if (r->outcome == OUTCOME_APPLIED)
		log_info("the configuration was read again and is in force",
		    f_u64("keys_changed", r->n_differences), f_u64("peers_added", r->added.n),
		    f_u64("peers_removed", r->removed.n),
		    f_u64("sessions_restarted", r->restarted.n), f_bool("forced", r->force));
	else if (r->outcome == OUTCOME_UNCHANGED)
		log_info("the configuration was read again; it says what it said");
	else if (r->outcome != OUTCOME_PLANNED)
		log_error(
		    "the configuration was read again and is not taken: the old one holds on",
		    f_str("file", r->reloader->path), f_str("why", r->why));
}

static void
reload(struct reading *r) ON_WATCH
{
	if (read_file(r) && may_be_followed(r) && have_written(r))
		take_place(r);
	count(r);
	if (!r->plan_only)
		tell(r);
}

void
reload_on_signal(struct watch_sources *sources)
{
	struct reading *r = must_calloc(1, sizeof(*r));

	r->sources = sources;
	r->reloader = sources->reloader;
	reload(r);
	reading_fini(r);
	free(r);
}

/* ---- the order ---- */

static void
write_names(struct json_out *j, const char *key, const struct names_list *l)
{
	char count_key[32];

	snprintf(count_key, sizeof(count_key), "%s", key);
	json_u64(j, count_key, l->n);
	snprintf(count_key, sizeof(count_key), "%s_names", key);
	json_begin_array(j, count_key);
	for (uint32_t i = 0; i < l->n && i < NAMES_MAX; i++)
		json_str(j, NULL, l->at[i]);
	json_end(j);
}

static void
write_plan(struct json_out *j, const struct reading *r)
{
	json_begin_array(j, "keys");
	for (uint32_t i = 0; i < r->n_differences; i++) {
		const struct difference *d = &r->differences[i];

		json_begin_object(j, NULL);
		json_str(j, "key", d->key);
		json_str(j, "before", d->before);
		json_str(j, "after", d->after);
		json_bool(j, "needs_restart", !d->live);
		json_end(j);
	}
	json_end(j);
	json_begin_object(j, "peers");
	write_names(j, "added", &r->added);
	write_names(j, "removed", &r->removed);
	write_names(j, "sessions_restarted", &r->restarted);
	json_end(j);
	json_begin_array(j, "paths");
	for (unsigned k = 0; k < CLASS_COUNT; k++) {
		const struct plan_class *p = &r->writer.plan[k];

		if (p->added + p->removed + p->changed == 0)
			continue;
		json_begin_object(j, NULL);
		json_str(j, "class", prefix_class_names[k]);
		json_u64(j, "now", p->paths);
		json_u64(j, "added", p->added);
		json_u64(j, "removed", p->removed);
		json_u64(j, "changed", p->changed);
		json_u64(j, "prefixes_gone", p->prefixes_gone);
		json_end(j);
	}
	json_end(j);
}

static void
write_result(struct json_out *j, const struct reading *r)
{
	json_begin_object(j, NULL);
	json_str(j, "result", outcome_names[r->outcome]);
	json_str(j, "file", r->reloader->path);
	json_str(j, "why", r->why);
	json_begin_array(j, "errors");
	for (unsigned i = 0; i < r->errors.len; i++)
		json_str(j, NULL, r->errors.text[i]);
	json_end(j);
	write_plan(j, r);
	json_end(j);
}

static bool
is_yes(const char *text)
{
	return text && strcmp(text, "yes") == 0;
}

void
act_reload(struct call *c)
{
	struct reading *r = must_calloc(1, sizeof(*r));

	/* The call has the watch's own sources: what they say is another from here on. */
	r->sources = (struct watch_sources *)(uintptr_t)c->sources;
	r->reloader = c->sources->reloader;
	r->plan_only = is_yes(c->query.plan);
	r->force = is_yes(c->query.force);
	reload(r);
	write_result(&c->json, r);
	reading_fini(r);
	free(r);
}
