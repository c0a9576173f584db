/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of paths and of attributes. The sum of path hashes over a table is the table's
 * digest: it does not depend on order, a withdrawal subtracts what its announcement added,
 * and one path that differs changes it. The model and the ToRs must agree on these and on
 * nothing else. Inline, because a ToR takes one per path.
 */
#pragma once

#include "core/hash.h"
#include "core/ip.h"

#include <stdint.h>
#include <string.h>

/* What all paths of one next hop with the same attributes have in common. */
static inline uint64_t
path_seed(const struct ip_addr *next_hop, uint64_t attr_digest)
{
	return hash_two(
	    next_hop->family == IP_V4 ? ip_v4_host(next_hop) : ip_hash(next_hop), attr_digest);
}

static inline uint64_t
path_hash4(uint32_t prefix, uint8_t len, uint64_t seed)
{
	return hash_mix(((uint64_t)prefix << 8 | len) ^ seed);
}

/* bytes: 16, host bits cleared. */
static inline uint64_t
path_hash6(const uint8_t *bytes, uint8_t len, uint64_t seed)
{
	uint64_t hi, lo;

	memcpy(&hi, bytes, 8);
	memcpy(&lo, bytes + 8, 8);
	return hash_mix(hash_two(hi ^ len, lo) ^ seed);
}

static inline uint64_t
path_hash(const struct ip_prefix *p, uint64_t seed)
{
	return p->addr.family == IP_V4 ? path_hash4(ip_v4_host(&p->addr), p->len, seed)
	                               : path_hash6(p->addr.bytes, p->len, seed);
}

/* One path attribute but for NEXT_HOP and MP_*: a set's digest is the sum, so order is free. */
static inline uint64_t
path_attr_hash(uint8_t flags, uint8_t type, const uint8_t *value, size_t n)
{
	/* 0x10 is Extended Length: how the length is written says nothing about the attribute. */
	return hash_two((uint64_t)(flags & 0xe0) << 8 | type, hash_bytes(value, n));
}
