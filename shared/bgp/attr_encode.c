/* SPDX-License-Identifier: Apache-2.0 */
/* Path attributes written by ascending code, each with the flags of its row in attr.def. */
#include "bgp/attr.h"

struct write_call {
	struct wire_out *w;
	const struct attrs *a;
	const struct attr_format *format;
};

static void
put_number(const struct write_call *c, uint8_t code, uint32_t v)
{
	attr_put_header(c->w, code, 4);
	wire_put_u32(c->w, v);
}

static void
put_bytes(const struct write_call *c, uint8_t code, struct attr_bytes bytes)
{
	attr_put_header(c->w, code, bytes.n);
	wire_put(c->w, bytes.at, bytes.n);
}

static void
attr_write_origin(const struct write_call *c)
{
	attr_put_header(c->w, ATTR_ORIGIN, 1);
	wire_put_u8(c->w, c->a->origin);
}

static void
put_path(
    const struct write_call *c, uint8_t code, void (*put)(struct wire_out *, struct as_path))
{
	struct as_path p = attrs_as_path(c->a);

	uint8_t *start = c->w->at;
	size_t n;

	put(c->w, p); /* once to know its size, which stands before it */
	n = (size_t)(c->w->at - start);
	c->w->at = start;
	attr_put_header(c->w, code, n);
	put(c->w, p);
}

static void
attr_write_as_path(const struct write_call *c)
{
	must(c->a->as_path_as4);
	if (c->format->as4)
		put_bytes(c, ATTR_AS_PATH, c->a->as_path);
	else
		put_path(c, ATTR_AS_PATH, as_path_narrow);
}

static void
attr_write_next_hop(const struct write_call *c)
{
	if (c->format->mp)
		return;
	must(c->a->next_hop.family == IP_V4);
	put_number(c, ATTR_NEXT_HOP, ip_v4_host(&c->a->next_hop));
}

static void
attr_write_med(const struct write_call *c)
{
	put_number(c, ATTR_MULTI_EXIT_DISC, c->a->med);
}

static void
attr_write_local_pref(const struct write_call *c)
{
	put_number(c, ATTR_LOCAL_PREF, c->a->local_pref);
}

static void
attr_write_atomic_aggregate(const struct write_call *c)
{
	attr_put_header(c->w, ATTR_ATOMIC_AGGREGATE, 0);
}

static void
attr_write_aggregator(const struct write_call *c)
{
	uint32_t as = c->a->aggregator.as;

	if (c->format->as4) {
		attr_put_header(c->w, ATTR_AGGREGATOR, 8);
		wire_put_u32(c->w, as);
	} else {
		attr_put_header(c->w, ATTR_AGGREGATOR, 6);
		wire_put_u16(c->w, as > UINT16_MAX ? BGP_AS_TRANS : (uint16_t)as);
	}
	wire_put_u32(c->w, c->a->aggregator.router_id);
}

static void
attr_write_communities(const struct write_call *c)
{
	put_bytes(c, ATTR_COMMUNITIES, c->a->communities);
}

static void
attr_write_originator_id(const struct write_call *c)
{
	put_number(c, ATTR_ORIGINATOR_ID, c->a->originator_id);
}

static void
attr_write_cluster_list(const struct write_call *c)
{
	put_bytes(c, ATTR_CLUSTER_LIST, c->a->cluster_list);
}

static void
attr_write_mp_reach(const struct write_call *c)
{
	(void)c; /* update_out_begin_mp() */
}

static void
attr_write_mp_unreach(const struct write_call *c)
{
	(void)c; /* update_out_begin_withdraw() */
}

static void
attr_write_ext_communities(const struct write_call *c)
{
	put_bytes(c, ATTR_EXT_COMMUNITIES, c->a->ext_communities);
}

/* Only to 2-octet peers, and only when AS_TRANS stands for something (RFC 6793 4.2.2). */
static void
attr_write_as4_path(const struct write_call *c)
{
	if (attrs_have(c->a, ATTR_AS_PATH) && as_path_is_wide(attrs_as_path(c->a)))
		put_path(c, ATTR_AS4_PATH, as_path_without_confed);
}

static void
attr_write_as4_aggregator(const struct write_call *c)
{
	if (!attrs_have(c->a, ATTR_AGGREGATOR) || c->a->aggregator.as <= UINT16_MAX)
		return;
	attr_put_header(c->w, ATTR_AS4_AGGREGATOR, 8);
	wire_put_u32(c->w, c->a->aggregator.as);
	wire_put_u32(c->w, c->a->aggregator.router_id);
}

static void
attr_write_ipv6_communities(const struct write_call *c)
{
	put_bytes(c, ATTR_IPV6_EXT_COMMUNITIES, c->a->ipv6_communities);
}

static void
attr_write_large_communities(const struct write_call *c)
{
	put_bytes(c, ATTR_LARGE_COMMUNITIES, c->a->large_communities);
}

static void
attr_write_otc(const struct write_call *c)
{
	put_number(c, ATTR_OTC, c->a->otc);
}

static const struct row {
	uint8_t code;
	enum attr_reading reading;
	void (*write)(const struct write_call *);
} rows[] = {
#define ATTR(NAME, code, flags, malformed, reading, decoder, subcode)                          \
	{code, ATTR_READ_##reading, attr_write_##decoder},
#include "bgp/attr.def"
};

void
attrs_encode(struct wire_out *w, const struct attrs *a, const struct attr_format *format)
{
	struct write_call call = {.w = w, .a = a, .format = format};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];

		if (row->reading == ATTR_READ_INTERNAL && !format->ibgp)
			continue;
		/* What is OLD follows from AS_PATH and AGGREGATOR, not from what was received. */
		if (row->reading == ATTR_READ_OLD ? !format->as4 : attrs_have(a, row->code))
			row->write(&call);
	}
}
