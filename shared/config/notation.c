/* SPDX-License-Identifier: Apache-2.0 */
#include "config/notation.h"

#include <stdlib.h>
#include <string.h>

bool
config_number_parse(const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long n;

	if (*text < '0' || *text > '9' || strlen(text) > 19)
		return false;
	n = strtoull(text, &end, 10);
	if (*end || n > max)
		return false;
	*out = n;
	return true;
}

bool
config_asn_parse(const char *text, uint32_t *out)
{
	const char *dot = strchr(text, '.');
	char high[6];
	uint64_t h, l;

	if (!dot) {
		if (!config_number_parse(text, UINT32_MAX, &l))
			return false;
		*out = (uint32_t)l;
		return true;
	}
	if ((size_t)(dot - text) >= sizeof(high))
		return false;
	memcpy(high, text, (size_t)(dot - text));
	high[dot - text] = '\0';
	if (!config_number_parse(high, 65535, &h) || !config_number_parse(dot + 1, 65535, &l))
		return false;
	*out = (uint32_t)(h << 16 | l);
	return true;
}

/* The numbers of "a:b" or "a:b:c"; returns how many, 0 for anything else. */
static unsigned
parse_parts(const char *text, uint64_t part[3])
{
	char word[16];

	for (unsigned n = 0; n < 3; n++) {
		size_t len = strcspn(text, ":");

		if (len >= sizeof(word))
			return 0;
		memcpy(word, text, len);
		word[len] = '\0';
		if (!config_number_parse(word, UINT32_MAX, &part[n]))
			return 0;
		if (!text[len])
			return n + 1;
		text += len + 1;
	}
	return 0;
}

static const struct {
	const char *name;
	uint32_t value;
} well_known[] = {{"graceful-shutdown", 0xffff0000}, {"accept-own", 0xffff0001},
    {"blackhole", 0xffff029a}, {"no-export", 0xffffff01}, {"no-advertise", 0xffffff02},
    {"no-export-subconfed", 0xffffff03}, {"no-peer", 0xffffff04}};

bool
config_community_parse(const char *text, struct config_community *out)
{
	uint64_t part[3] = {0};
	unsigned parts = parse_parts(text, part);

	for (size_t i = 0; i < COUNT_OF(well_known); i++) {
		uint32_t value = well_known[i].value;

		if (strcmp(text, well_known[i].name) != 0)
			continue;
		*out = (struct config_community){.a = value >> 16, .b = value & 0xffff};
		return true;
	}
	if (parts < 2 || (parts == 2 && (part[0] > UINT16_MAX || part[1] > UINT16_MAX)))
		return false;
	*out = (struct config_community){.a = (uint32_t)part[0],
	    .b = (uint32_t)part[1],
	    .c = parts == 3 ? (uint32_t)part[2] : 0,
	    .large = parts == 3};
	return true;
}
