/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/sets.h"

#include "core/clock.h"
#include "core/hash.h"
#include "core/must.h"
#include "tcp/tcp.h"
#include "watch/watch.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_NS (50 * NS_PER_MS) /* of counting, for one look at the metrics or the digests */
#define FORGET_NS (300 * NS_PER_S)

/* ---- remembering ---- */

struct remembered {
	struct tally_kind kind;
	struct tally *tally; /* NULL: not kept */
	uint64_t version;    /* of the table, that the count is of; UINT64_MAX: no count yet */
	struct tally_count count;
	uint64_t used_ns;
};

struct sets_memory {
	struct remembered *at;
	uint32_t n, cap;
	uint32_t next; /* where counting goes on */
};

struct sets_memory *
sets_memory_new(void)
{
	return must_calloc(1, sizeof(struct sets_memory));
}

void
sets_memory_free(struct sets_memory *m)
{
	for (uint32_t i = 0; m && i < m->n; i++)
		tally_free(m->at[i].tally);
	if (m)
		free(m->at);
	free(m);
}

void
sets_memory_tick(struct sets_memory *m)
{
	uint64_t now_ns = clock_mono_ns();
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n; i++)
		if (now_ns - m->at[i].used_ns < FORGET_NS)
			m->at[n++] = m->at[i];
		else
			tally_free(m->at[i].tally);
	m->n = n;
}

static struct remembered *
remember(struct sets_memory *m, const struct tally_kind *kind)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (memcmp(&m->at[i].kind, kind, sizeof(*kind)) == 0)
			return &m->at[i];
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 16;
		m->at = must_realloc(m->at, m->cap * sizeof(*m->at));
	}
	m->at[m->n] = (struct remembered){.kind = *kind, .version = UINT64_MAX};
	return &m->at[m->n++];
}

uint64_t
sets_memory_bytes(const struct sets_memory *m)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; m && i < m->n; i++)
		bytes += m->at[i].tally ? tally_bytes(m->at[i].tally) : 0;
	return bytes;
}

static void
count(struct sets_memory *m, struct remembered *r, const struct table *t,
    uint64_t until_ns) ON_WATCH
{
	uint64_t version = table_version(t);
	struct tally *y = r->tally;

	if (r->version == version)
		return;
	if (!y)
		y = tally_new(t, &r->kind);
	if (tally_advance(y, r->tally ? until_ns : NS_NEVER)) {
		r->count = tally_count(y);
		r->version = version;
	}
	if (r->tally)
		return;
	if (sets_memory_bytes(m) + tally_bytes(y) <= SETS_BYTES_MAX)
		r->tally = y;
	else
		tally_free(y);
}

/* ---- the peers that are established ---- */

const struct config_view *
sets_view(const struct sets_rows *rows, const char *name)
{
	const struct config_views *views = &rows->config->views;

	for (uint32_t i = 0; i < views->len; i++)
		if (strcmp(views->items[i].name, name) == 0)
			return &views->items[i];
	return NULL;
}

static uint64_t
id_of(const struct tally_kind *kind, const char *view)
{
	const struct view *v = &kind->view;
	uint64_t id = hash_two(hash_bytes(view, strlen(view)), filter_hash(v->filter));

	id = hash_two(id, hash_two(v->rack, v->zone));
	id = hash_two(id, (uint64_t)v->variant << 32 | v->variants);
	id = hash_two(id, hash_bytes(kind->family, sizeof(kind->family)));
	return hash_two(id, hash_bytes(kind->add_path, sizeof(kind->add_path)));
}

static struct sets_row *
row_of(struct sets_rows *rows, const struct tally_kind *kind, const char *view)
{
	for (uint32_t i = 0; i < rows->n; i++)
		if (memcmp(&rows->at[i].kind, kind, sizeof(*kind)) == 0 &&
		    strcmp(rows->at[i].view, view) == 0)
			return &rows->at[i];
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? 2 * rows->cap : 16;
		rows->at = must_realloc(rows->at, rows->cap * sizeof(*rows->at));
	}
	rows->at[rows->n] = (struct sets_row){.kind = *kind, .id = id_of(kind, view)};
	snprintf(rows->at[rows->n].view, sizeof(rows->at[0].view), "%s", view);
	return &rows->at[rows->n++];
}

static void
on_peer(void *ctx, const struct peer_info *p)
{
	struct sets_rows *rows = ctx;
	const struct config_view *view = sets_view(rows, p->view);
	struct tally_kind kind;
	struct sets_row *row;

	if (p->state != SESSION_ESTABLISHED ||
	    (rows->budgeted_only && !(view && view->max_distinct_sets)))
		return;
	memset(&kind, 0, sizeof(kind));
	kind.view = p->viewing;
	memcpy(kind.family, p->families, sizeof(kind.family));
	memcpy(kind.add_path, p->add_path, sizeof(kind.add_path));
	row = row_of(rows, &kind, view ? view->name : "");
	if (row->peers < SETS_NAMES)
		strncat(row->names[row->peers], p->name, sizeof(row->names[0]) - 1);
	row->peers++;
}

struct sets_rows *
sets_rows_new(const struct watch_sources *sources, bool budgeted_only)
{
	struct sets_rows *rows = must_calloc(1, sizeof(*rows));

	rows->config = sources->config;
	rows->budgeted_only = budgeted_only;
	tcp_each_peer(sources->tcp, on_peer, rows);
	return rows;
}

void
sets_rows_free(struct sets_rows *rows)
{
	if (rows)
		free(rows->at);
	free(rows);
}

/* ---- their counts ---- */

static struct remembered *
of_row(struct sets_memory *m, const struct sets_row *row) ON_WATCH
{
	struct remembered *r = remember(m, &row->kind);

	r->used_ns = clock_mono_ns();
	return r;
}

void
sets_refresh(const struct watch_sources *sources, const struct sets_rows *rows)
{
	uint64_t until_ns = clock_mono_ns() + BUDGET_NS;
	struct sets_memory *m = sources->sets;

	for (uint32_t i = 0; i < rows->n; i++) {
		struct remembered *r = of_row(m, &rows->at[m->next++ % rows->n]);

		count(m, r, sources->rib, until_ns);
		if (clock_mono_ns() >= until_ns)
			return;
	}
}

struct tally_count
sets_count(const struct watch_sources *sources, const struct sets_row *row)
{
	struct remembered *r = of_row(sources->sets, row);

	count(sources->sets, r, sources->rib, NS_NEVER);
	return r->count;
}

const struct tally_count *
sets_last(const struct watch_sources *sources, const struct sets_row *row, bool *current)
{
	const struct remembered *r = of_row(sources->sets, row);

	*current = r->version == table_version(sources->rib);
	return r->version == UINT64_MAX ? NULL : &r->count;
}
