/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A NOTIFICATION: what is due when a check fails, what we send, what a peer sent. Codes and
 * names are the rows of notification.def. The decoders of this folder return their complaint
 * in this form, so the session sends it as it stands.
 */
#pragma once

#include "core/wire.h"

enum notification_code {
#define CODE(NAME, code, text) NOTIFY_##NAME = code,
#define SUBCODE(CODE, NAME, subcode, text)
#include "bgp/notification.def"
};

enum notification_subcode {
	NOTIFY_UNSPECIFIC = 0,
#define CODE(NAME, code, text)
#define SUBCODE(CODE, NAME, subcode, text) NOTIFY_##CODE##_##NAME = subcode,
#include "bgp/notification.def"
};

enum {
	NOTIFICATION_SMALL = 16,     /* data that we compose ourselves fits here */
	NOTIFICATION_TEXT_MAX = 400, /* notification_text() */
	SHUTDOWN_TEXT_MAX = 255,     /* octets of UTF-8, RFC 9003 */
};

struct notification {
	uint8_t code; /* enum notification_code; 0: none */
	uint8_t subcode;
	uint16_t data_len;
	const uint8_t *data; /* borrowed: from the message complained of, or the caller's.
	                        NULL: the data is in small[] */
	uint8_t small[NOTIFICATION_SMALL];
};

/* The data's first byte, wherever it lives; it has data_len bytes. Borrowed. */
static inline const uint8_t *
notification_data(const struct notification *n)
{
	return n->data ? n->data : n->small;
}

/* Compose: with no data, with up to 16 bytes copied into it, or with n borrowed bytes. */
struct notification notification_make(uint8_t code, uint8_t subcode);
struct notification
notification_with(uint8_t code, uint8_t subcode, const uint8_t *small, size_t n);
struct notification
notification_borrow(uint8_t code, uint8_t subcode, const uint8_t *data, size_t n);

/*
 * Cease with a text for the operator at the other end (RFC 9003; subcode 2 or 4). The data is
 * built in buf (256 bytes, borrowed by the result). Text of more than 255 octets is cut at a
 * character; text that is not UTF-8 is left out.
 */
struct notification
notification_shutdown(uint8_t subcode, const char *text, uint8_t buf[SHUTDOWN_TEXT_MAX + 1]);

/* The Hard Reset (RFC 8538) that carries inner; built in buf, which has room for n bytes. */
struct notification
notification_hard_reset(const struct notification *inner, uint8_t *buf, size_t n);

/* The NOTIFICATION inside a received Hard Reset. False: n is none, or carries none. */
bool notification_hard_reset_inner(const struct notification *n, struct notification *inner)
    MUST_USE;

/*
 * Write the message at p. Data that would not fit into `room` octets is cut (room is at least
 * 21; 4096 at most without RFC 8654). Returns the size of the message.
 */
size_t notification_encode(const struct notification *n, uint8_t *p, size_t room);

/* Decode a whole message. The data is borrowed from it. False: shorter than 21 octets. */
bool notification_decode(const uint8_t *msg, size_t n, struct notification *out) MUST_USE;

/*
 * The shutdown text of a received Cease (subcodes 2 and 4) as a printable C string in buf:
 * control characters become '?'. False: there is none, or its length or UTF-8 is wrong.
 */
bool notification_shutdown_text(const struct notification *n, char buf[SHUTDOWN_TEXT_MAX + 1])
    MUST_USE;

/* Names for logs: "Cease", "Administrative Shutdown". Never NULL. */
const char *notification_code_name(uint8_t code);
const char *notification_subcode_name(uint8_t code, uint8_t subcode);

/*
 * One line for logs, e.g. `Cease (6) / Administrative Shutdown (2) "back at 5"` or
 * `UPDATE Message Error (3) / Invalid ORIGIN (6), data 40010109`. Returns buf.
 */
char *notification_text(const struct notification *n, char buf[NOTIFICATION_TEXT_MAX]);
