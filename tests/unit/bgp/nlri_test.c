/* SPDX-License-Identifier: Apache-2.0 */
/* NLRI: sizes, writers and the reader, for each prefix length of both families. */
#include "bgp/nlri.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct ip_prefix
prefix_of(uint8_t family, unsigned len)
{
	struct ip_prefix p = {.addr.family = family, .len = (uint8_t)len};

	for (unsigned bit = 0; bit < len; bit++)
		p.addr.bytes[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
	return p;
}

static void
each_length_of_each_family_survives_and_nothing_behind_it_is_touched(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		uint8_t family = six ? IP_V6 : IP_V4;

		for (unsigned len = 0; len <= ip_bits(family); len++) {
			for (int add_path = 0; add_path < 2; add_path++) {
				struct ip_prefix p = prefix_of(family, len);
				uint8_t buf[NLRI_MAX + 1];
				struct nlri_in in;
				struct nlri n;
				size_t size;

				memset(buf, 0xee, sizeof(buf));
				size = nlri_put(buf, add_path, 0x01020304, &p);
				assert_int_equal(size, nlri_size(add_path, p.len));
				assert_int_equal(buf[size], 0xee);
				in = nlri_in(wire_in(buf, size), family, add_path);
				assert_true(nlri_next(&in, &n));
				assert_true(ip_prefix_equal(&n.prefix, &p));
				assert_int_equal(n.path_id, add_path ? 0x01020304 : 0);
				assert_false(nlri_next(&in, &n));
				assert_true(nlri_ok(&in));
			}
		}
	}
}

static void
a_cut_nlri_stops_the_reader_and_stays_an_error(void **state)
{
	struct ip_prefix p = prefix_of(IP_V6, 128);
	uint8_t buf[NLRI_MAX];
	size_t size = nlri_put(buf, true, 1, &p);

	(void)state;
	for (size_t cut = 1; cut < size; cut++) {
		struct nlri_in in = nlri_in(wire_in(buf, cut), IP_V6, true);
		struct nlri n;

		assert_false(nlri_next(&in, &n));
		assert_false(nlri_ok(&in));
		assert_false(nlri_next(&in, &n));
		assert_false(nlri_check(nlri_in(wire_in(buf, cut), IP_V6, true), NULL));
	}
}

static void
checking_a_field_counts_its_prefixes_and_leaves_it_unread(void **state)
{
	static const uint8_t field[] = {0, 8, 10, 16, 10, 1};
	struct nlri_in in = nlri_in(wire_in(field, sizeof(field)), IP_V4, false);
	uint32_t count;

	(void)state;
	assert_true(nlri_check(in, &count));
	assert_int_equal(count, 3);
	assert_int_equal(wire_left(&in.wire), sizeof(field));
}

static void
what_cannot_be_routed_is_told_apart(void **state)
{
	static const struct {
		const char *text;
		bool routable;
	} rows[] = {
	    {"0.0.0.0/0", true},
	    {"10.0.0.0/8", true},
	    {"192.0.2.1/32", true},
	    {"127.0.0.0/8", false},
	    {"127.0.0.1/32", false},
	    {"126.0.0.0/7", true},
	    {"224.0.0.0/4", false},
	    {"239.1.2.3/32", false},
	    {"169.254.1.0/24", false},
	    {"::/0", true},
	    {"2001:db8::/32", true},
	    {"ff00::/8", false},
	    {"ff02::1/128", false},
	    {"fe80::/10", false},
	    {"::1/128", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_prefix p;

		assert_true(ip_prefix_parse(rows[i].text, &p));
		if (nlri_is_routable(&p) != rows[i].routable)
			fail_msg("%s", rows[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        each_length_of_each_family_survives_and_nothing_behind_it_is_touched),
	    cmocka_unit_test(a_cut_nlri_stops_the_reader_and_stays_an_error),
	    cmocka_unit_test(checking_a_field_counts_its_prefixes_and_leaves_it_unread),
	    cmocka_unit_test(what_cannot_be_routed_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
