/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sort by next hop, one pass that writes. The file form is the bytes alone: the table ends
 * where the End-of-RIB begins, whose size is known.
 */
#include "wireset.h"

#include "bgp/update.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTRS_MAX 128
#define EOR_SIZE  (23u + 29u) /* IPv4: the empty UPDATE; IPv6: an empty MP_UNREACH_NLRI */

static int
hop_cmp(const void *a, const void *b)
{
	const struct model_path *x = *(const struct model_path *const *)a,
	                        *y = *(const struct model_path *const *)b;
	int c = ip_cmp(&x->next_hop, &y->next_hop);

	return c ? c : (x > y) - (x < y); /* the model's order is that of prefixes */
}

static size_t
encode_attrs(uint8_t *out, const struct ip_addr *hop, const struct wireset_format *f)
{
	const struct attr_format format = {.as4 = true, .ibgp = true};
	struct wire_out w = wire_out(out, ATTRS_MAX);
	uint8_t cluster[4];
	struct attrs a = {.present = ATTR_BIT(ATTR_ORIGIN) | ATTR_BIT(ATTR_AS_PATH) |
	                             ATTR_BIT(ATTR_NEXT_HOP) | ATTR_BIT(ATTR_LOCAL_PREF) |
	                             ATTR_BIT(ATTR_ORIGINATOR_ID),
	    .origin = ORIGIN_IGP,
	    .as_path_as4 = true,
	    .next_hop = *hop,
	    .local_pref = f->local_pref,
	    .originator_id = ip_v4_host(hop)};

	wire_store_u32(cluster, f->cluster_id);
	if (f->reflected) {
		a.present |= ATTR_BIT(ATTR_CLUSTER_LIST);
		a.cluster_list = (struct attr_bytes){.at = cluster, .n = sizeof(cluster)};
	}
	attrs_encode(&w, &a, &format);
	must(!w.failed);
	return wire_written(&w);
}

/* Paths of one next hop behind its attributes, in as few messages as they take. */
static uint8_t *
put_hop(struct wireset *w, uint8_t *at, const struct model_path *const *paths, size_t n,
    const struct wireset_format *f)
{
	const struct ip_addr *hop = &paths[0]->next_hop;
	uint32_t id = ip_v4_host(hop);
	uint8_t attrs[ATTRS_MAX];
	size_t attrs_len = encode_attrs(attrs, hop, f);

	for (size_t i = 0; i < n;) {
		struct update_out u;
		bool room = update_out_begin(&u, at, f->message_max, attrs, attrs_len);

		must(room);
		for (; i < n && nlri_size(true, paths[i]->prefix.len) <= update_out_room(&u);
		     i++)
			u.at += nlri_put(u.at, true, id, &paths[i]->prefix);
		at += update_out_close(&u);
		w->messages++;
	}
	return at;
}

static size_t
size_bound(const struct model *m, const struct wireset_format *f)
{
	size_t nlri = m->count * NLRI_MAX_V4;

	/* Each path might open a next hop of its own; every full message leaves less than an NLRI. */
	return nlri +
	       (m->count + nlri / (f->message_max / 2) + 1) * WIRESET_OVERHEAD_REFLECTED +
	       f->message_max + EOR_SIZE;
}

struct wireset *
wireset_new(const struct model *m, const struct wireset_format *f)
{
	struct wireset *w = must_calloc(1, sizeof(*w));
	const struct model_path **sorted = must_calloc(m->count + 1, sizeof(*sorted));
	size_t bound = size_bound(m, f);
	uint8_t *at = w->bytes = must_alloc(bound);

	for (size_t i = 0; i < m->count; i++) {
		must(m->paths[i].prefix.addr.family == IP_V4);
		sorted[i] = &m->paths[i];
	}
	if (m->count)
		qsort(sorted, m->count, sizeof(*sorted), hop_cmp);
	for (size_t i = 0, end; i < m->count; i = end, w->next_hops++) {
		for (end = i + 1;
		     end < m->count && ip_equal(&sorted[end]->next_hop, &sorted[i]->next_hop);
		     end++)
			;
		at = put_hop(w, at, sorted + i, end - i, f);
	}
	free(sorted);
	w->paths = m->count;
	w->table_size = (size_t)(at - w->bytes);
	at += update_end_of_rib_encode(at, IP_V4);
	at += update_end_of_rib_encode(at, IP_V6);
	w->size = (size_t)(at - w->bytes);
	must(w->size == w->table_size + EOR_SIZE && w->size <= bound);
	w->bytes = must_realloc(w->bytes, w->size);
	return w;
}

void
wireset_free(struct wireset *w)
{
	if (!w)
		return;
	free(w->bytes);
	free(w);
}

bool
wireset_save(const struct wireset *w, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return false;
	bool ok = fwrite(w->bytes, 1, w->size, f) == w->size;

	return fclose(f) == 0 && ok;
}

struct wireset *
wireset_load(const char *path)
{
	FILE *f = fopen(path, "re");
	struct wireset *w;
	long size = -1;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	rewind(f);
	if (size < (long)EOR_SIZE) {
		fclose(f);
		errno = EINVAL;
		return NULL;
	}
	w = must_calloc(1, sizeof(*w));
	w->size = (size_t)size;
	w->table_size = w->size - EOR_SIZE;
	w->bytes = must_alloc(w->size);
	bool ok = fread(w->bytes, 1, w->size, f) == w->size;

	fclose(f);
	if (ok)
		return w;
	wireset_free(w);
	errno = EIO;
	return NULL;
}
