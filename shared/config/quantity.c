/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units. Overflow is refused, never wrapped. */
#include "config/quantity.h"

#include "core/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Largest first: the printers take the first that divides. */
static const struct unit time_units[] = {{"d", 86400 * NS_PER_S}, {"h", 3600 * NS_PER_S},
    {"m", 60 * NS_PER_S}, {"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", 1000}, {"ns", 1}};
static const struct unit size_units[] = {{"TiB", 1ull << 40}, {"GiB", 1ull << 30},
    {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"TB", 1000000000000}, {"GB", 1000000000},
    {"MB", 1000000}, {"kB", 1000}, {"KB", 1000}, {"B", 1}};

#define BINARY_UNITS 4 /* of size_units: those that are printed */

/* Digits at *at, which moves behind them. */
static bool
take_number(const char **at, uint64_t *out)
{
	const char *p = *at;
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	if (p == *at)
		return false;
	*at = p;
	*out = n;
	return true;
}

/* The unit whose name is all the letters at *at, or NULL. */
static const struct unit *
take_unit(const char **at, const struct unit *units, size_t count)
{
	size_t n = 0;

	while (((*at)[n] >= 'a' && (*at)[n] <= 'z') || ((*at)[n] >= 'A' && (*at)[n] <= 'Z'))
		n++;
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, *at, n) == 0) {
			*at += n;
			return &units[i];
		}
	return NULL;
}

bool
config_duration_parse(const char *text, uint64_t *ns)
{
	uint64_t sum = 0, n;

	if (!take_number(&text, &n))
		return false;
	if (!*text)
		return !__builtin_mul_overflow(n, NS_PER_S, ns);
	for (;;) {
		const struct unit *u = take_unit(&text, time_units, COUNT_OF(time_units));

		if (!u || __builtin_mul_overflow(n, u->factor, &n) ||
		    __builtin_add_overflow(sum, n, &sum))
			return false;
		if (!*text)
			break;
		if (!take_number(&text, &n))
			return false;
	}
	*ns = sum;
	return true;
}

bool
config_size_parse(const char *text, uint64_t *bytes)
{
	const struct unit *u;
	uint64_t n;

	if (!take_number(&text, &n))
		return false;
	if (*text) {
		u = take_unit(&text, size_units, COUNT_OF(size_units));
		if (!u || *text || __builtin_mul_overflow(n, u->factor, &n))
			return false;
	}
	*bytes = n;
	return true;
}

static char *
quantity_text(uint64_t n, const struct unit *units, size_t count, const char *none, char *buf)
{
	for (size_t i = 0; i < count && n > 0; i++)
		if (n % units[i].factor == 0) {
			snprintf(buf, CONFIG_QUANTITY_MAX, "%" PRIu64 "%s", n / units[i].factor,
			    units[i].name);
			return buf;
		}
	snprintf(buf, CONFIG_QUANTITY_MAX, "%" PRIu64 "%s", n, none);
	return buf;
}

char *
config_duration_text(uint64_t ns, char *buf)
{
	return quantity_text(ns, time_units, COUNT_OF(time_units), "s", buf);
}

char *
config_size_text(uint64_t bytes, char *buf)
{
	return quantity_text(bytes, size_units, BINARY_UNITS, "", buf);
}
