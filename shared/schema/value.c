/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope's protobuf by hand: three length-delimited fields, so that the object inside
 * is decoded where it lies instead of being copied first.
 */
#include "schema/value.h"

#include <string.h>

enum { UNKNOWN_TYPE_META = 1, UNKNOWN_RAW = 2, UNKNOWN_CONTENT_ENCODING = 3 };
enum { TYPE_META_API_VERSION = 1, TYPE_META_KIND = 2 };
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

enum value_form
value_form(const void *bytes, size_t n)
{
	if (n == 0)
		return VALUE_EMPTY;
	if (n >= VALUE_MAGIC_LEN && memcmp(bytes, VALUE_MAGIC, VALUE_MAGIC_LEN) == 0)
		return VALUE_PROTOBUF;
	return *(const uint8_t *)bytes == '{' ? VALUE_JSON : VALUE_OTHER;
}

bool
value_span_is(struct value_span s, const char *text)
{
	size_t n = strlen(text);

	return s.n == n && (n == 0 || memcmp(s.at, text, n) == 0);
}

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

/* The next field: its number, and its bytes when it is length-delimited. False: malformed. */
static bool
take_field(const uint8_t **at, const uint8_t *end, uint64_t *number, struct value_span *bytes)
{
	uint64_t tag, n;

	if (!take_varint(at, end, &tag) || tag >> 3 == 0)
		return false;
	*number = tag >> 3;
	*bytes = (struct value_span){.at = NULL, .n = 0};
	switch (tag & 7) {
	case WIRE_VARINT:
		return take_varint(at, end, &n);
	case WIRE_BYTES:
		if (!take_varint(at, end, &n))
			return false;
		bytes->at = *at;
		break;
	case WIRE_64:
		n = 8;
		break;
	case WIRE_32:
		n = 4;
		break;
	default:
		return false;
	}
	if (n > (size_t)(end - *at))
		return false;
	*at += n;
	if (bytes->at)
		bytes->n = (size_t)n;
	return true;
}

static bool
open_type_meta(struct value_span meta, struct value_envelope *out)
{
	const uint8_t *at = meta.at, *end = meta.at + meta.n;
	struct value_span bytes;
	uint64_t number;

	while (at < end) {
		if (!take_field(&at, end, &number, &bytes))
			return false;
		if (!bytes.at)
			continue;
		if (number == TYPE_META_API_VERSION)
			out->api_version = bytes;
		else if (number == TYPE_META_KIND)
			out->kind = bytes;
	}
	return true;
}

bool
value_open(const void *bytes, size_t n, struct value_envelope *out)
{
	const uint8_t *at = bytes, *end = at + n;
	struct value_span field;
	uint64_t number;

	memset(out, 0, sizeof(*out));
	if (value_form(bytes, n) != VALUE_PROTOBUF)
		return false;
	at += VALUE_MAGIC_LEN;
	while (at < end) {
		if (!take_field(&at, end, &number, &field))
			return false;
		if (!field.at)
			continue;
		if (number == UNKNOWN_TYPE_META && !open_type_meta(field, out))
			return false;
		if (number == UNKNOWN_RAW)
			out->raw = field;
		else if (number == UNKNOWN_CONTENT_ENCODING)
			out->content_encoding = field;
	}
	return true;
}

static size_t
varint_size(size_t v)
{
	size_t n = 1;

	for (; v >= 0x80; v >>= 7)
		n++;
	return n;
}

static uint8_t *
put_head(uint8_t *at, unsigned number, size_t n)
{
	*at++ = (uint8_t)(number << 3 | WIRE_BYTES);
	for (; n >= 0x80; n >>= 7)
		*at++ = (uint8_t)(n | 0x80);
	*at++ = (uint8_t)n;
	return at;
}

static uint8_t *
put_text(uint8_t *at, unsigned number, const char *text)
{
	size_t n = strlen(text);

	at = put_head(at, number, n);
	memcpy(at, text, n);
	return at + n;
}

static size_t
type_meta_size(const struct resource_row *row)
{
	size_t v = strlen(row->api_version), k = strlen(row->kind);

	return 1 + varint_size(v) + v + 1 + varint_size(k) + k;
}

size_t
value_sealed_size(enum resource resource, size_t raw_len)
{
	size_t meta = type_meta_size(&resource_rows[resource]);

	return VALUE_MAGIC_LEN + 1 + varint_size(meta) + meta + 1 + varint_size(raw_len) +
	       raw_len;
}

uint8_t *
value_seal(enum resource resource, size_t raw_len, void *out)
{
	const struct resource_row *row = &resource_rows[resource];
	uint8_t *at = out;

	memcpy(at, VALUE_MAGIC, VALUE_MAGIC_LEN);
	at = put_head(at + VALUE_MAGIC_LEN, UNKNOWN_TYPE_META, type_meta_size(row));
	at = put_text(at, TYPE_META_API_VERSION, row->api_version);
	at = put_text(at, TYPE_META_KIND, row->kind);
	return put_head(at, UNKNOWN_RAW, raw_len);
}
