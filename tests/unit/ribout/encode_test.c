/* SPDX-License-Identifier: Apache-2.0 */
/* From a table to bytes: golden UPDATEs, and the limits that every peer relies on. */
#include "reader.h"
#include "ribout/encode.h"

static struct gather gather;
static struct encoder encoder;
static struct heard heard;
static struct update last;
static uint8_t bytes[1 << 20];
static size_t len;

static int
begin_encoding(void **state)
{
	begin(state);
	gather_init(&gather, &table);
	encoder_init(&encoder, &names);
	return 0;
}

static int
end_encoding(void **state)
{
	gather_fini(&gather);
	encoder_fini(&encoder);
	return end(state);
}

/* All that changed behind `since`, encoded into `bytes` and heard. Returns the chunks. */
static unsigned
encode(const struct format *f, uint64_t since) ALL_ROLES
{
	uint64_t at = since;
	struct chunk *c;
	unsigned chunks = 0;

	memset(&heard, 0, sizeof(heard));
	len = 0;
	gather_start(&gather, f);
	assert_true(gather_changes(&gather, &(struct gather_for){since, since, since}, &at,
	    table_version(&table), UINT32_MAX));
	gather_sort(&gather);
	encoder_start(&encoder, &gather);
	for (; (c = encoder_next(&encoder)) != NULL; chunks++) {
		uint32_t before = heard.announced + heard.withdrawn, messages = heard.messages;

		assert_in_range(c->len, 1, CHUNK_BYTES);
		assert_true(len + c->len <= sizeof(bytes));
		memcpy(bytes + len, c->bytes, c->len);
		len += c->len;
		hear(&heard, f, c->bytes, c->len, &last); /* messages are whole in each */
		assert_int_equal(c->paths, heard.announced + heard.withdrawn - before);
		assert_int_equal(c->messages, heard.messages - messages);
		chunk_drop(c);
	}
	assert_true(encoder_done(&encoder));
	return chunks;
}

/* Prefix i has this one next hop with these attributes. */
static void
put(struct ip_prefix prefix, struct nexthop nh, const struct path_attrs *a) ALL_ROLES
{
	struct path_in in = {nexthop_name(&names, &nh), attrs_name(&names, a)};
	uint32_t clashes = 0;

	table_set(&table, prefix_name(&names, &prefix),
	    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, &in, 1, &clashes);
	table_commit(&table);
}

static struct path_attrs
plain(void)
{
	struct path_attrs a;

	memset(&a, 0, sizeof(a));
	a.local_pref = 100;
	return a;
}

#define MARKER "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

static void
expect(const char *want, size_t n)
{
	assert_int_equal(len, n);
	assert_memory_equal(bytes, want, n);
}

/* 19 header, 2 + 2 lengths, 4 ORIGIN, 3 AS_PATH, 7 each NEXT_HOP, LOCAL_PREF, ORIGINATOR_ID and
 * CLUSTER_LIST are 58; each path is an identifier, a length and an address: 9. */
static void
an_ibgp_update_has_58_bytes_and_9_for_each_host_route(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	put(prefix_of(1), hop_of(5), &a);
	assert_int_equal(encode(&f, 0), 1);
	expect(MARKER "\x00\x43\x02"
	              "\x00\x00\x00\x23"
	              "\x40\x01\x01\x00"
	              "\x40\x02\x00"
	              "\x40\x03\x04\xc0\x00\x00\x05"
	              "\x40\x05\x04\x00\x00\x00\x64"
	              "\x80\x09\x04\xc0\x00\x00\x05"
	              "\x80\x0a\x04\xc0\xa8\x00\x01"
	              "\x00\x00\x00\x06\x20\x0a\x00\x00\x01",
	    58 + 9);
	for (uint32_t i = 2; i <= 10; i++)
		put(prefix_of(i), hop_of(5), &a);
	encode(&f, 0);
	assert_int_equal(len, 58 + 9 * 10);
	assert_int_equal(heard.messages, 1);
}

static void
a_shorter_prefix_takes_only_the_bytes_it_needs(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct ip_prefix p;
	struct format f = ibgp();

	(void)state;
	assert_true(ip_prefix_parse("10.0.0.0/12", &p));
	put(p, hop_of(5), &a);
	encode(&f, 0);
	assert_int_equal(len, 58 + 4 + 1 + 2);
	assert_memory_equal(bytes + 58, "\x00\x00\x00\x06\x0c\x0a\x00", 7);
}

static void
a_withdrawal_needs_23_bytes_and_9_for_each_path(void **state) ALL_ROLES
{
	struct format f = ibgp();
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	set(1, 0x7, 1);
	table_commit(&table);
	set(1, 0x1, 1);
	table_commit(&table);
	encode(&f, 1);
	expect(MARKER "\x00\x29\x02\x00\x12"
	              "\x00\x00\x00\x02\x20\x0a\x00\x00\x01"
	              "\x00\x00\x00\x03\x20\x0a\x00\x00\x01"
	              "\x00\x00",
	    23 + 9 * 2);
	table_leave(&table, &r);
}

static void
an_ebgp_update_has_our_as_and_no_internal_attributes(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	f.ebgp = true;
	a.has_med = 1;
	a.med = 7;
	put(prefix_of(1), hop_of(5), &a);
	encode(&f, 0);
	expect(MARKER "\x00\x3b\x02"
	              "\x00\x00\x00\x1b"
	              "\x40\x01\x01\x00"
	              "\x40\x02\x06\x02\x01\x00\x00\xfd\xe8"
	              "\x40\x03\x04\xc0\x00\x00\x05"
	              "\x80\x04\x04\x00\x00\x00\x07"
	              "\x00\x00\x00\x06\x20\x0a\x00\x00\x01",
	    59);
}

static void
a_large_as_number_towards_an_old_speaker_is_as_trans_with_as4_path(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	f.ebgp = true;
	f.as4 = false;
	f.local_as = 4200000000;
	put(prefix_of(1), hop_of(5), &a);
	encode(&f, 0);
	assert_true(attrs_have(&last.attrs, ATTR_AS4_PATH));
	assert_int_equal(last.attrs.as_path.n, 4);
	assert_memory_equal(last.attrs.as_path.at, "\x02\x01\x5b\xa0", 4); /* 23456 */
	assert_memory_equal(last.attrs.as4_path.at, "\x02\x01\xfa\x56\xea\x00", 6);
}

static void
without_add_path_a_host_route_takes_5_bytes(void **state) ALL_ROLES
{
	struct format f = ibgp();

	(void)state;
	f.add_path[0] = false;
	set(1, 0xff, 1);
	set(2, 0, 1);
	table_commit(&table);
	encode(&f, 0);
	assert_int_equal(len, 58 + 7 + 5); /* with MED */
	assert_memory_equal(bytes + len - 5, "\x20\x0a\x00\x00\x01", 5);
}

static struct ip_prefix
six(const char *text)
{
	struct ip_prefix p;

	assert_true(ip_prefix_parse(text, &p));
	return p;
}

static struct nexthop
six_hop(void)
{
	struct nexthop nh = hop_of(5);

	assert_true(ip_parse("2001:db8::5", &nh.addr));
	return nh;
}

static void
ipv6_goes_in_mp_reach_nlri_and_comes_first(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	put(six("fd00:96::1/128"), six_hop(), &a);
	encode(&f, 0);
	expect(MARKER "\x00\x60\x02"
	              "\x00\x00\x00\x49"
	              "\x80\x0e\x2a\x00\x02\x01\x10"
	              "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00"
	              "\x00\x00\x00\x06\x80"
	              "\xfd\x00\x00\x96\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
	              "\x40\x01\x01\x00"
	              "\x40\x02\x00"
	              "\x40\x05\x04\x00\x00\x00\x64"
	              "\x80\x09\x04\xc0\x00\x00\x05"
	              "\x80\x0a\x04\xc0\xa8\x00\x01",
	    96);
}

static void
ipv6_is_withdrawn_in_mp_unreach_nlri(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct ip_prefix p = six("fd00:96::1/128");
	struct format f = ibgp();
	struct table_reader r = {.vital = false};
	uint32_t clashes = 0;

	(void)state;
	put(p, six_hop(), &a);
	table_join(&table, &r);
	table_set(&table, prefix_find_own(&names, &p),
	    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, NULL, 0, &clashes);
	table_commit(&table);
	encode(&f, 1);
	expect(MARKER "\x00\x32\x02"
	              "\x00\x00\x00\x1b"
	              "\x80\x0f\x18\x00\x02\x01"
	              "\x00\x00\x00\x06\x80"
	              "\xfd\x00\x00\x96\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
	    50);
	table_leave(&table, &r);
}

static void
a_peer_is_sent_only_its_families(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	put(six("fd00:96::1/128"), six_hop(), &a);
	put(prefix_of(1), hop_of(5), &a);
	encode(&f, 0);
	assert_int_equal(heard.announced, 2);
	assert_int_equal(heard.six, 1);
	f.family[1] = false;
	encode(&f, 0);
	assert_int_equal(heard.announced, 1);
	assert_int_equal(heard.six, 0);
	f.family[0] = false;
	assert_int_equal(encode(&f, 0), 0);
}

static void
communities_of_all_kinds_are_sent(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	a.n_communities = 2;
	a.communities[0] = 65000u << 16 | 1;
	a.communities[1] = 65000u << 16 | 2;
	a.n_large = 1;
	a.large[0] = (struct large_community){65000, 7, 9};
	a.weight = 125000000; /* 1 Gbit/s in bytes: 0x4cee6b28 as IEEE float */
	put(prefix_of(1), hop_of(5), &a);
	encode(&f, 0);
	assert_int_equal(last.attrs.communities.n, 8);
	assert_memory_equal(last.attrs.communities.at, "\xfd\xe8\x00\x01\xfd\xe8\x00\x02", 8);
	assert_int_equal(last.attrs.large_communities.n, 12);
	assert_memory_equal(last.attrs.large_communities.at,
	    "\x00\x00\xfd\xe8\x00\x00\x00\x07\x00\x00\x00\x09", 12);
	assert_int_equal(last.attrs.ext_communities.n, 8);
	assert_memory_equal(
	    last.attrs.ext_communities.at, "\x40\x04\xfd\xe8\x4c\xee\x6b\x28", 8);
	f.local_as = 4200000000; /* does not fit the two octets: AS_TRANS */
	encode(&f, 0);
	assert_memory_equal(
	    last.attrs.ext_communities.at, "\x40\x04\x5b\xa0\x4c\xee\x6b\x28", 8);
}

static void
a_view_that_weighs_sends_a_bandwidth_by_the_number_of_endpoints(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	a.endpoints = 2;
	put(prefix_of(1), hop_of(5), &a);
	encode(&f, 0);
	assert_int_equal(last.attrs.ext_communities.n, 0);
	f.view.weight = 1;
	encode(&f, 0);
	assert_memory_equal(/* 2 x 125,000,000 as IEEE float */
	    last.attrs.ext_communities.at, "\x40\x04\xfd\xe8\x4d\x6e\x6b\x28", 8);
	a.weight = 1000;
	put(prefix_of(1), hop_of(5), &a);
	encode(&f, 0);
	assert_memory_equal(
	    last.attrs.ext_communities.at, "\x40\x04\xfd\xe8\x44\xfa\x00\x00", 8);
}

static void
the_most_communities_fit_in_any_message(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();

	(void)state;
	a.n_communities = a.n_large = ATTRS_COMMUNITIES_MAX;
	for (uint32_t i = 0; i < ATTRS_COMMUNITIES_MAX; i++) {
		a.communities[i] = i;
		a.large[i] = (struct large_community){i, i, i};
	}
	a.weight = UINT32_MAX;
	a.has_med = 1;
	for (uint32_t i = 0; i < 1000; i++) {
		a.med = i;
		put(prefix_of(i), hop_of(5), &a);
	}
	encode(&f, 0);
	assert_int_equal(heard.announced, 1000);
	assert_int_equal(heard.messages, 1000);
}

static void
a_hundred_paths_of_a_next_hop_cost_less_than_9_7_bytes_each(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	uint32_t attrs = attrs_name(&names, &a), clashes = 0;
	struct format f = ibgp();

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct path_in in[30];

		for (uint32_t h = 0; h < 30; h++)
			in[h] = (struct path_in){hop_name(h), attrs};
		table_set(&table, prefix_index_of(i),
		    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, in, 30, &clashes);
	}
	table_commit(&table);
	encode(&f, 0);
	assert_int_equal(heard.announced, 3000);
	assert_int_equal(heard.messages, 30);
	assert_int_equal(len, 3000 * 9 + 30 * 58);
	assert_true((double)len / heard.announced <= 9.7);
}

/* Many paths: full messages of the peer's size, whole in chunks of bounded size. */
static void
messages_and_chunks_keep_their_limits(void **state) ALL_ROLES
{
	struct format f = ibgp();
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	for (uint32_t i = 0; i < 2000; i++)
		set(i, 0xff, 1);
	table_commit(&table);
	assert_true(encode(&f, 0) > 1);
	assert_int_equal(heard.announced, 16000);
	assert_in_range(heard.longest, 4096 - 8, 4096);
	f.extended = true;
	encode(&f, 0);
	assert_int_equal(heard.announced, 16000);
	assert_in_range(heard.longest, 16000, 65535);
	for (uint32_t i = 0; i < 2000; i++)
		set(i, 0, 1);
	table_commit(&table);
	encode(&f, 2000);
	assert_int_equal(heard.withdrawn, 16000);
	assert_in_range(heard.longest, 65535 - 8, 65535);
	f.extended = false;
	encode(&f, 2000);
	assert_in_range(heard.longest, 4096 - 8, 4096);
	table_leave(&table, &r);
}

/* Make before break, in all chunks of a batch together. */
static void
announcements_precede_all_withdrawals(void **state) ALL_ROLES
{
	struct format f = ibgp();
	struct table_reader r = {.vital = false};

	(void)state;
	table_join(&table, &r);
	for (uint32_t i = 0; i < 2000; i++)
		set(i, 0xff, 1);
	table_commit(&table);
	for (uint32_t i = 0; i < 2000; i++)
		set(i, i % 3 ? 0xff00 : 0, 1);
	table_commit(&table);
	assert_true(encode(&f, 2000) > 1);
	assert_int_equal(heard.withdrawn, 16000);
	assert_int_equal(heard.announced, 1333 * 8);
	assert_false(heard.announced_after_withdrawal);
	table_leave(&table, &r);
}

static void
many_ipv6_paths_share_one_message(void **state) ALL_ROLES
{
	struct path_attrs a = plain();
	struct format f = ibgp();
	char text[IP_TEXT_MAX];

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "fd00:96::%x/128", i + 1);
		put(six(text), six_hop(), &a);
	}
	encode(&f, 0);
	assert_int_equal(heard.six, 50);
	assert_int_equal(heard.messages, 1);
	assert_int_equal(len, 96 + 49 * 21 + 1); /* two octets of length */
}

int
main(void)
{
#define ENCODING(test) cmocka_unit_test_setup_teardown(test, begin_encoding, end_encoding)
	const struct CMUnitTest tests[] = {
	    ENCODING(an_ibgp_update_has_58_bytes_and_9_for_each_host_route),
	    ENCODING(a_shorter_prefix_takes_only_the_bytes_it_needs),
	    ENCODING(a_withdrawal_needs_23_bytes_and_9_for_each_path),
	    ENCODING(an_ebgp_update_has_our_as_and_no_internal_attributes),
	    ENCODING(a_large_as_number_towards_an_old_speaker_is_as_trans_with_as4_path),
	    ENCODING(without_add_path_a_host_route_takes_5_bytes),
	    ENCODING(ipv6_goes_in_mp_reach_nlri_and_comes_first),
	    ENCODING(ipv6_is_withdrawn_in_mp_unreach_nlri),
	    ENCODING(a_peer_is_sent_only_its_families),
	    ENCODING(communities_of_all_kinds_are_sent),
	    ENCODING(a_view_that_weighs_sends_a_bandwidth_by_the_number_of_endpoints),
	    ENCODING(the_most_communities_fit_in_any_message),
	    ENCODING(a_hundred_paths_of_a_next_hop_cost_less_than_9_7_bytes_each),
	    ENCODING(messages_and_chunks_keep_their_limits),
	    ENCODING(announcements_precede_all_withdrawals),
	    ENCODING(many_ipv6_paths_share_one_message),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
