/* SPDX-License-Identifier: Apache-2.0 */
#include "change/decode.h"

#include "change/raw.h"
#include "schema/value.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
decoder_init(struct decoder *d, const struct decode_options *options)
{
	memset(d, 0, sizeof(*d));
	arena_init(&d->scratch);
	if (options)
		d->options = *options;
	if (d->options.max_value == 0)
		d->options.max_value = DECODE_MAX_VALUE;
}

void
decoder_fini(struct decoder *d)
{
	arena_fini(&d->scratch);
}

bool
decode_refuse(struct decode_error *why, enum decode_fault fault, const char *format, ...)
{
	va_list ap;

	why->fault = fault;
	va_start(ap, format);
	vsnprintf(why->text, sizeof(why->text), format, ap);
	va_end(ap);
	return false;
}

void
change_free(struct change *c)
{
	if (!c)
		return;
	object_free(c->object);
	free(c->names);
	free(c);
}

/* A change with room for the key's text behind it, so that a tombstone is one block. */
static struct change *
change_new(const struct record *r, const struct record_key *key, enum change_kind kind)
{
	size_t text = (size_t)key->ns_len + key->name_len + 2;
	struct change *c = must_alloc(sizeof(*c) + text);
	char *ns = (char *)(c + 1), *name = ns + key->ns_len + 1;

	memset(c, 0, sizeof(*c));
	memcpy(ns, key->ns, key->ns_len);
	ns[key->ns_len] = '\0';
	memcpy(name, key->name, key->name_len);
	name[key->name_len] = '\0';
	c->key = *key;
	c->key.ns = ns;
	c->key.name = name;
	c->hash = object_hash(key->ns, key->ns_len, key->name, key->name_len);
	c->kind = kind;
	c->partition = r->partition;
	c->offset = r->offset;
	c->record_ms = r->ms;
	c->resource_version = r->rv;
	c->epoch = r->epoch;
	c->bytes = (uint32_t)(sizeof(*c) + text);
	return c;
}

static bool
parse_value(
    struct decoder *d, const struct record *r, struct raw_object *raw, struct decode_error *why)
{
	switch (value_form(r->value, r->value_len)) {
	case VALUE_PROTOBUF:
		return raw_from_protobuf(d, r, raw, why);
	case VALUE_JSON:
		return raw_from_json(d, r, raw, why);
	case VALUE_EMPTY:
		return decode_refuse(
		    why, FAULT_UNDECODABLE, "the value is empty; a deletion is a null value");
	case VALUE_OTHER:
		break;
	}
	return decode_refuse(why, FAULT_UNDECODABLE,
	    "the value begins with 0x%02x: neither Kubernetes protobuf (k8s\\0) nor JSON",
	    *(const uint8_t *)r->value);
}

static bool
same_text(const char *text, const char *bytes, size_t n)
{
	size_t len = text ? strlen(text) : 0;

	return len == n && (n == 0 || memcmp(text, bytes, n) == 0);
}

/* What the value says it is must be what the key says it is. */
static bool
fits_key(const struct raw_object *raw, const struct record_key *key, struct decode_error *why)
{
	const struct resource_row *row = &resource_rows[key->resource];

	if (raw->kind && strcmp(raw->kind, row->kind) != 0)
		return decode_refuse(why, FAULT_UNDECODABLE,
		    "the value's kind is %.60s, its key says %s", raw->kind, row->kind);
	if (raw->api_version && strcmp(raw->api_version, row->api_version) != 0 &&
	    strcmp(raw->api_version, row->older_api_version) != 0)
		return decode_refuse(why, FAULT_UNDECODABLE,
		    "the value's apiVersion is %.60s, understood is %s", raw->api_version,
		    row->api_version);
	if (!same_text(raw->meta.name, key->name, key->name_len))
		return decode_refuse(why, FAULT_UNDECODABLE,
		    "the value's metadata.name is \"%.100s\", which is not its key's",
		    raw->meta.name ? raw->meta.name : "");
	if (!same_text(raw->meta.ns, key->ns, key->ns_len))
		return decode_refuse(why, FAULT_UNDECODABLE,
		    "the value's metadata.namespace is \"%.100s\", which is not its key's",
		    raw->meta.ns ? raw->meta.ns : "");
	return true;
}

static enum decode_result
decode_object(struct decoder *d, const struct record *r, const struct record_key *key,
    struct change **out, struct decode_error *why)
{
	struct raw_object raw = {.resource = (enum resource)key->resource};
	struct change *c = NULL;
	bool ok = parse_value(d, r, &raw, why) && fits_key(&raw, key, why);

	if (ok) {
		c = change_new(r, key, CHANGE_UPSERT);
		ok = object_build(d, &raw, c, why);
	}
	json_decref(d->json); /* NULL is allowed */
	d->json = NULL;
	arena_reset(&d->scratch);
	if (!ok) {
		change_free(c);
		return DECODE_BAD;
	}
	*out = c;
	return DECODE_OK;
}

static enum decode_result
decode_sync(const struct record *r, const struct record_key *key, struct change **out,
    struct decode_error *why)
{
	bool begin = key->name[0] == 'b';
	struct change *c;

	if (!r->value)
		return DECODE_SKIPPED; /* somebody cleaned up; it brackets nothing */
	c = change_new(r, key, begin ? CHANGE_SYNC_BEGIN : CHANGE_SYNC_END);
	for (unsigned i = 0; i < RESOURCE_COUNT; i++)
		c->counts[i] = COUNT_UNKNOWN;
	if (!sync_from_json(r, c, why)) {
		change_free(c);
		return DECODE_BAD;
	}
	*out = c;
	return DECODE_OK;
}

enum decode_result
change_decode(
    struct decoder *d, const struct record *r, struct change **out, struct decode_error *why)
{
	struct record_key key;

	switch (key_parse(r->key ? r->key : "", r->key ? r->key_len : 0, &key)) {
	case KEY_OK:
		break;
	case KEY_UNKNOWN:
		return DECODE_SKIPPED;
	case KEY_BAD:
		decode_refuse(why, FAULT_BAD_KEY,
		    "the key is not <resource>/<namespace>/<name> of a known scope");
		return DECODE_BAD;
	}
	if (r->value_len > d->options.max_value) {
		decode_refuse(why, FAULT_OVERSIZED, "the value has %zu bytes, the limit is %zu",
		    r->value_len, d->options.max_value);
		return DECODE_BAD;
	}
	if (key.resource == RESOURCE_SYNC)
		return decode_sync(r, &key, out, why);
	if (!r->value) {
		*out = change_new(r, &key, CHANGE_DELETE);
		return DECODE_OK;
	}
	return decode_object(d, r, &key, out, why);
}
