/* SPDX-License-Identifier: Apache-2.0 */
/* Members of JSON objects, with a value where they lack one. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* "" / 0 / false where absent or null. Strings are borrowed from the object. */
const char *js_str(const json_t *o, const char *key);
double js_num(const json_t *o, const char *key);
long long js_int(const json_t *o, const char *key);
bool js_true(const json_t *o, const char *key);

/* The strings of an array, joined by commas. The caller frees it. */
char *js_join(const json_t *o, const char *key);
