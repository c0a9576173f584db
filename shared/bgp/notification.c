/* SPDX-License-Identifier: Apache-2.0 */
/* NOTIFICATION: names, composing, encoding, the texts for operators (RFC 9003), Hard Reset. */
#include "bgp/notification.h"

#include "bgp/message.h"

#include <stdio.h>

enum {
	NOTIFICATION_HEADER = BGP_HEADER_SIZE + 2,
	DATA_SHOWN = 64, /* octets of data in notification_text() */
};

static const struct code_row {
	uint8_t code, subcode;
	const char *text;
} rows[] = {
#define CODE(NAME, code, text)             {code, 0, text},
#define SUBCODE(CODE, NAME, subcode, text) {NOTIFY_##CODE, subcode, text},
#include "bgp/notification.def"
};

static const char *
row_text(uint8_t code, uint8_t subcode)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].code == code && rows[i].subcode == subcode)
			return rows[i].text;
	return NULL;
}

const char *
notification_code_name(uint8_t code)
{
	const char *text = row_text(code, 0);

	return text ? text : "Unknown Error";
}

const char *
notification_subcode_name(uint8_t code, uint8_t subcode)
{
	const char *text = subcode ? row_text(code, subcode) : "Unspecific";

	return text ? text : "Unknown Subcode";
}

struct notification
notification_make(uint8_t code, uint8_t subcode)
{
	return (struct notification){.code = code, .subcode = subcode};
}

struct notification
notification_with(uint8_t code, uint8_t subcode, const uint8_t *small, size_t n)
{
	struct notification out = notification_make(code, subcode);

	must(n <= NOTIFICATION_SMALL);
	memcpy(out.small, small, n);
	out.data_len = (uint16_t)n;
	return out;
}

struct notification
notification_borrow(uint8_t code, uint8_t subcode, const uint8_t *data, size_t n)
{
	struct notification out = notification_make(code, subcode);

	must(n <= UINT16_MAX);
	out.data = data;
	out.data_len = (uint16_t)n;
	return out;
}

/*
 * Octets of the well-formed UTF-8 character at w, which moves behind it; 0 when it is none
 * (also overlong forms, surrogates and what lies beyond U+10FFFF: Unicode table 3-7).
 */
static unsigned
utf8_character(struct wire_in *w)
{
	uint8_t first = wire_u8(w), low = 0x80, high = 0xbf;
	unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf4)
		high = 0x8f;
	for (unsigned i = 0; i < more; i++, low = 0x80, high = 0xbf) {
		uint8_t next = wire_u8(w);

		if (next < low || next > high)
			return 0;
	}
	return wire_ok(w) ? more + 1 : 0;
}

/* How many octets of whole characters, at most `most`; false when the text is not UTF-8. */
static bool
utf8_fit(const uint8_t *text, size_t n, size_t most, size_t *fit)
{
	struct wire_in w = wire_in(text, n);

	*fit = 0;
	while (wire_left(&w) > 0) {
		unsigned size = utf8_character(&w);

		if (size == 0)
			return false;
		if (*fit + size <= most && *fit + size == n - wire_left(&w))
			*fit += size;
	}
	return true;
}

struct notification
notification_shutdown(uint8_t subcode, const char *text, uint8_t buf[SHUTDOWN_TEXT_MAX + 1])
{
	size_t n;

	if (!text || !*text ||
	    !utf8_fit((const uint8_t *)text, strlen(text), SHUTDOWN_TEXT_MAX, &n))
		return notification_make(NOTIFY_CEASE, subcode);
	buf[0] = (uint8_t)n;
	memcpy(buf + 1, text, n);
	return notification_borrow(NOTIFY_CEASE, subcode, buf, n + 1);
}

bool
notification_shutdown_text(const struct notification *n, char buf[SHUTDOWN_TEXT_MAX + 1])
{
	struct wire_in w = wire_in(notification_data(n), n->data_len);
	size_t length, fit;
	const uint8_t *text;

	if (n->code != NOTIFY_CEASE ||
	    (n->subcode != NOTIFY_CEASE_SHUTDOWN && n->subcode != NOTIFY_CEASE_RESET))
		return false;
	length = wire_u8(&w);
	text = wire_take(&w, length);
	if (!wire_done(&w) || length == 0 || !utf8_fit(text, length, length, &fit))
		return false;
	for (size_t i = 0; i < length; i++) {
		/* C1 controls are two octets, C2 80..9F; terminals obey them too. */
		bool c1 = text[i] == 0xc2 && text[i + 1] < 0xa0;

		buf[i] = (char)(text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
		if (c1) {
			buf[i] = '?';
			buf[++i] = '?';
		}
	}
	buf[length] = '\0';
	return true;
}

struct notification
notification_hard_reset(const struct notification *inner, uint8_t *buf, size_t n)
{
	struct wire_out w = wire_out(buf, n);
	size_t room;

	wire_put_u8(&w, inner->code);
	wire_put_u8(&w, inner->subcode);
	room = wire_room(&w);
	wire_put(&w, notification_data(inner), inner->data_len < room ? inner->data_len : room);
	return notification_borrow(
	    NOTIFY_CEASE, NOTIFY_CEASE_HARD_RESET, buf, wire_written(&w));
}

bool
notification_hard_reset_inner(const struct notification *n, struct notification *inner)
{
	struct wire_in w = wire_in(notification_data(n), n->data_len);
	uint8_t code = wire_u8(&w), subcode = wire_u8(&w);

	if (n->code != NOTIFY_CEASE || n->subcode != NOTIFY_CEASE_HARD_RESET || !wire_ok(&w))
		return false;
	*inner = notification_borrow(code, subcode, w.at, wire_left(&w));
	return true;
}

size_t
notification_encode(const struct notification *n, uint8_t *p, size_t room)
{
	size_t data_len = n->data_len;

	must(room >= NOTIFICATION_HEADER);
	if (data_len > room - NOTIFICATION_HEADER)
		data_len = room - NOTIFICATION_HEADER;
	bgp_header_encode(p, (uint16_t)(NOTIFICATION_HEADER + data_len), BGP_NOTIFICATION);
	p[BGP_HEADER_SIZE] = n->code;
	p[BGP_HEADER_SIZE + 1] = n->subcode;
	if (data_len)
		memcpy(p + NOTIFICATION_HEADER, notification_data(n), data_len);
	return NOTIFICATION_HEADER + data_len;
}

bool
notification_decode(const uint8_t *msg, size_t n, struct notification *out)
{
	struct wire_in w = bgp_body(msg, n);
	uint8_t code = wire_u8(&w), subcode = wire_u8(&w);

	if (!wire_ok(&w) || n > BGP_MESSAGE_MAX_EXTENDED)
		return false;
	*out = notification_borrow(code, subcode, w.at, wire_left(&w));
	return true;
}

char *
notification_text(const struct notification *n, char buf[NOTIFICATION_TEXT_MAX])
{
	char text[SHUTDOWN_TEXT_MAX + 1];
	const uint8_t *data = notification_data(n);
	size_t shown = n->data_len < DATA_SHOWN ? n->data_len : DATA_SHOWN;
	int at = snprintf(buf, NOTIFICATION_TEXT_MAX, "%s (%u) / %s (%u)",
	    notification_code_name(n->code), n->code,
	    notification_subcode_name(n->code, n->subcode), n->subcode);

	if (notification_shutdown_text(n, text)) {
		snprintf(buf + at, NOTIFICATION_TEXT_MAX - (size_t)at, " \"%s\"", text);
		return buf;
	}
	if (shown)
		at += snprintf(buf + at, NOTIFICATION_TEXT_MAX - (size_t)at, ", data ");
	for (size_t i = 0; i < shown; i++)
		at += snprintf(buf + at, NOTIFICATION_TEXT_MAX - (size_t)at, "%02x", data[i]);
	if (shown < n->data_len)
		snprintf(buf + at, NOTIFICATION_TEXT_MAX - (size_t)at, "... (%u octets)",
		    n->data_len);
	return buf;
}
