/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATE messages. Receiving: update_decode() parses and judges the whole message (RFC 4271
 * 6.3, RFC 7606) before anybody acts on any of it; then the caller iterates. Sending: struct
 * update_out lets the caller write NLRIs straight into its chunk between begin and close.
 * Nothing is kept between calls; what is decoded borrows from the message.
 */
#pragma once

#include "bgp/attr.h"
#include "bgp/message.h"
#include "bgp/nlri.h"

/* What was negotiated with the sender, and who we are. Arrays: by ip_family_index(). */
struct update_context {
	bool as4;                   /* AS numbers have 4 octets                            */
	bool ebgp;                  /* the peer is external                                */
	bool families[IP_FAMILIES]; /* negotiated                                          */
	bool add_path[IP_FAMILIES]; /* the peer sends path identifiers                     */
	bool ext_nexthop;           /* IPv4 NLRI may have an IPv6 next hop, RFC 8950       */
	bool enforce_first_as;      /* eBGP: the leftmost AS must be peer_as; else withdraw */
	uint8_t local_role;         /* enum bgp_role; BGP_ROLE_UNSET: no OTC check         */
	uint32_t local_as, peer_as;
	uint32_t router_id, cluster_id;
	struct ip_addr local_addr; /* our end of the session, or IP_NONE: not compared   */
};

/* Why a well-formed route must not be used although the session goes on. */
enum update_flag {
	UPDATE_LOOP_AS = 1 << 0, /* our AS in AS_PATH                     RFC 4271 9.1.2 */
	UPDATE_LOOP_ORIGINATOR =
	    1 << 1,                   /* ORIGINATOR_ID is ours                 RFC 4456       */
	UPDATE_LOOP_CLUSTER = 1 << 2, /* our cluster in CLUSTER_LIST           RFC 4456       */
	UPDATE_LEAK = 1 << 3,         /* OTC says that the route leaked        RFC 9234       */
	UPDATE_OWN_NEXT_HOP = 1 << 4, /* the next hop is our end of the session RFC 4271 6.3  */
};

struct update {
	enum attr_verdict verdict; /* the strongest of all. ATTR_DISCARD: usable, something
	                              was dropped. ATTR_WITHDRAW: take nlri and mp_reach as
	                              withdrawn. ATTR_RESET: touch nothing, send error */
	uint8_t bad_attr;          /* code of the attribute that decided the verdict; 0: none */
	const char *why; /* what was wrong, a static sentence for the log; NULL: nothing */
	struct notification error; /* what RFC 4271 calls for; sent only when ATTR_RESET */

	struct attrs attrs;
	/* In the order to process. family is IP_NONE where absent, ignored or not negotiated. */
	struct nlri_in withdrawn, mp_unreach;
	struct nlri_in nlri, mp_reach;
	struct ip_addr mp_next_hop;   /* of mp_reach */
	struct ip_addr mp_link_local; /* of mp_reach; IP_NONE: none given */

	enum ip_family end_of_rib; /* this message is an End-of-RIB of that family (RFC 4724) */
	uint32_t announced,
	    withdrawals;           /* prefixes in nlri + mp_reach, withdrawn + mp_unreach */
	uint16_t discarded;        /* attributes dropped: malformed, misplaced, repeated */
	uint16_t unknown;          /* attributes that we do not know */
	uint16_t ignored_families; /* fields for families unknown or not negotiated */
	uint8_t flags;             /* enum update_flag */
};

/*
 * Decode one whole message. Never fails otherwise than by out->verdict; every field of *out
 * is set. Everything in *out borrows from msg.
 */
void update_decode(
    const uint8_t *msg, size_t n, const struct update_context *ctx, struct update *out);

/*
 * One UPDATE being written in place. The caller writes NLRIs (nlri_put) at `at`, never past
 * `limit`, then closes. All of one family and one add-path form. Example:
 *	if (update_out_begin(&u, p, room, attrs, attrs_len)) {
 *		while (more && nlri_size(ap, len) <= update_out_room(&u))
 *			u.at += nlri_put(u.at, ap, id, prefix);
 *		p += update_out_close(&u);
 *	}
 */
struct update_out {
	uint8_t *at;         /* where the next NLRI goes                             */
	uint8_t *limit;      /* NLRIs end here at the latest                         */
	uint8_t *start;      /* the first byte of the message                        */
	uint8_t *field;      /* where the NLRIs begin                                */
	uint8_t *mp;         /* the MP attribute's first byte, or NULL: classic form */
	const uint8_t *tail; /* attributes behind the MP attribute, borrowed    */
	uint16_t tail_len;
	bool withdraw;
};

/*
 * Begin an announcement at buf. room: bytes available, at most what the peer accepts in one
 * message (4096 or 65535). attrs: encoded by attrs_encode() and borrowed until close.
 * _begin: IPv4 in the classic NLRI field, attrs holds NEXT_HOP.
 * _begin_mp: any family in MP_REACH_NLRI, with next_hop of either family (IPv4 NLRI with an
 * IPv6 one: RFC 8950) and link_local or NULL; attrs is encoded with format.mp. MP_REACH_NLRI
 * comes first (RFC 7606 5.1), the others are appended by close.
 * False: room is too small for even the smallest NLRI; nothing may be written then.
 */
bool update_out_begin(struct update_out *u, uint8_t *buf, size_t room, const uint8_t *attrs,
    size_t attrs_len) MUST_USE;
bool update_out_begin_mp(struct update_out *u, uint8_t *buf, size_t room, uint8_t family,
    const struct ip_addr *next_hop, const struct ip_addr *link_local, const uint8_t *attrs,
    size_t attrs_len) MUST_USE;

/* Begin a withdrawal: IPv4 in the classic field, or (mp, and always for IPv6) MP_UNREACH_NLRI. */
bool update_out_begin_withdraw(
    struct update_out *u, uint8_t *buf, size_t room, uint8_t family, bool mp) MUST_USE;

/* Bytes left for NLRIs. */
static inline size_t
update_out_room(const struct update_out *u)
{
	return (size_t)(u->limit - u->at);
}

/* True while no NLRI was written: such a message must not be closed, but begun anew or left. */
static inline bool
update_out_empty(const struct update_out *u)
{
	return u->at == u->field;
}

/*
 * Patch all lengths; returns the size of the message, which begins at buf. Where an MP
 * attribute came out at 255 octets or less its length takes one octet and the NLRIs move
 * down by one byte.
 */
size_t update_out_close(struct update_out *u);

enum { UPDATE_END_OF_RIB_MAX = 29 };

/*
 * Write an End-of-RIB at p (UPDATE_END_OF_RIB_MAX bytes of room); returns its size: 23 for
 * IPv4 (the empty UPDATE), 29 for IPv6 (only an empty MP_UNREACH_NLRI).
 */
size_t update_end_of_rib_encode(uint8_t *p, uint8_t family);
