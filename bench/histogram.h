/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durations in log-linear buckets: 64 of equal width to every power of two, so that any percentile
 * is right to 1.6 % from a nanosecond to eighteen minutes in one fixed array. Not locked: one
 * thread adds, or those who add take turns.
 */
#pragma once

#include <stdint.h>

enum {
	HISTOGRAM_FINE_BITS = 6,
	HISTOGRAM_TOP_BIT = 40, /* 2^40 ns; longer ones are counted in the last bucket */
	HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BIT - HISTOGRAM_FINE_BITS + 1) << HISTOGRAM_FINE_BITS
};

struct histogram {
	uint64_t total, sum, min, max; /* ns; min and max are exact; all zero: empty */
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *to, const struct histogram *from);

/* The least duration that `share` (0..1] of those added do not exceed, ns; 0 when there is none. */
uint64_t histogram_at(const struct histogram *h, double share);

/* Durations that fall into bucket i are at most this, ns. */
uint64_t histogram_upper(unsigned i);
