/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the bench: the messages that a right target would send, built from a model. */
#pragma once

#include "bgp/message.h"
#include "bgp/nlri.h"
#include "bgp/open.h"
#include "cluster.h"
#include "model.h"

#include <string.h>

#define SPEAKER_CLUSTER_ID 0x0aff0001u

/* IPv6 path identifiers: any function of the next hop will do. */
static inline uint32_t
speaker_id(const struct ip_addr *hop)
{
	return hop->family == IP_V4 ? ip_v4_host(hop) : 0x60000000u + hop->bytes[15];
}

static inline void
speaker_attr(struct wire_out *w, uint8_t flags, uint8_t type, const void *value, size_t n)
{
	wire_put_u8(w, flags);
	wire_put_u8(w, type);
	wire_put_u8(w, (uint8_t)n);
	wire_put(w, value, n);
}

/* The originator is the node's IPv4: of a generated cluster, by the next hop's last bytes. */
static inline void
speaker_common(struct wire_out *w, const struct ip_addr *originator, uint32_t local_pref)
{
	uint8_t four[4];

	speaker_attr(w, 0x40, 1, "", 1);
	speaker_attr(w, 0x40, 2, NULL, 0);
	wire_store_u32(four, local_pref);
	speaker_attr(w, 0x40, 5, four, 4);
	speaker_attr(w, 0x80, 9, originator->bytes, 4);
	wire_store_u32(four, SPEAKER_CLUSTER_ID);
	speaker_attr(w, 0x80, 10, four, 4);
}

static inline void
speaker_end(struct wire_out *w, uint8_t *start)
{
	bgp_header_encode(start, (uint16_t)(w->at - start), BGP_UPDATE);
}

/* One UPDATE that announces (or withdraws) n paths of one IPv4 next hop. */
static inline void
speaker_update4(struct wire_out *w, const struct ip_prefix *prefixes, size_t n,
    const struct ip_addr *hop, uint32_t local_pref, bool withdraw)
{
	uint8_t *start = wire_reserve(w, BGP_HEADER_SIZE), *lengths;

	lengths = wire_reserve(w, 2);
	if (!withdraw) {
		wire_store_u16(lengths, 0);
		lengths = wire_reserve(w, 2);
		uint8_t *attributes = w->at;

		speaker_attr(w, 0x40, 3, hop->bytes, 4);
		speaker_common(w, hop, local_pref);
		wire_store_u16(lengths, (uint16_t)(w->at - attributes));
	}
	uint8_t *first = w->at;

	for (size_t i = 0; i < n; i++)
		w->at += nlri_put(w->at, true, speaker_id(hop), &prefixes[i]);
	if (withdraw) {
		wire_store_u16(lengths, (uint16_t)(w->at - first));
		wire_put_u16(w, 0);
	}
	speaker_end(w, start);
}

/* One UPDATE with one IPv6 path in MP_REACH, or in MP_UNREACH. */
static inline void
speaker_update6(struct wire_out *w, const struct ip_prefix *prefix, const struct ip_addr *hop,
    const struct ip_addr *originator, bool withdraw)
{
	uint8_t *start = wire_reserve(w, BGP_HEADER_SIZE), value[64];
	struct wire_out v = wire_out(value, sizeof(value));

	wire_put_u16(&v, BGP_AFI_IPV6);
	wire_put_u8(&v, BGP_SAFI_UNICAST);
	if (!withdraw) {
		wire_put_u8(&v, 16);
		wire_put(&v, hop->bytes, 16);
		wire_put_u8(&v, 0);
	}
	v.at += nlri_put(v.at, true, speaker_id(hop), prefix);
	wire_put_u16(w, 0);
	uint8_t *length = wire_reserve(w, 2), *attributes = w->at;

	speaker_attr(w, 0x80, withdraw ? 15 : 14, value, wire_written(&v));
	if (!withdraw)
		speaker_common(w, originator, 100);
	wire_store_u16(length, (uint16_t)(w->at - attributes));
	speaker_end(w, start);
}

static inline void
speaker_eor(struct wire_out *w)
{
	static const uint8_t unreach6[] = {0x80, 15, 3, 0, 2, 1};
	uint8_t *start = wire_reserve(w, BGP_HEADER_SIZE);

	wire_put_u32(w, 0);
	speaker_end(w, start);
	start = wire_reserve(w, BGP_HEADER_SIZE);
	wire_put_u16(w, 0);
	wire_put_u16(w, sizeof(unreach6));
	wire_put(w, unreach6, sizeof(unreach6));
	speaker_end(w, start);
}

/* OPEN and KEEPALIVE of a target that offers everything. */
static inline void
speaker_hello(struct wire_out *w)
{
	struct open o = {.as = 64512, .hold_time = 90, .router_id = SPEAKER_CLUSTER_ID};
	struct capabilities *c = &o.capabilities;

	c->present = CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(AS4) |
	             CAPABILITY_BIT(ADD_PATH) | CAPABILITY_BIT(EXT_MESSAGE);
	c->as4 = 64512;
	for (unsigned f = 0; f < IP_FAMILIES; f++)
		c->families[f] = c->add_path_send[f] = true;
	w->at += open_encode(&o, w->at, wire_room(w));
	w->at += keepalive_encode(wire_reserve(w, 0));
}

/* The whole table of a generated cluster, one UPDATE per path: node n's addresses end in n. */
static inline void
speaker_table(struct wire_out *w, const struct cluster *c, const struct model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct model_path *p = &m->paths[i];

		if (p->prefix.addr.family == IP_V4) {
			speaker_update4(w, &p->prefix, 1, &p->next_hop, 100, false);
			continue;
		}
		uint32_t node = (uint32_t)p->next_hop.bytes[14] << 8 | p->next_hop.bytes[15];

		speaker_update6(w, &p->prefix, &p->next_hop, &c->nodes[node - 1].ip[0], false);
	}
}
