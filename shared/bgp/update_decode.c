/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATE received: split, read every attribute, check every NLRI, then say one verdict. It
 * only grows stronger (raise()); the first fault of the strongest kind is the one reported.
 */
#include "bgp/update.h"

enum { UPDATE_SIZE_MIN = 23, MP_REACH_MIN = 5, MP_UNREACH_MIN = 3 };

struct decoding {
	const struct update_context *ctx;
	struct update *out;
	struct wire_in attr_field;
	struct attr_in mp_reach, mp_unreach, next_hop; /* code 0: absent */
	uint64_t seen[256 / 64];                       /* attribute codes, malformed ones too */
	bool other_attrs; /* something else than MP_UNREACH_NLRI is in the field */
	bool reachable;   /* the message carries announced NLRI, ours or not     */
};

static void
raise(struct update *u, enum attr_verdict verdict, uint8_t attr, struct notification error,
    const char *why)
{
	if (verdict <= u->verdict)
		return;
	u->verdict = verdict;
	u->bad_attr = attr;
	u->error = error;
	u->why = why;
}

/* True when the code was seen before; then it is seen. */
static bool
seen_before(struct decoding *d, uint8_t code)
{
	uint64_t bit = UINT64_C(1) << (code % 64), *word = &d->seen[code / 64];
	bool before = (*word & bit) != 0;

	*word |= bit;
	return before;
}

static bool
was_seen(const struct decoding *d, uint8_t code)
{
	return (d->seen[code / 64] >> (code % 64) & 1) != 0;
}

static bool
is_mp(uint8_t code)
{
	return code == ATTR_MP_REACH_NLRI || code == ATTR_MP_UNREACH_NLRI;
}

/* RFC 7606 3 (g) */
static void
read_repeated(struct decoding *d, const struct attr_in *in)
{
	if (is_mp(in->code))
		raise(d->out, ATTR_RESET, in->code,
		    notification_make(NOTIFY_UPDATE, NOTIFY_UPDATE_ATTRIBUTE_LIST),
		    "a multiprotocol attribute appears twice");
	d->out->discarded++;
	raise(d->out, ATTR_DISCARD, in->code,
	    notification_make(NOTIFY_UPDATE, NOTIFY_UPDATE_ATTRIBUTE_LIST),
	    "an attribute appears twice");
}

static void
read_attr(struct decoding *d, const struct attr_in *in)
{
	struct attr_rules rules = {.as4 = d->ctx->as4, .ebgp = d->ctx->ebgp};
	struct attr_fault fault;

	d->other_attrs = d->other_attrs || in->code != ATTR_MP_UNREACH_NLRI;
	if (seen_before(d, in->code)) {
		read_repeated(d, in);
		return;
	}
	if (in->code == ATTR_MP_REACH_NLRI)
		d->mp_reach = *in;
	if (in->code == ATTR_MP_UNREACH_NLRI)
		d->mp_unreach = *in;
	if (in->code == ATTR_NEXT_HOP)
		d->next_hop = *in;
	if (!attr_is_known(in->code))
		d->out->unknown++;
	fault = attr_read(in, &rules, &d->out->attrs);
	if (fault.verdict == ATTR_DISCARD)
		d->out->discarded++;
	raise(d->out, fault.verdict, in->code, fault.error, fault.why);
}

/*
 * The field ends within an attribute (RFC 7606 section 4). The NLRI behind the field can be
 * found all the same, unless they are in the attribute that is cut (section 3 (j)).
 */
static void
read_cut_attr(struct decoding *d, const struct attr_in *in)
{
	d->other_attrs = true;
	if (is_mp(in->code))
		raise(d->out, ATTR_RESET, in->code,
		    notification_borrow(
		        NOTIFY_UPDATE, NOTIFY_UPDATE_OPTIONAL, in->whole.at, in->whole.n),
		    "a multiprotocol attribute is longer than the attributes in all");
	raise(d->out, ATTR_WITHDRAW, in->code,
	    notification_make(NOTIFY_UPDATE, NOTIFY_UPDATE_ATTRIBUTE_LIST),
	    "an attribute is longer than the attributes in all");
}

static void
read_attrs(struct decoding *d)
{
	struct wire_in w = d->attr_field;
	struct attr_in in;

	while (attr_next(&w, &in))
		read_attr(d, &in);
	if (!wire_ok(&w))
		read_cut_attr(d, &in);
}

static bool
is_negotiated(const struct update_context *ctx, enum ip_family family)
{
	return family != IP_NONE && ctx->families[ip_family_index((uint8_t)family)];
}

static struct nlri_in
field_of(const struct decoding *d, enum ip_family family, struct wire_in w)
{
	return nlri_in(w, (uint8_t)family, d->ctx->add_path[ip_family_index((uint8_t)family)]);
}

/* Split one classic field off, or count it as ignored when IPv4 was not negotiated. */
static struct nlri_in
take_classic(struct decoding *d, struct wire_in w)
{
	if (wire_left(&w) == 0)
		return (struct nlri_in){0};
	if (!is_negotiated(d->ctx, IP_V4)) {
		d->out->ignored_families++;
		return (struct nlri_in){0};
	}
	return field_of(d, IP_V4, w);
}

/* Check a classic field of NLRI (RFC 7606 3 (i), 5.3). */
static void
check_classic(struct decoding *d, const struct nlri_in *in, uint32_t *count)
{
	uint32_t n = 0;

	if (in->family == IP_NONE)
		return;
	if (!nlri_check(*in, &n))
		raise(d->out, ATTR_RESET, 0,
		    notification_make(NOTIFY_UPDATE, NOTIFY_UPDATE_NETWORK),
		    "an IPv4 prefix is longer than 32 bits or than its field");
	*count += n;
}

static void
bad_mp(struct decoding *d, const struct attr_in *in, const char *why)
{
	raise(d->out, ATTR_RESET, in->code,
	    notification_borrow(
	        NOTIFY_UPDATE, NOTIFY_UPDATE_OPTIONAL, in->whole.at, in->whole.n),
	    why);
}

/* The NLRI of an MP attribute, checked; family IP_NONE when they are not for us. */
static struct nlri_in
take_mp(struct decoding *d, const struct attr_in *in, enum ip_family family, struct wire_in w,
    uint32_t *count)
{
	struct nlri_in field;
	uint32_t n = 0;

	if (!is_negotiated(d->ctx, family)) {
		d->out->ignored_families++;
		return (struct nlri_in){0};
	}
	field = field_of(d, family, w);
	if (!nlri_check(field, &n))
		bad_mp(
		    d, in, "a prefix is longer than its family allows or than the attribute");
	*count += n;
	return field;
}

static void
read_mp_unreach(struct decoding *d)
{
	struct wire_in w = wire_in(d->mp_unreach.value.at, d->mp_unreach.value.n);
	uint16_t afi = wire_u16(&w);
	uint8_t safi = wire_u8(&w);

	if (!wire_ok(&w)) {
		bad_mp(d, &d->mp_unreach, "MP_UNREACH_NLRI is too short");
		return;
	}
	d->out->mp_unreach =
	    take_mp(d, &d->mp_unreach, bgp_family(afi, safi), w, &d->out->withdrawals);
}

static bool
is_link_local(const struct ip_addr *a)
{
	return a->family == IP_V6 && a->bytes[0] == 0xfe && a->bytes[1] >> 6 == 2;
}

/* ::ffff:192.0.2.1, the next hop of IPv6 routes across an IPv4 network (RFC 4798). */
static bool
is_v4_mapped(const struct ip_addr *a)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return a->family == IP_V6 && memcmp(a->bytes, prefix, sizeof(prefix)) == 0;
}

static bool
is_next_hop(const struct ip_addr *a)
{
	uint32_t v4;

	if (a->family == IP_V4) { /* link-local ones do occur between neighbours */
		v4 = ip_v4_host(a);
		return v4 >> 24 != 0 && v4 >> 24 != 127 && v4 >> 28 < 14;
	}
	return ip_is_usable_unicast(a) || is_link_local(a) || is_v4_mapped(a);
}

/* RFC 4760 section 3, RFC 2545 (two addresses), RFC 8950 (IPv6 for IPv4). */
static bool
read_mp_next_hop(struct decoding *d, enum ip_family family, struct wire_in w)
{
	struct update *u = d->out;
	size_t n = wire_left(&w);
	bool six = n == 16 || n == 32;

	if (family == IP_V4 && n == 4) {
		u->mp_next_hop = ip_from_bytes(IP_V4, w.at);
	} else if (six && (family == IP_V6 || d->ctx->ext_nexthop)) {
		u->mp_next_hop = ip_from_bytes(IP_V6, wire_take(&w, 16));
		if (n == 32)
			u->mp_link_local = ip_from_bytes(IP_V6, wire_take(&w, 16));
		/* Some leave the global address empty where there is none. */
		if (is_link_local(&u->mp_link_local) && !is_next_hop(&u->mp_next_hop))
			u->mp_next_hop = u->mp_link_local;
	} else {
		return false;
	}
	return true;
}

static void
read_mp_reach(struct decoding *d)
{
	struct attr_in *in = &d->mp_reach;
	struct wire_in w = wire_in(in->value.at, in->value.n), next_hop;
	uint16_t afi = wire_u16(&w);
	enum ip_family family = bgp_family(afi, wire_u8(&w));

	next_hop = wire_child(&w, wire_u8(&w));
	(void)wire_u8(
	    &w); /* reserved, once the number of SNPAs: ignored (RFC 4760 section 3) */
	if (!wire_ok(&w)) {
		bad_mp(d, in, "MP_REACH_NLRI is too short");
		return;
	}
	d->reachable = d->reachable || wire_left(&w) > 0;
	if (is_negotiated(d->ctx, family) && !read_mp_next_hop(d, family, next_hop)) {
		bad_mp(d, in, "MP_REACH_NLRI has a next hop of unexpected length");
		return;
	}
	d->out->mp_reach = take_mp(d, in, family, w, &d->out->announced);
	if (d->out->mp_reach.family != IP_NONE && !is_next_hop(&d->out->mp_next_hop))
		raise(d->out, ATTR_WITHDRAW, in->code,
		    notification_borrow(
		        NOTIFY_UPDATE, NOTIFY_UPDATE_OPTIONAL, in->whole.at, in->whole.n),
		    "the next hop in MP_REACH_NLRI is no host address");
}

static void
missing(struct decoding *d, uint8_t code)
{
	if (was_seen(d, code))
		return;
	raise(d->out, ATTR_WITHDRAW, code,
	    notification_with(NOTIFY_UPDATE, NOTIFY_UPDATE_MISSING, &code, 1),
	    "a mandatory attribute is missing");
}

/* What depends on the presence of announced routes: RFC 7606 3 (d), NEXT_HOP's value. */
static void
check_announcement(struct decoding *d)
{
	struct update *u = d->out;
	bool classic = u->nlri.family != IP_NONE;

	if (!classic && u->mp_reach.family == IP_NONE)
		return;
	missing(d, ATTR_ORIGIN);
	missing(d, ATTR_AS_PATH);
	if (classic)
		missing(d, ATTR_NEXT_HOP);
	if (!d->ctx->ebgp)
		missing(d, ATTR_LOCAL_PREF);
	/* Without classic NLRI the attribute is to be ignored (RFC 4760 section 3). */
	if (classic && attrs_have(&u->attrs, ATTR_NEXT_HOP) && !is_next_hop(&u->attrs.next_hop))
		raise(u, ATTR_WITHDRAW, ATTR_NEXT_HOP,
		    notification_borrow(NOTIFY_UPDATE, NOTIFY_UPDATE_NEXT_HOP,
		        d->next_hop.whole.at, d->next_hop.whole.n),
		    "NEXT_HOP is no host address");
	if (d->ctx->ebgp && d->ctx->enforce_first_as && attrs_have(&u->attrs, ATTR_AS_PATH) &&
	    as_path_first(attrs_as_path(&u->attrs)) != d->ctx->peer_as)
		raise(u, ATTR_WITHDRAW, ATTR_AS_PATH,
		    notification_make(NOTIFY_UPDATE, NOTIFY_UPDATE_AS_PATH),
		    "AS_PATH does not begin with the AS of the peer");
}

/* RFC 6793 4.2.3: what a 2-octet speaker could not say was carried along by the AS4 attributes. */
static void
join_as4(struct attrs *a)
{
	uint64_t both = ATTR_BIT(ATTR_AGGREGATOR) | ATTR_BIT(ATTR_AS4_AGGREGATOR);

	if ((a->present & both) != both)
		return;
	if (a->aggregator.as == BGP_AS_TRANS)
		a->aggregator = a->as4_aggregator;
	else /* somebody aggregated later without knowing of them */
		a->present &= ~(ATTR_BIT(ATTR_AS4_PATH) | ATTR_BIT(ATTR_AS4_AGGREGATOR));
}

static bool
has_cluster(const struct attrs *a, uint32_t cluster)
{
	struct wire_in w = wire_in(a->cluster_list.at, a->cluster_list.n);

	while (wire_left(&w) > 0)
		if (wire_u32(&w) == cluster)
			return true;
	return false;
}

static bool
path_has_us(const struct attrs *a, uint32_t as)
{
	struct as_path four = {.at = a->as4_path.at, .n = a->as4_path.n, .as4 = true};

	return as_path_has(attrs_as_path(a), as) ||
	       (attrs_have(a, ATTR_AS4_PATH) && as_path_has(four, as));
}

/* RFC 9234 section 5, ingress */
static bool
is_leak(const struct update_context *ctx, const struct attrs *a)
{
	if (!ctx->ebgp || !attrs_have(a, ATTR_OTC))
		return false;
	if (ctx->local_role == BGP_ROLE_PROVIDER || ctx->local_role == BGP_ROLE_RS)
		return true;
	return ctx->local_role == BGP_ROLE_PEER && a->otc != ctx->peer_as;
}

static void
set_flags(const struct decoding *d)
{
	const struct update_context *ctx = d->ctx;
	struct update *u = d->out;
	const struct attrs *a = &u->attrs;

	if (attrs_have(a, ATTR_AS_PATH) && path_has_us(a, ctx->local_as))
		u->flags |= UPDATE_LOOP_AS;
	if (attrs_have(a, ATTR_ORIGINATOR_ID) && a->originator_id == ctx->router_id)
		u->flags |= UPDATE_LOOP_ORIGINATOR;
	if (attrs_have(a, ATTR_CLUSTER_LIST) && has_cluster(a, ctx->cluster_id))
		u->flags |= UPDATE_LOOP_CLUSTER;
	if (is_leak(ctx, a))
		u->flags |= UPDATE_LEAK;
	if (ctx->local_addr.family != IP_NONE &&
	    ((u->nlri.family != IP_NONE && attrs_have(a, ATTR_NEXT_HOP) &&
	         ip_equal(&a->next_hop, &ctx->local_addr)) ||
	        (u->mp_reach.family != IP_NONE && ip_equal(&u->mp_next_hop, &ctx->local_addr))))
		u->flags |= UPDATE_OWN_NEXT_HOP;
}

/*
 * Treat-as-withdraw needs to know what to withdraw: attributes without any announced NLRI
 * mean that the NLRI may have been missed (RFC 7606 5.2).
 */
static void
check_withdrawable(struct decoding *d)
{
	if (d->out->verdict == ATTR_WITHDRAW && d->other_attrs && !d->reachable)
		d->out->verdict = ATTR_RESET;
}

/* RFC 4724 section 2; anything more in the message makes it an ordinary UPDATE. */
static enum ip_family
end_of_rib(const struct decoding *d, bool classic_empty)
{
	const struct update *u = d->out;

	if (!classic_empty || d->other_attrs || u->verdict != ATTR_OK)
		return IP_NONE;
	if (d->mp_unreach.code == 0)
		return is_negotiated(d->ctx, IP_V4) ? IP_V4 : IP_NONE;
	if (u->mp_unreach.family == IP_NONE || wire_left(&u->mp_unreach.wire) > 0)
		return IP_NONE;
	return (enum ip_family)u->mp_unreach.family;
}

static void
judge(struct decoding *d, struct wire_in withdrawn, struct wire_in nlri)
{
	struct update *u = d->out;

	u->withdrawn = take_classic(d, withdrawn);
	u->nlri = take_classic(d, nlri);
	d->reachable = wire_left(&nlri) > 0;
	read_attrs(d);
	if (d->mp_unreach.code != 0)
		read_mp_unreach(d);
	if (d->mp_reach.code != 0)
		read_mp_reach(d);
	check_classic(d, &u->withdrawn, &u->withdrawals);
	check_classic(d, &u->nlri, &u->announced);
	check_announcement(d);
	check_withdrawable(d);
	join_as4(&u->attrs);
	set_flags(d);
	u->end_of_rib = end_of_rib(d, wire_left(&withdrawn) == 0 && wire_left(&nlri) == 0);
	if (u->verdict == ATTR_RESET) /* nobody iterates over half a message */
		u->withdrawn = u->nlri = u->mp_unreach = u->mp_reach = (struct nlri_in){0};
}

void
update_decode(
    const uint8_t *msg, size_t n, const struct update_context *ctx, struct update *out)
{
	struct decoding d = {.ctx = ctx, .out = out};
	struct wire_in w = bgp_body(msg, n), withdrawn;

	memset(out, 0, sizeof(*out));
	if (n < UPDATE_SIZE_MIN || n > BGP_MESSAGE_MAX_EXTENDED) {
		raise(out, ATTR_RESET, 0, bgp_too_short(n), "the message has no valid size");
		return;
	}
	withdrawn = wire_child(&w, wire_u16(&w));
	d.attr_field = wire_child(&w, wire_u16(&w));
	if (!wire_ok(&w)) {
		raise(out, ATTR_RESET, 0,
		    notification_make(NOTIFY_UPDATE, NOTIFY_UPDATE_ATTRIBUTE_LIST),
		    "the lengths of the fields exceed the message");
		return;
	}
	judge(&d, withdrawn, w);
}
