/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ip.h"

#include "core/hash.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ip_family_names[IP_FAMILIES] = {"ipv4", "ipv6"};

struct ip_addr
ip_v4(uint32_t host_order)
{
	struct ip_addr a = {.family = IP_V4};
	uint32_t n = htonl(host_order);

	memcpy(a.bytes, &n, 4);
	return a;
}

uint32_t
ip_v4_host(const struct ip_addr *a)
{
	uint32_t n;

	memcpy(&n, a->bytes, 4);
	return ntohl(n);
}

struct ip_addr
ip_from_bytes(uint8_t family, const uint8_t *bytes)
{
	struct ip_addr a = {.family = family};

	memcpy(a.bytes, bytes, ip_bits(family) / 8);
	return a;
}

bool
ip_parse(const char *text, struct ip_addr *out)
{
	struct ip_addr a = {.family = IP_V4};

	if (inet_pton(AF_INET, text, a.bytes) != 1) {
		a.family = IP_V6;
		if (inet_pton(AF_INET6, text, a.bytes) != 1)
			return false;
	}
	*out = a;
	return true;
}

/* Clear the bits behind len; true if any was set. */
static bool
clear_host_bits(struct ip_addr *a, unsigned len)
{
	bool any = false;

	for (unsigned bit = len; bit < ip_bits(a->family); bit++) {
		uint8_t mask = (uint8_t)(0x80u >> (bit % 8));

		any = any || (a->bytes[bit / 8] & mask);
		a->bytes[bit / 8] &= (uint8_t)~mask;
	}
	return any;
}

bool
ip_prefix_parse(const char *text, struct ip_prefix *out)
{
	char addr[IP_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct ip_prefix p;
	unsigned long len;
	char *end;

	if (n >= sizeof(addr))
		return false;
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (!ip_parse(addr, &p.addr))
		return false;
	len = ip_bits(p.addr.family);
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return false;
		len = strtoul(slash + 1, &end, 10);
		if (*end || len > ip_bits(p.addr.family))
			return false;
	}
	p.len = (uint8_t)len;
	if (clear_host_bits(&p.addr, p.len))
		return false;
	*out = p;
	return true;
}

char *
ip_text(const struct ip_addr *a, char *buf)
{
	if (a->family == IP_NONE)
		return strcpy(buf, "-");
	inet_ntop(a->family == IP_V6 ? AF_INET6 : AF_INET, a->bytes, buf, IP_TEXT_MAX);
	return buf;
}

char *
ip_prefix_text(const struct ip_prefix *p, char *buf)
{
	size_t n;

	ip_text(&p->addr, buf);
	n = strlen(buf);
	snprintf(buf + n, IP_TEXT_MAX - n, "/%u", p->len);
	return buf;
}

int
ip_cmp(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

int
ip_prefix_cmp(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return memcmp(a, b, sizeof(*a));
}

bool
ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return ip_cmp(a, b) == 0;
}

bool
ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return ip_prefix_cmp(a, b) == 0;
}

uint64_t
ip_hash(const struct ip_addr *a)
{
	return hash_bytes(a, sizeof(*a));
}

uint64_t
ip_prefix_hash(const struct ip_prefix *p)
{
	return hash_bytes(p, sizeof(*p));
}

bool
ip_is_usable_unicast(const struct ip_addr *a)
{
	struct in6_addr six;
	uint32_t v4;

	if (a->family == IP_V4) {
		v4 = ip_v4_host(a);
		return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 < 14 && v4 >> 16 != 0xa9fe;
	}
	memcpy(&six, a->bytes, sizeof(six));
	return a->family == IP_V6 && !IN6_IS_ADDR_UNSPECIFIED(&six) &&
	       !IN6_IS_ADDR_LOOPBACK(&six) && !IN6_IS_ADDR_MULTICAST(&six) &&
	       !IN6_IS_ADDR_LINKLOCAL(&six) && !IN6_IS_ADDR_V4MAPPED(&six);
}

struct ip_prefix
ip_host_prefix(const struct ip_addr *a)
{
	return (struct ip_prefix){.addr = *a, .len = (uint8_t)ip_bits(a->family)};
}

bool
ip_prefix_has(const struct ip_prefix *p, const struct ip_addr *a)
{
	unsigned whole = p->len / 8, rest = p->len % 8;

	if (a->family != p->addr.family || memcmp(a->bytes, p->addr.bytes, whole) != 0)
		return false;
	return rest == 0 || ((a->bytes[whole] ^ p->addr.bytes[whole]) >> (8 - rest)) == 0;
}

bool
ip_prefix_covers(const struct ip_prefix *p, const struct ip_prefix *q)
{
	return q->len >= p->len && ip_prefix_has(p, &q->addr);
}

socklen_t
ip_to_sockaddr(const struct ip_addr *a, uint16_t port, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == IP_V6) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		memcpy(&six->sin6_addr, a->bytes, 16);
		return sizeof(*six);
	}
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	four->sin_family = AF_INET;
	four->sin_port = htons(port);
	memcpy(&four->sin_addr, a->bytes, 4);
	return sizeof(*four);
}

bool
ip_from_sockaddr(const struct sockaddr *sa, struct ip_addr *out, uint16_t *port)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)sa;

		*out = ip_from_bytes(IP_V4, (const uint8_t *)&four->sin_addr);
		*port = ntohs(four->sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;

		*port = ntohs(six->sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
			*out = ip_from_bytes(IP_V4, six->sin6_addr.s6_addr + 12);
		else
			*out = ip_from_bytes(IP_V6, six->sin6_addr.s6_addr);
		return true;
	}
	return false;
}
