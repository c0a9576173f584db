/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes label selectors as text: "a=b, c!=d, e in (f, g), h notin (i), j, !k". All
 * requirements have to hold. Evaluated straight from the text: no state, no allocation.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>

/* True when text is a selector; else why (size bytes) says what is wrong with it. */
bool config_selector_check(const char *text, char *why, size_t size) MUST_USE;

/*
 * The value of a label of the object in question, or NULL when it has none. key is not
 * NUL-terminated. Borrowed until the next call.
 */
typedef const char *config_label_get(const void *ctx, const char *key, size_t len);

/*
 * True when the object matches. text has passed config_selector_check(). As in Kubernetes,
 * "!=" and "notin" also match an object without the label.
 */
bool config_selector_match(const char *text, config_label_get *get, const void *ctx);
