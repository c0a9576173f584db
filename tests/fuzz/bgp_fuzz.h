/* SPDX-License-Identifier: Apache-2.0 */
/* What the BGP fuzz targets share: input bytes made into a framed message, as a peer sends it. */
#pragma once

#include "bgp/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/*
 * A heap copy, of exact size so that AddressSanitizer sees a read beyond it, of data behind a
 * good header of that type. NULL: longer than a message can be. The caller frees it.
 */
static inline uint8_t *
framed(uint8_t type, const uint8_t *data, size_t n, size_t *size)
{
	uint8_t *msg;

	*size = BGP_HEADER_SIZE + n;
	if (*size > BGP_MESSAGE_MAX_EXTENDED)
		return NULL;
	msg = must_alloc(*size);
	bgp_header_encode(msg, (uint16_t)*size, type);
	if (n)
		memcpy(msg + BGP_HEADER_SIZE, data, n);
	return msg;
}

/* The framing of raw bytes never promises more than they are. */
static inline void
fuzz_frame(const uint8_t *data, size_t n)
{
	struct notification why = {0};
	size_t size;
	uint8_t type;

	switch (bgp_frame(data, n, n % 2 != 0, &size, &type, &why)) {
	case BGP_FRAME_OK:
		must(size <= n && size >= BGP_HEADER_SIZE);
		break;
	case BGP_FRAME_MORE:
		must(size > n);
		break;
	case BGP_FRAME_BAD:
		must(why.code == NOTIFY_HEADER);
		break;
	}
}
