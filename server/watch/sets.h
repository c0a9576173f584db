/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the peers that are established are shown, kind by kind (watch/tally.h): for helioctl sets, for the metrics of views with
 * a budget of ECMP groups, and for the digests that replicas compare. A tally is kept for each kind as long as somebody asks,
 * up to SETS_BYTES_MAX in all; kinds beyond that are counted from the beginning each time.
 *
 * The watch thread's.
 */
#pragma once

#include "watch/tally.h"

struct call;
struct config;
struct watch_sources;

#define SETS_BYTES_MAX ((uint64_t)128 << 20)
#define SETS_COMPARED_MAX                                                                      \
	256u /* kinds whose digests replicas are told; of more, those with the lowest ids */

struct sets_memory *sets_memory_new(void) MUST_USE;
void sets_memory_free(struct sets_memory *m); /* NULL is allowed */

/* Once a second: forget what nobody has asked for in five minutes. */
void sets_memory_tick(struct sets_memory *m) ON_WATCH;

/* Bytes that the tallies hold. NULL is allowed. */
uint64_t sets_memory_bytes(const struct sets_memory *m) ON_WATCH;

#define SETS_NAMES 5u /* of the peers of a kind */

/* The established peers of one kind that have one view. */
struct sets_row {
	struct tally_kind kind;
	char view[64]; /* its name; "": every path */
	char names[SETS_NAMES][64];
	uint64_t peers;
	/* Hash of the view's name, the peers' place and variant and the form of the routes, but not of the view's rules: peers of
	 * one id are to be shown the same by every replica. */
	uint64_t id;
};

struct sets_rows {
	const struct config *config;
	bool budgeted_only; /* only views that have max_distinct_sets */
	struct sets_row *at;
	uint32_t n, cap;
};

/* The rows there are now. */
struct sets_rows *
sets_rows_new(const struct watch_sources *sources, bool budgeted_only) ON_WATCH MUST_USE;
void sets_rows_free(struct sets_rows *rows); /* NULL is allowed */

const struct config_view *
sets_view(const struct sets_rows *rows, const char *name); /* NULL: none */

/* Bring the counts of these up to date with the table, as far as 50 ms go, in turns; at least a part of one. */
void sets_refresh(const struct watch_sources *sources, const struct sets_rows *rows) ON_WATCH;

/* The row's count, all of it counted now if need be. */
struct tally_count
sets_count(const struct watch_sources *sources, const struct sets_row *row) ON_WATCH;

/* The last count of the row, of whatever version; NULL: there is none yet. *current: it is of the table's present version. */
const struct tally_count *sets_last(
    const struct watch_sources *sources, const struct sets_row *row, bool *current) ON_WATCH;

/* ---- the digests that replicas compare (api_sets.c) ---- */

struct sets_digest {
	uint64_t id, digest, peers;
	char view[64];
	bool current;
};

/* Every row's, refreshed, by id. *left_out: how many more than SETS_COMPARED_MAX there are. To be freed. */
struct sets_digest *sets_digests(
    const struct watch_sources *sources, uint32_t *n, uint64_t *left_out) ON_WATCH MUST_USE;

/* Write the members "views" and "views_left_out". */
void sets_write_digests(struct call *c) ON_WATCH;

/* The views that have a budget (max_distinct_sets), as metrics; counts what has changed, a part of it at a time. */
void sets_write_metrics(struct call *c) ON_WATCH;
