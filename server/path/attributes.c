/* SPDX-License-Identifier: Apache-2.0 */
#include "path/attributes.h"

#include "config/notation.h"
#include "path/leaving.h"

#include <string.h>

#define LIST_BLANKS ", \t"

static int
large_cmp(const struct path_large *a, const struct path_large *b)
{
	if (a->global != b->global)
		return a->global < b->global ? -1 : 1;
	if (a->local1 != b->local1)
		return a->local1 < b->local1 ? -1 : 1;
	return a->local2 < b->local2 ? -1 : a->local2 > b->local2;
}

/* Insert in order, once. When full, the highest value goes: the same ones stay in any order. */
static void
add_standard(struct path_attributes *a, uint32_t value)
{
	unsigned at = 0;

	while (at < a->n_communities && a->communities[at] < value)
		at++;
	if (at == PATH_COMMUNITIES_MAX)
		return;
	if (at < a->n_communities && a->communities[at] == value)
		return;
	if (a->n_communities < PATH_COMMUNITIES_MAX)
		a->n_communities++;
	memmove(&a->communities[at + 1], &a->communities[at],
	    (a->n_communities - at - 1u) * sizeof(value));
	a->communities[at] = value;
}

static void
add_large(struct path_attributes *a, const struct path_large *value)
{
	unsigned at = 0;

	while (at < a->n_large && large_cmp(&a->large[at], value) < 0)
		at++;
	if (at == PATH_COMMUNITIES_MAX)
		return;
	if (at < a->n_large && large_cmp(&a->large[at], value) == 0)
		return;
	if (a->n_large < PATH_COMMUNITIES_MAX)
		a->n_large++;
	memmove(&a->large[at + 1], &a->large[at], (a->n_large - at - 1u) * sizeof(*value));
	a->large[at] = *value;
}

static void
add_community(struct path_attributes *a, const struct config_community *c)
{
	if (c->large)
		add_large(a, &(struct path_large){c->a, c->b, c->c});
	else
		add_standard(a, c->a << 16 | c->b);
}

static void
attributes_of_class(const struct config_class_attributes *of, struct path_attributes *out)
{
	for (uint32_t i = 0; i < of->communities.len; i++)
		add_community(out, &of->communities.items[i]);
	if (of->local_pref.given)
		out->local_pref = of->local_pref.value;
	out->has_med = of->med.given;
	out->med = of->med.value;
}

void
attributes_of_prefix(const struct rules *r, const struct ip_prefix *prefix,
    enum path_class path_class, struct path_attributes *out)
{
	const struct config_taggings *taggings = &r->config->communities;
	const struct config_attributes *classes = &r->config->attributes;
	const struct config_class_attributes *const by_class[PATH_CLASS_COUNT] = {
	    [PATH_AGGREGATE] = &classes->aggregates,
	    [PATH_CLUSTER_IP] = &classes->cluster_ips,
	    [PATH_EXTERNAL_IP] = &classes->external_ips,
	    [PATH_LOAD_BALANCER] = &classes->load_balancer_ips,
	    [PATH_POD_CIDR] = &classes->pod_cidrs,
	};

	memset(out, 0, sizeof(*out));
	out->local_pref = r->config->local_pref;
	attributes_of_class(by_class[path_class], out);
	for (uint32_t i = 0; i < taggings->len; i++) {
		const struct config_tagging *t = &taggings->items[i];

		if (!ip_prefix_covers(&t->prefix, prefix))
			continue;
		for (uint32_t k = 0; k < t->add.len; k++)
			add_community(out, &t->add.items[k]);
	}
}

/* All of the list or, where one cannot be read, nothing of it. */
static bool
communities(const char *text, struct path_attributes *inout)
{
	struct path_attributes a = *inout;

	for (text += strspn(text, LIST_BLANKS); *text; text += strspn(text, LIST_BLANKS)) {
		size_t n = strcspn(text, LIST_BLANKS);
		struct config_community c;
		char word[64];

		if (n >= sizeof(word))
			return false;
		memcpy(word, text, n);
		word[n] = '\0';
		if (!config_community_parse(word, &c))
			return false;
		add_community(&a, &c);
		text += n;
	}
	*inout = a;
	return true;
}

static bool
whole_number(const char *text, uint32_t *out)
{
	uint64_t v;

	if (!config_number_parse(text, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool
apply(const char *annotation, const char *value, struct path_attributes *a)
{
	if (strcmp(annotation, "heliograph.io/communities") == 0)
		return communities(value, a);
	if (strcmp(annotation, "heliograph.io/local-preference") == 0)
		return whole_number(value, &a->local_pref);
	if (strcmp(annotation, "heliograph.io/weight") == 0)
		return whole_number(value, &a->weight);
	if (strcmp(annotation, "heliograph.io/med") != 0)
		return true; /* not about attributes */
	if (!whole_number(value, &a->med))
		return false;
	a->has_med = 1;
	return true;
}

void
attributes_of_service(const struct service *s, struct path_attributes *inout,
    attributes_problem *problem, void *ctx)
{
	for (uint32_t i = 0; i < s->annotations.n; i++) {
		const struct label *l = &s->annotations.at[i];

		if (!apply(l->key, l->value, inout) && problem)
			problem(ctx, l->key, l->value);
	}
}

void
attributes_leave(struct path_attributes *a)
{
	add_standard(a, GRACEFUL_SHUTDOWN);
	a->local_pref = 0;
}

bool
attributes_merge(struct path_attributes *into, const struct path_attributes *from)
{
	if (memcmp(into, from, sizeof(*into)) == 0)
		return false;
	for (unsigned i = 0; i < from->n_communities; i++)
		add_standard(into, from->communities[i]);
	for (unsigned i = 0; i < from->n_large; i++)
		add_large(into, &from->large[i]);
	if (from->local_pref > into->local_pref)
		into->local_pref = from->local_pref;
	if (from->weight > into->weight)
		into->weight = from->weight;
	if (from->has_med && (!into->has_med || from->med < into->med)) {
		into->has_med = 1;
		into->med = from->med;
	}
	return true;
}
