/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of NLRI fields; the rules of well-formedness are RFC 7606 section 5.3. */
#include "bgp/nlri.h"

bool
nlri_next(struct nlri_in *in, struct nlri *out)
{
	struct nlri n = {.prefix.addr.family = in->family};
	const uint8_t *bytes;

	if (!wire_ok(&in->wire) || wire_left(&in->wire) == 0)
		return false;
	if (in->add_path)
		n.path_id = wire_u32(&in->wire);
	n.prefix.len = wire_u8(&in->wire);
	if (n.prefix.len > ip_bits(in->family)) {
		in->wire.failed = true;
		return false;
	}
	bytes = wire_take(&in->wire, (n.prefix.len + 7u) / 8u);
	if (!bytes)
		return false;
	memcpy(n.prefix.addr.bytes, bytes, (n.prefix.len + 7u) / 8u);
	if (n.prefix.len % 8 != 0) /* trailing bits are irrelevant (RFC 4271 4.3) */
		n.prefix.addr.bytes[n.prefix.len / 8] &=
		    (uint8_t)(0xff00u >> (n.prefix.len % 8));
	*out = n;
	return true;
}

bool
nlri_check(struct nlri_in in, uint32_t *count)
{
	struct nlri ignored;
	uint32_t n = 0;

	while (nlri_next(&in, &ignored))
		n++;
	if (count)
		*count = n;
	return nlri_ok(&in);
}

bool
nlri_is_routable(const struct ip_prefix *p)
{
	const uint8_t *b = p->addr.bytes;

	if (p->addr.family == IP_V4) /* 127/8, 169.254/16, 224/4 and what lies in them */
		return !(p->len >= 8 && b[0] == 127) && !(p->len >= 4 && b[0] >> 4 == 14) &&
		       !(p->len >= 16 && b[0] == 169 && b[1] == 254);
	/* ff00::/8, fe80::/10, ::1 */
	if ((p->len >= 8 && b[0] == 0xff) || (p->len >= 10 && b[0] == 0xfe && b[1] >> 6 == 2))
		return false;
	return !(p->len == 128 && memcmp(b, &in6addr_loopback, 16) == 0);
}
