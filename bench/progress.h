/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar on stderr, only where that is a terminal. One thread. */
#pragma once

#include <stdint.h>

/* Redraw the line; cheap enough to be called ten times a second. */
void progress_show(const char *what, uint64_t done, uint64_t total);

/* Take the line away, so that what is printed next starts on a clean one. */
void progress_clear(void);
