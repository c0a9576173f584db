/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attribute sets as ToRs receive them, each kept once per fleet thread: a path is then one
 * 4-byte index. Read in place from the UPDATE and on purpose not through shared/bgp, so that an
 * error there cannot agree with itself on both ends. A set never changes and lives as long as
 * its store; index 0 is "no path".
 */
#pragma once

#include "core/ip.h"
#include "core/must.h"
#include "core/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attrset {
	uint64_t digest; /* sum of path_attr_hash() over all but NEXT_HOP and MP_* */
	uint64_t seed;   /* path_seed() */
	struct ip_addr next_hop;
	const uint8_t *bytes; /* those attributes as they stood on the wire, borrowed */
	uint32_t length;
};

struct attrset_store {
	struct attrset *sets; /* 1..count */
	uint32_t count, room;
	uint32_t *slots; /* index by hash, 0: free */
	uint32_t slot_mask;
};

/* One UPDATE's attributes, split but not yet stored. Everything points into the message. */
struct attr_parts {
	struct ip_addr
	    next_hop[IP_FAMILIES]; /* NEXT_HOP, and the one in MP_REACH; IP_NONE: absent */
	struct wire_in reach6, unreach6; /* NLRI of IPv6 unicast in MP_REACH and MP_UNREACH */
	bool has_reach6, has_unreach6;
	bool has_other_family; /* an MP attribute of a family that was not negotiated */
	uint64_t digest;
	const uint8_t *start; /* the whole attribute section */
	size_t length;
};

void attrset_store_init(struct attrset_store *s);
void attrset_store_fini(struct attrset_store *s);

/* False: lengths do not add up, an attribute stands twice, or a next hop has a wrong size. */
bool attr_parts_read(struct wire_in attributes, struct attr_parts *out) MUST_USE;

/* The index of the attributes with that next hop, stored if it is new. */
uint32_t attrset_intern(
    struct attrset_store *s, const struct attr_parts *parts, const struct ip_addr *next_hop);

/* "LOCAL_PREF 100 ORIGINATOR_ID 10.0.0.1 COMMUNITIES 64512:100": buf of n bytes; cut where it does not fit. */
char *attrset_text(const struct attrset *set, char *buf, size_t n);
