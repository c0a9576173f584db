/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random messages: what is encoded decodes to the same. The seed is printed and may be given as
 * the first argument to repeat a run.
 */
#include "bgp/open.h"
#include "wire_test.h"

#include <time.h>

enum { ROUNDS = 20000 };

static uint64_t state_;

static uint32_t
random_u32(void)
{
	state_ = state_ * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state_ >> 32);
}

static uint32_t
below(uint32_t n)
{
	return random_u32() % n;
}

static bool
coin(void)
{
	return below(2) != 0;
}

static void
random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)random_u32();
}

static struct ip_prefix
random_prefix(uint8_t family)
{
	struct ip_prefix p = {
	    .addr.family = family, .len = (uint8_t)below(ip_bits(family) + 1)};

	if (below(3) == 0)
		p.len = (uint8_t)ip_bits(family);
	random_bytes(p.addr.bytes, ip_bits(family) / 8);
	for (unsigned bit = p.len; bit < ip_bits(family); bit++)
		p.addr.bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
	return p;
}

static uint16_t
random_path(uint8_t *p)
{
	uint8_t *start = p;

	for (unsigned segments = below(4); segments > 0; segments--) {
		/* Sequences side by side would be joined on the way through 2 octets. */
		uint8_t count = (uint8_t)(1 + below(5)),
		        type = segments % 2 ? AS_SEQUENCE : AS_SET;

		*p++ = type;
		*p++ = count;
		for (unsigned i = 0; i < count; i++, p += 4)
			wire_store_u32(p, coin() ? 1 + below(65000) : 70000 + below(1000));
	}
	return (uint16_t)(p - start);
}

static uint8_t stock[7][256]; /* what the attributes below borrow */

static struct attr_bytes
random_list(unsigned which, unsigned element)
{
	uint16_t n = (uint16_t)(element * (1 + below(5)));

	random_bytes(stock[which], n);
	return (struct attr_bytes){stock[which], n};
}

/* Attributes that follow from others or carry NLRI: nobody sets their bits to have them written. */
static const uint64_t not_composed = ATTR_BIT(ATTR_MP_REACH_NLRI) |
                                     ATTR_BIT(ATTR_MP_UNREACH_NLRI) | ATTR_BIT(ATTR_AS4_PATH) |
                                     ATTR_BIT(ATTR_AS4_AGGREGATOR);

static struct attrs
random_attrs(void)
{
	struct attrs a = {.origin = (uint8_t)below(3),
	    .as_path_as4 = true,
	    .next_hop = ip_v4(0x0a000000 | below(1 << 24)),
	    .med = random_u32(),
	    .local_pref = random_u32(),
	    .originator_id = random_u32(),
	    .otc = random_u32(),
	    .aggregator = {1 + below(100000), random_u32()},
	    .communities = random_list(1, 4),
	    .cluster_list = random_list(2, 4),
	    .ext_communities = random_list(3, 8),
	    .ipv6_communities = random_list(4, 20),
	    .large_communities = random_list(5, 12)};

	a.as_path = (struct attr_bytes){stock[0], random_path(stock[0])};
	for (uint8_t code = 1; code < 64; code++)
		if (attr_is_known(code) && (code <= ATTR_LOCAL_PREF || coin()))
			a.present |= ATTR_BIT(code);
	a.present &= ~not_composed;
	return a;
}

static void
assert_list(struct attr_bytes a, struct attr_bytes b)
{
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.at, b.at, a.n);
}

static void
assert_same_attrs(const struct attrs *a, const struct attrs *b)
{
	static uint8_t merged[1024];
	struct wire_out w = wire_out(merged, sizeof(merged));

	assert_int_equal(a->present, b->present & ~not_composed);
	as_path_merge(&w, b);
	assert_int_equal(wire_written(&w), a->as_path.n);
	assert_memory_equal(merged, a->as_path.at, a->as_path.n);
	assert_int_equal(a->origin, b->origin);
	if (attrs_have(a, ATTR_NEXT_HOP))
		assert_true(ip_equal(&a->next_hop, &b->next_hop));
	assert_int_equal(a->med, b->med);
	assert_int_equal(a->local_pref, b->local_pref);
	if (attrs_have(a, ATTR_AGGREGATOR))
		assert_memory_equal(&a->aggregator, &b->aggregator, sizeof(a->aggregator));
	if (attrs_have(a, ATTR_ORIGINATOR_ID))
		assert_int_equal(a->originator_id, b->originator_id);
	if (attrs_have(a, ATTR_OTC))
		assert_int_equal(a->otc, b->otc);
	if (attrs_have(a, ATTR_COMMUNITIES))
		assert_list(a->communities, b->communities);
	if (attrs_have(a, ATTR_CLUSTER_LIST))
		assert_list(a->cluster_list, b->cluster_list);
	if (attrs_have(a, ATTR_EXT_COMMUNITIES))
		assert_list(a->ext_communities, b->ext_communities);
	if (attrs_have(a, ATTR_IPV6_EXT_COMMUNITIES))
		assert_list(a->ipv6_communities, b->ipv6_communities);
	if (attrs_have(a, ATTR_LARGE_COMMUNITIES))
		assert_list(a->large_communities, b->large_communities);
}

struct shape {
	bool as4, mp, withdraw, add_path;
	uint8_t family;
};

static bool
begin(struct update_out *out, uint8_t *buf, size_t room, const struct shape *s,
    const struct ip_addr *next_hop, const uint8_t *attrs, size_t n)
{
	if (s->withdraw)
		return update_out_begin_withdraw(out, buf, room, s->family, s->mp);
	if (s->mp)
		return update_out_begin_mp(out, buf, room, s->family, next_hop, NULL, attrs, n);
	return update_out_begin(out, buf, room, attrs, n);
}

static void
one_update(void)
{
	static uint8_t msg[BGP_MESSAGE_MAX_EXTENDED], encoded[4096];
	static struct nlri sent[16384];
	struct update_context ctx = context(false);
	struct shape s = {coin(), coin(), coin(), coin(), coin() ? IP_V4 : IP_V6};
	size_t room = below(10) ? 64 + below(4000) : 4096 + below(61000);
	struct attrs a = random_attrs();
	struct ip_addr next_hop = {.family = IP_V6, .bytes = {0x20, 1, 13}};
	struct wire_out w = wire_out(encoded, sizeof(encoded));
	unsigned count = 0, wanted = 1 + below(COUNT_OF(sent));
	struct update_out out;
	struct nlri_in *in;
	struct update u;
	struct nlri n;

	s.mp = s.mp || s.family == IP_V6;
	if (s.mp)
		a.present &= ~ATTR_BIT(ATTR_NEXT_HOP);
	attrs_encode(&w, &a, &(struct attr_format){.as4 = s.as4, .ibgp = true, .mp = s.mp});
	assert_false(w.failed);
	if (!begin(&out, msg, room, &s, &next_hop, encoded, wire_written(&w)))
		return;
	for (; count < wanted; count++) {
		sent[count] =
		    (struct nlri){random_prefix(s.family), s.add_path ? random_u32() : 0};
		if (nlri_size(s.add_path, sent[count].prefix.len) > update_out_room(&out))
			break;
		out.at +=
		    nlri_put(out.at, s.add_path, sent[count].path_id, &sent[count].prefix);
	}
	assert_int_not_equal(count, 0);
	ctx.as4 = s.as4;
	ctx.ext_nexthop = true;
	ctx.add_path[0] = ctx.add_path[1] = s.add_path;
	update_decode(msg, update_out_close(&out), &ctx, &u);
	assert_int_equal(u.verdict, ATTR_OK);
	if (!s.withdraw)
		assert_same_attrs(&a, &u.attrs);
	in = s.withdraw ? (s.mp ? &u.mp_unreach : &u.withdrawn) : s.mp ? &u.mp_reach : &u.nlri;
	for (unsigned i = 0; i < count; i++) {
		assert_true(nlri_next(in, &n));
		assert_true(ip_prefix_equal(&n.prefix, &sent[i].prefix));
		assert_int_equal(n.path_id, sent[i].path_id);
	}
	assert_false(nlri_next(in, &n));
	assert_true(nlri_ok(in));
}

static void
every_update_that_is_encoded_decodes_to_the_same(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS / 10; i++)
		one_update();
}

static struct capability_gr
random_gr(uint32_t present, bool first)
{
	struct capability_gr gr = {0};

	if (present & CAPABILITY_BIT(GRACEFUL_RESTART)) {
		gr.present = coin();
		gr.forwarding = gr.present && coin();
	}
	if (present & CAPABILITY_BIT(LLGR)) {
		gr.llgr = first || coin(); /* a list of none is not written */
		gr.llgr_forwarding = gr.llgr && coin();
		gr.llgr_time = gr.llgr ? below(1 << 24) : 0;
	}
	return gr;
}

static void
random_name(char *out)
{
	unsigned n = below(CAPABILITY_NAME_MAX + 1);

	for (unsigned i = 0; i < n; i++)
		out[i] = (char)('a' + below(26));
}

static struct open
random_open(void)
{
	struct open o;
	struct capabilities *c = &o.capabilities;

	memset(&o, 0, sizeof(o)); /* the padding too: it is compared */
	o.as = 1 + below(coin() ? 20000 : 100000);
	o.hold_time = (uint16_t)(3 + below(65000));
	o.router_id = 1 + below(UINT32_MAX);
	c->present = below(UINT32_C(1) << CAPABILITY_ROWS);
	if (o.as > UINT16_MAX || o.as == BGP_AS_TRANS)
		c->present |= CAPABILITY_BIT(AS4);
	o.as += o.as == BGP_AS_TRANS;
	c->as4 = c->present & CAPABILITY_BIT(AS4) ? o.as : 0;
	for (int i = 0; i < IP_FAMILIES; i++) {
		c->families[i] = (c->present & CAPABILITY_BIT(MULTIPROTOCOL)) && coin();
		c->add_path_send[i] = (c->present & CAPABILITY_BIT(ADD_PATH)) && coin();
		c->add_path_receive[i] =
		    (c->present & CAPABILITY_BIT(ADD_PATH)) && (i == 0 || coin());
		c->gr[i] = random_gr(c->present, i == 0);
	}
	if ((c->present & CAPABILITY_BIT(MULTIPROTOCOL)) && !c->families[1])
		c->families[0] = true;
	c->ext_nexthop = (c->present & CAPABILITY_BIT(EXT_NEXTHOP)) != 0;
	c->role = c->present & CAPABILITY_BIT(ROLE) ? (uint8_t)below(5) : 0;
	if (c->present & CAPABILITY_BIT(GRACEFUL_RESTART)) {
		c->gr_restarting = coin();
		c->gr_notification = coin();
		c->gr_time = (uint16_t)below(GR_TIME_MAX + 1);
	}
	if (c->present & CAPABILITY_BIT(FQDN)) {
		random_name(c->host);
		random_name(c->domain);
	}
	return o;
}

static void
every_open_that_is_encoded_decodes_to_the_same(void **state)
{
	uint8_t msg[OPEN_SIZE_MAX];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct open o = random_open(), back;
		struct notification why;

		assert_true(open_decode(msg, open_encode(&o, msg, sizeof(msg)), &back, &why));
		assert_memory_equal(&o, &back, sizeof(o));
	}
}

/* Damage one octet of a good message: the decoder must come to a verdict, whatever it is. */
static void
a_damaged_update_gets_a_verdict(void **state)
{
	uint8_t msg[512], attrs[512];
	struct update_context ctx = context(true);
	size_t size;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct attrs a = random_attrs();
		struct wire_out w = wire_out(attrs, sizeof(attrs));
		struct update_out out;
		struct update u;
		struct nlri n;

		attrs_encode(&w, &a, &(struct attr_format){.as4 = true, .ibgp = true});
		if (w.failed ||
		    !update_out_begin(&out, msg, sizeof(msg), attrs, wire_written(&w)))
			continue;
		n.prefix = random_prefix(IP_V4);
		out.at += nlri_put(out.at, false, 0, &n.prefix);
		size = update_out_close(&out);
		msg[BGP_HEADER_SIZE + below((uint32_t)size - BGP_HEADER_SIZE)] =
		    (uint8_t)random_u32();
		ctx.ebgp = coin();
		update_decode(msg, size, &ctx, &u);
		assert_in_range(u.verdict, ATTR_OK, ATTR_RESET);
		while (nlri_next(&u.nlri, &n))
			continue;
		assert_true(nlri_ok(&u.nlri));
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_update_that_is_encoded_decodes_to_the_same),
	    cmocka_unit_test(every_open_that_is_encoded_decodes_to_the_same),
	    cmocka_unit_test(a_damaged_update_gets_a_verdict),
	};

	state_ = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)state_);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
