/* SPDX-License-Identifier: Apache-2.0 */
/* heliofeed's counters and gauges: one row of counts.def each, and one line where it is counted. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum count_id {
#define COUNT(id, family, labels, type, help) COUNT_##id,
#include "feed/counts.def"
#undef COUNT
	COUNT_IDS
};

void counts_add(enum count_id id, int64_t n);
void counts_set(enum count_id id, int64_t value);
int64_t counts_read(enum count_id id);

/* The OpenMetrics text of all of them, with its end; heap, the caller frees it. */
char *counts_text(void);
