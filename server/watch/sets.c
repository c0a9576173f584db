/* SPDX-License-Identifier: Apache-2.0 */
/* Counting, remembering, and showing: the API's rows and the metrics of views with a budget. */
#include "watch/sets.h"

#include "core/clock.h"
#include "core/hash.h"
#include "tcp/tcp.h"
#include "watch/call.h"
#include "watch/metrics.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_SIDE_PREFIXES 256u             /* an aggregate may have thousands of paths */
#define SCRAPE_NS          (50 * NS_PER_MS) /* of counting, for one look at the metrics */
#define NAMES_SHOWN        5u               /* of the peers of a kind */

/* ---- counting ---- */

/* The hashes of the sets that were seen; open addressing, 0: free. */
struct seen {
	uint64_t *at;
	uint64_t n, size;
};

static bool
seen_put(struct seen *s, uint64_t hash)
{
	uint64_t i = hash & (s->size - 1);

	for (; s->at[i]; i = (i + 1) & (s->size - 1))
		if (s->at[i] == hash)
			return false;
	s->at[i] = hash;
	s->n++;
	return true;
}

static void
seen_add(struct seen *s, uint64_t hash)
{
	struct seen larger = {.size = s->size ? 2 * s->size : 1024};

	if (2 * s->n >= s->size) {
		larger.at = must_calloc(larger.size, sizeof(*larger.at));
		for (uint64_t i = 0; i < s->size; i++)
			if (s->at[i])
				seen_put(&larger, s->at[i]);
		free(s->at);
		*s = larger;
	}
	seen_put(s, hash ? hash : 1);
}

struct counting {
	const struct names *names;
	const struct sets_kind *kind;
	struct view_items items;
	struct seen seen;
	uint32_t widest;
	uint64_t digest, prefix; /* the prefix: hash of its name */
};

/* A set in the making: routers use the paths of the highest preference together, so they are the set. */
struct set_sum {
	uint64_t hash;
	uint32_t n, local_pref;
};

static void
add_path(struct counting *x, const struct path *p, struct set_sum *sum)
{
	const struct path_attrs *a = attrs_at(x->names, p->attrs);

	x->digest += hash_two(hash_two(x->prefix, name_hash(&x->names->nexthops, p->nexthop)),
	    name_hash(&x->names->attrs, p->attrs));
	if (sum->n && a->local_pref < sum->local_pref)
		return;
	if (sum->n && a->local_pref > sum->local_pref)
		*sum = (struct set_sum){0};
	sum->local_pref = a->local_pref;
	sum->n++;
	/* A sum does not depend on the order. */
	sum->hash +=
	    hash_two(hash_mix(p->nexthop + 1), x->kind->view.weight ? a->endpoints : 0);
}

static void
count_prefix(struct counting *x, uint32_t index, const struct pathset *s)
{
	const struct ip_prefix *prefix = prefix_at(x->names, index);
	unsigned f = ip_family_index(prefix->addr.family);
	struct set_sum sum = {0};

	if (!x->kind->family[f] || !filter_passes(x->kind->view.filter, prefix))
		return;
	x->prefix = name_hash(&x->names->prefixes, index);
	if (!x->kind->add_path[f]) { /* one path is no group */
		add_path(x, view_best(&x->kind->view, x->names, prefix, s), &sum);
		return;
	}
	if (view_is_all(&x->kind->view)) {
		for (uint32_t i = 0; i < s->n; i++)
			add_path(x, &s->path[i], &sum);
	} else {
		view_choose(&x->kind->view, x->names, prefix, s, &x->items);
		for (uint32_t i = 0; i < x->items.n; i++)
			if (x->items.at[i].chosen)
				add_path(x, &s->path[x->items.at[i].path], &sum);
	}
	if (sum.n < 2)
		return;
	seen_add(&x->seen, sum.hash);
	x->widest = sum.n > x->widest ? sum.n : x->widest;
}

void
sets_count(const struct table *t, const struct sets_kind *kind, struct sets_count *out)
{
	struct counting x = {.names = t->names, .kind = kind};
	uint32_t bound = prefix_bound(t->names);

	out->version = table_version(t);
	for (uint32_t first = 0; first < bound; first += READ_SIDE_PREFIXES) {
		rcu_enter();
		for (uint32_t i = first; i < bound && i < first + READ_SIDE_PREFIXES; i++) {
			const struct pathset *s = table_get(t, i);

			if (s && s->n)
				count_prefix(&x, i, s);
		}
		rcu_leave();
	}
	out->sets = x.seen.n;
	out->widest = x.widest;
	out->digest = x.digest;
	free(x.seen.at);
	view_items_fini(&x.items);
}

/* ---- remembering ---- */

struct remembered {
	struct sets_kind kind;
	struct sets_count count;
	uint64_t used; /* in this round of the memory */
};

struct sets_memory {
	struct remembered *at;
	uint32_t n, cap;
	uint64_t round;
	uint32_t next; /* of those whose count is old: where the next scrape goes on */
};

struct sets_memory *
sets_memory_new(void)
{
	return must_calloc(1, sizeof(struct sets_memory));
}

void
sets_memory_free(struct sets_memory *m)
{
	if (m)
		free(m->at);
	free(m);
}

static struct remembered *
remember(struct sets_memory *m, const struct sets_kind *kind)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (memcmp(&m->at[i].kind, kind, sizeof(*kind)) == 0)
			return &m->at[i];
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 16;
		m->at = must_realloc(m->at, m->cap * sizeof(*m->at));
	}
	m->at[m->n] = (struct remembered){.kind = *kind, .count.version = UINT64_MAX};
	return &m->at[m->n++];
}

/* Kinds that no peer was of in this round. */
static void
forget(struct sets_memory *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n; i++)
		if (m->at[i].used == m->round)
			m->at[n++] = m->at[i];
	m->n = n;
}

/* ---- the kinds of the peers that are established ---- */

struct sets_row {
	struct sets_kind kind;
	char view[64]; /* its name; "": every path */
	char names[NAMES_SHOWN][64];
	uint64_t peers;
};

struct sets_rows {
	const struct config *config;
	bool budgeted_only;
	struct sets_row *at;
	uint32_t n, cap;
};

static const struct config_view *
view_named(const struct config *c, const char *name)
{
	for (uint32_t i = 0; i < c->views.len; i++)
		if (strcmp(c->views.items[i].name, name) == 0)
			return &c->views.items[i];
	return NULL;
}

static struct sets_row *
row_of(struct sets_rows *rows, const struct sets_kind *kind, const char *view)
{
	for (uint32_t i = 0; i < rows->n; i++)
		if (memcmp(&rows->at[i].kind, kind, sizeof(*kind)) == 0 &&
		    strcmp(rows->at[i].view, view) == 0)
			return &rows->at[i];
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? 2 * rows->cap : 16;
		rows->at = must_realloc(rows->at, rows->cap * sizeof(*rows->at));
	}
	rows->at[rows->n] = (struct sets_row){.kind = *kind};
	snprintf(rows->at[rows->n].view, sizeof(rows->at[0].view), "%s", view);
	return &rows->at[rows->n++];
}

static void
on_peer(void *ctx, const struct peer_info *p)
{
	struct sets_rows *rows = ctx;
	const struct config_view *view = view_named(rows->config, p->view);
	struct sets_kind kind;
	struct sets_row *row;

	if (p->state != SESSION_ESTABLISHED ||
	    (rows->budgeted_only && !(view && view->max_distinct_sets)))
		return;
	memset(&kind, 0, sizeof(kind));
	kind.view = p->viewing;
	memcpy(kind.family, p->families, sizeof(kind.family));
	memcpy(kind.add_path, p->add_path, sizeof(kind.add_path));
	row = row_of(rows, &kind, view ? view->name : "");
	if (row->peers < NAMES_SHOWN)
		strncat(row->names[row->peers], p->name, sizeof(row->names[0]) - 1);
	row->peers++;
}

/* ---- the API: a row a page ---- */

static void
write_row(struct call *c, const struct sets_row *row) ON_WATCH
{
	const struct config_view *view = view_named(c->sources->config, row->view);
	struct json_out *j = &c->json;
	struct sets_count count;
	char digest[20];

	sets_count(c->sources->rib, &row->kind, &count);
	snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)count.digest);
	json_begin_object(j, NULL);
	json_str(j, "view", row->view);
	json_u64(j, "peers", row->peers);
	json_begin_array(j, "for_example");
	for (uint64_t i = 0; i < row->peers && i < NAMES_SHOWN; i++)
		json_str(j, NULL, row->names[i]);
	json_end(j);
	json_u64(j, "distinct_sets", count.sets);
	json_u64(j, "widest", count.widest);
	json_u64(j, "max_distinct_sets", view ? view->max_distinct_sets : 0);
	json_str(j, "digest", digest);
	json_end(j);
	call_newline(c);
}

static bool
page_sets(struct call *c)
{
	struct sets_rows *rows = c->walk.sets;

	role_is_watch();
	if (c->walk.at < rows->n) {
		write_row(c, &rows->at[c->walk.at++]);
		return true;
	}
	json_end(&c->json);
	json_end(&c->json);
	return false;
}

void
sets_rows_free(struct sets_rows *rows)
{
	if (rows)
		free(rows->at);
	free(rows);
}

void
api_sets(struct call *c)
{
	struct sets_rows *rows = must_calloc(1, sizeof(*rows));

	rows->config = c->sources->config;
	tcp_each_peer(c->sources->tcp, on_peer, rows);
	c->walk.sets = rows;
	json_begin_object(&c->json, NULL);
	json_begin_array(&c->json, "kinds");
	c->page = page_sets;
}

/* ---- metrics ---- */

/* Bring the memory up to date with the table, as far as the time goes; at least one of it. */
static void
refresh(struct sets_memory *m, const struct table *t) ON_WATCH
{
	uint64_t start = clock_mono_ns();

	for (uint32_t i = 0; i < m->n; i++) {
		struct remembered *r = &m->at[m->next++ % m->n];

		if (r->count.version == table_version(t))
			continue;
		sets_count(t, &r->kind, &r->count);
		if (clock_mono_ns() - start > SCRAPE_NS)
			return;
	}
}

struct view_most {
	uint64_t sets, allowed, widest, over;
};

/* A family that has one series per view with a budget. */
static const struct {
	const char *family, *help;
	size_t offset; /* of its value in struct view_most */
} series[] = {
    {"view_distinct_sets",
        "The most distinct sets of next hops (ECMP groups) that an established peer of the view is shown",
        offsetof(struct view_most, sets)},
    {"view_max_distinct_sets", "What the view's max_distinct_sets allows",
        offsetof(struct view_most, allowed)},
    {"view_widest_set", "Next hops of the largest of these sets",
        offsetof(struct view_most, widest)},
    {"view_peers_over_sets", "Established peers that are shown more sets than allowed",
        offsetof(struct view_most, over)},
};

static struct view_most
most_of(struct sets_memory *m, const struct sets_rows *rows, const struct config_view *view)
{
	struct view_most most = {.allowed = view->max_distinct_sets};

	for (uint32_t i = 0; i < rows->n; i++) {
		const struct sets_row *row = &rows->at[i];
		const struct sets_count *count = &remember(m, &row->kind)->count;

		if (strcmp(row->view, view->name) != 0 || count->version == UINT64_MAX)
			continue;
		most.sets = count->sets > most.sets ? count->sets : most.sets;
		most.widest = count->widest > most.widest ? count->widest : most.widest;
		most.over += count->sets > view->max_distinct_sets ? row->peers : 0;
	}
	return most;
}

static void
write_series(
    struct evbuffer *out, const struct config_views *views, const struct view_most *most)
{
	for (size_t k = 0; k < COUNT_OF(series); k++) {
		metrics_head(out, series[k].family, "gauge", series[k].help);
		for (uint32_t i = 0; i < views->len; i++) {
			uint64_t value;

			memcpy(
			    &value, (const char *)&most[i] + series[k].offset, sizeof(value));
			if (views->items[i].max_distinct_sets)
				metrics_labelled(
				    out, series[k].family, "view", views->items[i].name, value);
		}
	}
}

void
sets_write_metrics(struct call *c)
{
	struct sets_memory *m = c->sources->sets;
	const struct config_views *views = &c->sources->config->views;
	struct sets_rows rows = {.config = c->sources->config, .budgeted_only = true};
	struct view_most *most = must_calloc(views->len + 1, sizeof(*most));

	tcp_each_peer(c->sources->tcp, on_peer, &rows);
	m->round++;
	for (uint32_t i = 0; i < rows.n; i++)
		remember(m, &rows.at[i].kind)->used = m->round;
	forget(m);
	refresh(m, c->sources->rib);
	for (uint32_t i = 0; i < views->len; i++)
		most[i] = most_of(m, &rows, &views->items[i]);
	write_series(c->out, views, most);
	free(most);
	free(rows.at);
}
