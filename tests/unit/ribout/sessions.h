/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions' cursors and the packer's work on one thread, for the tests of both. */
#pragma once

#include "core/metric.h"
#include "reader.h"
#include "ribout/group.h"
#include "ribout/ribout_own.h"

#define PEERS 4u

struct peer {
	struct cursor cursor;
	struct heard heard;
};

static struct ribout *ribout;
static struct peer peer[PEERS];
static struct format format;
static int64_t snapshots, chunks; /* of the metrics, at the start */

static inline int
begin_with(uint64_t window_bytes)
{
	struct ribout_options o = {.window_bytes = window_bytes};

	begin(NULL);
	ribout = ribout_new(&o, &table);
	memset(peer, 0, sizeof(peer));
	format = ibgp();
	snapshots = metric_read(METRIC_SNAPSHOTS_ENCODED);
	chunks = metric_read(METRIC_CHUNKS);
	return 0;
}

static inline int
begin_ample(void **state)
{
	(void)state;
	return begin_with(0);
}

/* Each batch pushes the one before out of the window. */
static inline int
begin_tight(void **state)
{
	(void)state;
	return begin_with(1);
}

/* Twice idle: the first time may have been a wait for members that are behind (pace.h). */
static inline void
work(void) ALL_ROLES
{
	for (unsigned idle = 0; idle < 2; idle++)
		while (ribout_work(ribout))
			idle = 0;
}

static inline int
end_all(void **state) ALL_ROLES
{
	for (unsigned i = 0; i < PEERS; i++)
		if (peer[i].cursor.group)
			cursor_fini(&peer[i].cursor);
	work();
	ribout_free(ribout);
	end(state);
	assert_int_equal(metric_read(METRIC_CHUNKS), chunks);
	return 0;
}

static inline void
join(struct peer *p) ALL_ROLES
{
	cursor_init(&p->cursor, ribout_join(ribout, &format));
}

/* What there is now, without the packer doing anything. Returns the bytes. */
static inline size_t
read_now(struct peer *p) ALL_ROLES
{
	struct iovec iov[CURSOR_AHEAD];
	struct update u;
	size_t all = 0, n;
	unsigned k;

	do {
		k = cursor_iov(&p->cursor, iov, CURSOR_AHEAD);
		n = 0;
		for (unsigned i = 0; i < k; i++) {
			hear(&p->heard, &p->cursor.group->format, iov[i].iov_base,
			    iov[i].iov_len, &u);
			n += iov[i].iov_len;
		}
		cursor_consume(&p->cursor, n);
		all += n;
	} while (n);
	return all;
}

static inline void
settle(struct peer *p) ALL_ROLES
{
	do
		work();
	while (read_now(p) || ribout_work(ribout));
}

static inline void
holds_the_table(const struct peer *p)
{
	for (uint32_t i = 0; i < HEARD_PREFIXES; i++)
		if (p->heard.hops[i] != hops_of(get(i), false))
			fail_msg("prefix %u: %llx, not %llx", i,
			    (unsigned long long)p->heard.hops[i],
			    (unsigned long long)hops_of(get(i), false));
}

static inline void
fill(uint32_t prefixes, uint64_t hops, uint32_t med) ALL_ROLES
{
	for (uint32_t i = 0; i < prefixes; i++)
		set(i, hops, med);
	table_commit(&table);
}

static inline int64_t
snapshots_made(void)
{
	return metric_read(METRIC_SNAPSHOTS_ENCODED) - snapshots;
}

#define AMPLE(test) cmocka_unit_test_setup_teardown(test, begin_ample, end_all)
#define TIGHT(test) cmocka_unit_test_setup_teardown(test, begin_tight, end_all)
