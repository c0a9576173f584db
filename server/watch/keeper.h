/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what is held on the disk (rib/kept_holds.h), a second after it has changed; where very many are held, at most every ten
 * seconds. While anything is held the file is renewed every ten minutes, so that its age is how long the process is away. The watch thread's, which may wait for a disk.
 */
#pragma once

#include "core/role.h"

#include <stdbool.h>
#include <stdint.h>

struct watch_sources;

/* All zero: nothing was written yet. */
struct keeper {
	uint64_t written;    /* struct holds.changes, of which the file is */
	uint64_t next_ns;    /* not before */
	uint64_t renewed_ns; /* when it was written */
	uint32_t n;          /* held paths in it */
	bool failed;         /* logged */
};

/* Once a second. */
void keeper_tick(struct keeper *k, const struct watch_sources *sources) ON_WATCH;
