/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label selectors in the text form that kubectl takes: "a=b, c!=d, e in (f, g), h notin (i), j, !k".
 * All requirements must hold. As in Kubernetes, != and notin also match where the label is
 * absent. Immutable once made; any thread matches.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>

struct selector;

/* NULL: not a selector; why (size bytes) says what is wrong and at which character. */
struct selector *selector_new(const char *text, char *why, size_t size) MUST_USE;
void selector_free(struct selector *s); /* NULL is allowed */

/* The value of the label, NULL: it is absent. */
typedef const char *selector_find(const void *object, const char *key);

bool selector_matches(const struct selector *s, selector_find *find, const void *object);
