/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/encode.h"

#include "bgp/attr.h"
#include "bgp/nlri.h"
#include "bgp/update.h"

#include <stdlib.h>
#include <string.h>

#define GRACEFUL_SHUTDOWN 0xffff0000u /* 65535:0, RFC 8326 */
#define ATTRS_ROOM                                                                             \
	2048u /* all attributes we ever send, with the most communities: about 700 bytes */
#define END_ROOM                                                                               \
	1024u /* a chunk with less room left is closed rather than filled with crumbs */
_Static_assert(ATTRS_COMMUNITIES_MAX *(4 + 12) + 256 < ATTRS_ROOM, "the attributes fit");

void
encoder_init(struct encoder *e, const struct names *names)
{
	memset(e, 0, sizeof(*e));
	e->names = names;
	e->buf = must_alloc(CHUNK_BYTES);
}

void
encoder_fini(struct encoder *e)
{
	free(e->buf);
}

void
encoder_start(struct encoder *e, const struct gather *g)
{
	e->gather = g;
	e->announced = 0;
	e->withdrawn[0] = e->withdrawn[1] = 0;
	e->len = e->messages = e->paths = 0;
}

bool
encoder_done(const struct encoder *e)
{
	const struct gather *g = e->gather;

	return !g || (e->announced == g->announce.n && e->withdrawn[0] == g->withdraw[0].n &&
	                 e->withdrawn[1] == g->withdraw[1].n);
}

/* Largest message now: what the peers accept and the chunk still holds. */
static size_t
message_room(const struct encoder *e)
{
	size_t most = e->gather->format.extended ? BGP_MESSAGE_MAX_EXTENDED : BGP_MESSAGE_MAX;
	size_t room = CHUNK_BYTES - e->len;

	return room < most ? room : most;
}

/* Ascending, with GRACEFUL_SHUTDOWN among them while we drain. Returns how many. */
static unsigned
put_communities(const struct format *f, const struct path_attrs *pa, uint8_t *out)
{
	bool owed = f->draining;
	unsigned n = 0;

	for (unsigned i = 0; i < pa->n_communities; i++) {
		if (owed && pa->communities[i] > GRACEFUL_SHUTDOWN)
			wire_store_u32(out + 4 * n++, GRACEFUL_SHUTDOWN);
		owed = owed && pa->communities[i] < GRACEFUL_SHUTDOWN;
		wire_store_u32(out + 4 * n++, pa->communities[i]);
	}
	if (owed)
		wire_store_u32(out + 4 * n++, GRACEFUL_SHUTDOWN);
	return n;
}

/* draft-ietf-idr-link-bandwidth: type 0x40, subtype 4, AS, IEEE float in bytes/s. False: the path has none. */
static bool
put_link_bandwidth(const struct format *f, const struct path_attrs *pa, uint8_t link[8])
{
	float bandwidth = (float)pa->weight;
	uint32_t bits;

	if (f->view.weight && pa->endpoints)
		bandwidth = (float)pa->endpoints *
		            (pa->weight ? bandwidth : (float)VIEW_ENDPOINT_BANDWIDTH);
	else if (!pa->weight)
		return false;
	memcpy(&bits, &bandwidth, sizeof(bits));
	link[0] = 0x40;
	link[1] = 0x04;
	wire_store_u16(
	    link + 2, f->local_as > UINT16_MAX ? BGP_AS_TRANS : (uint16_t)f->local_as);
	wire_store_u32(link + 4, bits);
	return true;
}

/* Everything but the MP attribute, as RFC 4456 and RFC 4271 want it from a reflector. */
static size_t
encode_attrs(const struct encoder *e, const struct nexthop *nh, const struct path_attrs *pa,
    bool mp, uint8_t *buf)
{
	const struct format *f = &e->gather->format;
	struct attr_format af = {.as4 = f->as4, .ibgp = !f->ebgp, .mp = mp};
	struct wire_out w = wire_out(buf, ATTRS_ROOM);
	uint8_t cluster[4], communities[4 * ATTRS_COMMUNITIES_MAX + 4];
	uint8_t large[12 * ATTRS_COMMUNITIES_MAX], link[8], segment[6] = {2, 1};
	unsigned n_communities;
	struct attrs a = {.as_path_as4 = true,
	    .origin = ORIGIN_IGP,
	    .next_hop = nh->addr,
	    .med = pa->med,
	    .local_pref = f->draining ? 0 : pa->local_pref,
	    .originator_id = nh->originator};

	a.present = ATTR_BIT(ATTR_ORIGIN) | ATTR_BIT(ATTR_AS_PATH) | ATTR_BIT(ATTR_NEXT_HOP);
	if (f->ebgp) {
		wire_store_u32(segment + 2, f->local_as);
		a.as_path = (struct attr_bytes){.at = segment, .n = sizeof(segment)};
	} else {
		wire_store_u32(cluster, f->cluster_id);
		a.cluster_list = (struct attr_bytes){.at = cluster, .n = sizeof(cluster)};
		a.present |= ATTR_BIT(ATTR_LOCAL_PREF) | ATTR_BIT(ATTR_ORIGINATOR_ID) |
		             ATTR_BIT(ATTR_CLUSTER_LIST);
	}
	if (pa->has_med)
		a.present |= ATTR_BIT(ATTR_MULTI_EXIT_DISC);
	n_communities = put_communities(f, pa, communities);
	if (n_communities) {
		a.communities =
		    (struct attr_bytes){.at = communities, .n = (uint16_t)(4 * n_communities)};
		a.present |= ATTR_BIT(ATTR_COMMUNITIES);
	}
	if (pa->n_large) {
		for (unsigned i = 0; i < pa->n_large; i++) {
			wire_store_u32(large + 12 * i, pa->large[i].global);
			wire_store_u32(large + 12 * i + 4, pa->large[i].local1);
			wire_store_u32(large + 12 * i + 8, pa->large[i].local2);
		}
		a.large_communities =
		    (struct attr_bytes){.at = large, .n = (uint16_t)(12 * pa->n_large)};
		a.present |= ATTR_BIT(ATTR_LARGE_COMMUNITIES);
	}
	if (put_link_bandwidth(f, pa, link)) {
		a.ext_communities = (struct attr_bytes){.at = link, .n = sizeof(link)};
		a.present |= ATTR_BIT(ATTR_EXT_COMMUNITIES);
	}
	attrs_encode(&w, &a, &af);
	must(!w.failed);
	return wire_written(&w);
}

/* The message is in the buffer whole. Debug builds read every one back (what we send must be
 * what a strict peer understands). */
static void
message_done(struct encoder *e, size_t size, uint32_t paths)
{
#ifdef HELIO_DEBUG
	const struct format *f = &e->gather->format;
	struct update_context ctx = {.as4 = f->as4, .ebgp = f->ebgp, .ext_nexthop = true};
	struct update u;

	for (unsigned i = 0; i < IP_FAMILIES; i++) {
		ctx.families[i] = f->family[i];
		ctx.add_path[i] = f->add_path[i];
	}
	update_decode(e->buf + e->len, size, &ctx, &u);
	must(u.verdict == ATTR_OK && u.announced + u.withdrawals == paths);
#endif
	e->len += (uint32_t)size;
	e->messages++;
	e->paths += paths;
}

/* One UPDATE with as many prefixes of the run as fit; false: the chunk has no room for it. */
static bool
encode_announcement(struct encoder *e)
{
	const struct gather_paths *all = &e->gather->announce;
	const struct gather_path *run = &all->at[e->announced], *end = all->at + all->n,
	                         *p = run;
	const struct nexthop *nh = nexthop_at(e->names, run->nexthop);
	const struct ip_prefix *prefix = prefix_at(e->names, run->prefix);
	uint8_t family = prefix->addr.family, attrs[ATTRS_ROOM];
	bool add_path = e->gather->format.add_path[ip_family_index(family)];
	bool mp = family == IP_V6 || nh->addr.family == IP_V6;
	size_t n = encode_attrs(e, nh, attrs_at(e->names, run->attrs), mp, attrs);
	struct update_out u;

	if (mp ? !update_out_begin_mp(
	             &u, e->buf + e->len, message_room(e), family, &nh->addr, NULL, attrs, n)
	       : !update_out_begin(&u, e->buf + e->len, message_room(e), attrs, n))
		return false;
	for (; p < end && p->nexthop == run->nexthop && p->attrs == run->attrs; p++) {
		prefix = prefix_at(e->names, p->prefix);
		if (prefix->addr.family != family ||
		    nlri_size(add_path, prefix->len) > update_out_room(&u))
			break;
		u.at += nlri_put(u.at, add_path, nh->path_id, prefix);
	}
	if (update_out_empty(&u))
		return false;
	message_done(e, update_out_close(&u), (uint32_t)(p - run));
	e->announced += (uint32_t)(p - run);
	return true;
}

static bool
encode_withdrawal(struct encoder *e, unsigned index)
{
	const struct gather_paths *all = &e->gather->withdraw[index];
	const struct gather_path *first = &all->at[e->withdrawn[index]],
	                         *end = all->at + all->n;
	const struct gather_path *p = first;
	uint8_t family = index ? IP_V6 : IP_V4;
	bool add_path = e->gather->format.add_path[index];
	struct update_out u;

	if (!update_out_begin_withdraw(
	        &u, e->buf + e->len, message_room(e), family, family == IP_V6))
		return false;
	for (; p < end; p++) {
		const struct ip_prefix *prefix = prefix_at(e->names, p->prefix);
		uint32_t id = add_path ? nexthop_at(e->names, p->nexthop)->path_id : 0;

		if (nlri_size(add_path, prefix->len) > update_out_room(&u))
			break;
		u.at += nlri_put(u.at, add_path, id, prefix);
	}
	if (update_out_empty(&u))
		return false;
	message_done(e, update_out_close(&u), (uint32_t)(p - first));
	e->withdrawn[index] += (uint32_t)(p - first);
	return true;
}

/* One message, of what comes first: announcements, then withdrawals of each family. */
static bool
encode_message(struct encoder *e)
{
	if (e->announced < e->gather->announce.n)
		return encode_announcement(e);
	return encode_withdrawal(e, e->withdrawn[0] == e->gather->withdraw[0].n);
}

struct chunk *
encoder_next(struct encoder *e)
{
	struct chunk *c;

	e->len = e->messages = e->paths = 0;
	while (!encoder_done(e) && CHUNK_BYTES - e->len >= END_ROOM)
		if (!encode_message(e))
			break;
	if (!e->len) {
		must(encoder_done(e)); /* an empty chunk has room for any message */
		return NULL;
	}
	c = chunk_new(e->buf, e->len);
	c->messages = e->messages;
	c->paths = e->paths;
	return c;
}
