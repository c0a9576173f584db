/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/merge.h"

#include "core/must.h"

#include <stdlib.h>
#include <string.h>

void
merge_init(struct merge *m, const struct config_clusters *clusters)
{
	must(clusters->len <= CONFIG_CLUSTERS_MAX);
	*m = (struct merge){.n_clusters = clusters->len};
	for (uint32_t i = 0; i < clusters->len; i++)
		m->preference[i] = clusters->items[i].preference;
}

void
merge_fini(struct merge *m)
{
	for (size_t i = 0; i < (size_t)m->cap_prefixes * m->n_clusters; i++)
		free(m->parts[i].paths);
	free(m->parts);
	free(m->scratch[0]);
	free(m->scratch[1]);
}

static struct merge_part *
parts_of(struct merge *m, uint32_t prefix)
{
	if (prefix >= m->cap_prefixes) {
		uint32_t cap = m->cap_prefixes ? m->cap_prefixes : 1024;
		size_t before = (size_t)m->cap_prefixes * m->n_clusters;

		while (cap <= prefix)
			cap *= 2;
		m->parts =
		    must_realloc(m->parts, (size_t)cap * m->n_clusters * sizeof(*m->parts));
		memset(m->parts + before, 0,
		    ((size_t)cap * m->n_clusters - before) * sizeof(*m->parts));
		m->cap_prefixes = cap;
	}
	return m->parts + (size_t)prefix * m->n_clusters;
}

static void
part_set(struct merge_part *p, struct set_kind kind, const struct path_in *paths, uint32_t n)
{
	if (n != p->n) {
		free(p->paths);
		p->paths = n ? must_alloc(n * sizeof(*p->paths)) : NULL;
	}
	if (n)
		memcpy(p->paths, paths, n * sizeof(*p->paths));
	p->n = n;
	p->kind = kind;
}

/* Room for the union of all parts. */
static void
make_room(struct merge *m, const struct merge_part *parts)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_clusters; i++)
		n += parts[i].n;
	if (n <= m->cap_scratch)
		return;
	m->cap_scratch = 2 * n;
	for (size_t i = 0; i < COUNT_OF(m->scratch); i++)
		m->scratch[i] =
		    must_realloc(m->scratch[i], m->cap_scratch * sizeof(*m->scratch[i]));
}

/* Two sorted sets into a third; of a next hop that both have, a's attributes. */
static uint32_t
unite(struct path_in *out, const struct path_in *a, uint32_t n_a, const struct path_in *b,
    uint32_t n_b)
{
	uint32_t n = 0, i = 0, k = 0;

	while (i < n_a && k < n_b) {
		if (b[k].nexthop < a[i].nexthop) {
			out[n++] = b[k++];
			continue;
		}
		k += b[k].nexthop == a[i].nexthop;
		out[n++] = a[i++];
	}
	while (i < n_a)
		out[n++] = a[i++];
	while (k < n_b)
		out[n++] = b[k++];
	return n;
}

struct merged
merge_set(struct merge *m, uint32_t cluster, uint32_t prefix, struct set_kind kind,
    const struct path_in *paths, uint32_t n)
{
	struct merge_part *parts = parts_of(m, prefix);
	struct merged out = {.kind = kind};
	uint32_t best = 0, into = 0;

	part_set(&parts[cluster], kind, paths, n);
	make_room(m, parts);
	for (uint32_t i = 0; i < m->n_clusters; i++)
		if (parts[i].n && m->preference[i] > best)
			best = m->preference[i];
	for (uint32_t i = 0; i < m->n_clusters; i++) {
		const struct merge_part *p = &parts[i];

		if (!p->n || m->preference[i] != best)
			continue;
		if (!out.n) {
			out = (struct merged){p->paths, p->n, p->kind};
			continue;
		}
		out.n = unite(m->scratch[into], out.paths, out.n, p->paths, p->n);
		out.paths = m->scratch[into];
		into = !into;
		out.kind.everywhere = out.kind.everywhere && p->kind.everywhere;
		if (p->kind.prefix_class < out.kind.prefix_class)
			out.kind.prefix_class = p->kind.prefix_class;
	}
	return out;
}
