/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/viewing.h"

#include "core/hash.h"

#include <string.h>

_Static_assert(
    (int)CONFIG_PREFER_RACK == (int)VIEW_PREFER_RACK, "one enum, seen from both sides");
_Static_assert((int)CONFIG_PREFER_ZONE == (int)VIEW_PREFER_ZONE, "in the same order");

/* ToRs of one rack share a variant, so that they share bytes too. */
static uint32_t
variant_of(uint32_t variants, const struct config_location *at, const struct ip_addr *address)
{
	uint64_t h = *at->rack ? place_hash(at->rack) : ip_hash(address);

	return variants > 1 ? (uint32_t)(hash_mix(h) % variants) : 0;
}

void
viewing_of(const struct config *c, const struct config_peer *peer,
    const struct config_location *at, const struct ip_addr *address, struct view *out)
{
	const struct config_view *v;

	memset(out, 0, sizeof(*out)); /* compared as bytes */
	out->filter = peer->export_filter;
	if (peer->view_index == CONFIG_VIEW_ALL)
		return;
	v = &c->views.items[peer->view_index];
	out->max = v->max_next_hops;
	out->prefer = (uint8_t)v->prefer;
	out->only = v->only;
	out->min = v->only ? v->min_next_hops : 0;
	out->weight = v->weight == CONFIG_WEIGHT_ENDPOINTS;
	if (v->spread > 1) {
		out->variants = v->spread;
		out->variant = variant_of(v->spread, at, address);
	}
	if (v->prefer == CONFIG_PREFER_RACK)
		out->rack = place_hash(at->rack);
	if (v->prefer != CONFIG_PREFER_NONE)
		out->zone = place_hash(at->zone);
}

uint32_t
viewing_single(const struct ip_addr *address)
{
	return (uint32_t)(hash_mix(ip_hash(address)) % SINGLE_VARIANTS);
}
