/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/key.h"

#include "core/hash.h"

#include <string.h>

const struct resource_row resource_rows[RESOURCE_COUNT] = {
    {"", SCOPE_CLUSTER, "", "", ""},
#define RESOURCE(id, plural, scope, api_version, older, kind)                                  \
	{plural, scope, api_version, older, kind},
#include "schema/resource.def"
#undef RESOURCE
};

/* Printable, no space, no slash: whatever else Kubernetes forbids in a name cannot hurt us. */
static bool
is_clean(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] <= ' ' || s[i] >= 0x7f || s[i] == '/')
			return false;
	}
	return true;
}

static enum resource
find_resource(const char *s, size_t n)
{
	for (unsigned r = RESOURCE_NONE + 1; r < RESOURCE_COUNT; r++) {
		const char *plural = resource_rows[r].plural;

		if (strlen(plural) == n && memcmp(plural, s, n) == 0)
			return (enum resource)r;
	}
	return RESOURCE_NONE;
}

static bool
fits_resource(enum resource r, size_t ns_len, const char *name, size_t name_len)
{
	if ((resource_rows[r].scope == SCOPE_NAMESPACE) != (ns_len > 0))
		return false;
	if (r != RESOURCE_SYNC)
		return true;
	return (name_len == 5 && memcmp(name, "begin", 5) == 0) ||
	       (name_len == 3 && memcmp(name, "end", 3) == 0);
}

enum key_result
key_parse(const void *bytes, size_t n, struct record_key *out)
{
	const char *text = bytes, *end = text + n, *ns, *name;
	enum resource r;

	if (n == 0 || n > KEY_BYTES_MAX || !(ns = memchr(text, '/', n)) || ns == text)
		return KEY_BAD;
	ns++;
	name = memchr(ns, '/', (size_t)(end - ns));
	if (!name)
		return KEY_BAD;
	name++;
	size_t plural_len = (size_t)(ns - 1 - text), ns_len = (size_t)(name - 1 - ns);
	size_t name_len = (size_t)(end - name);

	if (!is_clean(text, plural_len) || !is_clean(ns, ns_len) || !is_clean(name, name_len) ||
	    name_len == 0 || name_len > KEY_NAME_MAX || ns_len > KEY_NS_MAX)
		return KEY_BAD;
	r = find_resource(text, plural_len);
	if (r == RESOURCE_NONE)
		return KEY_UNKNOWN;
	if (!fits_resource(r, ns_len, name, name_len))
		return KEY_BAD;
	*out = (struct record_key){.ns = ns,
	    .name = name,
	    .resource = (uint8_t)r,
	    .ns_len = (uint8_t)ns_len,
	    .name_len = (uint8_t)name_len};
	return KEY_OK;
}

struct record_key
key_make(enum resource resource, const char *ns, const char *name)
{
	size_t ns_len = strlen(ns), name_len = strlen(name);

	must(ns_len <= KEY_NS_MAX && name_len <= KEY_NAME_MAX);
	return (struct record_key){.ns = ns,
	    .name = name,
	    .resource = (uint8_t)resource,
	    .ns_len = (uint8_t)ns_len,
	    .name_len = (uint8_t)name_len};
}

size_t
key_format(const struct record_key *key, char *buf)
{
	const char *plural = resource_rows[key->resource].plural;
	size_t n = strlen(plural);
	char *at = buf;

	memcpy(at, plural, n);
	at += n;
	*at++ = '/';
	memcpy(at, key->ns, key->ns_len);
	at += key->ns_len;
	*at++ = '/';
	memcpy(at, key->name, key->name_len);
	at += key->name_len;
	*at = '\0';
	return (size_t)(at - buf);
}

bool
key_equal(const struct record_key *a, const struct record_key *b)
{
	return a->resource == b->resource && a->ns_len == b->ns_len &&
	       a->name_len == b->name_len && memcmp(a->ns, b->ns, a->ns_len) == 0 &&
	       memcmp(a->name, b->name, a->name_len) == 0;
}

uint64_t
key_hash(const struct record_key *key)
{
	return hash_two(hash_two(key->resource, hash_bytes(key->ns, key->ns_len)),
	    hash_bytes(key->name, key->name_len));
}
