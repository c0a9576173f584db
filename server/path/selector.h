/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label selectors in the text form that kubectl takes: "a=b,c!=d,e in (x,y),f notin (z),g,!h".
 * All requirements must hold. As in Kubernetes, != and notin also match where the label is
 * absent. Immutable once made; any thread matches.
 */
#pragma once

#include "change/object.h"

struct selector;

/* NULL: not a selector; error (size bytes) says what is wrong and at which character. */
struct selector *selector_new(const char *text, char *error, size_t size) MUST_USE;
void selector_free(struct selector *s); /* NULL is allowed */

bool selector_matches(const struct selector *s, const struct labels *labels);
