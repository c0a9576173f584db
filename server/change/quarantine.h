/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that could not be used: the latest ones for people to see, and which keys were
 * already logged. Added to by the decoders, read by any thread; memory is fixed.
 */
#pragma once

#include "change/stream.h"

#include <pthread.h>

#define QUARANTINE_KEYS 4096u /* remembered as logged; then forgotten all at once */

struct quarantine {
	pthread_mutex_t lock; /* guards all of it; taken only when something is wrong */
	struct stream_quarantined latest[STREAM_QUARANTINE_SHOWN];
	uint64_t total;
	uint64_t logged[QUARANTINE_KEYS * 2]; /* hashes of keys, open addressing, 0: free */
	uint32_t n_logged;
};

void quarantine_init(struct quarantine *q);
void quarantine_fini(struct quarantine *q);

/*
 * Note a refused record, as *noted shows it; true when its key was not logged yet (it then
 * counts as logged). Any thread.
 */
bool quarantine_add(struct quarantine *q, const struct record *r,
    const struct decode_error *why, struct stream_quarantined *noted);

uint32_t quarantine_read(struct quarantine *q, struct stream_quarantined *out, uint32_t max);
uint64_t quarantine_total(struct quarantine *q);
