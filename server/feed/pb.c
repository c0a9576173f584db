/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/pb.h"

#include <string.h>

#define NUMBER_MAX 0x1fffffffu /* protobuf: 29 bits */

static bool
take_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t b = *(*at)++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*out = v;
			return true;
		}
	}
	return false;
}

/* Skip the value at *at, which begins with its length where it is of bytes. */
static bool
take_value(const uint8_t **at, const uint8_t *end, struct pb_field *f)
{
	uint64_t n = 0;

	switch (f->wire) {
	case PB_VARINT:
		return take_varint(at, end, &f->varint);
	case PB_BYTES:
		if (!take_varint(at, end, &n))
			return false;
		break;
	case PB_64:
		n = 8;
		break;
	case PB_32:
		n = 4;
		break;
	default:
		return false;
	}
	if (n > (size_t)(end - *at))
		return false;
	if (f->wire == PB_BYTES)
		f->bytes = (struct value_span){.at = *at, .n = (size_t)n};
	*at += n;
	return true;
}

enum pb_next
pb_next(struct pb_in *in, struct pb_field *out)
{
	const uint8_t *at = in->at;
	uint64_t tag;

	if (at == in->end)
		return PB_END;
	memset(out, 0, sizeof(*out));
	if (!take_varint(&at, in->end, &tag) || tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
		return PB_BAD;
	out->number = (uint32_t)(tag >> 3);
	out->wire = (uint8_t)(tag & 7);
	out->tag = (struct value_span){.at = in->at, .n = (size_t)(at - in->at)};
	if (!take_value(&at, in->end, out))
		return PB_BAD;
	out->whole = (struct value_span){.at = in->at, .n = (size_t)(at - in->at)};
	in->at = at;
	return PB_FIELD;
}

bool
pb_collect(
    struct value_span message, const uint32_t *numbers, struct value_span *out, unsigned n)
{
	struct pb_in in = pb_in(message);
	struct pb_field f;
	enum pb_next next;

	memset(out, 0, n * sizeof(*out));
	while ((next = pb_next(&in, &f)) == PB_FIELD) {
		for (unsigned i = 0; i < n; i++)
			if (f.bytes.at && f.number == numbers[i])
				out[i] = f.bytes;
	}
	return next == PB_END;
}

size_t
pb_put_varint(uint8_t *out, uint64_t n)
{
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		out[len++] = (uint8_t)(n | 0x80);
	out[len++] = (uint8_t)n;
	return len;
}
