/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From gathered paths to BGP messages: one UPDATE per run of equal next hop and attributes,
 * announcements before withdrawals, so that a prefix that moves is never without a path
 * (make before break). Resumable: a snapshot is encoded a chunk at a time.
 */
#pragma once

#include "ribout/chunk.h"
#include "ribout/gather.h"

struct encoder {
	const struct names *names;
	uint8_t *buf; /* CHUNK_BYTES */
	uint32_t len; /* bytes of whole messages in buf */
	uint32_t messages, paths;
	/* where the walk over the gathered paths stands */
	const struct gather *gather;
	uint32_t announced;
	uint32_t withdrawn[IP_FAMILIES];
};

void encoder_init(struct encoder *e, const struct names *names);
void encoder_fini(struct encoder *e);

/* Begin the walk; g is sorted, borrowed and unchanged until the walk is over. */
void encoder_start(struct encoder *e, const struct gather *g) ON_PACKER;

/* The next chunk's worth, owned by the caller; NULL when all is encoded. */
struct chunk *encoder_next(struct encoder *e) ON_PACKER MUST_USE;

/* Nothing is left to encode. */
bool encoder_done(const struct encoder *e) ON_PACKER;
