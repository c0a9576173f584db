/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network layer reachability information: prefixes on the wire (RFC 4271 section 4.3), with or
 * without a path identifier before each (RFC 7911). Reading is an iterator over a bounded
 * cursor; writing is inline, because the fan-out writes millions of them per second.
 */
#pragma once

#include "core/ip.h"
#include "core/wire.h"

enum {
	NLRI_PATH_ID_SIZE = 4,
	NLRI_MAX_V4 = NLRI_PATH_ID_SIZE + 1 + 4, /* the largest NLRI of the family, octets */
	NLRI_MAX_V6 = NLRI_PATH_ID_SIZE + 1 + 16,
	NLRI_MAX = NLRI_MAX_V6,
};

struct nlri {
	struct ip_prefix prefix; /* bits behind the length are cleared, whatever was sent */
	uint32_t path_id;        /* 0 without ADD-PATH */
};

struct nlri_in {
	struct wire_in wire;
	uint8_t family; /* enum ip_family; IP_NONE: the field was absent or is not ours */
	bool add_path;
};

static inline struct nlri_in
nlri_in(struct wire_in wire, uint8_t family, bool add_path)
{
	return (struct nlri_in){.wire = wire, .family = family, .add_path = add_path};
}

/* The next prefix. False: at the end, or at a fault (nlri_ok() tells); *out is then untouched. */
bool nlri_next(struct nlri_in *in, struct nlri *out) MUST_USE;

static inline bool
nlri_ok(const struct nlri_in *in)
{
	return wire_ok(&in->wire);
}

/* True when the whole field is well formed; *count (may be NULL) is how many prefixes it has. */
bool nlri_check(struct nlri_in in, uint32_t *count) MUST_USE;

/* Multicast, loopback, link-local: not a destination to route (RFC 4271 6.3: ignore it, log it). */
bool nlri_is_routable(const struct ip_prefix *p);

/* Octets that an NLRI of a prefix of len bits takes. */
static inline size_t
nlri_size(bool add_path, uint8_t len)
{
	return (add_path ? NLRI_PATH_ID_SIZE : 0u) + 1u + (len + 7u) / 8u;
}

/*
 * Write one NLRI at p, which has nlri_size() bytes of room; nothing behind them is touched.
 * Returns the octets written. path_id is not used without add_path.
 */
static inline size_t
nlri_put(uint8_t *p, bool add_path, uint32_t path_id, const struct ip_prefix *prefix)
{
	uint8_t *at = p;
	size_t n;

	if (add_path) {
		wire_store_u32(at, path_id);
		at += NLRI_PATH_ID_SIZE;
	}
	*at++ = prefix->len;
	if (prefix->len == 32) { /* a service address: constant size, no call */
		memcpy(at, prefix->addr.bytes, 4);
		return (size_t)(at + 4 - p);
	}
	if (prefix->len == 128) {
		memcpy(at, prefix->addr.bytes, 16);
		return (size_t)(at + 16 - p);
	}
	n = (prefix->len + 7u) / 8u;
	memcpy(at, prefix->addr.bytes, n);
	return (size_t)(at + n - p);
}
