/* SPDX-License-Identifier: Apache-2.0 */
/* What view a peer's session gets, and who shares it: equal views are equal bytes. */
#include "core/hash.h"
#include "tcp/viewing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_errors errors;

static struct config *
load(const char *views, const char *peer)
{
	char text[600];
	struct config *c;

	snprintf(text, sizeof(text),
	    "router_id: 192.0.2.7\nlocal_as: 1\nviews: %s\npeers: [%s]\n", views, peer);
	c = config_load_text("t.yaml", text, strlen(text), &errors);
	if (!c)
		fail_msg("refused: %s", errors.text[0]);
	return c;
}

static struct view
view_of(const struct config *c, uint32_t peer, const char *address)
{
	struct config_location at;
	struct ip_addr a;
	struct view v;

	assert_true(ip_parse(address, &a));
	config_locate(c, &c->peers.items[peer], &a, &at);
	memset(&v, 0xff, sizeof(v));
	viewing_of(c, &c->peers.items[peer], &at, &a, &v);
	return v;
}

static void
a_peer_without_a_view_is_shown_everything(void **state)
{
	struct config *c = load("{}", "{range: 10.0.0.0/8, as: 2, rack: r1}");
	struct view v = view_of(c, 0, "10.0.0.1"), all;

	(void)state;
	memset(&all, 0, sizeof(all));
	assert_memory_equal(&v, &all, sizeof(v));
	config_free(c);
}

static void
two_views_with_the_same_rules_are_one(void **state)
{
	struct config *c = load("{a: {max_next_hops: 8}, b: {max_next_hops: 8}}",
	    "{range: 10.0.0.0/8, as: 2, view: a}, {range: 11.0.0.0/8, as: 2, view: b, rack: r2}");
	struct view a = view_of(c, 0, "10.0.0.1"), b = view_of(c, 1, "11.0.0.1");

	(void)state;
	assert_int_equal(a.max, 8);
	assert_memory_equal(&a, &b, sizeof(a));
	config_free(c);
}

static void
racks_and_zones_count_only_where_they_are_preferred(void **state)
{
	struct config *c =
	    load("{z: {max_next_hops: 8, prefer: zone}, r: {max_next_hops: 8, prefer: rack}}",
	        "{range: 10.0.0.0/8, as: 2, view: z, rack: r1, zone: z1},"
	        "{range: 11.0.0.0/8, as: 2, view: r, rack: r1, zone: z1}");
	struct view z = view_of(c, 0, "10.0.0.1"), r = view_of(c, 1, "11.0.0.1");

	(void)state;
	assert_int_equal(z.rack, 0);
	assert_int_equal(z.zone, place_hash("z1"));
	assert_int_equal(r.rack, place_hash("r1"));
	assert_int_equal(r.zone, place_hash("z1"));
	config_free(c);
}

static void
peers_of_one_rack_share_a_variant_and_racks_are_dealt_out(void **state)
{
	struct config *c = load("{v: {max_next_hops: 8, spread: 4}}\n"
	                        "racks: [{range: 10.0.0.0/8, rack: \"{3}\"}]",
	    "{range: 10.0.0.0/8, as: 2, view: v}");
	uint32_t dealt[4] = {0};

	(void)state;
	for (unsigned rack = 0; rack < 100; rack++) {
		char left[20], right[20];
		struct view a, b;

		snprintf(left, sizeof(left), "10.0.%u.1", rack);
		snprintf(right, sizeof(right), "10.0.%u.2", rack);
		a = view_of(c, 0, left);
		b = view_of(c, 0, right);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal(a.variants, 4);
		assert_true(a.variant < 4);
		dealt[a.variant]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(dealt[i], 10, 45);
	config_free(c);
}

static void
peers_whose_rack_is_unknown_are_dealt_out_by_address(void **state)
{
	struct config *c =
	    load("{v: {max_next_hops: 8, spread: 4}}", "{range: 10.0.0.0/8, as: 2, view: v}");
	uint32_t dealt[4] = {0};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		char text[20];

		snprintf(text, sizeof(text), "10.0.0.%u", i);
		dealt[view_of(c, 0, text).variant]++;
	}
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(dealt[i], 10, 45);
	config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_peer_without_a_view_is_shown_everything),
	    cmocka_unit_test(two_views_with_the_same_rules_are_one),
	    cmocka_unit_test(racks_and_zones_count_only_where_they_are_preferred),
	    cmocka_unit_test(peers_of_one_rack_share_a_variant_and_racks_are_dealt_out),
	    cmocka_unit_test(peers_whose_rack_is_unknown_are_dealt_out_by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
