/* SPDX-License-Identifier: Apache-2.0 */
/* The store is one thread's; see attrset.h. The text form is for `heliobench tors`. */
#include "attrset.h"

#include "pathhash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_COMMUNITIES = 8,
	ATTR_ORIGINATOR_ID = 9,
	ATTR_CLUSTER_LIST = 10,
	ATTR_MP_REACH = 14,
	ATTR_MP_UNREACH = 15,
	ATTR_LARGE_COMMUNITIES = 32,
};

#define ATTR_FLAG_EXTENDED 0x10
#define AFI_IPV6           2
#define SAFI_UNICAST       1

void
attrset_store_init(struct attrset_store *s)
{
	*s = (struct attrset_store){.room = 64, .slot_mask = 255};
	s->sets = must_calloc(s->room, sizeof(*s->sets));
	s->slots = must_calloc(s->slot_mask + 1, sizeof(*s->slots));
}

void
attrset_store_fini(struct attrset_store *s)
{
	for (uint32_t i = 1; i <= s->count; i++)
		free((void *)(uintptr_t)s->sets[i].bytes);
	free(s->sets);
	free(s->slots);
}

/* RFC 4760 section 3: next hop of 16 bytes, or 32 with a link-local one behind it. */
static bool
read_reach(struct wire_in *v, struct attr_parts *out)
{
	uint16_t afi = wire_u16(v);
	uint8_t safi = wire_u8(v);
	struct wire_in hop = wire_child(v, wire_u8(v));

	wire_u8(v); /* reserved */
	if (!wire_ok(v))
		return false;
	if (afi != AFI_IPV6 || safi != SAFI_UNICAST) {
		out->has_other_family = true;
		return true;
	}
	if (wire_left(&hop) != 16 && wire_left(&hop) != 32)
		return false;
	out->next_hop[1] = ip_from_bytes(IP_V6, hop.at);
	out->reach6 = *v;
	out->has_reach6 = true;
	return true;
}

static bool
read_unreach(struct wire_in *v, struct attr_parts *out)
{
	uint16_t afi = wire_u16(v);
	uint8_t safi = wire_u8(v);

	if (!wire_ok(v))
		return false;
	if (afi != AFI_IPV6 || safi != SAFI_UNICAST) {
		out->has_other_family = true;
		return true;
	}
	out->unreach6 = *v;
	out->has_unreach6 = true;
	return true;
}

bool
attr_parts_read(struct wire_in attributes, struct attr_parts *out)
{
	uint64_t seen[4] = {0};

	memset(out, 0, sizeof(*out));
	out->start = attributes.at;
	out->length = wire_left(&attributes);
	while (wire_left(&attributes)) {
		uint8_t flags = wire_u8(&attributes), type = wire_u8(&attributes);
		size_t n =
		    flags & ATTR_FLAG_EXTENDED ? wire_u16(&attributes) : wire_u8(&attributes);
		struct wire_in value = wire_child(&attributes, n);

		if (!wire_ok(&attributes) || seen[type / 64] & 1ull << type % 64)
			return false;
		seen[type / 64] |= 1ull << type % 64;
		if (type == ATTR_MP_REACH) {
			if (!read_reach(&value, out))
				return false;
		} else if (type == ATTR_MP_UNREACH) {
			if (!read_unreach(&value, out))
				return false;
		} else if (type == ATTR_NEXT_HOP) {
			if (n != 4)
				return false;
			out->next_hop[0] = ip_from_bytes(IP_V4, value.at);
		} else {
			out->digest += path_attr_hash(flags, type, value.at, n);
		}
	}
	return true;
}

/* A copy of the attributes that the digest covers. *length is its size. */
static uint8_t *
copy_kept(const struct attr_parts *parts, uint32_t *length)
{
	struct wire_in in = wire_in(parts->start, parts->length);
	uint8_t *copy = must_alloc(parts->length + 1);
	uint32_t at = 0;

	while (wire_left(&in)) {
		const uint8_t *from = in.at;
		uint8_t flags = wire_u8(&in), type = wire_u8(&in);
		size_t n = flags & ATTR_FLAG_EXTENDED ? wire_u16(&in) : wire_u8(&in);

		wire_take(&in, n);
		if (type == ATTR_MP_REACH || type == ATTR_MP_UNREACH || type == ATTR_NEXT_HOP)
			continue;
		memcpy(copy + at, from, (size_t)(in.at - from));
		at += (uint32_t)(in.at - from);
	}
	*length = at;
	return copy;
}

static void
grow(struct attrset_store *s)
{
	s->room *= 2;
	s->sets = must_realloc(s->sets, s->room * sizeof(*s->sets));
	free(s->slots);
	s->slot_mask = s->room * 4 - 1;
	s->slots = must_calloc(s->slot_mask + 1, sizeof(*s->slots));
	for (uint32_t i = 1; i <= s->count; i++) {
		uint32_t at = (uint32_t)s->sets[i].seed & s->slot_mask;

		while (s->slots[at])
			at = (at + 1) & s->slot_mask;
		s->slots[at] = i;
	}
}

uint32_t
attrset_intern(
    struct attrset_store *s, const struct attr_parts *parts, const struct ip_addr *next_hop)
{
	uint64_t seed = path_seed(next_hop, parts->digest);
	uint32_t at = (uint32_t)seed & s->slot_mask;

	for (; s->slots[at]; at = (at + 1) & s->slot_mask) {
		const struct attrset *set = &s->sets[s->slots[at]];

		if (set->digest == parts->digest && ip_equal(&set->next_hop, next_hop))
			return s->slots[at];
	}
	s->slots[at] = ++s->count;
	struct attrset *set = &s->sets[s->count];

	*set = (struct attrset){.digest = parts->digest, .seed = seed, .next_hop = *next_hop};
	set->bytes = copy_kept(parts, &set->length);
	if (s->count + 1 == s->room)
		grow(s);
	return s->count;
}

struct text {
	char *at;
	size_t left;
};

static void PRINTF_LIKE(2) say(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (n > 0) {
		size_t used = (size_t)n < t->left ? (size_t)n : t->left ? t->left - 1 : 0;

		t->at += used;
		t->left -= used;
	}
}

static void
say_addresses(struct text *t, const char *name, struct wire_in *v)
{
	char buf[IP_TEXT_MAX];

	say(t, " %s", name);
	while (wire_left(v) >= 4) {
		struct ip_addr a = ip_v4(wire_u32(v));

		say(t, " %s", ip_text(&a, buf));
	}
}

static void
say_as_path(struct text *t, struct wire_in *v)
{
	if (wire_left(v))
		say(t, " AS_PATH");
	while (wire_left(v) >= 2) {
		wire_u8(v);
		for (unsigned n = wire_u8(v); n && wire_left(v) >= 4; n--)
			say(t, " %u", wire_u32(v));
	}
}

static void
say_attribute(struct text *t, uint8_t type, struct wire_in v)
{
	static const char *const origins[] = {"IGP", "EGP", "INCOMPLETE"};
	uint8_t origin;

	switch (type) {
	case ATTR_ORIGIN:
		origin = wire_u8(&v);
		say(t, " ORIGIN %s", origin < COUNT_OF(origins) ? origins[origin] : "?");
		break;
	case ATTR_AS_PATH:
		say_as_path(t, &v);
		break;
	case ATTR_MED:
		say(t, " MED %u", wire_u32(&v));
		break;
	case ATTR_LOCAL_PREF:
		say(t, " LOCAL_PREF %u", wire_u32(&v));
		break;
	case ATTR_ORIGINATOR_ID:
		say_addresses(t, "ORIGINATOR_ID", &v);
		break;
	case ATTR_CLUSTER_LIST:
		say_addresses(t, "CLUSTER_LIST", &v);
		break;
	case ATTR_COMMUNITIES:
		say(t, " COMMUNITIES");
		while (wire_left(&v) >= 4) {
			uint16_t high = wire_u16(&v);

			say(t, " %u:%u", high, wire_u16(&v));
		}
		break;
	case ATTR_LARGE_COMMUNITIES:
		say(t, " LARGE_COMMUNITIES");
		while (wire_left(&v) >= 12) {
			uint32_t global = wire_u32(&v), first = wire_u32(&v);

			say(t, " %u:%u:%u", global, first, wire_u32(&v));
		}
		break;
	default:
		say(t, " attribute-%u(%zu bytes)", type, wire_left(&v));
	}
}

char *
attrset_text(const struct attrset *set, char *buf, size_t n)
{
	struct text t = {.at = buf, .left = n};
	struct wire_in in = wire_in(set->bytes, set->length);

	must(n > 0);
	buf[0] = '\0';
	while (wire_left(&in)) {
		uint8_t flags = wire_u8(&in), type = wire_u8(&in);

		say_attribute(&t, type,
		    wire_child(&in, flags & ATTR_FLAG_EXTENDED ? wire_u16(&in) : wire_u8(&in)));
	}
	if (buf[0] == ' ')
		memmove(buf, buf + 1, strlen(buf));
	return buf;
}
