/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path attributes, decoded and encoded. The rows of attr.def say what each is. Variable parts
 * are borrowed from the message (or, for encoding, from the caller) in wire form. The decoders
 * return verdicts (RFC 7606); update_decode() alone combines them.
 */
#pragma once

#include "bgp/as_path.h"
#include "bgp/message.h"
#include "core/ip.h"
#include "core/wire.h"

enum attr_code {
#define ATTR(NAME, code, flags, malformed, reading, decoder, subcode) ATTR_##NAME = code,
#include "bgp/attr.def"
};

enum attr_flag {
	ATTR_FLAG_OPTIONAL = 0x80,
	ATTR_FLAG_TRANSITIVE = 0x40,
	ATTR_FLAG_PARTIAL = 0x20,
	ATTR_FLAG_EXTENDED = 0x10, /* the length has two octets */
};

/* RFC 7606 section 2, the weakest first; the strongest one of a message decides. */
enum attr_verdict {
	ATTR_OK,       /* use it                                                      */
	ATTR_DISCARD,  /* drop this attribute, use the rest                           */
	ATTR_WITHDRAW, /* treat-as-withdraw: every announced prefix counts as withdrawn */
	ATTR_RESET,    /* send the NOTIFICATION and close                             */
};

/* The column `reading` of attr.def. */
enum attr_reading { ATTR_READ_ANY, ATTR_READ_INTERNAL, ATTR_READ_OLD };

enum { ORIGIN_IGP = 0, ORIGIN_EGP = 1, ORIGIN_INCOMPLETE = 2 };

/* Presence in struct attrs: all codes that we know are below 64. */
#define ATTR_BIT(code) (UINT64_C(1) << (code))

struct attr_bytes {
	const uint8_t *at; /* borrowed */
	uint16_t n;
};

struct attr_aggregator {
	uint32_t as;
	uint32_t router_id; /* an IPv4 address as a number, as everywhere below */
};

struct attr_unknown {
	uint8_t flags, code;
	struct attr_bytes value;
};

enum { ATTR_UNKNOWN_KEPT = 8 };

struct attrs {
	uint64_t present; /* ATTR_BIT() of each attribute that is there and valid; what has
	                     no bit has no meaning in the fields below */
	uint8_t origin;
	bool as_path_as4; /* AS_PATH below has 4-octet numbers (else 2, see as_path_merge()) */
	uint8_t unknown_count;   /* of unknown[] */
	struct ip_addr next_hop; /* NEXT_HOP: IPv4 */
	uint32_t med, local_pref, originator_id, otc;
	struct attr_aggregator aggregator, as4_aggregator;
	struct attr_bytes as_path;           /* segments, see as_path.h              */
	struct attr_bytes as4_path;          /* from 2-octet peers only              */
	struct attr_bytes communities;       /* 4 octets each                        */
	struct attr_bytes cluster_list;      /* 4 octets each, the nearest first     */
	struct attr_bytes ext_communities;   /* 8 octets each                   */
	struct attr_bytes ipv6_communities;  /* 20 octets each                  */
	struct attr_bytes large_communities; /* 12 octets each                  */
	struct attr_unknown unknown[ATTR_UNKNOWN_KEPT]; /* optional transitive ones that we
	                                                   do not know; never passed on by
	                                                   default, never encoded */
};

static inline bool
attrs_have(const struct attrs *a, unsigned code)
{
	return (a->present & ATTR_BIT(code)) != 0;
}

/* The AS_PATH as it was received (see as_path_merge() for 2-octet peers). */
static inline struct as_path
attrs_as_path(const struct attrs *a)
{
	return (struct as_path){.at = a->as_path.at, .n = a->as_path.n, .as4 = a->as_path_as4};
}

/* Name by code: "AS_PATH"; "unknown attribute" for those without a row. */
const char *attr_name(uint8_t code);
const char *attr_verdict_name(enum attr_verdict v);

/* What the encoder of attributes needs to know of the peers it writes for. */
struct attr_format {
	bool as4;  /* 4-octet AS numbers negotiated; else AS_TRANS, AS4_PATH, AS4_AGGREGATOR */
	bool ibgp; /* internal: else LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST are left out */
	bool mp;   /* the NLRI go into MP_REACH_NLRI: NEXT_HOP is left out (RFC 4760) */
};

/*
 * Append the attributes that are present, by ascending code. a->as_path must have 4-octet
 * numbers (as_path_as4). MP_REACH_NLRI and MP_UNREACH_NLRI are not written here but by
 * update_out_begin_*(). Room: w fails when it is too small (65535 octets always do).
 */
void attrs_encode(struct wire_out *w, const struct attrs *a, const struct attr_format *format);

/* One attribute as found in a message: the header and a cursor over the value. */
struct attr_in {
	uint8_t flags, code;
	struct attr_bytes whole; /* type, length and value: what NOTIFICATION data wants */
	struct attr_bytes value;
};

/*
 * The next attribute of a cursor over the path attributes. False at the end (wire_ok(w) is
 * then true), or when the rest is too short for one (RFC 7606 section 4): *out then has what
 * could be read of it, code 0 if not even that.
 */
bool attr_next(struct wire_in *w, struct attr_in *out) MUST_USE;

/* What is known of the sender of an attribute. */
struct attr_rules {
	bool as4, ebgp;
};

struct attr_fault {
	enum attr_verdict verdict;
	struct notification error; /* what RFC 4271 calls for, were it a reset; borrows */
	const char *why;           /* static */
};

/*
 * Judge one attribute that is not a repeated one, and store it in *a if it is good. Attributes
 * that we do not know are kept aside. MP_REACH_NLRI and MP_UNREACH_NLRI: only their flags are
 * judged here; update_decode() reads them.
 */
struct attr_fault
attr_read(const struct attr_in *in, const struct attr_rules *rules, struct attrs *a) MUST_USE;

/* Have we a row for this code? */
bool attr_is_known(uint8_t code);

/* The Optional and Transitive bits of a known attribute. */
uint8_t attr_flags(uint8_t code);

/* Append an attribute's header: one octet of length where it suffices. */
void attr_put_header(struct wire_out *w, uint8_t code, size_t length);
