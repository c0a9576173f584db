/* SPDX-License-Identifier: Apache-2.0 */
/* The values in the specs of Calico's objects, as its documentation and Go types write them. */
#include "change/build_calico.h"
#include "config/notation.h"
#include "core/clock.h"

#include <inttypes.h>
#include <stdio.h>

void
json_refuse(struct json_reader *in, const char *field, const char *value, const char *is)
{
	if (!in->failed)
		decode_refuse(in->why, FAULT_UNDECODABLE, "field %.40s: \"%.40s\" is %.60s",
		    field, value, is);
	in->failed = true;
}

struct ip_prefix
json_take_cidr(struct json_reader *in, json_t *parent, const char *name, const char *field)
{
	const char *text = json_take_text(in, parent, name);
	struct ip_prefix p = {.len = 0};

	if (!text || !ip_prefix_parse(text, &p))
		json_refuse(in, field, text ? text : "", "not a CIDR without host bits");
	return p;
}

/* Decimal digits up to max, moving *at behind them. */
static bool
digits(const char **at, uint64_t max, uint64_t *out)
{
	const char *begin = *at;
	uint64_t v = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		v = v * 10 + (uint64_t)(**at - '0');
		if (v > max)
			return false;
	}
	*out = v;
	return *at != begin;
}

uint64_t
json_take_number(struct json_reader *in, json_t *parent, const char *name, uint64_t max)
{
	json_t *v = json_member(parent, name);
	char text[32];

	if (!v)
		return 0;
	if (!json_is_integer(v)) {
		json_wrong_type(in, name, "a whole number");
		return 0;
	}
	if (json_integer_value(v) >= 0 && (uint64_t)json_integer_value(v) <= max)
		return (uint64_t)json_integer_value(v);
	snprintf(text, sizeof(text), "%" PRId64, (int64_t)json_integer_value(v));
	json_refuse(in, name, text, "out of its range");
	return 0;
}

uint32_t
json_take_as(struct json_reader *in, json_t *parent, const char *name)
{
	json_t *v = json_member(parent, name);
	uint32_t as = 0;

	if (!json_is_string(v))
		return (uint32_t)json_take_number(in, parent, name, UINT32_MAX);
	if (!config_asn_parse(json_string_value(v), &as))
		json_refuse(in, name, json_string_value(v), "not an AS number");
	return as;
}

static const struct {
	const char *unit;
	uint64_t ns;
} units[] = {{"ms", NS_PER_MS}, {"us", 1000}, {"ns", 1}, {"h", 3600 * NS_PER_S},
    {"m", 60 * NS_PER_S}, {"s", NS_PER_S}};

/* The unit at *at, moving *at behind it; 0: there is none. */
static uint64_t
take_unit(const char **at)
{
	for (unsigned i = 0; i < COUNT_OF(units); i++) {
		size_t n = strlen(units[i].unit);

		if (strncmp(*at, units[i].unit, n) == 0) {
			*at += n;
			return units[i].ns;
		}
	}
	return 0;
}

/* As Go writes a duration: numbers, whose fractions are left out, each with its unit. */
static bool
duration_parse(const char *text, uint64_t *out)
{
	uint64_t v, unit;

	*out = 0;
	if (!*text)
		return false;
	while (*text) {
		if (!digits(&text, UINT32_MAX, &v))
			return false;
		if (*text == '.')
			text += 1 + strspn(text + 1, "0123456789");
		unit = take_unit(&text);
		if (unit == 0)
			return false;
		*out += v * unit;
	}
	return true;
}

uint64_t
json_take_duration(struct json_reader *in, json_t *parent, const char *name)
{
	const char *text = json_take_text(in, parent, name);
	uint64_t ns = 0;

	if (text && !duration_parse(text, &ns))
		json_refuse(in, name, text, "not a duration such as 2m30s");
	return ns;
}

bool
peer_address_parse(const char *text, struct ip_addr *out, uint16_t *port)
{
	const char *bracket = *text == '[' ? strchr(text, ']') : NULL;
	const char *colon = bracket ? bracket + 1 : strchr(text, ':');
	size_t n = bracket ? (size_t)(bracket - text - 1) : strcspn(text, ":");
	char address[IP_TEXT_MAX];
	uint64_t v;

	*port = 0;
	if (ip_parse(text, out))
		return true;
	if (!colon || *colon != ':' || n >= sizeof(address))
		return false;
	memcpy(address, text + (bracket != NULL), n);
	address[n] = '\0';
	colon++;
	if (!digits(&colon, UINT16_MAX, &v) || *colon || v == 0 || !ip_parse(address, out))
		return false;
	*port = (uint16_t)v;
	return (out->family == IP_V6) == (bracket != NULL);
}
