/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OPEN messages: decode with every check of RFC 4271 section 6.2, extended optional parameters
 * (RFC 9072), encode, and what follows from the two OPENs of a session.
 */
#pragma once

#include "bgp/capability.h"
#include "bgp/message.h"

enum { OPEN_SIZE_MIN = 29, OPEN_SIZE_MAX = 1024 /* of those that open_encode() writes */ };

struct open {
	uint32_t as;        /* the AS4 capability's if present, else the 2-octet field  */
	uint16_t hold_time; /* seconds; 0: no keepalives                                */
	uint32_t router_id; /* an IPv4 address as a number                              */
	struct capabilities capabilities;
};

/*
 * Decode a whole message. False: *why is due (version, AS 0, hold time 1 or 2, identifier 0,
 * optional parameters). Whether the peer is the right one: open_check().
 */
bool
open_decode(const uint8_t *msg, size_t n, struct open *out, struct notification *why) MUST_USE;

/*
 * Is this the peer we expect? peer_as 0 accepts any AS. False: *why is due: Bad Peer AS, or
 * Bad BGP Identifier when an internal peer has our own (RFC 6286).
 */
bool open_check(const struct open *remote, uint32_t peer_as, uint32_t local_as,
    uint32_t local_router_id, struct notification *why) MUST_USE;

/*
 * Write an OPEN at p; room of OPEN_SIZE_MAX is enough. Returns its size. The AS4 capability
 * is written from open.as when its bit is present. More than 255 octets of parameters take
 * the form of RFC 9072.
 */
size_t open_encode(const struct open *o, uint8_t *p, size_t room);

/* What two speakers agreed on. Arrays: by ip_family_index(). */
struct negotiated {
	bool families[IP_FAMILIES];
	bool add_path_tx[IP_FAMILIES]; /* we send path identifiers  */
	bool add_path_rx[IP_FAMILIES]; /* the peer sends them       */
	bool as4;
	bool extended_rx; /* we announced RFC 8654: accept 65535 octets            */
	bool extended_tx; /* the peer did: we may send them (both must have)       */
	bool refresh, enhanced_refresh;
	bool ext_nexthop; /* IPv4 over IPv6 next hops, both ways */
	bool ebgp;
	uint16_t hold_time;   /* the smaller of both; 0: no hold and keepalive timers  */
	uint8_t role;         /* our configured one, on eBGP only; else BGP_ROLE_UNSET */
	bool gr;              /* both sent capability 64 */
	bool gr_notification; /* RFC 8538: both set N */
	bool peer_restarting; /* the R bit of the peer */
	uint16_t gr_time;     /* seconds: how long the peer asks us to wait for its return */
	struct capability_gr
	    peer_gr[IP_FAMILIES]; /* as the peer sent it, for families in common */
};

/*
 * Negotiate. role_strict: a peer that sent no role is refused (RFC 9234 4.2). False: *why is
 * due: no family in common (Unsupported Capability), or Role Mismatch; *why may borrow nothing.
 */
bool open_negotiate(const struct open *local, const struct open *remote, bool role_strict,
    struct negotiated *out, struct notification *why) MUST_USE;
