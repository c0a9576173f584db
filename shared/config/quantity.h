/* SPDX-License-Identifier: Apache-2.0 */
/* Durations and sizes as people write them, both ways. Pure functions. */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_QUANTITY_MAX 48 /* the longest text of one, with its NUL */

/* "60s", "1m30s", "500ms", or a plain number of seconds, in nanoseconds. False: neither, or too large. */
bool config_duration_parse(const char *text, uint64_t *ns) MUST_USE;

/* In the largest unit that shows it exactly, into CONFIG_QUANTITY_MAX bytes; returns buf. */
char *config_duration_text(uint64_t ns, char *buf);

/* "128KiB", "1GiB", "10MB" or a plain number, in bytes. False: neither, or too large. */
bool config_size_parse(const char *text, uint64_t *bytes) MUST_USE;

/* In the largest binary unit that shows it exactly, into CONFIG_QUANTITY_MAX bytes; returns buf. */
char *config_size_text(uint64_t bytes, char *buf);
