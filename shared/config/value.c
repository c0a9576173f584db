/* SPDX-License-Identifier: Apache-2.0 */
/* The types of config.def: one reader each, and the table that names them. */
#include "config/value.h"

#include "config/environment.h"
#include "config/notation.h"
#include "config/quantity.h"
#include "config/selector.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool wrong(struct config_value *v, const char *format, ...) PRINTF_LIKE(2);

static bool
wrong(struct config_value *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(v->why, sizeof(v->why), format, args);
	va_end(args);
	return false;
}

static bool
read_text(struct config_value *v, const char *text, void *out)
{
	size_t n = strlen(text);
	char *copy;

	if (n < v->row->min)
		return wrong(v, "is empty; give a value or remove the key");
	if (v->row->max && n > v->row->max)
		return wrong(v, "is %zu bytes long; at most %" PRIu64, n, v->row->max);
	copy = arena_strndup(v->arena, text, n);
	memcpy(out, &copy, sizeof(copy));
	return true;
}

static bool
read_name(struct config_value *v, const char *text, void *out)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~' ||
		    strchr("\"'`{}\\", *p))
			return wrong(
			    v, "\"%.60s\" is not a name; use letters, digits and - . _", text);
	return read_text(v, text, out);
}

static bool
read_path(struct config_value *v, const char *text, void *out)
{
	char *joined;
	size_t n;

	if (*text == '/' || !v->state_dir)
		return read_text(v, text, out);
	if (!*text)
		return wrong(v, "is empty; give a path or remove the key");
	n = strlen(v->state_dir) + strlen(text) + 2;
	if (n - 1 > v->row->max)
		return wrong(v, "is %zu bytes long under state_dir; at most %" PRIu64, n - 1,
		    v->row->max);
	joined = arena_alloc(v->arena, n);
	snprintf(joined, n, "%s/%s", v->state_dir, text);
	memcpy(out, &joined, sizeof(joined));
	return true;
}

static bool
read_bool(struct config_value *v, const char *text, void *out)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return wrong(v, "\"%.40s\" is neither true nor false; write one of them", text);
	*(bool *)out = yes;
	return true;
}

static bool
read_number(struct config_value *v, const char *text, void *out)
{
	uint64_t n;

	if (!config_number_parse(text, UINT64_MAX, &n))
		return wrong(v, "\"%.40s\" is not a whole number; write digits", text);
	if (n < v->row->min || n > v->row->max)
		return wrong(v, "%" PRIu64 " is out of bounds; from %" PRIu64 " to %" PRIu64, n,
		    v->row->min, v->row->max);
	*(uint32_t *)out = (uint32_t)n;
	return true;
}

/* The place of a word in "one | two | three", or -1. */
static int
word_index(const char *words, const char *text)
{
	int index = 0;

	for (const char *at = words;; index++) {
		size_t n = strcspn(at, " ");

		if (n == strlen(text) && memcmp(at, text, n) == 0)
			return index;
		if (!at[n])
			return -1;
		at += n + 3;
	}
}

static bool
read_option(struct config_value *v, const char *text, void *out)
{
	struct config_option o = {.given = true};

	if (!read_number(v, text, &o.value))
		return false;
	*(struct config_option *)out = o;
	return true;
}

static bool
read_word(struct config_value *v, const char *text, void *out)
{
	int index = word_index(v->row->unit, text);
	unsigned value = (unsigned)index;

	_Static_assert(
	    sizeof(enum config_policy) == sizeof(value), "a word is stored as its enum");
	if (index < 0)
		return wrong(
		    v, "\"%.40s\" is none of its words; write one of: %s", text, v->row->unit);
	memcpy(out, &value, sizeof(value));
	return true;
}

static bool
read_duration(struct config_value *v, const char *text, void *out)
{
	char least[CONFIG_QUANTITY_MAX], most[CONFIG_QUANTITY_MAX];
	uint64_t ns;

	if (!config_duration_parse(text, &ns))
		return wrong(v,
		    "\"%.40s\" is not a duration; write for example 60s, 500ms, 1m30s or a number of seconds",
		    text);
	if (ns < v->row->min || ns > v->row->max)
		return wrong(v, "%.40s is out of bounds; from %s to %s", text,
		    config_duration_text(v->row->min, least),
		    config_duration_text(v->row->max, most));
	*(uint64_t *)out = ns;
	return true;
}

static bool
read_size(struct config_value *v, const char *text, void *out)
{
	char least[CONFIG_QUANTITY_MAX], most[CONFIG_QUANTITY_MAX];
	uint64_t bytes;

	if (!config_size_parse(text, &bytes))
		return wrong(v,
		    "\"%.40s\" is not a size; write for example 128KiB, 64MiB or a number of bytes",
		    text);
	if (bytes < v->row->min || bytes > v->row->max)
		return wrong(v, "%.40s is out of bounds; from %s to %s", text,
		    config_size_text(v->row->min, least), config_size_text(v->row->max, most));
	*(uint64_t *)out = bytes;
	return true;
}

static bool
read_address(struct config_value *v, const char *text, void *out)
{
	struct ip_addr addr;

	if (!ip_parse(text, &addr))
		return wrong(v,
		    "\"%.60s\" is not an IP address; write for example 192.0.2.1 or 2001:db8::1",
		    text);
	if (!ip_is_usable_unicast(&addr) && strncmp(text, "127.", 4) != 0 &&
	    strcmp(text, "::1") != 0)
		return wrong(v, "%s cannot be the address of one machine on the network", text);
	*(struct ip_addr *)out = addr;
	return true;
}

/* The prefix that was meant by one with host bits; false when text is no prefix at all. */
static bool
prefix_meant(const char *text, struct ip_prefix *out)
{
	const char *slash = strchr(text, '/');
	char addr[IP_TEXT_MAX];
	uint64_t len;

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (!ip_parse(addr, &out->addr) ||
	    !config_number_parse(slash + 1, ip_bits(out->addr.family), &len))
		return false;
	out->len = (uint8_t)len;
	for (unsigned bit = out->len; bit < ip_bits(out->addr.family); bit++)
		out->addr.bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
	return true;
}

static bool
read_prefix(struct config_value *v, const char *text, void *out)
{
	struct ip_prefix p;
	char meant[IP_TEXT_MAX];

	if (ip_prefix_parse(text, &p)) {
		*(struct ip_prefix *)out = p;
		return true;
	}
	if (prefix_meant(text, &p))
		return wrong(v, "%.60s has bits set behind its length; did you mean %s?", text,
		    ip_prefix_text(&p, meant));
	return wrong(v,
	    "\"%.60s\" is not a prefix; write for example 10.96.0.0/12 or 2001:db8::/64", text);
}

static bool
read_endpoint(struct config_value *v, const char *text, void *out)
{
	const char *colon = strrchr(text, ':');
	struct config_endpoint e = {.port = 0};
	char addr[IP_TEXT_MAX];
	size_t n = colon ? (size_t)(colon - text) : 0;
	bool v6 = n > 2 && text[0] == '[' && text[n - 1] == ']';
	uint64_t port;

	if ((v->row->flags & CONFIG_NONE_OK) && strcmp(text, "none") == 0) {
		*(struct config_endpoint *)out = e;
		return true;
	}
	if (n == 0 || n >= sizeof(addr))
		return wrong(v,
		    "\"%.60s\" is not address:port; write for example 127.0.0.1:179 or \"[::1]:179\"",
		    text);
	memcpy(addr, text + (v6 ? 1 : 0), n - (v6 ? 2 : 0));
	addr[n - (v6 ? 2 : 0)] = '\0';
	if (!ip_parse(addr, &e.addr) || (e.addr.family == IP_V6) != v6)
		return wrong(v,
		    "\"%.60s\" has no IP address before its port; write for example 127.0.0.1:179 or \"[::1]:179\"",
		    text);
	if (!config_number_parse(colon + 1, 65535, &port) || port == 0)
		return wrong(v, "\"%.60s\" has no port from 1 to 65535 at its end", text);
	e.port = (uint16_t)port;
	*(struct config_endpoint *)out = e;
	return true;
}

static bool
is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

/* RFC 1123 2.1: labels of letters, digits and hyphens, of which the last is not a number. */
static bool
is_host(const char *name, size_t n)
{
	size_t label = 0;
	bool letter = false;

	if (n && name[n - 1] == '.')
		n--;
	if (n == 0 || n > CONFIG_HOST_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = name[i];

		if (c == '.') {
			if (label == 0 || name[i - 1] == '-')
				return false;
			label = 0;
			letter = false;
			continue;
		}
		if (!is_host_byte(c) || (c == '-' && label == 0) || ++label > 63)
			return false;
		letter = letter || c < '0' || c > '9';
	}
	return label && name[n - 1] != '-' && letter;
}

static bool
read_server(struct config_value *v, const char *text, void *out)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	struct config_endpoint e;
	struct config_server s;
	uint64_t port;

	memset(&s, 0, sizeof(s)); /* compared as bytes */
	if (is_host(text, n)) {
		if (!config_number_parse(colon + 1, 65535, &port) || port == 0)
			return wrong(
			    v, "\"%.60s\" has no port from 1 to 65535 at its end", text);
		memcpy(s.host, text, n);
		s.port = (uint16_t)port;
	} else if (read_endpoint(v, text, &e)) {
		s.addr = e.addr;
		s.port = e.port;
	} else if (!colon || (strchr(text, ':') == colon && text[0] != '[')) {
		return wrong(v,
		    "\"%.60s\" is neither address:port nor name:port; write for example 192.0.2.11:8179, "
		    "\"[2001:db8::11]:8179\" or heliograph-http:8179",
		    text);
	} else {
		return false; /* read_endpoint() says why */
	}
	*(struct config_server *)out = s;
	return true;
}

static bool
read_router_id(struct config_value *v, const char *text, void *out)
{
	struct ip_addr addr;

	if (!ip_parse(text, &addr) || addr.family != IP_V4 || ip_v4_host(&addr) == 0)
		return wrong(v,
		    "\"%.60s\" is not a BGP identifier; write it as an IPv4 address that is not 0.0.0.0",
		    text);
	*(uint32_t *)out = ip_v4_host(&addr);
	return true;
}

static bool
read_asn(struct config_value *v, const char *text, void *out)
{
	uint32_t n;

	if (!config_asn_parse(text, &n))
		return wrong(v, "\"%.40s\" is not an AS number; write 1 to 4294967294", text);
	/* RFC 7607, RFC 7300, RFC 6793: these never identify a speaker. */
	if (n == 0 || n == 23456 || n == 65535 || n == UINT32_MAX)
		return wrong(v,
		    "AS %" PRIu32
		    " is reserved; write the number that was assigned to you, or a private one from 64512 to 65534",
		    n);
	*(uint32_t *)out = n;
	return true;
}

static bool
read_community(struct config_value *v, const char *text, void *out)
{
	if (!config_community_parse(text, out))
		return wrong(v,
		    "\"%.60s\" is not a community; write \"64512:100\" with both parts up to 65535, a large one as \"64512:1:2\", or no-export and the like",
		    text);
	return true;
}

static bool
read_family(struct config_value *v, const char *text, void *out)
{
	int index = word_index(v->row->unit, text);

	if (index < 0)
		return wrong(v, "\"%.40s\" is not an address family; write ipv4 or ipv6", text);
	*(uint32_t *)out = 1u << index;
	return true;
}

static bool
read_selector(struct config_value *v, const char *text, void *out)
{
	char why[160];
	struct selector *s = selector_new(text, why, sizeof(why));

	selector_free(s);
	if (!s)
		return wrong(v,
		    "is not a label selector: %s; write for example \"role=edge, !drained\"",
		    why);
	return read_text(v, text, out);
}

static const struct {
	bool (*read)(struct config_value *v, const char *text, void *out);
	size_t size;
	const char *text;
} types[CONFIG_TYPE_COUNT] = {
    [CONFIG_TEXT] = {read_text, sizeof(char *), "text"},
    [CONFIG_NAME] = {read_name, sizeof(char *), "name"},
    [CONFIG_PATH] = {read_path, sizeof(char *), "path"},
    [CONFIG_BOOL] = {read_bool, sizeof(bool), "true or false"},
    [CONFIG_NUMBER] = {read_number, sizeof(uint32_t), "number"},
    [CONFIG_OPTION] = {read_option, sizeof(struct config_option), "number"},
    [CONFIG_WORD] = {read_word, sizeof(unsigned), "word"},
    [CONFIG_DURATION] = {read_duration, sizeof(uint64_t), "duration"},
    [CONFIG_SIZE] = {read_size, sizeof(uint64_t), "size"},
    [CONFIG_ADDRESS] = {read_address, sizeof(struct ip_addr), "IP address"},
    [CONFIG_PREFIX] = {read_prefix, sizeof(struct ip_prefix), "prefix"},
    [CONFIG_ENDPOINT] = {read_endpoint, sizeof(struct config_endpoint), "address:port"},
    [CONFIG_SERVER] = {read_server, sizeof(struct config_server), "address:port or name:port"},
    [CONFIG_ROUTER_ID] = {read_router_id, sizeof(uint32_t), "IPv4 address"},
    [CONFIG_ASN] = {read_asn, sizeof(uint32_t), "AS number"},
    [CONFIG_COMMUNITY] = {read_community, sizeof(struct config_community), "community"},
    [CONFIG_FAMILY] = {read_family, sizeof(uint32_t), "address family"},
    [CONFIG_SELECTOR] = {read_selector, sizeof(char *), "label selector"},
    [CONFIG_PAIR] = {NULL, sizeof(struct config_pair), "text"},
    [CONFIG_SUB] = {NULL, 0, "mapping"},
};

bool
config_value_parse(struct config_value *v, const char *text, void *out)
{
	char expanded[CONFIG_EXPANDED_MAX];
	size_t n;

	must(types[v->row->type].read);
	if (!config_environment_is_named(v->row, text))
		return types[v->row->type].read(v, text, out);
	if (!config_environment_expand(v, text, expanded))
		return false;
	if (types[v->row->type].read(v, expanded, out))
		return true;
	n = strlen(v->why);
	snprintf(v->why + n, sizeof(v->why) - n, " (it stands there as %.60s)", text);
	return false;
}

size_t
config_value_size(enum config_type type)
{
	return types[type].size;
}

const char *
config_type_text(enum config_type type)
{
	return types[type].text;
}
