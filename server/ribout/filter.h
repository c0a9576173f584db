/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Export filters: which prefixes the peers of a group are told of at all. Rules are tried in order, the first that fits
 * decides; a prefix that none fits is told. The same rules get the same number, so that groups compare numbers; a number
 * holds for ever (there are as many as different filters have been seen, FILTERS_MAX at most).
 */
#pragma once

#include "core/ip.h"
#include "core/must.h"

#include <stdbool.h>
#include <stdint.h>

#define FILTERS_MAX     4096u
#define FILTER_NONE     0u         /* every prefix */
#define FILTER_TOO_MANY UINT32_MAX /* filter_number(): too many different ones */

enum filter_match {
	FILTER_ANY,
	FILTER_EQUAL, /* exactly the CIDR */
	FILTER_NOT_EQUAL,
	FILTER_IN, /* inside it, with a length from min to max */
	FILTER_NOT_IN
};

struct filter_rule_out {
	struct ip_prefix
	    cidr; /* of the prefix's family, or no rule for it; with FILTER_ANY its family alone counts */
	uint8_t match, min_len, max_len;
	bool accept;
};

/* The number of these rules; FILTER_NONE where there are none. The watch thread. */
uint32_t filter_number(const struct filter_rule_out *rules, uint32_t n);

/* Is the prefix told? Any thread; the number came by filter_number(). */
bool filter_passes(uint32_t number, const struct ip_prefix *prefix);

/* A hash of the rules: the same on every replica. FILTER_NONE: 0. Any thread. */
uint64_t filter_hash(uint32_t number);
