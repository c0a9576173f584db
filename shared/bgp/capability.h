/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities of one speaker (RFC 5492), decoded into values, for the families that we speak.
 * The rows are in capability.def. The local set is built by the session from its config; the
 * remote set comes from an OPEN; open_negotiate() brings them together.
 */
#pragma once

#include "bgp/message.h"

enum capability_code {
#define CAPABILITY(NAME, code, name, reader) CAPABILITY_##NAME = code,
#include "bgp/capability.def"
};

/* Bits of struct capabilities.present, by row. */
enum capability_row {
#define CAPABILITY(NAME, code, name, reader) CAPABILITY_ROW_##NAME,
#include "bgp/capability.def"
	CAPABILITY_ROWS
};

#define CAPABILITY_BIT(NAME) (UINT32_C(1) << CAPABILITY_ROW_##NAME)

enum { CAPABILITY_NAME_MAX = 64, GR_TIME_MAX = 4095 /* seconds: 12 bits */ };

/* Graceful restart of one family: RFC 4724, and RFC 9494 for the long-lived part. */
struct capability_gr {
	bool present;    /* listed in capability 64 */
	bool forwarding; /* its F bit: state was preserved */
	bool llgr;       /* listed in capability 71 */
	bool llgr_forwarding;
	uint32_t llgr_time; /* seconds, 24 bits */
};

/* Arrays: by ip_family_index(). Without its bit in present a field has no meaning (and is zero). */
struct capabilities {
	uint32_t present;           /* CAPABILITY_BIT() */
	bool families[IP_FAMILIES]; /* multiprotocol: that family is listed */
	bool add_path_send[IP_FAMILIES], add_path_receive[IP_FAMILIES];
	bool ext_nexthop;   /* IPv4 unicast with an IPv6 next hop */
	uint8_t role;       /* enum bgp_role */
	bool role_conflict; /* two role capabilities with different values were received */
	bool gr_restarting, gr_notification; /* the R bit; the N bit of RFC 8538 */
	uint16_t gr_time;                    /* seconds, 12 bits */
	struct capability_gr gr[IP_FAMILIES];
	uint32_t as4;
	char host[CAPABILITY_NAME_MAX + 1], domain[CAPABILITY_NAME_MAX + 1]; /* printable */
	uint8_t unknown, malformed; /* how many were ignored, and why */
};

static inline bool
capabilities_have(const struct capabilities *c, uint32_t bits)
{
	return (c->present & bits) == bits;
}

/*
 * Add the capabilities of one Capabilities parameter to *c (zeroed by the caller before the
 * first). False: a capability reaches beyond the parameter; the OPEN is malformed.
 */
bool capabilities_decode(struct wire_in *w, struct capabilities *c) MUST_USE;

/*
 * Append all that are present, without the parameter's header; those that list families only
 * if they list one. w fails when it has no room.
 */
void capabilities_encode(struct wire_out *w, const struct capabilities *c);

/* "ADD-PATH"; "unknown" for codes that have no row. */
const char *capability_name(uint8_t code);
