/* SPDX-License-Identifier: Apache-2.0 */
/* ROUTE-REFRESH: the checks of RFC 7313 section 5; RFC 2918 names none. */
#include "bgp/refresh.h"

bool
refresh_decode(
    const uint8_t *msg, size_t n, bool enhanced, struct refresh *out, struct notification *why)
{
	struct wire_in w = bgp_body(msg, n);
	bool marks; /* BoRR or EoRR: their length is exact */

	*out = (struct refresh){0};
	out->afi = wire_u16(&w);
	out->subtype = wire_u8(&w);
	if (!enhanced)
		out->subtype = REFRESH_REQUEST;
	marks = wire_ok(&w) && (out->subtype == REFRESH_BEGIN || out->subtype == REFRESH_END);
	if (marks && n != REFRESH_SIZE) {
		*why = notification_borrow(NOTIFY_REFRESH, NOTIFY_REFRESH_LENGTH, msg, n);
		return false;
	}
	out->safi = wire_u8(&w);
	if (!wire_ok(&w)) {
		*why = bgp_too_short(n);
		return false;
	}
	/* More octets behind a request are route filters (RFC 5291) that we did not ask for. */
	out->family = bgp_family(out->afi, out->safi);
	return true;
}

size_t
refresh_encode(uint8_t *p, uint8_t family, enum refresh_subtype subtype)
{
	bgp_header_encode(p, REFRESH_SIZE, BGP_ROUTE_REFRESH);
	wire_store_u16(p + BGP_HEADER_SIZE, bgp_afi(family));
	p[BGP_HEADER_SIZE + 2] = (uint8_t)subtype;
	p[BGP_HEADER_SIZE + 3] = BGP_SAFI_UNICAST;
	return REFRESH_SIZE;
}
