/* SPDX-License-Identifier: Apache-2.0 */
/* UPDATEs that we write: their exact octets, their sizes, and that we read them back. */
#include "wire_test.h"

#define MARKER "ffffffffffffffffffffffffffffffff"

static uint8_t bytes[BGP_MESSAGE_MAX_EXTENDED];
static struct update u;

/* The attributes of a reflected route. */
static size_t
reflected(uint8_t *out, bool mp)
{
	static const uint8_t cluster[] = {10, 0, 0, 254};
	struct attr_format format = {.as4 = true, .ibgp = true, .mp = mp};
	struct attrs a = {.origin = ORIGIN_IGP,
	    .as_path_as4 = true,
	    .next_hop = ip_v4(0x0a000002),
	    .local_pref = 100,
	    .originator_id = 0x0a000001,
	    .cluster_list = {cluster, 4},
	    .present = ATTR_BIT(ATTR_ORIGIN) | ATTR_BIT(ATTR_AS_PATH) |
	               ATTR_BIT(ATTR_NEXT_HOP) | ATTR_BIT(ATTR_LOCAL_PREF) |
	               ATTR_BIT(ATTR_ORIGINATOR_ID) | ATTR_BIT(ATTR_CLUSTER_LIST)};
	struct wire_out w = wire_out(out, 256);

	attrs_encode(&w, &a, &format);
	assert_false(w.failed);
	return wire_written(&w);
}

static void
put(struct update_out *out, bool add_path, uint32_t id, const char *text)
{
	struct ip_prefix p;

	assert_true(ip_prefix_parse(text, &p));
	assert_true(nlri_size(add_path, p.len) <= update_out_room(out));
	out->at += nlri_put(out->at, add_path, id, &p);
}

static void
decode(size_t n, bool ebgp, bool add_path)
{
	struct update_context ctx = context(ebgp);

	ctx.add_path[0] = ctx.add_path[1] = add_path;
	update_decode(bytes, n, &ctx, &u);
}

static void
assert_next(struct nlri_in *in, const char *text, uint32_t id)
{
	char buf[IP_TEXT_MAX];
	struct nlri n;

	assert_true(nlri_next(in, &n));
	assert_string_equal(ip_prefix_text(&n.prefix, buf), text);
	assert_int_equal(n.path_id, id);
}

static void
assert_end(struct nlri_in *in)
{
	struct nlri n;

	assert_false(nlri_next(in, &n));
	assert_true(nlri_ok(in));
}

static void
a_reflected_ipv4_route_has_58_octets_and_its_nlri(void **state)
{
	uint8_t attrs[256];
	size_t n = reflected(attrs, false);
	struct update_out out;

	(void)state;
	assert_true(update_out_begin(&out, bytes, BGP_MESSAGE_MAX, attrs, n));
	put(&out, true, 0x0a000002, "10.96.0.1/32");
	put(&out, true, 0x0a000002, "10.97.0.0/20");
	n = update_out_close(&out);
	assert_int_equal(n, 58 + 9 + 8);
	assert_bytes(bytes, n,
	    MARKER "004b 02 0000 0023"
	           "40010100 400200 4003040a000002 40050400000064 8009040a000001 800a040a0000fe"
	           "0a000002 20 0a600001 0a000002 14 0a6100");
	decode(n, false, true);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_int_equal(u.announced, 2);
	assert_next(&u.nlri, "10.96.0.1/32", 0x0a000002);
	assert_next(&u.nlri, "10.97.0.0/20", 0x0a000002);
	assert_end(&u.nlri);
	assert_int_equal(u.attrs.local_pref, 100);
	assert_int_equal(u.attrs.originator_id, 0x0a000001);
}

static void
a_reflected_ipv6_route_begins_with_mp_reach_nlri(void **state)
{
	uint8_t attrs[256];
	size_t n = reflected(attrs, true);
	struct update_out out;
	struct ip_addr next_hop;

	(void)state;
	assert_true(ip_parse("2001:db8::2", &next_hop));
	assert_true(update_out_begin_mp(
	    &out, bytes, BGP_MESSAGE_MAX, IP_V6, &next_hop, NULL, attrs, n));
	put(&out, true, 7, "2001:db8:1::1/128");
	n = update_out_close(&out);
	assert_bytes(bytes, n,
	    MARKER "0060 02 0000 0049"
	           "800e2a 0002 01 10 20010db8000000000000000000000002 00"
	           "00000007 80 20010db8000100000000000000000001"
	           "40010100 400200 40050400000064 8009040a000001 800a040a0000fe");
	decode(n, false, true);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_next(&u.mp_reach, "2001:db8:1::1/128", 7);
	assert_end(&u.mp_reach);
	assert_true(ip_equal(&u.mp_next_hop, &next_hop));
	assert_int_equal(u.nlri.family, IP_NONE);
}

static void
an_mp_attribute_beyond_255_octets_has_an_extended_length(void **state)
{
	uint8_t attrs[256];
	size_t n = reflected(attrs, true);
	struct ip_addr next_hop;

	(void)state;
	assert_true(ip_parse("2001:db8::2", &next_hop));
	for (unsigned count = 10; count <= 60; count++) {
		struct update_out out;
		size_t size, value = 5 + 16 + count * 5;

		assert_true(update_out_begin_mp(
		    &out, bytes, BGP_MESSAGE_MAX, IP_V4, &next_hop, NULL, attrs, n));
		for (unsigned i = 0; i < count; i++)
			put(&out, false, 0, "10.96.0.1/32");
		size = update_out_close(&out);
		assert_int_equal(size, 23 + (value > 255 ? 4u : 3u) + value + n);
		assert_int_equal(bytes[23], value > 255 ? 0x90 : 0x80);
		struct update_context ctx = context(false);
		ctx.ext_nexthop = true;
		update_decode(bytes, size, &ctx, &u);
		assert_int_equal(u.verdict, ATTR_OK);
		assert_int_equal(u.announced, count);
		assert_int_equal(u.mp_reach.family, IP_V4);
	}
}

static void
a_link_local_address_follows_the_global_one(void **state)
{
	uint8_t attrs[256];
	size_t n = reflected(attrs, true);
	struct ip_addr next_hop, link_local;
	struct update_out out;

	(void)state;
	assert_true(ip_parse("2001:db8::2", &next_hop));
	assert_true(ip_parse("fe80::1", &link_local));
	assert_true(update_out_begin_mp(
	    &out, bytes, BGP_MESSAGE_MAX, IP_V6, &next_hop, &link_local, attrs, n));
	put(&out, false, 0, "2001:db8::/32");
	decode(update_out_close(&out), false, false);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_true(ip_equal(&u.mp_next_hop, &next_hop));
	assert_true(ip_equal(&u.mp_link_local, &link_local));
}

static void
withdrawals_share_one_message(void **state)
{
	struct update_out out;
	size_t n;

	(void)state;
	assert_true(update_out_begin_withdraw(&out, bytes, BGP_MESSAGE_MAX, IP_V4, false));
	put(&out, true, 1, "10.96.0.1/32");
	put(&out, true, 2, "0.0.0.0/0");
	n = update_out_close(&out);
	assert_bytes(bytes, n, MARKER "0025 02 000e 00000001 20 0a600001 00000002 00 0000");
	decode(n, false, true);
	assert_int_equal(u.verdict, ATTR_OK);
	assert_int_equal(u.withdrawals, 2);
	assert_next(&u.withdrawn, "10.96.0.1/32", 1);
	assert_next(&u.withdrawn, "0.0.0.0/0", 2);

	assert_true(update_out_begin_withdraw(&out, bytes, BGP_MESSAGE_MAX, IP_V6, false));
	put(&out, false, 0, "2001:db8::/33");
	n = update_out_close(&out);
	assert_bytes(bytes, n, MARKER "0023 02 0000 000c 800f09 0002 01 21 20010db800");
	decode(n, false, false);
	assert_next(&u.mp_unreach, "2001:db8::/33", 0);
	assert_int_equal(u.verdict, ATTR_OK);

	assert_true(update_out_begin_withdraw(&out, bytes, BGP_MESSAGE_MAX, IP_V4, true));
	put(&out, false, 0, "10.0.0.0/8");
	decode(update_out_close(&out), false, false);
	assert_next(&u.mp_unreach, "10.0.0.0/8", 0);
	assert_int_equal(u.end_of_rib, IP_NONE);
}

static void
a_message_is_never_longer_than_the_room_given(void **state)
{
	uint8_t attrs[256];
	size_t n = reflected(attrs, false), m = reflected(attrs + 128, true);
	struct ip_addr next_hop;

	(void)state;
	assert_true(ip_parse("2001:db8::2", &next_hop));
	for (size_t room = 23; room < 400; room++) {
		struct update_out outs[4];
		bool begun[4];

		for (int i = 0; i < 4; i++) {
			struct update_out *out = &outs[i];

			memset(bytes, 0xee, 512);
			begun[i] =
			    i == 0   ? update_out_begin(out, bytes, room, attrs, n)
			    : i == 1 ? update_out_begin_mp(out, bytes, room, IP_V6, &next_hop,
			                   NULL, attrs + 128, m)
			    : i == 2 ? update_out_begin_withdraw(out, bytes, room, IP_V4, false)
			             : update_out_begin_withdraw(out, bytes, room, IP_V6, true);
			if (!begun[i])
				continue;
			while (nlri_size(true, 8) <= update_out_room(out))
				put(out, true, 9, i % 2 ? "2000::/8" : "10.0.0.0/8");
			assert_in_range(update_out_close(out), 23, room);
			assert_int_equal(bytes[room], 0xee);
		}
	}
}

static void
old_speakers_get_and_give_their_as4_path(void **state)
{
	/* 65001 4200000000 {70000 1}: 2-octet form, and the 4-octet one beside it. */
	struct update_context ctx = context(true);
	uint8_t path[64], out[64];
	struct attr_format format = {.as4 = false};
	struct attrs a = {.origin = ORIGIN_IGP,
	    .as_path_as4 = true,
	    .aggregator = {70000, 1},
	    .present =
	        ATTR_BIT(ATTR_AS_PATH) | ATTR_BIT(ATTR_ORIGIN) | ATTR_BIT(ATTR_AGGREGATOR)};
	struct wire_out w = wire_out(out, sizeof(out));

	(void)state;
	a.as_path = (struct attr_bytes){
	    path, (uint16_t)hex(path, "0202 0000fde9 fa56ea00 0102 00011170 00000001")};
	attrs_encode(&w, &a, &format);
	assert_bytes(out, wire_written(&w),
	    "40010100 40020c 0202 fde9 5ba0 0102 5ba0 0001 c00706 5ba0 00000001"
	    "c01114 0202 0000fde9 fa56ea00 0102 00011170 00000001 c01208 00011170 00000001");

	ctx.as4 = false;
	update_decode(bytes,
	    update_message(bytes, "",
	        "40010100 40020c 0202 fde9 5ba0 0102 5ba0 0001 4003040a000002 c00706 5ba0 00000001"
	        "c01114 0202 0000fde9 fa56ea00 0102 00011170 00000001 c01208 00011170 00000001",
	        "08 0a"),
	    &ctx, &u);
	assert_int_equal(u.verdict, ATTR_OK);
	w = wire_out(out, sizeof(out));
	as_path_merge(&w, &u.attrs);
	assert_bytes(out, wire_written(&w), "0202 0000fde9 fa56ea00 0102 00011170 00000001");
	assert_int_equal(u.attrs.aggregator.as, 70000);
}

static void
internal_attributes_do_not_leave_the_as(void **state)
{
	struct attr_format format = {.as4 = true, .ibgp = false};
	static const uint8_t list[] = {1, 2, 3, 4};
	uint8_t out[64];
	struct attrs a = {.origin = ORIGIN_INCOMPLETE,
	    .as_path_as4 = true,
	    .next_hop = ip_v4(1),
	    .med = 5,
	    .cluster_list = {list, 4},
	    .communities = {list, 4},
	    .present = ATTR_BIT(ATTR_ORIGIN) | ATTR_BIT(ATTR_AS_PATH) |
	               ATTR_BIT(ATTR_NEXT_HOP) | ATTR_BIT(ATTR_MULTI_EXIT_DISC) |
	               ATTR_BIT(ATTR_LOCAL_PREF) | ATTR_BIT(ATTR_CLUSTER_LIST) |
	               ATTR_BIT(ATTR_ORIGINATOR_ID) | ATTR_BIT(ATTR_COMMUNITIES) |
	               ATTR_BIT(ATTR_ATOMIC_AGGREGATE)};
	struct wire_out w = wire_out(out, sizeof(out));

	(void)state;
	attrs_encode(&w, &a, &format);
	assert_bytes(out, wire_written(&w),
	    "40010102 400200 40030400000001 80040400000005 400600 c0080401020304");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reflected_ipv4_route_has_58_octets_and_its_nlri),
	    cmocka_unit_test(a_reflected_ipv6_route_begins_with_mp_reach_nlri),
	    cmocka_unit_test(an_mp_attribute_beyond_255_octets_has_an_extended_length),
	    cmocka_unit_test(a_link_local_address_follows_the_global_one),
	    cmocka_unit_test(withdrawals_share_one_message),
	    cmocka_unit_test(a_message_is_never_longer_than_the_room_given),
	    cmocka_unit_test(old_speakers_get_and_give_their_as4_path),
	    cmocka_unit_test(internal_attributes_do_not_leave_the_as),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
