/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syntax of Kubernetes label selectors: "a=b, c!=d, e in (f, g), h notin (i), j, !k". Only
 * whether a text is one, so that a slip is reported with its line; server/path evaluates them.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>

/* True when text is a selector; else why (size bytes) says what is wrong with it. */
bool config_selector_check(const char *text, char *why, size_t size) MUST_USE;
