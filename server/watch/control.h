/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: a Unix socket that only its owner may use. */
#pragma once

#include "core/must.h"

#include <stddef.h>

/*
 * Bind and listen at path, mode 0600, non-blocking; a socket that a dead process left behind
 * is replaced, one that answers is not. Returns the fd, or -1: why (size bytes) says what is
 * wrong and what to do.
 */
int control_listen(const char *path, char *why, size_t size) MUST_USE;
