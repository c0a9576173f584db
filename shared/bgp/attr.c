/* SPDX-License-Identifier: Apache-2.0 */
/* What is common to reading and writing path attributes: names, flags, headers. */
#include "bgp/attr.h"

enum {
	WELL_KNOWN = ATTR_FLAG_TRANSITIVE,
	OPTIONAL = ATTR_FLAG_OPTIONAL,
	TRANSITIVE = ATTR_FLAG_OPTIONAL | ATTR_FLAG_TRANSITIVE,
};

static const struct {
	const char *name;
	uint8_t flags;
} rows[] = {
#define ATTR(NAME, code, flags, malformed, reading, decoder, subcode) [code] = {#NAME, flags},
#include "bgp/attr.def"
};

_Static_assert(COUNT_OF(rows) <= 64, "struct attrs.present has one bit for each code");

bool
attr_is_known(uint8_t code)
{
	return code < COUNT_OF(rows) && rows[code].name;
}

const char *
attr_name(uint8_t code)
{
	return attr_is_known(code) ? rows[code].name : "unknown attribute";
}

uint8_t
attr_flags(uint8_t code)
{
	must(attr_is_known(code));
	return rows[code].flags;
}

const char *
attr_verdict_name(enum attr_verdict v)
{
	static const char *const names[] = {
	    [ATTR_OK] = "ok",
	    [ATTR_DISCARD] = "attribute discard",
	    [ATTR_WITHDRAW] = "treat-as-withdraw",
	    [ATTR_RESET] = "session reset",
	};

	return names[v];
}

bool
attr_next(struct wire_in *w, struct attr_in *out)
{
	const uint8_t *start = w->at;
	size_t length;

	*out = (struct attr_in){.whole = {start, (uint16_t)wire_left(w)}};
	if (!wire_ok(w) || wire_left(w) == 0)
		return false;
	out->flags = wire_u8(w);
	out->code = wire_u8(w);
	length = out->flags & ATTR_FLAG_EXTENDED ? wire_u16(w) : wire_u8(w);
	out->value.at = wire_take(w, length);
	if (!wire_ok(w))
		return false;
	out->value.n = (uint16_t)length;
	out->whole.n = (uint16_t)(w->at - start);
	return true;
}

void
attr_put_header(struct wire_out *w, uint8_t code, size_t length)
{
	uint8_t flags = attr_flags(code);

	if (length > UINT8_MAX) {
		wire_put_u8(w, flags | ATTR_FLAG_EXTENDED);
		wire_put_u8(w, code);
		wire_put_u16(w, (uint16_t)length);
		return;
	}
	wire_put_u8(w, flags);
	wire_put_u8(w, code);
	wire_put_u8(w, (uint8_t)length);
}
