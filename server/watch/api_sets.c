/* SPDX-License-Identifier: Apache-2.0 */
/* What peers are shown, for helioctl sets, as metrics of views with a budget, and as digests for the other replica. */
#include "watch/call.h"
#include "watch/metrics.h"
#include "watch/sets.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the API: a row a page ---- */

static void
write_row(struct call *c, const struct sets_row *row) ON_WATCH
{
	const struct config_view *view = sets_view(c->walk.sets, row->view);
	struct tally_count count = sets_count(c->sources, row);
	struct json_out *j = &c->json;
	char digest[20];

	snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)count.digest);
	json_begin_object(j, NULL);
	json_str(j, "view", row->view);
	json_u64(j, "peers", row->peers);
	json_begin_array(j, "for_example");
	for (uint64_t i = 0; i < row->peers && i < SETS_NAMES; i++)
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
api_sets(struct call *c)
{
	c->walk.sets = sets_rows_new(c->sources, false);
	json_begin_object(&c->json, NULL);
	json_begin_array(&c->json, "kinds");
	c->page = page_sets;
}

/* ---- metrics ---- */

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
most_of(struct call *c, const struct sets_rows *rows, const struct config_view *view) ON_WATCH
{
	struct view_most most = {.allowed = view->max_distinct_sets};
	bool current;

	for (uint32_t i = 0; i < rows->n; i++) {
		const struct sets_row *row = &rows->at[i];
		const struct tally_count *count = sets_last(c->sources, row, &current);

		if (strcmp(row->view, view->name) != 0 || !count)
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
	const struct config_views *views = &c->sources->config->views;
	struct sets_rows *rows = sets_rows_new(c->sources, true);
	struct view_most *most = must_calloc(views->len + 1, sizeof(*most));

	sets_refresh(c->sources, rows);
	for (uint32_t i = 0; i < views->len; i++)
		most[i] = most_of(c, rows, &views->items[i]);
	write_series(c->out, views, most);
	free(most);
	sets_rows_free(rows);
}

/* ---- the digests that replicas compare ---- */

static int
by_id(const void *a, const void *b)
{
	const struct sets_digest *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

struct sets_digest *
sets_digests(const struct watch_sources *sources, uint32_t *n, uint64_t *left_out)
{
	struct sets_rows *rows = sets_rows_new(sources, false);
	struct sets_digest *out = must_calloc(rows->n + 1, sizeof(*out));

	sets_refresh(sources, rows);
	for (uint32_t i = 0; i < rows->n; i++) {
		const struct sets_row *row = &rows->at[i];
		struct sets_digest *d = &out[i];
		const struct tally_count *count = sets_last(sources, row, &d->current);

		d->id = row->id;
		d->peers = row->peers;
		d->digest = count ? count->digest : 0;
		memcpy(d->view, row->view, sizeof(d->view));
	}
	qsort(out, rows->n, sizeof(*out), by_id);
	*n = rows->n < SETS_COMPARED_MAX ? rows->n : SETS_COMPARED_MAX;
	*left_out = rows->n - *n;
	sets_rows_free(rows);
	return out;
}

void
sets_write_digests(struct call *c)
{
	struct json_out *j = &c->json;
	uint64_t left_out;
	uint32_t n;
	struct sets_digest *digests = sets_digests(c->sources, &n, &left_out);
	char text[20];

	json_begin_array(j, "views");
	for (uint32_t i = 0; i < n; i++) {
		const struct sets_digest *d = &digests[i];

		json_begin_object(j, NULL);
		snprintf(text, sizeof(text), "%016llx", (unsigned long long)d->id);
		json_str(j, "id", text);
		json_str(j, "view", d->view);
		json_u64(j, "peers", d->peers);
		json_bool(j, "current", d->current);
		snprintf(text, sizeof(text), "%016llx", (unsigned long long)d->digest);
		json_str(j, "digest", text);
		json_end(j);
	}
	json_end(j);
	json_u64(j, "views_left_out", left_out);
	free(digests);
}
