/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN: decode and encode with the optional parameters of RFC 4271, RFC 5492 and RFC 9072. */
#include "bgp/open.h"

enum {
	PARAMETER_CAPABILITIES = 2,
	PARAMETER_EXTENDED = 255, /* RFC 9072: lengths have two octets */
};

static bool
complain(struct notification *why, uint8_t subcode)
{
	*why = notification_make(NOTIFY_OPEN, subcode);
	return false;
}

/* The field of optional parameters, whose form RFC 9072 lets the first type tell. */
static struct wire_in
parameters(struct wire_in *w, bool *extended)
{
	struct wire_in peek;
	size_t length = wire_u8(w);

	peek = *w;
	*extended = wire_left(w) > 0 && wire_u8(&peek) == PARAMETER_EXTENDED;
	if (*extended) {
		*w = peek;
		length = wire_u16(w);
	}
	return wire_child(w, length);
}

static bool
read_parameters(struct wire_in *w, struct capabilities *c, struct notification *why)
{
	bool extended;
	struct wire_in field = parameters(w, &extended);

	if (!wire_done(w))
		return complain(why, NOTIFY_UNSPECIFIC);
	while (wire_left(&field) > 0) {
		uint8_t type = wire_u8(&field);
		size_t length = extended ? wire_u16(&field) : wire_u8(&field);
		struct wire_in body = wire_child(&field, length);

		if (!wire_ok(&field))
			return complain(why, NOTIFY_UNSPECIFIC);
		if (type != PARAMETER_CAPABILITIES)
			return complain(why, NOTIFY_OPEN_PARAMETER);
		if (!capabilities_decode(&body, c))
			return complain(why, NOTIFY_UNSPECIFIC);
	}
	return true;
}

/* AS 0 is nobody's (RFC 7607), AS_TRANS cannot be anybody's (RFC 6793). */
static bool
read_as(struct open *o, uint16_t field, struct notification *why)
{
	bool as4 = capabilities_have(&o->capabilities, CAPABILITY_BIT(AS4));

	o->as = as4 ? o->capabilities.as4 : field;
	if (field == 0 || o->as == 0 || o->as == BGP_AS_TRANS)
		return complain(why, NOTIFY_OPEN_BAD_PEER_AS);
	return true;
}

bool
open_decode(const uint8_t *msg, size_t n, struct open *out, struct notification *why)
{
	static const uint8_t our_version[] = {0, BGP_VERSION};
	struct wire_in w = bgp_body(msg, n);
	uint8_t version = wire_u8(&w);
	uint16_t as = wire_u16(&w);

	memset(out, 0, sizeof(*out));
	out->hold_time = wire_u16(&w);
	out->router_id = wire_u32(&w);
	if (n < OPEN_SIZE_MIN) {
		*why = bgp_too_short(n);
		return false;
	}
	if (version != BGP_VERSION) {
		*why = notification_with(NOTIFY_OPEN, NOTIFY_OPEN_VERSION, our_version, 2);
		return false;
	}
	if (!read_parameters(&w, &out->capabilities, why) || !read_as(out, as, why))
		return false;
	if (out->hold_time == 1 || out->hold_time == 2)
		return complain(why, NOTIFY_OPEN_HOLD_TIME);
	if (out->router_id == 0)
		return complain(why, NOTIFY_OPEN_BAD_ID);
	return true;
}

bool
open_check(const struct open *remote, uint32_t peer_as, uint32_t local_as,
    uint32_t local_router_id, struct notification *why)
{
	if (peer_as != 0 && remote->as != peer_as)
		return complain(why, NOTIFY_OPEN_BAD_PEER_AS);
	if (remote->as == local_as && remote->router_id == local_router_id)
		return complain(why, NOTIFY_OPEN_BAD_ID);
	return true;
}

/* The head of the one Capabilities parameter that holds n octets. */
static void
put_parameter_head(struct wire_out *w, size_t n)
{
	if (n == 0) {
		wire_put_u8(w, 0);
	} else if (n + 2 <= UINT8_MAX) {
		wire_put_u8(w, (uint8_t)(n + 2));
		wire_put_u8(w, PARAMETER_CAPABILITIES);
		wire_put_u8(w, (uint8_t)n);
	} else {
		wire_put_u8(w, UINT8_MAX);
		wire_put_u8(w, PARAMETER_EXTENDED);
		wire_put_u16(w, (uint16_t)(n + 3));
		wire_put_u8(w, PARAMETER_CAPABILITIES);
		wire_put_u16(w, (uint16_t)n);
	}
}

size_t
open_encode(const struct open *o, uint8_t *p, size_t room)
{
	uint8_t scratch[OPEN_SIZE_MAX];
	struct wire_out w = wire_out(p, room), caps = wire_out(scratch, sizeof(scratch));
	struct capabilities c = o->capabilities;

	c.as4 = o->as;
	capabilities_encode(&caps, &c);
	(void)wire_reserve(&w, BGP_HEADER_SIZE);
	wire_put_u8(&w, BGP_VERSION);
	wire_put_u16(&w, o->as > UINT16_MAX ? BGP_AS_TRANS : (uint16_t)o->as);
	wire_put_u16(&w, o->hold_time);
	wire_put_u32(&w, o->router_id);
	put_parameter_head(&w, wire_written(&caps));
	wire_put(&w, scratch, wire_written(&caps));
	must(!w.failed && !caps.failed);
	bgp_header_encode(p, (uint16_t)wire_written(&w), BGP_OPEN);
	return wire_written(&w);
}
