/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_MAX 64

/* As routers print uptimes: 00:01:23, 1d02h03m, 5w6d07h. Into TEXT_MAX bytes; returns buf. */
char *text_uptime(double seconds, char *buf);

/* "1.5 MiB". Into TEXT_MAX bytes; returns buf. */
char *text_bytes(double bytes, char *buf);

/* A point in time in UTC, or "never". Into TEXT_MAX bytes; returns buf. */
char *text_time(double seconds_since_1970, char *buf);

/* A key that sorts prefixes (or addresses) as numbers, whatever their text. Into
 * TEXT_MAX bytes; returns buf. */
char *text_prefix_key(const char *prefix, char *buf);
