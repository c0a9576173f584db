/* SPDX-License-Identifier: Apache-2.0 */
/* In which rack a peer stands: it says so itself, or a rule on its address or name does. */
#include "config/locate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config_errors errors;

#define HEAD "router_id: 192.0.2.7\nlocal_as: 1\n"

static struct config *
load(const char *text)
{
	return config_load_text("t.yaml", text, strlen(text), &errors);
}

/* Of the peer with this index, as if it called from this address. */
static void
located(const struct config *c, uint32_t peer, const char *address, const char *rack,
    const char *zone)
{
	struct config_location at;
	struct ip_addr a;

	assert_true(ip_parse(address, &a));
	config_locate(c, &c->peers.items[peer], &a, &at);
	assert_string_equal(at.rack, rack);
	assert_string_equal(at.zone, zone);
}

static void
what_the_peer_says_itself_counts_before_any_rule(void **state)
{
	struct config *c = load(HEAD "racks:\n"
	                             "  - {range: 10.0.0.0/8, rack: other, zone: z1}\n"
	                             "peers:\n"
	                             "  - {address: 10.0.0.1, as: 2, rack: r1}\n"
	                             "  - {address: 10.0.0.2, as: 2, rack: r2, zone: z9}\n");

	(void)state;
	assert_non_null(c);
	located(c, 0, "10.0.0.1", "r1", "z1"); /* what it leaves open comes from the rule */
	located(c, 1, "10.0.0.2", "r2", "z9");
	config_free(c);
}

static void
a_rule_on_the_address_takes_its_parts_into_the_name(void **state)
{
	struct config *c =
	    load(HEAD "racks:\n"
	              "  - {range: 10.1.0.0/16, rack: \"row{2}-rack{3}\", zone: \"zone-{2}\"}\n"
	              "  - {range: \"fd00:7::/32\", rack: \"six-{3}\"}\n"
	              "  - {range: 10.0.0.0/8, rack: elsewhere}\n"
	              "peers: [{range: 10.0.0.0/8, as: 2}, {range: \"fd00:7::/32\", as: 2}]\n");

	(void)state;
	assert_non_null(c);
	located(c, 0, "10.1.44.7", "row1-rack44", "zone-1");
	located(c, 0, "10.2.44.7", "elsewhere", "");
	located(c, 1, "fd00:7:ab::1", "six-ab", "");
	config_free(c);
}

static void
a_rule_on_the_name_takes_the_parts_that_its_expression_marks(void **state)
{
	struct config *c = load(HEAD "racks:\n"
	                             "  - {name: \"^tor-([a-z])([0-9]+)\", rack: \"{1}/{2}\"}\n"
	                             "  - {name: \"^tor-([a-z])\", zone: \"row {1}\"}\n"
	                             "peers:\n"
	                             "  - {name: tor-b12-left, address: 10.0.0.1, as: 2}\n"
	                             "  - {name: spine, address: 10.0.0.2, as: 2}\n");

	(void)state;
	assert_non_null(c);
	located(c, 0, "10.0.0.1", "b/12", "row b");
	located(c, 1, "10.0.0.2", "", "");
	config_free(c);
}

static void
a_name_that_would_be_too_long_is_cut(void **state)
{
	char text[1000], word[254];
	struct config_location at;
	struct config *c;
	struct ip_addr a = ip_v4(0x0a000001);

	(void)state;
	memset(word, 'x', 252);
	word[252] = '\0';
	snprintf(text, sizeof(text),
	    HEAD "racks: [{range: 10.0.0.0/8, rack: \"%.240s-{1}{1}{1}{1}{1}{1}{1}{1}{1}\"}]\n"
	         "peers: [{range: 10.0.0.0/8, as: 2}]\n",
	    word);
	c = load(text);
	assert_null(c); /* the words alone are too many */
	snprintf(text, sizeof(text),
	    HEAD "racks: [{range: 10.0.0.0/8, rack: \"%.220s-{1}{1}{1}{1}{1}\"}]\n"
	         "peers: [{range: 10.0.0.0/8, as: 2}]\n",
	    word);
	c = load(text);
	assert_non_null(c);
	config_locate(c, &c->peers.items[0], &a, &at);
	assert_int_equal(strlen(at.rack), 221 + 10);
	config_free(c);
}

static void
a_rule_that_cannot_fit_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *rule, *want;
	} rows[] = {
	    {"{range: 10.0.0.0/8, name: x, rack: r}",
	        "t.yaml:3:9: a rule is by range or by name"},
	    {"{rack: r}", "t.yaml:3:9: a rule without range and name"},
	    {"{range: 10.0.0.0/8}", "t.yaml:3:9: a rule that gives neither rack nor zone"},
	    {"{name: \"tor-(\", rack: r}", "is not a regular expression"},
	    {"{name: \"tor-(.)\", rack: \"{2}\"}", "there is no part {2}; the rule has 1"},
	    {"{range: 10.0.0.0/8, zone: \"{5}\"}", "there is no part {5}; the rule has 4"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[300];

		snprintf(text, sizeof(text),
		    HEAD "racks: [%s]\npeers: [{range: 10.0.0.0/8, as: 2}]\n", rows[i].rule);
		assert_null(load(text));
		if (!strstr(errors.text[0], rows[i].want))
			fail_msg("%s: %s", rows[i].rule, errors.text[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_peer_says_itself_counts_before_any_rule),
	    cmocka_unit_test(a_rule_on_the_address_takes_its_parts_into_the_name),
	    cmocka_unit_test(a_rule_on_the_name_takes_the_parts_that_its_expression_marks),
	    cmocka_unit_test(a_name_that_would_be_too_long_is_cut),
	    cmocka_unit_test(a_rule_that_cannot_fit_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
