/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the wire format: messages written as hexadecimal text with blanks where they
 * help reading, and checks that print both sides when they differ.
 */
#pragma once

#include "bgp/update.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Bytes of "ff 00 1a" in out; returns how many. */
static inline size_t
hex(uint8_t *out, const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		char two[3] = {text[0], text[1], '\0'};

		if (*text == ' ')
			continue;
		out[n++] = (uint8_t)strtoul(two, NULL, 16);
		text++;
	}
	return n;
}

static inline void
assert_bytes(const uint8_t *got, size_t n, const char *want)
{
	static uint8_t bytes[BGP_MESSAGE_MAX_EXTENDED];
	size_t wanted = hex(bytes, want);

	if (n != wanted || (n > 0 && memcmp(got, bytes, n) != 0)) {
		fprintf(stderr, "want %s\ngot  ", want);
		for (size_t i = 0; i < n; i++)
			fprintf(stderr, "%02x ", got[i]);
		fail_msg("\n%zu octets, wanted %zu", n, wanted);
	}
}

/* A message of the type with a body in hexadecimal; returns its size. */
static inline size_t
message(uint8_t *out, uint8_t type, const char *body)
{
	size_t n = BGP_HEADER_SIZE + hex(out + BGP_HEADER_SIZE, body);

	bgp_header_encode(out, (uint16_t)n, type);
	return n;
}

/* An UPDATE of three fields in hexadecimal. */
static inline size_t
update_message(uint8_t *out, const char *withdrawn, const char *attrs, const char *nlri)
{
	uint8_t *at = out + BGP_HEADER_SIZE + 2;
	size_t n = hex(at, withdrawn);

	wire_store_u16(at - 2, (uint16_t)n);
	at += n + 2;
	n = hex(at, attrs);
	wire_store_u16(at - 2, (uint16_t)n);
	at += n;
	at += hex(at, nlri);
	bgp_header_encode(out, (uint16_t)(at - out), BGP_UPDATE);
	return (size_t)(at - out);
}

static inline void
assert_notification(
    const struct notification *n, uint8_t code, uint8_t subcode, const char *data)
{
	assert_int_equal(n->code, code);
	assert_int_equal(n->subcode, subcode);
	assert_bytes(notification_data(n), n->data_len, data);
}

/* A peer of the kind that most tests want: both families, 4-octet AS, no ADD-PATH. */
static inline struct update_context
context(bool ebgp)
{
	return (struct update_context){.as4 = true,
	    .ebgp = ebgp,
	    .families = {true, true},
	    .local_role = BGP_ROLE_UNSET,
	    .local_as = 64512,
	    .peer_as = ebgp ? 65001 : 64512,
	    .router_id = 0x0a000001,
	    .cluster_id = 0x0a0000fe};
}
