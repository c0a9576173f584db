/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between replicas that share one file: addresses of their own, written as ${NAME}
 * and taken from the environment when the file is loaded (in a pod: from its status, by the
 * downward API). Only the rows with FROM_ENV take it; any other text, a password say, may hold
 * "${" and means it. No state of its own.
 */
#pragma once

#include "config/value.h"

#define CONFIG_EXPANDED_MAX 128 /* "[IPv6 address]:port" and more */

/* Is text one for config_environment_expand()? */
bool config_environment_is_named(const struct config_row *row, const char *text) MUST_USE;

/*
 * Write text into out, CONFIG_EXPANDED_MAX bytes, each ${NAME} replaced by the variable's value;
 * an IPv6 address before a port gets its brackets. A variable that is not set or empty is an
 * error, never nothing. False: v->why says what is wrong. Any thread (not while others setenv()).
 */
bool config_environment_expand(struct config_value *v, const char *text, char *out) MUST_USE;
