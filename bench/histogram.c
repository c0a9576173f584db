/* SPDX-License-Identifier: Apache-2.0 */
/* Below 2^FINE_BITS a bucket is one nanosecond; above, it has the top FINE_BITS + 1 bits in common. */
#include "histogram.h"

#define FINE (1u << HISTOGRAM_FINE_BITS)

static unsigned
bucket_of(uint64_t ns)
{
	if (ns < FINE)
		return (unsigned)ns;
	if (ns >> HISTOGRAM_TOP_BIT)
		return HISTOGRAM_BUCKETS - 1;
	unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_FINE_BITS;

	return ((shift + 1) << HISTOGRAM_FINE_BITS) + (unsigned)(ns >> shift) - FINE;
}

uint64_t
histogram_upper(unsigned i)
{
	if (i < FINE)
		return i;
	unsigned shift = (i >> HISTOGRAM_FINE_BITS) - 1;

	return ((uint64_t)(FINE + i % FINE + 1) << shift) - 1;
}

void
histogram_add(struct histogram *h, uint64_t ns)
{
	if (h->total == 0 || ns < h->min)
		h->min = ns;
	if (ns > h->max)
		h->max = ns;
	h->total++;
	h->sum += ns;
	h->counts[bucket_of(ns)]++;
}

void
histogram_merge(struct histogram *to, const struct histogram *from)
{
	if (from->total == 0)
		return;
	if (to->total == 0 || from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	to->total += from->total;
	to->sum += from->sum;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->counts[i] += from->counts[i];
}

uint64_t
histogram_at(const struct histogram *h, double share)
{
	double exact = share * (double)h->total;
	uint64_t wanted = (uint64_t)exact, seen = 0;

	if (h->total == 0)
		return 0;
	wanted += (double)wanted < exact;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		uint64_t upper = histogram_upper(i);

		seen += h->counts[i];
		if (seen >= wanted && seen)
			return i == HISTOGRAM_BUCKETS - 1 || upper > h->max ? h->max : upper;
	}
	return h->max;
}
