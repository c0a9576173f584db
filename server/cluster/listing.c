/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mark and sweep: what a publisher's complete listing (sync//begin .. sync//end of one epoch)
 * did not have, is gone, though its tombstone was lost.
 *
 * Partitions are read independently, so the end of a listing can be read long before its last
 * objects. It is therefore swept only when the stream has caught up and as many keys of its
 * epoch have been read as the end counted; keys first written after the end (by their record
 * time) do not count, since they were not listed. The count is not needed for a listing that
 * ended well before this process started: catching up has read all of it, and compaction may
 * have taken some of its records. Where neither holds, nothing is removed: a stale object is a
 * smaller fault than a live one taken away.
 */
#include "cluster/tables.h"
#include "core/log.h"

#include <string.h>

#define LONG_BEFORE_START_MS 60000 /* clocks of publisher and reflector differ by less */

static bool
within(const struct listing *l, int64_t record_ms)
{
	return l->end_ms < 0 || record_ms < 0 || record_ms <= l->end_ms;
}

static void
listing_start(struct listing *l, uint64_t epoch)
{
	memset(l, 0, sizeof(*l));
	l->epoch = epoch;
	l->end_ms = -1;
}

void
listing_begin(struct cluster *c, const struct change *change)
{
	if (change->epoch > c->listing.epoch)
		listing_start(&c->listing, change->epoch);
}

/* Keys of this epoch that stand in the tables and were first written before its end. */
static void
count_seen(struct cluster *c, enum resource resource) ON_WRITER
{
	const struct catalog *catalog = cluster_catalog(c, resource);
	struct listing *l = &c->listing;

	for (uint32_t i = 0; i < catalog_bound(catalog); i++) {
		const struct catalog_entry *e = catalog_at(catalog, i);

		if (e->epoch == l->epoch && rcu_own(e->object) && within(l, e->epoch_ms))
			l->seen[resource]++;
	}
}

void
listing_end(struct cluster *c, const struct change *change)
{
	struct listing *l = &c->listing;

	if (change->epoch == 0 || change->epoch < l->epoch)
		return;
	if (change->epoch > l->epoch)
		listing_start(l, change->epoch); /* its begin was not read yet */
	if (l->state != LISTING_OPEN)
		return;
	l->state = LISTING_ENDED;
	l->end_ms = change->record_ms;
	memcpy(l->counts, change->counts, sizeof(l->counts));
	for (int r = RESOURCE_NONE; r < RESOURCE_COUNT; r++) {
		if (cluster_catalog(c, (enum resource)r))
			count_seen(c, (enum resource)r);
	}
	listing_sweep(c);
}

void
listing_sees(struct cluster *c, const struct change *change, struct catalog_entry *e)
{
	struct listing *l = &c->listing;

	if (change->epoch <= e->epoch)
		return;
	e->epoch = change->epoch;
	e->epoch_ms = change->record_ms;
	if (change->epoch == l->epoch && l->state == LISTING_ENDED && within(l, e->epoch_ms))
		l->seen[change->key.resource]++;
}

void
listing_sees_delete(
    struct cluster *c, const struct change *change, const struct catalog_entry *e)
{
	struct listing *l = &c->listing;

	/* Once the listing has ended, the key was counted when it was read. */
	if (l->epoch && e->epoch == l->epoch && l->state == LISTING_OPEN)
		l->seen[change->key.resource]++;
}

/* All of the listing's records of this resource have been read. */
static bool
complete(const struct cluster *c, enum resource resource)
{
	const struct listing *l = &c->listing;

	if (l->end_ms >= 0 && (uint64_t)l->end_ms + LONG_BEFORE_START_MS < c->started_ms)
		return true;
	return l->counts[resource] != COUNT_UNKNOWN && l->seen[resource] >= l->counts[resource];
}

/* A publisher that counts leaves out what it could not list: of that nothing is gone. */
static bool
is_listed(const struct listing *l, enum resource resource)
{
	bool counted = false;

	for (int r = RESOURCE_NONE; r < RESOURCE_COUNT; r++)
		counted |= l->counts[r] != COUNT_UNKNOWN;
	return !counted || l->counts[resource] != COUNT_UNKNOWN;
}

static uint32_t
sweep(struct cluster *c, enum resource resource) ON_WRITER
{
	struct catalog *catalog = cluster_catalog(c, resource);
	uint32_t removed = 0;

	for (uint32_t i = 0; i < catalog_bound(catalog); i++) {
		const struct catalog_entry *e = catalog_at(catalog, i);
		const struct object *o = rcu_own(e->object);

		if (!o || e->epoch >= c->listing.epoch || !within(&c->listing, o->record_ms))
			continue;
		cluster_remove(c, resource, i);
		removed++;
	}
	return removed;
}

void
listing_sweep(struct cluster *c)
{
	struct listing *l = &c->listing;
	uint32_t removed = 0;

	if (l->state != LISTING_ENDED || !cluster_caught_up(c))
		return;
	for (int r = RESOURCE_NONE; r < RESOURCE_COUNT; r++) {
		if (cluster_catalog(c, (enum resource)r) && is_listed(l, (enum resource)r) &&
		    !complete(c, (enum resource)r))
			return;
	}
	for (int r = RESOURCE_NONE; r < RESOURCE_COUNT; r++) {
		if (cluster_catalog(c, (enum resource)r) && is_listed(l, (enum resource)r))
			removed += sweep(c, (enum resource)r);
	}
	log_info("a publisher's listing is complete", f_u64("epoch", l->epoch),
	    f_u64("removed", removed));
	l->state = LISTING_SWEPT;
}
