/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dictionary entry with an attribute set is judged against the model once and the verdict is
 * kept, because nearly all ToRs hold the same: comparing a table is then one pass over an array.
 */
#include "check.h"

#include "pathhash.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 40 /* lines of differences: enough to see the pattern */

enum verdict { VERDICT_RIGHT, VERDICT_EXTRA, VERDICT_ATTRIBUTES, VERDICT_ID };

struct judged {
	uint32_t attrs; /* the set it was judged with; 0: not yet */
	uint32_t verdict;
	size_t path; /* index in the model */
};

struct judge {
	struct intake *in;
	const struct model *model;
	struct judged *judged; /* by dictionary index */
	uint32_t *id_of; /* by attribute set: the IPv6 path identifier that goes with it */
	uint8_t *seen;   /* by model index: the ToR being compared has it */
	FILE *list;
	struct check_result *out;
	uint32_t listed;
};

static struct judged
judge_path(struct judge *j, uint32_t at, uint32_t attrs)
{
	const struct path_key *key = &j->in->dict.keys[at];
	const struct attrset *set = &j->in->attrs.sets[attrs];
	struct ip_prefix prefix = path_key_prefix(key);
	struct judged d = {.attrs = attrs, .verdict = VERDICT_RIGHT};

	d.path = model_find(j->model, &prefix, &set->next_hop);
	if (d.path == SIZE_MAX) {
		d.verdict = VERDICT_EXTRA;
	} else if (j->model->paths[d.path].attr_digest != set->digest) {
		d.verdict = VERDICT_ATTRIBUTES;
	} else if (key->id && key->family == IP_V4 && key->id != ip_v4_host(&set->next_hop)) {
		d.verdict = VERDICT_ID;
	} else if (key->id && key->family == IP_V6) {
		/* A function of the next hop alone: the same identifier under every prefix. */
		if (j->id_of[attrs] && j->id_of[attrs] != key->id)
			d.verdict = VERDICT_ID;
		j->id_of[attrs] = key->id;
	}
	return d;
}

static void
list_path(struct judge *j, const struct tor *t, const char *what,
    const struct ip_prefix *prefix, const struct ip_addr *hop, uint32_t id,
    const struct attrset *set)
{
	char a[IP_TEXT_MAX], b[IP_TEXT_MAX], text[200] = "";

	if (!j->list || j->listed > LIST_MAX)
		return;
	if (j->listed++ == LIST_MAX) {
		fprintf(j->list, "  ... and more\n");
		return;
	}
	fprintf(j->list, "  ToR %u %s %s via %s", t->number + 1, what,
	    ip_prefix_text(prefix, a), ip_text(hop, b));
	if (set)
		fprintf(j->list, " id %u (%s)", id, attrset_text(set, text, sizeof(text)));
	fputc('\n', j->list);
}

static void
count_verdict(struct judge *j, const struct tor *t, uint32_t at, const struct judged *d)
{
	static const char *const words[] = {[VERDICT_RIGHT] = "twice",
	    [VERDICT_EXTRA] = "extra",
	    [VERDICT_ATTRIBUTES] = "wrong attributes",
	    [VERDICT_ID] = "wrong path identifier"};
	const struct attrset *set = &j->in->attrs.sets[d->attrs];
	struct ip_prefix prefix = path_key_prefix(&j->in->dict.keys[at]);

	j->out->wrong_attributes += d->verdict == VERDICT_ATTRIBUTES;
	j->out->wrong_ids += d->verdict == VERDICT_ID;
	j->out->extra += d->verdict == VERDICT_EXTRA || d->verdict == VERDICT_RIGHT;
	list_path(
	    j, t, words[d->verdict], &prefix, &set->next_hop, j->in->dict.keys[at].id, set);
}

/* Of which families the ToR is to hold anything. */
static unsigned
families_of(const struct tor *t)
{
	return t->habit.ipv4_only ? 1 : IP_FAMILIES;
}

/* What the ToR is to hold of the model, as a count and a digest. */
static struct model_family
expected_of(const struct tor *t, const struct model *m)
{
	struct model_family sum = {0};

	for (unsigned f = 0; f < families_of(t); f++) {
		sum.paths += m->families[f].paths;
		sum.digest += m->families[f].digest;
		sum.prefixes += m->families[f].prefixes;
	}
	return sum;
}

static bool
expects(const struct tor *t, const struct model_path *p)
{
	return ip_family_index(p->prefix.addr.family) < families_of(t);
}

/* Prefixes of which a ToR without ADD-PATH has no path: the model's are sorted, so they are runs. */
static void
list_missing_prefixes(struct judge *j, const struct tor *t)
{
	const struct model *m = j->model;
	bool seen = true;

	for (size_t i = 0; i < m->count; i++) {
		const struct model_path *p = &m->paths[i];
		bool last = i + 1 == m->count || !ip_prefix_equal(&p->prefix, &p[1].prefix);

		if (i == 0 || !ip_prefix_equal(&p->prefix, &p[-1].prefix))
			seen = false;
		seen = seen || j->seen[i];
		if (!last || seen || !expects(t, p))
			continue;
		j->out->missing++;
		list_path(j, t, "has no path to", &p->prefix, &p->next_hop, 0, NULL);
	}
}

static void
list_missing(struct judge *j, const struct tor *t)
{
	for (size_t i = 0; i < j->model->count; i++) {
		const struct model_path *p = &j->model->paths[i];

		if (j->seen[i] || !expects(t, p))
			continue;
		j->out->missing++;
		list_path(j, t, "missing", &p->prefix, &p->next_hop, 0, NULL);
	}
}

/* True when the ToR's table is the model's. Without ADD-PATH a table has room for one path a prefix. */
static bool
compare_table(struct judge *j, const struct tor *t)
{
	uint32_t end = t->room < j->in->dict.count ? t->room : j->in->dict.count;
	struct model_family expected = expected_of(t, j->model);
	uint64_t wanted = t->add_path_wanted ? expected.paths : expected.prefixes;
	size_t found = 0;
	bool right = true;

	memset(j->seen, 0, j->model->count);
	for (uint32_t i = 0; i < end; i++) {
		struct judged *d = &j->judged[i];

		if (!t->held[i])
			continue;
		if (d->attrs != t->held[i])
			*d = judge_path(j, i, t->held[i]);
		if (d->path != SIZE_MAX && !j->seen[d->path]) {
			j->seen[d->path] = 1;
			found++;
			if (d->verdict == VERDICT_RIGHT)
				continue;
		}
		right = false;
		count_verdict(j, t, i, d);
	}
	j->out->paths_compared += found;
	if (found == wanted)
		return right;
	if (t->add_path_wanted)
		list_missing(j, t);
	else
		list_missing_prefixes(j, t);
	return false;
}

static bool
compare_sum(struct judge *j, const struct tor *t)
{
	struct model_family expected = expected_of(t, j->model);

	j->out->wrong_ids += t->counts.id_mismatch;
	j->out->paths_compared += t->paths;
	if (t->paths == expected.paths && t->digest == expected.digest &&
	    t->counts.id_mismatch == 0)
		return true;
	if (j->list && j->listed++ < LIST_MAX)
		fprintf(j->list,
		    "  ToR %u (counting) holds %llu paths with digest %016llx, the model %zu with %016llx\n",
		    t->number + 1, (unsigned long long)t->paths, (unsigned long long)t->digest,
		    (size_t)expected.paths, (unsigned long long)expected.digest);
	return false;
}

void
check_tors(struct intake *in, struct tor *const *tors, uint32_t n, const struct model *m,
    FILE *list, struct check_result *out)
{
	struct judge j = {.in = in, .model = m, .list = list, .out = out};

	j.judged = must_calloc(in->dict.count + 1, sizeof(*j.judged));
	j.id_of = must_calloc(in->attrs.count + 1, sizeof(*j.id_of));
	j.seen = must_calloc(m->count + 1, 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct tor *t = tors[i];

		if (t->excused) {
			out->excused++;
			continue;
		}
		out->tors++;
		out->by_path += t->checked;
		out->by_digest += !t->checked;
		out->wrong += !(t->checked ? compare_table(&j, t) : compare_sum(&j, t));
	}
	free(j.judged);
	free(j.id_of);
	free(j.seen);
}

struct check_order {
	const struct model *model;
	FILE *list;
	struct check_result *out;
};

static void
on_fleet_thread(void *ctx, struct intake *in, struct tor *const *tors, uint32_t n)
{
	struct check_order *c = ctx;

	check_tors(in, tors, n, c->model, c->list, c->out);
}

void
check_fleet(struct fleet *f, const struct model *m, FILE *list, struct check_result *out)
{
	struct check_order c = {.model = m, .list = list, .out = out};

	memset(out, 0, sizeof(*out));
	fleet_each(f, on_fleet_thread, &c);
}
