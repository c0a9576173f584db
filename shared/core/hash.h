/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes for tables and for choices that two replicas must make alike: fixed, unseeded, endian-independent. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Finaliser of MurmurHash3 (public domain): every input bit reaches every output bit. */
static inline uint64_t
hash_mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	x ^= x >> 33;
	return x;
}

static inline uint64_t
hash_two(uint64_t a, uint64_t b)
{
	return hash_mix(a ^ (hash_mix(b) + 0x9e3779b97f4a7c15ull + (a << 6) + (a >> 2)));
}

/* Any bytes; equal bytes give equal hashes on every machine. */
uint64_t hash_bytes(const void *bytes, size_t n);

/* A rack's or zone's name, as next hops and views compare it: "" and NULL are 0, unknown; others never. */
uint64_t place_hash(const char *name);
