/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether another replica's digest differs from ours for good. Two replicas follow one stream some milliseconds apart, so while
 * routes change all the time no two answers need ever be equal, and that alone says nothing. But digests are sums over paths:
 * what lastingly differs contributes the same amount to every subtraction, what is under way another one each time. So a
 * difference counts when the same non-zero amount has come up again and again, and no zero in between.
 * Pure: time is an argument.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DIFFERENCE_KEPT    64             /* subtractions that are remembered */
#define DIFFERENCE_TIMES   4              /* so often the same one among them ... */
#define DIFFERENCE_SPAN_NS 15000000000ull /* ... so far apart is a lasting difference */

/* All zero: nothing is known. */
struct difference {
	struct {
		uint64_t amount, at_ns;
	} seen[DIFFERENCE_KEPT];
	uint64_t n;        /* ever seen since they were equal */
	uint64_t since_ns; /* of a lasting difference: its first sight; else 0 */
};

/* Both digests, as they were at now_ns (monotonic, not 0). True: they differ lastingly, until they are seen equal. */
bool difference_take(struct difference *d, uint64_t ours, uint64_t theirs, uint64_t now_ns);
