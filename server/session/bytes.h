/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small buffer that exists only while something is in it: a session at rest owns no heap.
 * Filled at the end, emptied at the front.
 */
#pragma once

#include "session/session.h"

static inline uint32_t
bytes_left(const struct session_bytes *b)
{
	return b->len - b->head;
}

/* Room for n more bytes behind the last one; the caller fills them and adds to len. */
uint8_t *bytes_room(struct session_bytes *b, uint32_t n);

/* The first n bytes are done with; the memory goes with the last of them. */
void bytes_consume(struct session_bytes *b, uint32_t n);

/* Forget all. */
void bytes_clear(struct session_bytes *b);
