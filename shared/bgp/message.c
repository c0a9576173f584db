/* SPDX-License-Identifier: Apache-2.0 */
/* The header of all messages: framing, its checks (RFC 4271 section 6.1), KEEPALIVE. */
#include "bgp/message.h"

#include "bgp/open.h"

enum { HEADER_LENGTH_AT = BGP_MARKER_SIZE, HEADER_TYPE_AT = 18 };

/* The sizes that a type may have. A ROUTE-REFRESH too short has an error of its own (RFC 7313). */
static const struct type_row {
	const char *name;
	uint16_t min, max;
	bool extends; /* RFC 8654 lifts max */
} types[] = {
    [BGP_OPEN] = {"OPEN", OPEN_SIZE_MIN, BGP_MESSAGE_MAX, false},
    [BGP_UPDATE] = {"UPDATE", 23, BGP_MESSAGE_MAX, true},
    [BGP_NOTIFICATION] = {"NOTIFICATION", 21, BGP_MESSAGE_MAX, true},
    [BGP_KEEPALIVE] = {"KEEPALIVE", BGP_HEADER_SIZE, BGP_HEADER_SIZE, false},
    [BGP_ROUTE_REFRESH] = {"ROUTE-REFRESH", BGP_HEADER_SIZE, BGP_MESSAGE_MAX, true},
};

static const struct type_row *
type_find(uint8_t type)
{
	return type < COUNT_OF(types) && types[type].name ? &types[type] : NULL;
}

const char *
bgp_type_name(uint8_t type)
{
	const struct type_row *row = type_find(type);

	return row ? row->name : "UNKNOWN";
}

static bool
marker_ok(const uint8_t *marker)
{
	for (unsigned i = 0; i < BGP_MARKER_SIZE; i++)
		if (marker[i] != 0xff)
			return false;
	return true;
}

/* Is size allowed for this type? Of unknown types only the general limits are known. */
static bool
size_ok(const struct type_row *row, size_t size, bool extended)
{
	size_t most = extended ? BGP_MESSAGE_MAX_EXTENDED : BGP_MESSAGE_MAX;

	if (row && !(row->extends && extended))
		most = row->max;
	return size >= (row ? row->min : BGP_HEADER_SIZE) && size <= most;
}

enum bgp_frame
bgp_frame(const uint8_t *bytes, size_t n, bool extended, size_t *size, uint8_t *type,
    struct notification *why)
{
	struct wire_in w = wire_in(bytes, n);
	const uint8_t *marker = wire_take(&w, BGP_MARKER_SIZE);
	const struct type_row *row;
	size_t length = wire_u16(&w);

	*type = wire_u8(&w);
	if (!wire_ok(&w)) {
		*size = BGP_HEADER_SIZE;
		return BGP_FRAME_MORE;
	}
	*size = length;
	row = type_find(*type);
	if (!marker_ok(marker)) {
		*why = notification_make(NOTIFY_HEADER, NOTIFY_HEADER_NOT_SYNCHRONIZED);
		return BGP_FRAME_BAD;
	}
	if (!size_ok(row, length, extended)) {
		*why = notification_with(
		    NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, bytes + HEADER_LENGTH_AT, 2);
		return BGP_FRAME_BAD;
	}
	if (!row) {
		*why = notification_with(NOTIFY_HEADER, NOTIFY_HEADER_BAD_TYPE, type, 1);
		return BGP_FRAME_BAD;
	}
	return n >= length ? BGP_FRAME_OK : BGP_FRAME_MORE;
}

void
bgp_header_encode(uint8_t *p, uint16_t size, uint8_t type)
{
	memset(p, 0xff, BGP_MARKER_SIZE);
	wire_store_u16(p + HEADER_LENGTH_AT, size);
	p[HEADER_TYPE_AT] = type;
}

size_t
keepalive_encode(uint8_t *p)
{
	bgp_header_encode(p, BGP_HEADER_SIZE, BGP_KEEPALIVE);
	return BGP_HEADER_SIZE;
}

struct wire_in
bgp_body(const uint8_t *msg, size_t n)
{
	struct wire_in w = wire_in(msg, n);

	(void)wire_take(&w, BGP_HEADER_SIZE);
	return w;
}

struct notification
bgp_too_short(size_t n)
{
	uint8_t length[2];

	wire_store_u16(length, (uint16_t)n);
	return notification_with(NOTIFY_HEADER, NOTIFY_HEADER_BAD_LENGTH, length, 2);
}
