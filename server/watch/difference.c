/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/difference.h"

bool
difference_take(struct difference *d, uint64_t ours, uint64_t theirs, uint64_t now_ns)
{
	uint64_t amount = theirs - ours;
	uint64_t first_ns = now_ns;
	uint32_t times = 0;

	if (amount == 0) {
		d->n = d->since_ns = 0;
		return false;
	}
	d->seen[d->n % DIFFERENCE_KEPT].amount = amount;
	d->seen[d->n % DIFFERENCE_KEPT].at_ns = now_ns;
	d->n++;
	for (uint64_t i = 0; i < d->n && i < DIFFERENCE_KEPT; i++) {
		if (d->seen[i].amount != amount)
			continue;
		times++;
		if (d->seen[i].at_ns < first_ns)
			first_ns = d->seen[i].at_ns;
	}
	if (!d->since_ns && times >= DIFFERENCE_TIMES &&
	    now_ns - first_ns >= DIFFERENCE_SPAN_NS)
		d->since_ns = first_ns;
	return d->since_ns != 0;
}
