/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path identifiers (RFC 7911) from node addresses alone, so that two replicas with different
 * histories agree and a withdrawal needs no history. IPv4: the address as a number. IPv6: a
 * 32-bit hash; addresses whose hashes collide are told apart by a rule over the set of
 * addresses that are there now. Pure functions.
 */
#pragma once

#include "core/ip.h"

/* Hash of an IPv6 address; salt tells collided ones apart. */
typedef uint32_t path_id_hash(const struct ip_addr *a, uint32_t salt);

/* The one in use. Never 0. */
uint32_t path_id_v6(const struct ip_addr *a, uint32_t salt);

/* IPv4 only; never 0 for an address that can be a next hop. */
static inline uint32_t
path_id_v4(const struct ip_addr *a)
{
	return ip_v4_host(a);
}

/*
 * Identifiers for a set of distinct IPv6 addresses: in ascending order of address, each takes
 * its hash with the lowest salt that no lower address has taken. ids[i] belongs to addrs[i],
 * whatever their order. Values of 0 are skipped.
 */
void
path_ids_assign(const struct ip_addr *addrs, uint32_t n, path_id_hash *hash, uint32_t *ids);
