/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mark and sweep: a partition that was read before is read again from its beginning, because its offsets were lost, the topic
 * was made anew, or the local snapshot is too old to know of every deletion. Each object knows the partition of its last record and the scan
 * that met it; when the scan has come to its end, what it has not met is removed, as by its tombstone.
 */
#include "cluster/tables.h"
#include "core/log.h"

#include <stdlib.h>

static uint32_t *
scan_of(struct cluster *c, int32_t partition)
{
	uint32_t i = (uint32_t)partition;

	if (i >= c->n_scans) {
		c->scans = must_realloc(c->scans, (i + 1) * sizeof(*c->scans));
		while (c->n_scans <= i)
			c->scans[c->n_scans++] = 0;
	}
	return &c->scans[i];
}

void
scan_begin(struct cluster *c, int32_t partition)
{
	++*scan_of(c, partition);
}

void
scan_sees(struct cluster *c, const struct change *change, struct catalog_entry *e)
{
	if (change->partition < 0)
		return;
	e->partition = change->partition;
	e->scan = *scan_of(c, change->partition);
}

static uint32_t
sweep(struct cluster *c, enum resource resource, int32_t partition, uint32_t scan) ON_WRITER
{
	struct catalog *catalog = cluster_catalog(c, resource);
	uint32_t removed = 0;

	for (uint32_t i = 0; i < catalog_bound(catalog); i++) {
		const struct catalog_entry *e = catalog_at(catalog, i);

		if (!rcu_own(e->object) || e->partition != partition || e->scan == scan)
			continue;
		cluster_remove(c, resource, i);
		removed++;
	}
	return removed;
}

enum cluster_result
scan_end(struct cluster *c, int32_t partition)
{
	uint32_t removed = 0, scan = *scan_of(c, partition);

	for (int r = RESOURCE_NONE; r < RESOURCE_COUNT; r++)
		if (cluster_catalog(c, (enum resource)r))
			removed += sweep(c, (enum resource)r, partition, scan);
	if (removed)
		log_warn("a partition was read anew; what it no longer has is removed",
		    f_i64("partition", partition), f_u64("removed", removed));
	return removed ? CLUSTER_CHANGED : CLUSTER_SAME;
}
