/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AS paths. One walker yields the numbers one by one, one writer puts numbers into segments;
 * every function is a loop over these two.
 */
#include "bgp/as_path.h"

#include "bgp/attr.h"

#include <stdio.h>

enum { SEGMENT_HEADER = 2 };

struct walk {
	struct wire_in wire;
	bool as4;
	uint8_t type, left; /* of the segment we are in: numbers still to come */
	bool starts;        /* the number is its segment's first */
};

static struct walk
walk_begin(struct as_path p)
{
	static const uint8_t nothing[1]; /* of an absent path, whose pointer is NULL */

	return (struct walk){.wire = wire_in(p.at ? p.at : nothing, p.n), .as4 = p.as4};
}

/* The next number. False at the end, or where the path stops making sense. */
static bool
walk_next(struct walk *k, uint32_t *as)
{
	k->starts = k->left == 0;
	while (k->left == 0) {
		if (wire_left(&k->wire) == 0)
			return false;
		k->type = wire_u8(&k->wire);
		k->left = wire_u8(&k->wire);
	}
	k->left--;
	*as = k->as4 ? wire_u32(&k->wire) : wire_u16(&k->wire);
	return wire_ok(&k->wire);
}

static bool
is_confed(uint8_t type)
{
	return type == AS_CONFED_SEQUENCE || type == AS_CONFED_SET;
}

enum as_path_fault
as_path_check(struct as_path p, bool confed_allowed)
{
	struct wire_in w = wire_in(p.at, p.n);
	enum as_path_fault soft = AS_PATH_OK; /* reported when the structure is sound */

	while (wire_left(&w) > 0) {
		uint8_t type = wire_u8(&w), count = wire_u8(&w);

		if (!wire_ok(&w))
			return AS_PATH_TRUNCATED;
		if (type < AS_SET || type > AS_CONFED_SET)
			return AS_PATH_BAD_TYPE;
		if (count == 0)
			return AS_PATH_EMPTY_SEGMENT;
		if (is_confed(type) && !confed_allowed)
			soft = AS_PATH_CONFED;
		for (unsigned i = 0; i < count; i++) {
			uint32_t as = p.as4 ? wire_u32(&w) : wire_u16(&w);

			if (!wire_ok(&w))
				return AS_PATH_TRUNCATED;
			if (as == 0 && soft == AS_PATH_OK)
				soft = AS_PATH_AS_ZERO;
		}
	}
	return soft;
}

unsigned
as_path_hops(struct as_path p)
{
	struct walk k = walk_begin(p);
	unsigned hops = 0;
	uint32_t as;

	while (walk_next(&k, &as))
		hops += k.type == AS_SEQUENCE || (k.type == AS_SET && k.starts);
	return hops;
}

bool
as_path_has(struct as_path p, uint32_t wanted)
{
	struct walk k = walk_begin(p);
	uint32_t as;

	while (walk_next(&k, &as))
		if (as == wanted)
			return true;
	return false;
}

uint32_t
as_path_first(struct as_path p)
{
	struct walk k = walk_begin(p);
	uint32_t as;

	return walk_next(&k, &as) && k.type == AS_SEQUENCE ? as : 0;
}

uint32_t
as_path_origin(struct as_path p)
{
	struct walk k = walk_begin(p);
	uint32_t as, last = 0;

	while (walk_next(&k, &as))
		last = k.type == AS_SEQUENCE ? as : 0;
	return last;
}

/* Puts numbers into segments; sequences that follow each other become one while it has room. */
struct segments {
	struct wire_out *out;
	uint8_t *header; /* of the open segment, or NULL */
	bool as4;
};

static void
segment_put(struct segments *s, uint8_t type, bool starts, uint32_t as)
{
	bool joins = s->header && s->header[0] == type && s->header[1] < AS_SEGMENT_MAX &&
	             (type == AS_SEQUENCE || !starts);

	if (!joins) {
		s->header = wire_reserve(s->out, SEGMENT_HEADER);
		if (!s->header)
			return;
		s->header[0] = type;
		s->header[1] = 0;
	}
	s->header[1]++;
	if (s->as4)
		wire_put_u32(s->out, as);
	else
		wire_put_u16(s->out, as > UINT16_MAX ? BGP_AS_TRANS : (uint16_t)as);
}

/* Put the leading part of p that makes `hops` hops; confederation segments only if wanted. */
static void
segments_copy(struct segments *s, struct as_path p, unsigned hops, bool confed)
{
	struct walk k = walk_begin(p);
	uint32_t as;

	while (walk_next(&k, &as)) {
		bool counts = k.type == AS_SEQUENCE || (k.type == AS_SET && k.starts);

		if (is_confed(k.type) && !confed)
			continue;
		if (counts && hops == 0)
			return;
		hops -= counts;
		segment_put(s, k.type, k.starts, as);
	}
}

void
as_path_prepend(struct wire_out *w, uint32_t as, unsigned times, struct as_path path)
{
	struct segments s = {.out = w, .as4 = true};

	for (unsigned i = 0; i < times; i++)
		segment_put(&s, AS_SEQUENCE, i == 0, as);
	segments_copy(&s, path, UINT32_MAX, true);
}

void
as_path_narrow(struct wire_out *w, struct as_path path)
{
	struct segments s = {.out = w, .as4 = false};

	segments_copy(&s, path, UINT32_MAX, true);
}

void
as_path_without_confed(struct wire_out *w, struct as_path path)
{
	struct segments s = {.out = w, .as4 = true};

	segments_copy(&s, path, UINT32_MAX, false);
}

bool
as_path_is_wide(struct as_path p)
{
	struct walk k = walk_begin(p);
	uint32_t as;

	while (walk_next(&k, &as))
		if (as > UINT16_MAX)
			return true;
	return false;
}

void
as_path_merge(struct wire_out *w, const struct attrs *a)
{
	struct as_path path = attrs_as_path(a), tail = {.as4 = true};
	struct segments s = {.out = w, .as4 = true};
	unsigned hops = as_path_hops(path), known;

	if (!path.as4 && attrs_have(a, ATTR_AS4_PATH))
		tail = (struct as_path){a->as4_path.at, a->as4_path.n, true};
	known = as_path_hops(tail);
	if (known == 0 || hops < known) {
		segments_copy(&s, path, UINT32_MAX, true);
		return;
	}
	segments_copy(&s, path, hops - known, true);
	segments_copy(&s, tail, UINT32_MAX, false);
}

/* Append to a string that is cut, with "..." at its end, when it gets too long. False: it was. */
static bool
text_add(char *buf, size_t *at, const char *text)
{
	size_t n = strlen(text);

	if (*at + n + sizeof("...") > AS_PATH_TEXT_MAX) {
		memcpy(buf + *at, "...", sizeof("..."));
		return false;
	}
	memcpy(buf + *at, text, n + 1);
	*at += n;
	return true;
}

char *
as_path_text(struct as_path p, char buf[AS_PATH_TEXT_MAX])
{
	static const char *const open[] = {"", "{", "", "(", "["};
	static const char *const close[] = {"", "}", "", ")", "]"};
	struct walk k = walk_begin(p);
	char one[24];
	size_t at = 0;
	uint32_t as;

	buf[0] = '\0';
	while (walk_next(&k, &as)) {
		uint8_t type = k.type <= AS_CONFED_SET ? k.type : 0;

		snprintf(one, sizeof(one), "%s%s%u%s", at ? " " : "",
		    k.starts ? open[type] : "", as, k.left == 0 ? close[type] : "");
		if (!text_add(buf, &at, one))
			break;
	}
	return buf;
}
