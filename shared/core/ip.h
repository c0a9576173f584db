/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses and prefixes of both families, as values. An address is 16 bytes in network
 * order of which IPv4 uses the first 4; the rest is always zero, so memcmp() compares and
 * equal values have equal bytes. A prefix has its host bits cleared, always.
 */
#pragma once

#include "core/must.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

#define IP_FAMILIES 2 /* array index of a family: ip_family_index() */
extern const char *const ip_family_names[IP_FAMILIES]; /* "ipv4", "ipv6" */

struct ip_addr {
	uint8_t family; /* enum ip_family */
	uint8_t bytes[16];
};

struct ip_prefix {
	struct ip_addr addr;
	uint8_t len; /* bits: 0..32 or 0..128 */
};

#define IP_TEXT_MAX 56 /* the longest address or prefix as text, with its NUL */

static inline unsigned
ip_family_index(uint8_t family)
{
	return family == IP_V6;
}

static inline unsigned
ip_bits(uint8_t family)
{
	return family == IP_V6 ? 128 : 32;
}

struct ip_addr ip_v4(uint32_t host_order);
uint32_t ip_v4_host(const struct ip_addr *a); /* the address as a number; IPv4 only */
struct ip_addr ip_from_bytes(uint8_t family, const uint8_t *bytes); /* 4 or 16 bytes */

/* "192.0.2.1", "2001:db8::1". False: not an address (zone ids and leading zeros included). */
bool ip_parse(const char *text, struct ip_addr *out) MUST_USE;

/* "10.96.0.0/12"; an address alone is its host prefix. False also when host bits are set. */
bool ip_prefix_parse(const char *text, struct ip_prefix *out) MUST_USE;

/* Write as text into buf (IP_TEXT_MAX bytes) and return buf. */
char *ip_text(const struct ip_addr *a, char *buf);
char *ip_prefix_text(const struct ip_prefix *p, char *buf);

int ip_cmp(const struct ip_addr *a, const struct ip_addr *b); /* family, then bytes */
int
ip_prefix_cmp(const struct ip_prefix *a, const struct ip_prefix *b); /* address, then length */
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b);
uint64_t ip_hash(const struct ip_addr *a);
uint64_t ip_prefix_hash(const struct ip_prefix *p);

/* Unspecified, loopback, multicast, link-local or broadcast: never a next hop of ours. */
bool ip_is_usable_unicast(const struct ip_addr *a);

struct ip_prefix ip_host_prefix(const struct ip_addr *a);               /* /32 or /128 */
bool ip_prefix_has(const struct ip_prefix *p, const struct ip_addr *a); /* a inside p */
bool ip_prefix_covers(
    const struct ip_prefix *p, const struct ip_prefix *q); /* q inside or equal p */

/* To and from the socket world. port in host order. from: false for other families; v4-mapped becomes v4. */
socklen_t ip_to_sockaddr(const struct ip_addr *a, uint16_t port, struct sockaddr_storage *out);
bool ip_from_sockaddr(const struct sockaddr *sa, struct ip_addr *out, uint16_t *port);
