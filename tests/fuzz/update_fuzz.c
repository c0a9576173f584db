/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATE, under each mix of negotiated capabilities (the first octet of the input chooses). A
 * verdict always comes with its NOTIFICATION; the NLRI of what is not a reset can be iterated
 * to their end, as many as were counted; the attributes can be written and read again.
 */
#include "bgp/update.h"
#include "bgp_fuzz.h"

static struct update_context
context(uint8_t mix)
{
	return (struct update_context){
	    .as4 = mix & 1,
	    .ebgp = mix & 2,
	    .families = {!(mix & 4), !(mix & 8)},
	    .add_path = {mix & 16, mix & 32},
	    .ext_nexthop = mix & 64,
	    .enforce_first_as = mix & 128,
	    .local_role = mix % 6,
	    .local_as = 64512,
	    .peer_as = mix & 2 ? 65001 : 64512,
	    .router_id = 0x0a000001,
	    .cluster_id = 0x0a0000fe,
	};
}

static uint32_t
walk(struct nlri_in in)
{
	uint32_t count = 0;
	struct nlri n;

	while (nlri_next(&in, &n)) {
		must(n.prefix.len <= ip_bits(n.prefix.addr.family));
		must(in.add_path || n.path_id == 0);
		count++;
	}
	must(nlri_ok(&in));
	return count;
}

/* The path in 4-octet form; twice its octets suffice. */
static struct attr_bytes
widen(const struct attrs *a)
{
	size_t room = 2u * a->as_path.n + 1u;
	uint8_t *bytes = must_alloc(room);
	struct wire_out w = wire_out(bytes, room);
	struct as_path p;
	char text[AS_PATH_TEXT_MAX];

	as_path_merge(&w, a);
	must(!w.failed);
	p = (struct as_path){bytes, wire_written(&w), true};
	must(as_path_check(p, false) == AS_PATH_OK);
	must(strlen(as_path_text(p, text)) < AS_PATH_TEXT_MAX);
	return (struct attr_bytes){bytes, (uint16_t)wire_written(&w)};
}

/* Written in either form the attributes come back whole. */
static void
check_encoding(const struct update *u, bool as4)
{
	struct attr_format format = {.as4 = as4, .ibgp = true};
	struct attr_rules rules = {.as4 = as4};
	size_t room = 3u * BGP_MESSAGE_MAX_EXTENDED;
	uint8_t *bytes = must_alloc(room);
	struct wire_out w = wire_out(bytes, room);
	struct attrs a = u->attrs, back = {0};
	struct attr_bytes path = widen(&a);
	struct attr_in in;
	struct wire_in r;

	a.as_path = path;
	a.as_path_as4 = true;
	attrs_encode(&w, &a, &format);
	must(!w.failed);
	r = wire_in(bytes, wire_written(&w));
	while (attr_next(&r, &in))
		must(attr_read(&in, &rules, &back).verdict == ATTR_OK);
	must(wire_done(&r));
	must((a.present & back.present) == back.present || !as4);
	free(bytes);
	free((void *)(uintptr_t)path.at);
}

static void
check(const struct update *u)
{
	if (u->verdict != ATTR_OK)
		must(u->error.code != 0 && u->why);
	if (u->end_of_rib != IP_NONE)
		must(u->verdict == ATTR_OK && u->announced + u->withdrawals == 0);
	if (u->verdict == ATTR_RESET) {
		must(u->withdrawn.family == IP_NONE && u->mp_reach.family == IP_NONE);
		return;
	}
	must(walk(u->withdrawn) + walk(u->mp_unreach) == u->withdrawals);
	must(walk(u->nlri) + walk(u->mp_reach) == u->announced);
	if (u->verdict == ATTR_OK && attrs_have(&u->attrs, ATTR_AS_PATH)) {
		check_encoding(u, true);
		check_encoding(u, false);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct update_context ctx;
	struct update u;
	uint8_t *msg;
	size_t size;

	fuzz_frame(data, n);
	if (n == 0)
		return 0;
	ctx = context(data[0]);
	msg = framed(BGP_UPDATE, data + 1, n - 1, &size);
	if (!msg)
		return 0;
	update_decode(msg, size, &ctx, &u);
	check(&u);
	free(msg);
	return 0;
}
