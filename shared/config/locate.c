/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule gives words with {n} in them for parts of what it matched: octets of an address, or parenthesised parts
 * of a regular expression. A rule that leaves a part out leaves it to the rules behind it.
 */
#include "config/locate.h"

#include "config/bind.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#define PARTS_MAX 10 /* {1} to {9}; [0] is the whole */
#define PART_MAX  CONFIG_RACK_MAX

struct parts {
	char text[PARTS_MAX][PART_MAX];
};

static void
take_address(const struct ip_addr *a, struct parts *p)
{
	for (unsigned i = 0; a->family == IP_V4 && i < 4; i++)
		snprintf(p->text[i + 1], PART_MAX, "%u", a->bytes[i]);
	for (unsigned i = 0; a->family == IP_V6 && i < 8; i++)
		snprintf(p->text[i + 1], PART_MAX, "%x",
		    (unsigned)a->bytes[2 * i] << 8 | a->bytes[2 * i + 1]);
}

static bool
take_name(const char *pattern, const char *name, struct parts *p)
{
	regmatch_t at[PARTS_MAX];
	regex_t re;
	bool fits;

	if (regcomp(&re, pattern, REG_EXTENDED) != 0) /* was checked with the file */
		return false;
	fits = regexec(&re, name, PARTS_MAX, at, 0) == 0;
	regfree(&re);
	for (unsigned i = 0; fits && i < PARTS_MAX; i++)
		if (at[i].rm_so >= 0)
			snprintf(p->text[i], PART_MAX, "%.*s", (int)(at[i].rm_eo - at[i].rm_so),
			    name + at[i].rm_so);
	return fits;
}

static bool
fits(const struct config_rack_rule *rule, const struct config_peer *peer,
    const struct ip_addr *address, struct parts *p)
{
	memset(p, 0, sizeof(*p));
	if (rule->name)
		return take_name(rule->name, peer->name, p);
	take_address(address, p);
	return ip_prefix_has(&rule->range, address);
}

/* The number in "{n}", or -1: these are just characters. */
static int
placeholder(const char *s)
{
	return s[0] == '{' && s[1] >= '1' && s[1] <= '9' && s[2] == '}' ? s[1] - '0' : -1;
}

static void
fill_in(const char *words, const struct parts *p, char *out)
{
	size_t n = 0;

	while (*words && n < CONFIG_RACK_MAX - 1) {
		int part = placeholder(words);
		const char *text = part > 0 ? p->text[part] : words;
		size_t len = part > 0 ? strlen(text) : 1;

		if (len > CONFIG_RACK_MAX - 1 - n)
			len = CONFIG_RACK_MAX - 1 - n;
		memcpy(out + n, text, len);
		n += len;
		words += part > 0 ? 3 : 1;
	}
	out[n] = '\0';
}

void
config_locate(const struct config *c, const struct config_peer *peer,
    const struct ip_addr *address, struct config_location *out)
{
	struct parts p;

	snprintf(out->rack, sizeof(out->rack), "%s", peer->rack ? peer->rack : "");
	snprintf(out->zone, sizeof(out->zone), "%s", peer->zone ? peer->zone : "");
	for (uint32_t i = 0; i < c->racks.len; i++) {
		const struct config_rack_rule *rule = &c->racks.items[i];

		if (*out->rack && *out->zone)
			return;
		if (!fits(rule, peer, address, &p))
			continue;
		if (!*out->rack && rule->rack)
			fill_in(rule->rack, &p, out->rack);
		if (!*out->zone && rule->zone)
			fill_in(rule->zone, &p, out->zone);
	}
}

/* ---- when the file is read ---- */

static unsigned
groups_of(const char *pattern, const struct config_tree *node, struct config_report *report)
{
	char why[200];
	regex_t re;
	int error = regcomp(&re, pattern, REG_EXTENDED);
	unsigned n;

	if (error) {
		regerror(error, &re, why, sizeof(why));
		config_report(report, config_tree_find(node, "name")->at,
		    "name: \"%.60s\" is not a regular expression: %s", pattern, why);
		return PARTS_MAX;
	}
	n = (unsigned)re.re_nsub;
	regfree(&re);
	return n;
}

static void
check_words(const char *key, const char *words, unsigned parts, const struct config_tree *node,
    struct config_report *report)
{
	for (const char *s = words; s && *s; s++) {
		int part = placeholder(s);

		if (part > 0 && (unsigned)part > parts)
			config_report(report, config_tree_find(node, key)->at,
			    "%s: there is no part {%d}; the rule has %u", key, part, parts);
	}
}

void
config_check_rack_rule(const struct config_rack_rule *rule, const struct config_tree *node,
    struct config_report *report)
{
	bool by_range = rule->range.addr.family != IP_NONE;
	unsigned parts;

	if (by_range == (rule->name != NULL)) {
		config_report(report, node->at,
		    by_range ? "a rule is by range or by name, not both; remove one"
		             : "a rule without range and name; give one of them");
		return;
	}
	if (!rule->rack && !rule->zone)
		config_report(
		    report, node->at, "a rule that gives neither rack nor zone; add one");
	parts = rule->name                         ? groups_of(rule->name, node, report)
	        : rule->range.addr.family == IP_V4 ? 4
	                                           : 8;
	check_words("rack", rule->rack, parts, node, report);
	check_words("zone", rule->zone, parts, node, report);
}
