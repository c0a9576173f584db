/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them, and members of JSON objects with a value where they lack one. */
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

/* Members; "" / 0 / false where absent or null. Strings are borrowed from the object. */
const char *js_str(const json_t *o, const char *key);
double js_num(const json_t *o, const char *key);
long long js_int(const json_t *o, const char *key);
bool js_true(const json_t *o, const char *key);

/* The strings of an array, joined by commas. The caller frees it. */
char *js_join(const json_t *o, const char *key);
