/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenMetrics text, for those that write families of their own. */
#pragma once

#include <event2/buffer.h>

#include <stdint.h>

/* The lines before a family's samples; family without our prefix, type "gauge" or "counter". */
void metrics_head(struct evbuffer *out, const char *family, const char *type, const char *help);

/* One sample with one label. */
void metrics_labelled(struct evbuffer *out, const char *family, const char *label_name,
    const char *label_value, uint64_t value);
