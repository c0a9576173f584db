/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small cluster for tests: objects written as JSON records go through the decoder, the
 * tables and the path maker; what the maker's sink was told last is kept per prefix. Each
 * check of the paths also asks explain() and compares.
 */
#pragma once

#include "change/decode.h"
#include "path/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_PREFIXES 4096
#define WORLD_SLOTS    4096

struct world_set {
	struct ip_prefix prefix;
	enum path_class path_class;
	bool everywhere;
	uint32_t n;
	struct path_choice *paths;
};

struct world {
	struct config *config;
	struct decoder decoder;
	struct cluster *cluster;
	struct path_maker *maker;
	const char *keep[2]; /* node annotations */
	uint64_t rv, epoch;
	int64_t ms;
	uint64_t now_ns;

	struct path_nexthop slots[WORLD_SLOTS]; /* family IP_NONE: free */
	struct path_attributes attributes[WORLD_SLOTS];
	bool has_attributes[WORLD_SLOTS];
	struct world_set sets[WORLD_PREFIXES];
	uint32_t n_sets;
	uint32_t calls; /* of set() in the last commit */

	/* Called with every upsert, for tests that play records again; may be NULL. */
	void (*on_record)(void *ctx, const char *key, const char *json);
	void *on_record_ctx;
};

/* ---- the sink: checks its promises, keeps the last set of each prefix ---- */

static inline void
world_nexthop(void *ctx, uint32_t slot, const struct path_nexthop *nh)
{
	struct world *w = ctx;

	assert_true(slot < WORLD_SLOTS);
	if (nh) {
		assert_int_equal(w->slots[slot].addr.family, IP_NONE);
		assert_true(nh->path_id != 0 && nh->originator != 0);
		w->slots[slot] = *nh;
		return;
	}
	assert_int_not_equal(w->slots[slot].addr.family, IP_NONE);
	for (uint32_t i = 0; i < w->n_sets; i++) {
		for (uint32_t k = 0; k < w->sets[i].n; k++)
			assert_int_not_equal(w->sets[i].paths[k].slot, slot);
	}
	memset(&w->slots[slot], 0, sizeof(w->slots[slot]));
}

static inline void
world_attributes(void *ctx, uint32_t id, const struct path_attributes *a)
{
	struct world *w = ctx;

	assert_true(id < WORLD_SLOTS);
	assert_true(w->has_attributes[id] == (a == NULL));
	w->has_attributes[id] = a != NULL;
	if (a)
		w->attributes[id] = *a;
	for (uint32_t i = 0; !a && i < w->n_sets; i++) {
		for (uint32_t k = 0; k < w->sets[i].n; k++)
			assert_int_not_equal(w->sets[i].paths[k].attributes, id);
	}
}

static inline struct world_set *
world_find(struct world *w, const struct ip_prefix *p)
{
	for (uint32_t i = 0; i < w->n_sets; i++) {
		if (ip_prefix_equal(&w->sets[i].prefix, p))
			return &w->sets[i];
	}
	return NULL;
}

static inline void
world_set(void *ctx, const struct ip_prefix *prefix, enum path_class path_class,
    bool everywhere, const struct path_choice *paths, uint32_t n)
{
	struct world *w = ctx;
	struct world_set *s = world_find(w, prefix);

	if (!s) {
		assert_true(w->n_sets < WORLD_PREFIXES);
		s = &w->sets[w->n_sets++];
		*s = (struct world_set){.prefix = *prefix};
	}
	for (uint32_t i = 0; i < n; i++) {
		assert_int_not_equal(w->slots[paths[i].slot].addr.family, IP_NONE);
		assert_true(w->has_attributes[paths[i].attributes]);
		assert_true(i == 0 || paths[i].slot > paths[i - 1].slot);
	}
	free(s->paths);
	s->paths = must_calloc(n + 1, sizeof(*s->paths));
	if (n)
		memcpy(s->paths, paths, n * sizeof(*paths));
	s->n = n;
	s->path_class = path_class;
	s->everywhere = everywhere;
	w->calls++;
}

/* ---- life ---- */

/* advertise: the lines below "advertise:" of the configuration, each indented by two blanks. */
static inline void
world_init(struct world *w, const char *advertise)
{
	struct config_errors errors = {0};
	struct path_sink sink = {w, world_nexthop, world_attributes, world_set};
	struct decode_options options = {.node_annotations = w->keep};
	char text[4096];

	memset(w, 0, sizeof(*w));
	snprintf(text, sizeof(text),
	    "router_id: 10.255.0.1\nlocal_as: 64512\n"
	    "peers:\n  - {name: t, range: 127.1.0.0/16, as: 64512, passive: true}\n%s%s",
	    *advertise ? "advertise:\n" : "", advertise);
	w->config = config_load_text("test", text, strlen(text), &errors);
	if (!w->config)
		fail_msg("%s", errors.text[0]);
	if (w->config->advertise.node_address.ipv4)
		w->keep[options.n_node_annotations++] = w->config->advertise.node_address.ipv4;
	if (w->config->advertise.node_address.ipv6)
		w->keep[options.n_node_annotations++] = w->config->advertise.node_address.ipv6;
	decoder_init(&w->decoder, &options);
	role_take(ROLE_WRITER, "test");
	role_is_writer();
	w->cluster = cluster_new();
	w->maker = path_new(&w->config->advertise, w->cluster, &sink);
	w->ms = 1700000000000;
}

static inline void
world_fini(struct world *w)
{
	role_is_writer();
	for (uint32_t i = 0; i < w->n_sets; i++)
		free(w->sets[i].paths);
	path_free(w->maker);
	cluster_free(w->cluster);
	role_drop();
	decoder_fini(&w->decoder);
	config_free(w->config);
}

/* ---- records ---- */

static inline enum cluster_result
world_record(struct world *w, const char *key, const char *json, uint64_t rv)
{
	struct record r = {.key = key,
	    .key_len = strlen(key),
	    .value = json,
	    .value_len = json ? strlen(json) : 0,
	    .ms = w->ms,
	    .epoch = w->epoch,
	    .rv = json ? 0 : rv};
	struct decode_error why;
	enum cluster_result result;
	struct change *c = NULL;

	role_is_writer();
	if (json && w->on_record)
		w->on_record(w->on_record_ctx, key, json);
	if (change_decode(&w->decoder, &r, &c, &why) != DECODE_OK)
		fail_msg("%s: %s\n%s", key, why.text, json ? json : "(tombstone)");
	result = cluster_apply(w->cluster, c);
	change_free(c);
	return result;
}

/* metadata is the inside of the object's metadata, rest what follows it; both JSON with "'" for quotes. */
static inline enum cluster_result
world_put(struct world *w, const char *key, const char *metadata, const char *rest)
{
	const char *ns = strchr(key, '/') + 1, *name = strrchr(key, '/') + 1;
	char json[16384];
	int n;

	w->rv++;
	n = snprintf(json, sizeof(json),
	    "{'metadata':{'name':'%s','namespace':'%.*s','resourceVersion':'%llu'%s%s}%s%s}",
	    name, (int)(name - ns - 1), ns, (unsigned long long)w->rv, *metadata ? "," : "",
	    metadata, *rest ? "," : "", rest);
	assert_true(n > 0 && (size_t)n < sizeof(json));
	for (char *p = json; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return world_record(w, key, json, 0);
}

static inline enum cluster_result
world_delete(struct world *w, const char *key)
{
	return world_record(w, key, NULL, ++w->rv);
}

/* A node with these InternalIPs ("192.0.2.1 2001:db8::1"), metadata and spec (JSON insides). */
static inline enum cluster_result
node_with(struct world *w, const char *name, const char *addresses, const char *metadata,
    const char *rest)
{
	char key[300], status[1024] = "'status':{'addresses':[", list[256];
	char *save = NULL;
	size_t n = strlen(status);

	snprintf(key, sizeof(key), "nodes//%s", name);
	snprintf(list, sizeof(list), "%s", addresses);
	for (char *a = strtok_r(list, " ", &save); a; a = strtok_r(NULL, " ", &save))
		n += (size_t)snprintf(
		    status + n, sizeof(status) - n, "{'type':'InternalIP','address':'%s'},", a);
	n += (size_t)snprintf(status + n, sizeof(status) - n,
	    "{'type':'Hostname','address':'%s'}]%s", name,
	    strstr(rest, "'status+'") ? "" : "}");
	if (strstr(rest, "'status+'")) /* goes on with more of the status */
		snprintf(status + n, sizeof(status) - n, ",%s}",
		    strstr(rest, "'status+':") + strlen("'status+':"));
	else if (*rest)
		snprintf(status + n, sizeof(status) - n, ",%s", rest);
	return world_put(w, key, metadata, status);
}

static inline enum cluster_result
node(struct world *w, const char *name, const char *addresses)
{
	return node_with(w, name, addresses, "", "");
}

/* key "shop/web"; spec and what follows it as JSON insides: "'clusterIP':'10.96.0.7'". */
static inline enum cluster_result
service(struct world *w, const char *key, const char *spec)
{
	char full[400], rest[4096];

	snprintf(full, sizeof(full), "services/%s", key);
	snprintf(rest, sizeof(rest), "'spec':{%s}", spec);
	return world_put(w, full, "", rest);
}

/*
 * key "shop/web-1" of service "web"; endpoints "n1 n2=draining -=ready": node, or "-" for none,
 * and state: ready (default), draining, notready, serving, empty ("conditions": {}).
 */
static inline enum cluster_result
slice(struct world *w, const char *key, const char *of, bool v6, const char *endpoints)
{
	static const struct {
		const char *name, *json;
	} states[] = {
	    {"ready", "'ready':true,'serving':true,'terminating':false"},
	    {"draining", "'ready':false,'serving':true,'terminating':true"},
	    {"dying", "'ready':false,'serving':false,'terminating':true"},
	    {"notready", "'ready':false,'serving':false,'terminating':false"},
	    {"serving", "'ready':false,'serving':true,'terminating':false"},
	    {"published", "'ready':true,'serving':false,'terminating':true"},
	    {"empty", ""},
	};
	char full[400], metadata[400], rest[8192], list[2048];
	char *save = NULL;
	size_t n;
	int i = 0;

	snprintf(full, sizeof(full), "endpointslices/%s", key);
	snprintf(
	    metadata, sizeof(metadata), "'labels':{'kubernetes.io/service-name':'%s'}", of);
	n = (size_t)snprintf(
	    rest, sizeof(rest), "'addressType':'%s','endpoints':[", v6 ? "IPv6" : "IPv4");
	snprintf(list, sizeof(list), "%s", endpoints);
	for (char *e = strtok_r(list, " ", &save); e; e = strtok_r(NULL, " ", &save), i++) {
		char *state = strchr(e, '='), on[300] = "";
		const char *conditions = states[0].json;

		if (state)
			*state++ = '\0';
		for (size_t k = 0; state && k < COUNT_OF(states); k++) {
			if (strcmp(states[k].name, state) == 0)
				conditions = states[k].json;
		}
		if (strcmp(e, "-") != 0)
			snprintf(on, sizeof(on), ",'nodeName':'%s'", e);
		n += (size_t)snprintf(rest + n, sizeof(rest) - n,
		    "%s{'addresses':['%s%x']%s,'conditions':{%s}}", i ? "," : "",
		    v6 ? "fd00:1::" : "10.244.0.", i + 1, on, conditions);
		assert_true(n < sizeof(rest));
	}
	snprintf(rest + n, sizeof(rest) - n, "]");
	return world_put(w, full, *of ? metadata : "", rest);
}

static inline void
caught_up(struct world *w)
{
	struct change c = {.kind = CHANGE_CAUGHT_UP};

	role_is_writer();
	cluster_apply(w->cluster, &c);
}

static inline void
commit(struct world *w)
{
	role_is_writer();
	w->calls = 0;
	path_recompute(w->maker, cluster_dirty(w->cluster), w->now_ns);
	cluster_clean(w->cluster);
}

/* ---- checks ---- */

struct world_hops {
	struct ip_addr at[256];
	uint32_t n;
	bool verdict;
	enum reason reason;      /* of the verdict */
	const char *node;        /* wanted */
	enum reason node_reason; /* of that node, REASON_COUNT: not mentioned */
	char texts[8192];
};

static inline void
world_step(void *ctx, const struct explain_step *s)
{
	struct world_hops *h = ctx;
	size_t n = strlen(h->texts);

	snprintf(h->texts + n, sizeof(h->texts) - n, "%s: %s\n", explain_kind_names[s->kind],
	    s->text);
	if (s->kind == EXPLAIN_NODE && s->advertised && h->n < COUNT_OF(h->at))
		h->at[h->n++] = s->nexthop;
	if (s->kind == EXPLAIN_NODE && h->node && strcmp(h->node, s->name) == 0)
		h->node_reason = s->reason;
	if (s->kind == EXPLAIN_VERDICT) {
		h->verdict = s->advertised;
		h->reason = s->reason;
	}
}

static inline void
world_explain(
    struct world *w, const char *prefix, const char *node_name, struct world_hops *out)
{
	struct explain_sink sink = {out, world_step};
	struct ip_prefix p;

	assert_true(ip_prefix_parse(prefix, &p));
	*out = (struct world_hops){.node = node_name, .node_reason = REASON_COUNT};
	rcu_enter();
	path_explain(w->maker, &p, node_name, &sink);
	rcu_leave();
}

static inline int
world_addr_cmp(const void *a, const void *b)
{
	return ip_cmp(a, b);
}

/* As text, ascending, each once. */
static inline char *
world_hops_text(struct world_hops *h, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	qsort(h->at, h->n, sizeof(h->at[0]), world_addr_cmp);
	for (uint32_t i = 0; i < h->n; i++) {
		char one[IP_TEXT_MAX];

		if (i == 0 || !ip_equal(&h->at[i], &h->at[i - 1]))
			n += (size_t)snprintf(
			    buf + n, size - n, "%s%s", n ? " " : "", ip_text(&h->at[i], one));
	}
	return buf;
}

/* The prefix has exactly these next hops ("192.0.2.1 192.0.2.2"; "": it is not advertised), and
 * explain says the same. */
static inline void
assert_paths(struct world *w, const char *prefix, const char *want)
{
	struct world_hops have = {0}, told;
	char have_text[2048], told_text[2048];
	const struct world_set *s;
	struct ip_prefix p;

	assert_true(ip_prefix_parse(prefix, &p));
	s = world_find(w, &p);
	for (uint32_t i = 0; s && i < s->n; i++)
		have.at[have.n++] = w->slots[s->paths[i].slot].addr;
	world_hops_text(&have, have_text, sizeof(have_text));
	assert_string_equal(have_text, want);
	world_explain(w, prefix, NULL, &told);
	world_hops_text(&told, told_text, sizeof(told_text));
	if (strcmp(told_text, want) != 0 || told.verdict != (*want != '\0'))
		fail_msg("explain of %s differs: '%s'\n%s", prefix, told_text, told.texts);
}

/* Why the prefix as a whole is not advertised. */
static inline void
assert_refused(struct world *w, const char *prefix, enum reason reason)
{
	struct world_hops told;

	assert_paths(w, prefix, "");
	world_explain(w, prefix, NULL, &told);
	if (told.reason != reason)
		fail_msg("%s: %s instead of %s\n%s", prefix, reason_rows[told.reason].name,
		    reason_rows[reason].name, told.texts);
}

/* Why the node is, or is not, a next hop of the prefix. */
static inline void
assert_node(struct world *w, const char *prefix, const char *node_name, enum reason reason)
{
	struct world_hops told;

	world_explain(w, prefix, node_name, &told);
	if (told.node_reason != reason)
		fail_msg("%s on %s: %s instead of %s\n%s", prefix, node_name,
		    told.node_reason == REASON_COUNT ? "nothing"
		                                     : reason_rows[told.node_reason].name,
		    reason_rows[reason].name, told.texts);
}

/* The attributes of the prefix's paths, all alike. */
static inline const struct path_attributes *
attributes_of(struct world *w, const char *prefix)
{
	const struct world_set *s;
	struct ip_prefix p;

	assert_true(ip_prefix_parse(prefix, &p));
	s = world_find(w, &p);
	assert_true(s && s->n > 0);
	for (uint32_t i = 1; i < s->n; i++)
		assert_int_equal(s->paths[i].attributes, s->paths[0].attributes);
	return &w->attributes[s->paths[0].attributes];
}

static inline enum path_class
class_of(struct world *w, const char *prefix)
{
	const struct world_set *s;
	struct ip_prefix p;

	assert_true(ip_prefix_parse(prefix, &p));
	s = world_find(w, &p);
	assert_true(s && s->n > 0);
	return s->path_class;
}
