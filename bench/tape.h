/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of UPDATEs that ToRs of one fleet thread have received since their sessions began, each kept once. A
 * ToR whose stream has been a tape's, byte for byte, holds what the tape's own table holds: the next message is
 * then compared, not read. So a thousand ToRs that hear the same cost a thousand memcmp() and one
 * reading, and are judged exactly. A ToR whose stream is unlike all others gets a table of its own, as if
 * there were no tapes. Belongs to the fleet thread.
 */
#pragma once

#include "tor.h"

struct tapes;

/* For the ToRs of that intake, which must not have on_change. Owned. */
struct tapes *tapes_new(struct intake *in);
void tapes_free(struct tapes *s);

/* One whole UPDATE for a ToR; as tor_update(), with or without a tape. */
bool tapes_update(struct tor *t, const uint8_t *msg, size_t n, uint64_t now_ns) MUST_USE;

/*
 * As many whole messages at the beginning of n received bytes as stand on the tape that the ToR follows, taken at
 * once: their bytes are compared, not their frames read. Returns the bytes used up; 0: read on message by message.
 */
size_t tapes_skip(struct tor *t, const uint8_t *bytes, size_t n, uint64_t now_ns) MUST_USE;

/* The session is over: the ToR follows no tape. */
void tapes_forget(struct tor *t);

/* Give the ToR a table of its own, equal to what it holds, where it follows a tape. */
void tapes_leave(struct tor *t);
