/* SPDX-License-Identifier: Apache-2.0 */
/* ROUTE-REFRESH (RFC 2918) with the subtypes of enhanced route refresh (RFC 7313). */
#pragma once

#include "bgp/message.h"

enum { REFRESH_SIZE = 23 };

enum refresh_subtype {
	REFRESH_REQUEST = 0,
	REFRESH_BEGIN = 1, /* BoRR: the table follows from its start      */
	REFRESH_END = 2,   /* EoRR: what was not sent again is gone       */
};

struct refresh {
	uint16_t afi;
	uint8_t safi;
	uint8_t subtype;       /* enum refresh_subtype; other values are to be ignored */
	enum ip_family family; /* of afi and safi; IP_NONE: not ours, to be ignored    */
};

/*
 * Decode a whole message. False: its length is wrong and *why is due. enhanced: RFC 7313 was
 * negotiated, so subtypes count; without it the octet is reserved and every message a request.
 */
bool refresh_decode(const uint8_t *msg, size_t n, bool enhanced, struct refresh *out,
    struct notification *why) MUST_USE;

/* Write a ROUTE-REFRESH for one of our families at p (23 bytes of room); returns 23. */
size_t refresh_encode(uint8_t *p, uint8_t family, enum refresh_subtype subtype);
