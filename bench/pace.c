/* SPDX-License-Identifier: Apache-2.0 */
/* Whole seconds are taken apart so that nothing overflows within a year at any rate. */
#include "pace.h"

#include "core/clock.h"

uint64_t
pace_due(const struct pace *p, uint64_t now_ns)
{
	if (p->rate == 0)
		return UINT64_MAX;
	if (now_ns < p->start_ns)
		return 0;
	uint64_t ns = now_ns - p->start_ns;
	uint64_t all = ns / NS_PER_S * p->rate + ns % NS_PER_S * p->rate / NS_PER_S + 1;

	return all > p->done ? all - p->done : 0;
}

uint64_t
pace_next_ns(const struct pace *p)
{
	if (p->rate == 0)
		return p->start_ns;
	return p->start_ns + p->done / p->rate * NS_PER_S +
	       (p->done % p->rate * NS_PER_S + p->rate - 1) / p->rate;
}
