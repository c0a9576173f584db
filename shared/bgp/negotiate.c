/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from two OPENs: open_negotiate() of open.h. */
#include "bgp/open.h"

/* Without any multiprotocol capability a speaker means IPv4 unicast (RFC 4760 section 8). */
static bool
speaks(const struct capabilities *c, unsigned family)
{
	if (!capabilities_have(c, CAPABILITY_BIT(MULTIPROTOCOL)))
		return family == ip_family_index(IP_V4);
	return c->families[family];
}

static bool
both(const struct open *a, const struct open *b, uint32_t bit)
{
	return capabilities_have(&a->capabilities, bit) &&
	       capabilities_have(&b->capabilities, bit);
}

/* RFC 5492 section 5: the data is what we would have needed. */
static struct notification
no_family(const struct capabilities *local)
{
	uint8_t data[NOTIFICATION_SMALL];
	struct wire_out w = wire_out(data, sizeof(data));
	struct capabilities wanted = {.present = CAPABILITY_BIT(MULTIPROTOCOL)};

	for (unsigned i = 0; i < IP_FAMILIES; i++)
		wanted.families[i] = speaks(local, i);
	capabilities_encode(&w, &wanted);
	return notification_with(NOTIFY_OPEN, NOTIFY_OPEN_CAPABILITY, data, wire_written(&w));
}

static bool
negotiate_families(const struct open *local, const struct open *remote, struct negotiated *out)
{
	const struct capabilities *l = &local->capabilities, *r = &remote->capabilities;
	bool add_path = both(local, remote, CAPABILITY_BIT(ADD_PATH)), any = false;

	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		out->families[i] = speaks(l, i) && speaks(r, i);
		if (!out->families[i])
			continue;
		any = true;
		out->add_path_tx[i] = add_path && l->add_path_send[i] && r->add_path_receive[i];
		out->add_path_rx[i] = add_path && l->add_path_receive[i] && r->add_path_send[i];
	}
	out->ext_nexthop = both(local, remote, CAPABILITY_BIT(EXT_NEXTHOP)) && l->ext_nexthop &&
	                   r->ext_nexthop && out->families[ip_family_index(IP_V4)];
	return any;
}

static void
negotiate_restart(const struct open *local, const struct open *remote, struct negotiated *out)
{
	const struct capabilities *r = &remote->capabilities;
	bool llgr = both(local, remote, CAPABILITY_BIT(LLGR));

	out->gr = both(local, remote, CAPABILITY_BIT(GRACEFUL_RESTART));
	if (!out->gr) /* also no LLGR, which builds on it (RFC 9494 section 4.1) */
		return;
	out->gr_notification = local->capabilities.gr_notification && r->gr_notification;
	out->peer_restarting = r->gr_restarting;
	out->gr_time = r->gr_time;
	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		if (!out->families[i])
			continue;
		out->peer_gr[i] = r->gr[i];
		if (!llgr) {
			out->peer_gr[i].llgr = out->peer_gr[i].llgr_forwarding = false;
			out->peer_gr[i].llgr_time = 0;
		}
	}
}

/* The role that the other end of our role has (RFC 9234 table 2). */
static uint8_t
opposite(uint8_t role)
{
	static const uint8_t of[] = {
	    [BGP_ROLE_PROVIDER] = BGP_ROLE_CUSTOMER,
	    [BGP_ROLE_CUSTOMER] = BGP_ROLE_PROVIDER,
	    [BGP_ROLE_RS] = BGP_ROLE_RS_CLIENT,
	    [BGP_ROLE_RS_CLIENT] = BGP_ROLE_RS,
	    [BGP_ROLE_PEER] = BGP_ROLE_PEER,
	};

	return role < COUNT_OF(of) ? of[role] : BGP_ROLE_UNSET;
}

static bool
negotiate_role(
    const struct open *local, const struct open *remote, bool strict, struct negotiated *out)
{
	const struct capabilities *l = &local->capabilities, *r = &remote->capabilities;

	out->role = BGP_ROLE_UNSET;
	if (!out->ebgp || !capabilities_have(l, CAPABILITY_BIT(ROLE)))
		return true;
	out->role = l->role; /* configured: the OTC rules hold even if the peer sent none */
	if (!capabilities_have(r, CAPABILITY_BIT(ROLE)))
		return !strict;
	return !r->role_conflict && r->role == opposite(l->role);
}

bool
open_negotiate(const struct open *local, const struct open *remote, bool role_strict,
    struct negotiated *out, struct notification *why)
{
	bool extended_rx = capabilities_have(&local->capabilities, CAPABILITY_BIT(EXT_MESSAGE));

	memset(out, 0, sizeof(*out));
	out->ebgp = local->as != remote->as;
	out->as4 = both(local, remote, CAPABILITY_BIT(AS4));
	out->extended_rx = extended_rx;
	out->extended_tx = both(local, remote, CAPABILITY_BIT(EXT_MESSAGE));
	out->refresh = both(local, remote, CAPABILITY_BIT(ROUTE_REFRESH));
	out->enhanced_refresh = both(local, remote, CAPABILITY_BIT(ENHANCED_REFRESH));
	out->hold_time =
	    local->hold_time < remote->hold_time ? local->hold_time : remote->hold_time;
	if (!negotiate_families(local, remote, out)) {
		*why = no_family(&local->capabilities);
		return false;
	}
	if (!negotiate_role(local, remote, role_strict, out)) {
		*why = notification_make(NOTIFY_OPEN, NOTIFY_OPEN_ROLE_MISMATCH);
		return false;
	}
	negotiate_restart(local, remote, out);
	return true;
}
