/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/comparison.h"

#include "core/json_out.h"
#include "core/must.h"
#include "rib/table.h"
#include "watch/sets.h"
#include "watch/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
comparison_fini(struct comparison *c)
{
	free(c->views);
	*c = (struct comparison){.views = NULL};
}

/* ---- the table ---- */

static int
index_of(const char *const *names, unsigned n, const char *name)
{
	for (unsigned i = 0; name && i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

static uint64_t
number_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? strtoull(text, NULL, 16) : 0;
}

static enum comparison_result
result_of(struct difference *d, uint64_t ours, uint64_t theirs, uint64_t now_ns)
{
	if (difference_take(d, ours, theirs, now_ns))
		return COMPARISON_DIFFERS;
	return ours == theirs ? COMPARISON_EQUAL : COMPARISON_CHANGES;
}

static enum comparison_result
worse(enum comparison_result a, enum comparison_result b)
{
	return a > b ? a : b;
}

static enum comparison_result
compare_table(
    struct comparison *c, const struct table *rib, const json_t *digests, uint64_t now_ns)
{
	uint64_t ours[CLASS_COUNT][IP_FAMILIES], theirs[CLASS_COUNT][IP_FAMILIES];
	enum comparison_result result = COMPARISON_EQUAL;
	const json_t *d;
	size_t i;

	table_digests(rib, ours);
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			theirs[k][f] = ~ours[k][f];
	json_array_foreach(digests, i, d)
	{
		int k = index_of(prefix_class_names, CLASS_COUNT,
		    json_string_value(json_object_get(d, "class")));
		int f = index_of(ip_family_names, IP_FAMILIES,
		    json_string_value(json_object_get(d, "family")));

		if (k >= 0 && f >= 0 && json_object_get(d, "digest"))
			theirs[k][f] = number_of(d, "digest");
	}
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			result = worse(result,
			    result_of(&c->table[k][f], ours[k][f], theirs[k][f], now_ns));
	return result;
}

/* ---- what peers are shown ---- */

static const json_t *
with_id(const json_t *views, uint64_t id)
{
	const json_t *v;
	size_t i;

	json_array_foreach(views, i, v)
	{
		if (number_of(v, "id") == id)
			return v;
	}
	return NULL;
}

static struct difference
take_over(const struct comparison *c, uint64_t id)
{
	for (uint32_t i = 0; i < c->n_views; i++)
		if (c->views[i].id == id)
			return c->views[i].difference;
	return (struct difference){.n = 0};
}

/* A kind that one of the two has no more is forgotten. */
static enum comparison_result
compare_views(struct comparison *c, const struct watch_sources *sources, const json_t *theirs,
    uint64_t now_ns) ON_WATCH
{
	enum comparison_result result = COMPARISON_EQUAL;
	uint64_t left_out;
	uint32_t n, both = 0;
	struct sets_digest *ours = sets_digests(sources, &n, &left_out);
	struct comparison_view *views = must_calloc(n + 1, sizeof(*views));

	for (uint32_t i = 0; i < n; i++) {
		const json_t *other = with_id(theirs, ours[i].id);
		struct comparison_view *v = &views[both];

		if (!other)
			continue;
		both++;
		v->id = ours[i].id;
		memcpy(v->view, ours[i].view, sizeof(v->view));
		v->difference = take_over(c, v->id);
		if (!ours[i].current || !json_is_true(json_object_get(other, "current")))
			result = worse(result,
			    v->difference.since_ns ? COMPARISON_DIFFERS : COMPARISON_CHANGES);
		else
			result = worse(result, result_of(&v->difference, ours[i].digest,
			                           number_of(other, "digest"), now_ns));
	}
	free(ours);
	free(c->views);
	c->views = views;
	c->n_views = both;
	return result;
}

enum comparison_result
comparison_take(struct comparison *c, const struct watch_sources *sources, const json_t *answer,
    uint64_t now_ns)
{
	enum comparison_result table =
	    compare_table(c, sources->rib, json_object_get(answer, "digests"), now_ns);

	return worse(
	    table, compare_views(c, sources, json_object_get(answer, "views"), now_ns));
}

/* ---- showing ---- */

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

uint64_t
comparison_since(const struct comparison *c)
{
	uint64_t since_ns = 0;

	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++)
			since_ns = earlier(since_ns, c->table[k][f].since_ns);
	for (uint32_t i = 0; i < c->n_views; i++)
		since_ns = earlier(since_ns, c->views[i].difference.since_ns);
	return since_ns;
}

/* Peers of one view in several places are several kinds. */
static bool
is_named_before(const struct comparison *c, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (c->views[k].difference.since_ns &&
		    strcmp(c->views[k].view, c->views[i].view) == 0)
			return true;
	return false;
}

void
comparison_write(const struct comparison *c, struct json_out *j)
{
	char name[80];

	json_begin_array(j, "differing");
	for (unsigned k = 0; k < CLASS_COUNT; k++)
		for (unsigned f = 0; f < IP_FAMILIES; f++) {
			snprintf(name, sizeof(name), "%s %s", prefix_class_names[k],
			    ip_family_names[f]);
			if (c->table[k][f].since_ns)
				json_str(j, NULL, name);
		}
	for (uint32_t i = 0; i < c->n_views; i++)
		if (c->views[i].difference.since_ns && !is_named_before(c, i)) {
			snprintf(name, sizeof(name), "view %s",
			    *c->views[i].view ? c->views[i].view : "(all)");
			json_str(j, NULL, name);
		}
	json_end(j);
}
