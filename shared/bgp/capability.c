/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities read and written. A reader works on a copy that is kept only when the whole
 * capability is well formed, so a bad one leaves no trace but a count.
 */
#include "bgp/capability.h"

enum {
	GR_RESTARTING = 0x8, /* of the 4 flag bits before the restart time */
	GR_NOTIFICATION = 0x4,
	GR_FORWARDING = 0x80, /* of a family's flags, also in LLGR */
	ADD_PATH_RECEIVE = 1,
	ADD_PATH_SEND = 2,
};

/* Read an AFI and SAFI: the index of our family, or IP_FAMILIES for one that we do not speak. */
static unsigned
read_family(struct wire_in *w)
{
	uint16_t afi = wire_u16(w);
	enum ip_family family = bgp_family(afi, wire_u8(w));

	return family == IP_NONE ? IP_FAMILIES : ip_family_index((uint8_t)family);
}

static bool
capability_read_empty(struct wire_in *w, struct capabilities *c)
{
	(void)c;
	return wire_done(w);
}

static bool
capability_read_mp(struct wire_in *w, struct capabilities *c)
{
	uint16_t afi = wire_u16(w);
	enum ip_family family;

	(void)wire_u8(w); /* reserved */
	family = bgp_family(afi, wire_u8(w));
	if (family != IP_NONE)
		c->families[ip_family_index((uint8_t)family)] = true;
	return wire_done(w);
}

static bool
capability_read_ext_nexthop(struct wire_in *w, struct capabilities *c)
{
	bool some = wire_left(w) > 0;

	while (wire_left(w) > 0) {
		uint16_t afi = wire_u16(w), safi = wire_u16(w), next_hop = wire_u16(w);

		c->ext_nexthop =
		    c->ext_nexthop || (afi == BGP_AFI_IPV4 && safi == BGP_SAFI_UNICAST &&
		                          next_hop == BGP_AFI_IPV6);
	}
	return some && wire_done(w);
}

static bool
capability_read_role(struct wire_in *w, struct capabilities *c)
{
	uint8_t role = wire_u8(w);

	if (capabilities_have(c, CAPABILITY_BIT(ROLE)) && c->role != role)
		c->role_conflict = true;
	c->role = role;
	return wire_done(w);
}

/* Only the last instance counts (RFC 4724 section 3). */
static bool
capability_read_gr(struct wire_in *w, struct capabilities *c)
{
	uint16_t head = wire_u16(w);

	c->gr_restarting = (head >> 12 & GR_RESTARTING) != 0;
	c->gr_notification = (head >> 12 & GR_NOTIFICATION) != 0;
	c->gr_time = head & GR_TIME_MAX;
	for (unsigned i = 0; i < IP_FAMILIES; i++)
		c->gr[i].present = c->gr[i].forwarding = false;
	while (wire_left(w) > 0) {
		unsigned i = read_family(w);
		uint8_t flags = wire_u8(w);

		if (i < IP_FAMILIES) {
			c->gr[i].present = true;
			c->gr[i].forwarding = (flags & GR_FORWARDING) != 0;
		}
	}
	return wire_done(w);
}

static bool
capability_read_as4(struct wire_in *w, struct capabilities *c)
{
	c->as4 = wire_u32(w);
	return wire_done(w);
}

/* A Send/Receive value that does not exist voids the capability (RFC 7911 section 4). */
static bool
capability_read_add_path(struct wire_in *w, struct capabilities *c)
{
	bool some = wire_left(w) > 0;

	while (wire_left(w) > 0) {
		unsigned i = read_family(w);
		uint8_t way = wire_u8(w);

		if (way < ADD_PATH_RECEIVE || way > (ADD_PATH_RECEIVE | ADD_PATH_SEND))
			return false;
		if (i < IP_FAMILIES) {
			c->add_path_receive[i] = (way & ADD_PATH_RECEIVE) != 0;
			c->add_path_send[i] = (way & ADD_PATH_SEND) != 0;
		}
	}
	return some && wire_done(w);
}

static bool
capability_read_llgr(struct wire_in *w, struct capabilities *c)
{
	for (unsigned i = 0; i < IP_FAMILIES; i++)
		c->gr[i].llgr = c->gr[i].llgr_forwarding = false;
	while (wire_left(w) > 0) {
		unsigned i = read_family(w);
		uint32_t word = wire_u32(w); /* 8 bits of flags, 24 of time */

		if (i < IP_FAMILIES) {
			c->gr[i].llgr = true;
			c->gr[i].llgr_forwarding = (word >> 24 & GR_FORWARDING) != 0;
			c->gr[i].llgr_time = word & 0xffffff;
		}
	}
	return wire_done(w);
}

/* A counted string, made printable: it will stand in logs and on terminals. */
static void
read_name(struct wire_in *w, char out[CAPABILITY_NAME_MAX + 1])
{
	struct wire_in name = wire_child(w, wire_u8(w));
	size_t n = 0;

	while (wire_left(&name) > 0 && n < CAPABILITY_NAME_MAX) {
		uint8_t ch = wire_u8(&name);

		out[n++] = (char)(ch > ' ' && ch < 0x7f ? ch : '?');
	}
	out[n] = '\0';
}

static bool
capability_read_fqdn(struct wire_in *w, struct capabilities *c)
{
	read_name(w, c->host);
	read_name(w, c->domain);
	return wire_done(w);
}

/* The writers write the value; capabilities_encode() puts code and length before it. */

static void
capability_write_empty(struct wire_out *w, const struct capabilities *c)
{
	(void)w;
	(void)c;
}

static void
put_family(struct wire_out *w, unsigned index)
{
	wire_put_u16(w, index ? BGP_AFI_IPV6 : BGP_AFI_IPV4);
	wire_put_u8(w, BGP_SAFI_UNICAST);
}

/* The one family that is set. */
static void
capability_write_mp(struct wire_out *w, const struct capabilities *c)
{
	wire_put_u16(w, c->families[ip_family_index(IP_V6)] ? BGP_AFI_IPV6 : BGP_AFI_IPV4);
	wire_put_u8(w, 0); /* reserved */
	wire_put_u8(w, BGP_SAFI_UNICAST);
}

static void
capability_write_ext_nexthop(struct wire_out *w, const struct capabilities *c)
{
	if (!c->ext_nexthop)
		return;
	wire_put_u16(w, BGP_AFI_IPV4);
	wire_put_u16(w, BGP_SAFI_UNICAST);
	wire_put_u16(w, BGP_AFI_IPV6);
}

static void
capability_write_role(struct wire_out *w, const struct capabilities *c)
{
	wire_put_u8(w, c->role);
}

static void
capability_write_gr(struct wire_out *w, const struct capabilities *c)
{
	unsigned flags = (c->gr_restarting ? GR_RESTARTING : 0u) |
	                 (c->gr_notification ? GR_NOTIFICATION : 0u);

	must(c->gr_time <= GR_TIME_MAX);
	wire_put_u16(w, (uint16_t)(flags << 12 | c->gr_time));
	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		if (!c->gr[i].present)
			continue;
		put_family(w, i);
		wire_put_u8(w, c->gr[i].forwarding ? GR_FORWARDING : 0);
	}
}

static void
capability_write_as4(struct wire_out *w, const struct capabilities *c)
{
	wire_put_u32(w, c->as4);
}

static void
capability_write_add_path(struct wire_out *w, const struct capabilities *c)
{
	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		unsigned way = (c->add_path_receive[i] ? ADD_PATH_RECEIVE : 0u) |
		               (c->add_path_send[i] ? ADD_PATH_SEND : 0u);

		if (way == 0)
			continue;
		put_family(w, i);
		wire_put_u8(w, (uint8_t)way);
	}
}

static void
capability_write_llgr(struct wire_out *w, const struct capabilities *c)
{
	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		uint32_t flags = c->gr[i].llgr_forwarding ? GR_FORWARDING : 0;

		if (!c->gr[i].llgr)
			continue;
		put_family(w, i);
		wire_put_u32(w, flags << 24 | (c->gr[i].llgr_time & 0xffffff));
	}
}

static void
put_name(struct wire_out *w, const char *name)
{
	size_t n = strnlen(name, CAPABILITY_NAME_MAX);

	wire_put_u8(w, (uint8_t)n);
	wire_put(w, name, n);
}

static void
capability_write_fqdn(struct wire_out *w, const struct capabilities *c)
{
	put_name(w, c->host);
	put_name(w, c->domain);
}

static const struct row {
	uint8_t code;
	const char *name;
	bool (*read)(struct wire_in *, struct capabilities *);
	void (*write)(struct wire_out *, const struct capabilities *);
} rows[] = {
#define CAPABILITY(NAME, code, name, reader)                                                   \
	[CAPABILITY_ROW_##NAME] = {                                                            \
	    code, name, capability_read_##reader, capability_write_##reader},
#include "bgp/capability.def"
};

static const struct row *
row_find(uint8_t code)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

const char *
capability_name(uint8_t code)
{
	const struct row *row = row_find(code);

	return row ? row->name : "unknown";
}

static void
count(uint8_t *counter)
{
	if (*counter < UINT8_MAX)
		(*counter)++;
}

static void
read_one(uint8_t code, struct wire_in body, struct capabilities *c)
{
	const struct row *row = row_find(code);
	struct capabilities next = *c;

	if (!row) {
		count(&c->unknown);
		return;
	}
	if (!row->read(&body, &next)) {
		count(&c->malformed);
		return;
	}
	next.present |= UINT32_C(1) << (row - rows);
	*c = next;
}

bool
capabilities_decode(struct wire_in *w, struct capabilities *c)
{
	while (wire_left(w) > 0) {
		uint8_t code = wire_u8(w);
		struct wire_in body = wire_child(w, wire_u8(w));

		if (!wire_ok(w))
			return false;
		read_one(code, body, c);
	}
	return wire_ok(w);
}

/* A list without any of our families is not worth a capability, and of some kinds malformed. */
static void
write_one(struct wire_out *w, const struct row *row, const struct capabilities *c)
{
	uint8_t *start = w->at, *length, *value;

	wire_put_u8(w, row->code);
	length = wire_reserve(w, 1);
	value = w->at;
	row->write(w, c);
	if (!length || w->failed)
		return;
	if (w->at == value && row->write != capability_write_empty)
		w->at = start;
	else
		*length = (uint8_t)(w->at - value);
}

/* RFC 4760 section 8: one capability for each family. */
static void
write_families(struct wire_out *w, const struct row *row, const struct capabilities *c)
{
	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		struct capabilities one = {0};

		one.families[i] = c->families[i];
		if (c->families[i])
			write_one(w, row, &one);
	}
}

void
capabilities_encode(struct wire_out *w, const struct capabilities *c)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!(c->present & UINT32_C(1) << i))
			continue;
		if (i == CAPABILITY_ROW_MULTIPROTOCOL)
			write_families(w, &rows[i], c);
		else
			write_one(w, &rows[i], c);
	}
}
