/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATEs written in place: begin lays out what comes before the NLRIs and keeps room for what
 * comes behind them; close patches the lengths.
 */
#include "bgp/update.h"

enum {
	UPDATE_HEAD = BGP_HEADER_SIZE + 4, /* with both length fields, of an empty UPDATE */
	WITHDRAWN_AT = BGP_HEADER_SIZE,
	ATTRS_AT =
	    BGP_HEADER_SIZE + 2, /* of the attributes' length when nothing is withdrawn */
	MP_HEADER = 4,           /* of an MP attribute with two octets of length */
};

static size_t
nlri_max(uint8_t family)
{
	return family == IP_V6 ? NLRI_MAX_V6 : NLRI_MAX_V4;
}

static size_t
capped(size_t room)
{
	return room < BGP_MESSAGE_MAX_EXTENDED ? room : BGP_MESSAGE_MAX_EXTENDED;
}

bool
update_out_begin(
    struct update_out *u, uint8_t *buf, size_t room, const uint8_t *attrs, size_t attrs_len)
{
	room = capped(room);
	if (room < UPDATE_HEAD + attrs_len + NLRI_MAX_V4)
		return false;
	wire_store_u16(buf + WITHDRAWN_AT, 0);
	wire_store_u16(buf + ATTRS_AT, (uint16_t)attrs_len);
	memcpy(buf + UPDATE_HEAD, attrs, attrs_len);
	*u = (struct update_out){.start = buf, .limit = buf + room};
	u->at = u->field = buf + UPDATE_HEAD + attrs_len;
	return true;
}

/* Lay out up to an MP attribute's AFI and SAFI; the rest of its head has `more` octets. */
static bool
begin_mp(struct update_out *u, uint8_t *buf, size_t room, uint8_t family, uint8_t code,
    size_t more, size_t tail)
{
	uint8_t *mp = buf + UPDATE_HEAD;

	room = capped(room);
	if (room < UPDATE_HEAD + MP_HEADER + 3 + more + nlri_max(family) + tail)
		return false;
	wire_store_u16(buf + WITHDRAWN_AT, 0);
	mp[0] = ATTR_FLAG_OPTIONAL | ATTR_FLAG_EXTENDED;
	mp[1] = code;
	wire_store_u16(mp + MP_HEADER, bgp_afi(family));
	mp[MP_HEADER + 2] = BGP_SAFI_UNICAST;
	*u = (struct update_out){.start = buf, .mp = mp, .limit = buf + room - tail};
	u->at = mp + MP_HEADER + 3;
	return true;
}

static void
put_addr(struct update_out *u, const struct ip_addr *a)
{
	size_t n = ip_bits(a->family) / 8;

	memcpy(u->at, a->bytes, n);
	u->at += n;
}

bool
update_out_begin_mp(struct update_out *u, uint8_t *buf, size_t room, uint8_t family,
    const struct ip_addr *next_hop, const struct ip_addr *link_local, const uint8_t *attrs,
    size_t attrs_len)
{
	size_t n = ip_bits(next_hop->family) / 8 + (link_local ? 16u : 0u);

	must(family == IP_V4 || next_hop->family == IP_V6);
	if (!begin_mp(u, buf, room, family, ATTR_MP_REACH_NLRI, 1 + n + 1, attrs_len))
		return false;
	*u->at++ = (uint8_t)n;
	put_addr(u, next_hop);
	if (link_local)
		put_addr(u, link_local);
	*u->at++ = 0; /* reserved */
	u->field = u->at;
	u->tail = attrs;
	u->tail_len = (uint16_t)attrs_len;
	return true;
}

bool
update_out_begin_withdraw(
    struct update_out *u, uint8_t *buf, size_t room, uint8_t family, bool mp)
{
	if (mp || family == IP_V6) {
		if (!begin_mp(u, buf, room, family, ATTR_MP_UNREACH_NLRI, 0, 0))
			return false;
		u->field = u->at;
		return true;
	}
	room = capped(room);
	if (room < UPDATE_HEAD + NLRI_MAX_V4)
		return false;
	/* The attributes' length, 0, follows the withdrawn routes. */
	*u = (struct update_out){.start = buf, .limit = buf + room - 2, .withdraw = true};
	u->at = u->field = buf + BGP_HEADER_SIZE + 2;
	return true;
}

/* The length of the MP attribute; if it fits one octet the value moves down over the other. */
static void
close_mp(struct update_out *u)
{
	uint8_t *value = u->mp + MP_HEADER;
	size_t n = (size_t)(u->at - value);

	if (n > UINT8_MAX) {
		wire_store_u16(u->mp + 2, (uint16_t)n);
	} else {
		u->mp[0] = ATTR_FLAG_OPTIONAL;
		u->mp[2] = (uint8_t)n;
		memmove(value - 1, value, n);
		u->at--;
	}
	if (u->tail_len > 0)
		memcpy(u->at, u->tail, u->tail_len);
	u->at += u->tail_len;
	wire_store_u16(u->start + ATTRS_AT, (uint16_t)(u->at - u->mp));
}

size_t
update_out_close(struct update_out *u)
{
	size_t size;

	must(u->at <= u->limit && !update_out_empty(u));
	if (u->mp)
		close_mp(u);
	if (u->withdraw) {
		wire_store_u16(u->start + WITHDRAWN_AT, (uint16_t)(u->at - u->field));
		wire_store_u16(u->at, 0);
		u->at += 2;
	}
	size = (size_t)(u->at - u->start);
	bgp_header_encode(u->start, (uint16_t)size, BGP_UPDATE);
	return size;
}

size_t
update_end_of_rib_encode(uint8_t *p, uint8_t family)
{
	struct wire_out w = wire_out(p, UPDATE_END_OF_RIB_MAX);
	bool mp = family == IP_V6;

	(void)wire_reserve(&w, BGP_HEADER_SIZE);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, mp ? 6 : 0);
	if (mp) {
		attr_put_header(&w, ATTR_MP_UNREACH_NLRI, 3);
		wire_put_u16(&w, BGP_AFI_IPV6);
		wire_put_u8(&w, BGP_SAFI_UNICAST);
	}
	bgp_header_encode(p, (uint16_t)wire_written(&w), BGP_UPDATE);
	return wire_written(&w);
}
