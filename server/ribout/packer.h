/* SPDX-License-Identifier: Apache-2.0 */
/* A packer: the thread that encodes for its groups, and sleeps when none has work. */
#pragma once

#include "core/waker.h"
#include "ribout/group.h"

#include <pthread.h>

struct packer {
	struct ribout *ribout;
	unsigned index;
	pthread_t thread;
	struct waker waker;
	_Atomic bool stop;
	struct group
	    *groups; /* joined by io threads, left by this one, both under the ribout's lock */
	struct gather gather;
	struct encoder encoder;
	uint64_t seen_barrier;
};

void packer_init(struct packer *p, struct ribout *r, unsigned index);
void packer_start(struct packer *p);
void packer_stop(struct packer *p); /* waits for its end; its groups are freed */
void packer_fini(struct packer *p);

/* Everything that waits, a bounded step of each kind; true: there may be more. */
bool packer_round(struct packer *p, uint64_t now_ns) ON_PACKER;
