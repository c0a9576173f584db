/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all BGP messages share: sizes, types, the 19-octet header, address families, and the
 * check of a received header (RFC 4271 section 6.1, RFC 8654). Everything under shared/bgp is
 * a pure function of its arguments: no I/O, no state, no allocation; any thread may call it.
 * Every decoder takes one whole message, header included, as bgp_frame() found it.
 */
#pragma once

#include "bgp/notification.h"
#include "core/ip.h"
#include "core/wire.h"

enum {
	BGP_PORT = 179,
	BGP_VERSION = 4,
	BGP_MARKER_SIZE = 16,
	BGP_HEADER_SIZE = 19,             /* marker, length, type */
	BGP_MESSAGE_MAX = 4096,           /* RFC 4271 */
	BGP_MESSAGE_MAX_EXTENDED = 65535, /* RFC 8654; never OPEN and KEEPALIVE */
	BGP_AS_TRANS = 23456,             /* stands for a 4-octet AS in 2 octets, RFC 6793 */
};

enum bgp_type {
	BGP_OPEN = 1,
	BGP_UPDATE = 2,
	BGP_NOTIFICATION = 3,
	BGP_KEEPALIVE = 4,
	BGP_ROUTE_REFRESH = 5, /* RFC 2918 */
};

enum { BGP_AFI_IPV4 = 1, BGP_AFI_IPV6 = 2, BGP_SAFI_UNICAST = 1 };

/* Local roles of RFC 9234, as on the wire. BGP_ROLE_UNSET: none configured or negotiated. */
enum bgp_role {
	BGP_ROLE_PROVIDER = 0,
	BGP_ROLE_RS = 1,
	BGP_ROLE_RS_CLIENT = 2,
	BGP_ROLE_CUSTOMER = 3,
	BGP_ROLE_PEER = 4,
	BGP_ROLE_UNSET = 255,
};

/* Our family of an AFI and SAFI, or IP_NONE when we do not speak it. */
static inline enum ip_family
bgp_family(uint16_t afi, uint8_t safi)
{
	if (safi != BGP_SAFI_UNICAST)
		return IP_NONE;
	return afi == BGP_AFI_IPV4 ? IP_V4 : afi == BGP_AFI_IPV6 ? IP_V6 : IP_NONE;
}

static inline uint16_t
bgp_afi(uint8_t family)
{
	return family == IP_V6 ? BGP_AFI_IPV6 : BGP_AFI_IPV4;
}

/* "OPEN", "UPDATE", ...; "UNKNOWN" for other numbers. */
const char *bgp_type_name(uint8_t type);

enum bgp_frame {
	BGP_FRAME_MORE, /* not a whole message yet: read on            */
	BGP_FRAME_OK,   /* a whole message stands at bytes             */
	BGP_FRAME_BAD,  /* send *why and close; drop the rest unread   */
};

/*
 * Look at the n bytes received so far. The header is judged as soon as its 19 octets are
 * there, before the body arrives: marker, length (of the type too), type, in that order.
 * extended: we advertised RFC 8654, so up to 65535 octets are accepted.
 * OK: *size is the length of the message, *type its type. MORE: *size is how many bytes
 * are wanted in all (19 until the header is known). BAD: *why is what is due.
 */
enum bgp_frame bgp_frame(const uint8_t *bytes, size_t n, bool extended, size_t *size,
    uint8_t *type, struct notification *why) MUST_USE;

/* Write the header of a message of `size` octets in all at p (19 bytes of room). */
void bgp_header_encode(uint8_t *p, uint16_t size, uint8_t type);

/* Write a KEEPALIVE at p (19 bytes of room); returns 19. */
size_t keepalive_encode(uint8_t *p);

/* A cursor over the body of a whole message; failed when n is less than a header. */
struct wire_in bgp_body(const uint8_t *msg, size_t n);

/* Bad Message Length for a message of n octets that is too short for its type. */
struct notification bgp_too_short(size_t n);
