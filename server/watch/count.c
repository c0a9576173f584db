/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the prefix indices; nothing is kept between two counts. */
#include "watch/count.h"

#include <string.h>

#define STEP 4096u /* prefixes a read side */

static void
count_some(const struct table *t, uint32_t from, uint32_t to, struct path_counts *out)
    RCU_READER
{
	for (uint32_t i = from; i < to; i++) {
		const struct pathset *s = table_get(t, i);
		unsigned family;

		if (!s || s->n == 0)
			continue;
		family = ip_family_index(prefix_at(t->names, i)->addr.family);
		out->prefixes[s->prefix_class][family]++;
		out->paths[s->prefix_class][family] += s->n;
	}
}

void
path_count(const struct table *t, struct path_counts *out)
{
	uint32_t bound = prefix_bound(t->names);

	memset(out, 0, sizeof(*out));
	for (uint32_t at = 0; at < bound; at += STEP) {
		rcu_enter();
		count_some(t, at, bound - at < STEP ? bound : at + STEP, out);
		rcu_leave();
	}
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		for (unsigned k = 0; k < CLASS_COUNT; k++) {
			out->all_prefixes[f] += out->prefixes[k][f];
			out->all_paths[f] += out->paths[k][f];
		}
}
