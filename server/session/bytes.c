/* SPDX-License-Identifier: Apache-2.0 */
#include "session/bytes.h"

#include <stdlib.h>
#include <string.h>

uint8_t *
bytes_room(struct session_bytes *b, uint32_t n)
{
	if (b->head) {
		memmove(b->at, b->at + b->head, bytes_left(b));
		b->len -= b->head;
		b->head = 0;
	}
	if (b->cap - b->len < n) {
		b->cap = b->len + n;
		b->at = must_realloc(b->at, b->cap);
	}
	return b->at + b->len;
}

void
bytes_consume(struct session_bytes *b, uint32_t n)
{
	must(n <= bytes_left(b));
	b->head += n;
	if (b->head == b->len)
		bytes_clear(b);
}

void
bytes_clear(struct session_bytes *b)
{
	free(b->at);
	*b = (struct session_bytes){.at = NULL};
}
