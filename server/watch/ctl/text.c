/* SPDX-License-Identifier: Apache-2.0 */
/* Pure functions. */
#include "watch/ctl/text.h"

#include "core/ip.h"

#include <string.h>
#include <time.h>

char *
text_uptime(double seconds, char *buf)
{
	unsigned long long s = seconds > 0 ? (unsigned long long)seconds : 0;
	unsigned long long days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60;

	if (days >= 7)
		snprintf(buf, TEXT_MAX, "%lluw%llud%02lluh", days / 7, days % 7, hours);
	else if (days > 0)
		snprintf(buf, TEXT_MAX, "%llud%02lluh%02llum", days, hours, minutes);
	else
		snprintf(buf, TEXT_MAX, "%02llu:%02llu:%02llu", hours, minutes, s % 60);
	return buf;
}

char *
text_bytes(double bytes, char *buf)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t u = 0;

	while (bytes >= 1024 && u + 1 < COUNT_OF(units)) {
		bytes /= 1024;
		u++;
	}
	snprintf(buf, TEXT_MAX, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
	return buf;
}

char *
text_time(double seconds, char *buf)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds <= 0 || !gmtime_r(&t, &tm) ||
	    strftime(buf, TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, TEXT_MAX, "never");
	return buf;
}

char *
text_prefix_key(const char *prefix, char *buf)
{
	struct ip_prefix p;
	size_t n = 0;

	if (!ip_prefix_parse(prefix, &p)) {
		snprintf(buf, TEXT_MAX, "~%.40s", prefix); /* behind all prefixes */
		return buf;
	}
	n = (size_t)snprintf(buf, TEXT_MAX, "%u", p.addr.family);
	for (size_t i = 0; i < sizeof(p.addr.bytes); i++)
		n += (size_t)snprintf(buf + n, TEXT_MAX - n, "%02x", p.addr.bytes[i]);
	snprintf(buf + n, TEXT_MAX - n, "%02x", p.len);
	return buf;
}
