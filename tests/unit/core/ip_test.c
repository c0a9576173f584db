/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and prefixes as values: text, comparison, containment, sockets. */
#include "core/ip.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ip_addr
addr(const char *text)
{
	struct ip_addr a;

	if (!ip_parse(text, &a))
		fail_msg("%s is an address", text);
	return a;
}

static struct ip_prefix
prefix(const char *text)
{
	struct ip_prefix p;

	if (!ip_prefix_parse(text, &p))
		fail_msg("%s is a prefix", text);
	return p;
}

static void
addresses_read_back_as_their_canonical_text(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {
	    {"0.0.0.0", "0.0.0.0"},
	    {"192.0.2.1", "192.0.2.1"},
	    {"255.255.255.255", "255.255.255.255"},
	    {"::", "::"},
	    {"2001:DB8:0:0::1", "2001:db8::1"},
	    {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char buf[IP_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(row); i++) {
		struct ip_addr a = addr(row[i].in);

		assert_string_equal(ip_text(&a, buf), row[i].out);
	}
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {"", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256",
	    "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "fe80::1%eth0", ":::", "1::2::3",
	    "g::", "10.0.0.0/8", "1:2:3:4:5:6:7:8:9"};
	struct ip_addr a = {0}, zero = {0};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bad); i++)
		if (ip_parse(bad[i], &a))
			fail_msg("\"%s\" was taken for an address", bad[i]);
	assert_memory_equal(&a, &zero, sizeof(a)); /* untouched */
}

static void
prefixes_read_back_and_an_address_alone_is_its_host_prefix(void **state)
{
	static const struct {
		const char *in, *out;
	} row[] = {
	    {"10.96.0.0/12", "10.96.0.0/12"},
	    {"0.0.0.0/0", "0.0.0.0/0"},
	    {"128.0.0.0/1", "128.0.0.0/1"},
	    {"10.0.0.254/31", "10.0.0.254/31"},
	    {"192.0.2.7", "192.0.2.7/32"},
	    {"192.0.2.7/32", "192.0.2.7/32"},
	    {"::/0", "::/0"},
	    {"2001:db8::/127", "2001:db8::/127"},
	    {"2001:db8::1", "2001:db8::1/128"},
	};
	char buf[IP_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(row); i++) {
		struct ip_prefix p = prefix(row[i].in);

		assert_string_equal(ip_prefix_text(&p, buf), row[i].out);
	}
}

static void
prefixes_with_host_bits_or_impossible_lengths_are_refused(void **state)
{
	static const char *const bad[] = {"10.96.0.1/12", "10.0.0.1/31", "0.0.0.1/0",
	    "2001:db8::1/127", "8000::/0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1",
	    "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8/8", "/8", "10.0.0.0/0x8",
	    "10.0.0.0/18446744073709551624", "",
	    "1111111111111111111111111111111111111111111111111111111111111/8"};
	struct ip_prefix p;

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(bad); i++)
		if (ip_prefix_parse(bad[i], &p))
			fail_msg("\"%s\" was taken for a prefix", bad[i]);
}

static void
equal_values_have_equal_bytes_and_hashes(void **state)
{
	struct ip_addr a = addr("192.0.2.1"), b = ip_v4(0xc0000201);
	uint8_t wire[16] = {192, 0, 2, 1, 9, 9, 9}; /* what is behind the address is not read */
	struct ip_addr c = ip_from_bytes(IP_V4, wire);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_equal(&a, &c, sizeof(a));
	assert_true(ip_equal(&a, &c));
	assert_true(ip_hash(&a) == ip_hash(&b));
	assert_int_equal(ip_v4_host(&a), 0xc0000201);
}

static void
order_is_by_family_then_bytes_then_length(void **state)
{
	static const char *const ascending[] = {"0.0.0.0/0", "0.0.0.0/8", "10.0.0.0/8",
	    "10.0.0.0/9", "192.0.2.1/32", "::/0", "::1/128", "2001:db8::/32"};

	(void)state;
	for (unsigned i = 1; i < COUNT_OF(ascending); i++) {
		struct ip_prefix low = prefix(ascending[i - 1]), high = prefix(ascending[i]);

		assert_true(ip_prefix_cmp(&low, &high) < 0);
		assert_true(ip_prefix_cmp(&high, &low) > 0);
		assert_false(ip_prefix_equal(&low, &high));
		assert_true(ip_prefix_hash(&low) != ip_prefix_hash(&high));
	}
}

static void
a_prefix_has_its_addresses_and_no_others(void **state)
{
	static const struct {
		const char *prefix, *in, *out;
	} row[] = {
	    {"10.96.0.0/12", "10.111.255.255", "10.112.0.0"},
	    {"10.96.0.0/12", "10.96.0.0", "10.95.255.255"},
	    {"10.0.0.0/8", "10.1.2.3", "11.0.0.0"},
	    {"192.0.2.2/31", "192.0.2.3", "192.0.2.4"},
	    {"192.0.2.2/32", "192.0.2.2", "192.0.2.3"},
	    {"0.0.0.0/0", "255.255.255.255", "::"},
	    {"::/0", "ffff::", "0.0.0.0"},
	    {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
	    {"2001:db8::2/127", "2001:db8::3", "2001:db8::4"},
	    {"2001:db8::2/128", "2001:db8::2", "2001:db8::3"},
	};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(row); i++) {
		struct ip_prefix p = prefix(row[i].prefix);
		struct ip_addr in = addr(row[i].in), out = addr(row[i].out);

		assert_true(ip_prefix_has(&p, &in));
		assert_false(ip_prefix_has(&p, &out));
	}
}

static void
a_prefix_covers_itself_and_what_is_inside(void **state)
{
	struct ip_prefix all = prefix("0.0.0.0/0"), p = prefix("10.96.0.0/12");
	struct ip_prefix inside = prefix("10.96.0.0/13"), host = prefix("10.100.0.1");
	struct ip_prefix beside = prefix("10.112.0.0/13"), six = prefix("::/0");

	(void)state;
	assert_true(ip_prefix_covers(&all, &all));
	assert_true(ip_prefix_covers(&all, &host));
	assert_true(ip_prefix_covers(&p, &p));
	assert_true(ip_prefix_covers(&p, &inside));
	assert_true(ip_prefix_covers(&p, &host));
	assert_false(ip_prefix_covers(&inside, &p));
	assert_false(ip_prefix_covers(&p, &beside));
	assert_false(ip_prefix_covers(&six, &host));
	assert_false(ip_prefix_covers(&all, &six));
}

static void
the_host_prefix_is_the_address_with_all_bits(void **state)
{
	struct ip_addr four = addr("192.0.2.1"), six = addr("2001:db8::1");
	struct ip_prefix p4 = ip_host_prefix(&four), p6 = ip_host_prefix(&six);
	struct ip_prefix want4 = prefix("192.0.2.1/32"), want6 = prefix("2001:db8::1/128");

	(void)state;
	assert_true(ip_prefix_equal(&p4, &want4));
	assert_true(ip_prefix_equal(&p6, &want6));
}

static void
only_usable_unicast_can_be_a_next_hop(void **state)
{
	static const char *const yes[] = {
	    "10.0.0.1", "192.0.2.1", "100.64.0.1", "223.255.255.255", "fd00::1", "2001:db8::1"};
	static const char *const no[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "169.254.0.1",
	    "224.0.0.5", "240.0.0.1", "255.255.255.255", "::", "::1", "ff02::1", "fe80::1",
	    "::ffff:10.0.0.1"};
	struct ip_addr none = {0};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(yes); i++) {
		struct ip_addr a = addr(yes[i]);

		if (!ip_is_usable_unicast(&a))
			fail_msg("%s is usable", yes[i]);
	}
	for (unsigned i = 0; i < COUNT_OF(no); i++) {
		struct ip_addr a = addr(no[i]);

		if (ip_is_usable_unicast(&a))
			fail_msg("%s is not usable", no[i]);
	}
	assert_false(ip_is_usable_unicast(&none));
}

static void
socket_addresses_come_back_as_they_went(void **state)
{
	static const char *const text[] = {"192.0.2.1", "2001:db8::1"};
	struct sockaddr_storage ss;
	uint16_t port;

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(text); i++) {
		struct ip_addr a = addr(text[i]), b;
		socklen_t n = ip_to_sockaddr(&a, 179, &ss);

		assert_int_equal(
		    n, i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_true(ip_from_sockaddr((struct sockaddr *)&ss, &b, &port));
		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal(port, 179);
	}
}

static void
a_v4_mapped_socket_address_is_its_ipv4_address(void **state)
{
	struct ip_addr mapped = addr("::ffff:192.0.2.1"), a, want = addr("192.0.2.1");
	struct sockaddr_storage ss;
	struct sockaddr unix_socket = {.sa_family = AF_UNIX};
	uint16_t port;

	(void)state;
	ip_to_sockaddr(&mapped, 1, &ss);
	assert_true(ip_from_sockaddr((struct sockaddr *)&ss, &a, &port));
	assert_memory_equal(&a, &want, sizeof(a));
	assert_false(ip_from_sockaddr(&unix_socket, &a, &port));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_read_back_as_their_canonical_text),
	    cmocka_unit_test(what_is_no_address_is_refused),
	    cmocka_unit_test(prefixes_read_back_and_an_address_alone_is_its_host_prefix),
	    cmocka_unit_test(prefixes_with_host_bits_or_impossible_lengths_are_refused),
	    cmocka_unit_test(equal_values_have_equal_bytes_and_hashes),
	    cmocka_unit_test(order_is_by_family_then_bytes_then_length),
	    cmocka_unit_test(a_prefix_has_its_addresses_and_no_others),
	    cmocka_unit_test(a_prefix_covers_itself_and_what_is_inside),
	    cmocka_unit_test(the_host_prefix_is_the_address_with_all_bits),
	    cmocka_unit_test(only_usable_unicast_can_be_a_next_hop),
	    cmocka_unit_test(socket_addresses_come_back_as_they_went),
	    cmocka_unit_test(a_v4_mapped_socket_address_is_its_ipv4_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
