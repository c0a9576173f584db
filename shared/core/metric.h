/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and gauges that cost their thread one plain add: each thread owns a block of them,
 * the reader sums the blocks. A metric is one row of metric.def and one line where it is
 * counted. Exposition (OpenMetrics) is metric_each(); per-peer series are the peer table's.
 */
#pragma once

#include <stdint.h>

enum metric_id {
#define METRIC(id, family, labels, type, help) METRIC_##id,
#include "core/metric.def"
#undef METRIC
	METRIC_COUNT
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

struct metric_row {
	const char *family; /* without the heliograph_ prefix and without _total */
	const char *labels; /* `class="header"` or "" */
	enum metric_type type;
	const char *help;
};

extern const struct metric_row metric_rows[METRIC_COUNT];

/* Add to this thread's share; any thread. A gauge is the sum of all threads' shares. */
void metric_add(enum metric_id id, int64_t n);

static inline void
metric_inc(enum metric_id id)
{
	metric_add(id, 1);
}

/* Set this thread's share of a gauge. */
void metric_set(enum metric_id id, int64_t value);

/* Sum over all threads, ended ones included; any thread. */
int64_t metric_read(enum metric_id id);

/*
 * Histogram of seconds with fixed buckets of powers of two from 2^-16 s (15 us) to 2^6 s.
 * One writer thread each; readers see whole counters.
 */
#define HISTOGRAM_BUCKETS 23
struct histogram {
	uint64_t count[HISTOGRAM_BUCKETS + 1]; /* not cumulative; the last is +Inf */
	uint64_t sum_ns;
};
void histogram_observe(struct histogram *h, uint64_t ns);
