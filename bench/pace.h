/* SPDX-License-Identifier: Apache-2.0 */
/*
 * So many things a second: thing k is due at start + k / rate, whatever happened before, so that
 * a delay is made up for and latencies do not hide it. A value of one thread; time is an argument.
 */
#pragma once

#include <stdint.h>

struct pace {
	uint64_t start_ns, done;
	uint32_t rate; /* per second; 0: all are due at once */
};

static inline struct pace
pace_start(uint32_t rate, uint64_t now_ns)
{
	return (struct pace){.start_ns = now_ns, .rate = rate};
}

/* How many are due and not done. */
uint64_t pace_due(const struct pace *p, uint64_t now_ns);

/* When the next one is due. */
uint64_t pace_next_ns(const struct pace *p);
