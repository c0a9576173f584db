/* SPDX-License-Identifier: Apache-2.0 */
/* Records for the tests of change/: values packed with the same messages, or written as JSON. */
#pragma once

#include "change/decode.h"
#include "k8s/core.pb-c.h"
#include "k8s/discovery.pb-c.h"
#include "k8s/networking.pb-c.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
	uint8_t *at;
	size_t n;
};

/* The message in its envelope; free(at). */
static inline struct bytes
seal(enum resource resource, const ProtobufCMessage *m)
{
	size_t raw = protobuf_c_message_get_packed_size(m);
	struct bytes b = {.n = value_sealed_size(resource, raw)};

	b.at = must_alloc(b.n);
	protobuf_c_message_pack(m, value_seal(resource, raw, b.at));
	return b;
}

static inline struct record
record_of(const char *key, const void *value, size_t n)
{
	return (struct record){.key = key,
	    .key_len = strlen(key),
	    .value = value,
	    .value_len = n,
	    .partition = 3,
	    .offset = 42,
	    .ms = 1700000000000};
}

/* Decode one record with a decoder of its own; the change, or NULL with *why. */
static inline struct change *
decode_bytes(const char *key, const void *value, size_t n, struct decode_error *why)
{
	struct record r = record_of(key, value, n);
	struct change *c = NULL;
	struct decoder d;

	decoder_init(&d, NULL);
	if (change_decode(&d, &r, &c, why) != DECODE_OK)
		c = NULL;
	decoder_fini(&d);
	return c;
}

static inline struct change *
decode_json(const char *key, const char *json)
{
	struct decode_error why = {.text = ""};
	struct change *c = decode_bytes(key, json, strlen(json), &why);

	if (!c)
		fail_msg("%s: %s", key, why.text);
	return c;
}

static inline void
assert_refused(const char *key, const char *json, const char *because)
{
	struct decode_error why = {.text = ""};
	struct change *c = decode_bytes(key, json, strlen(json), &why);

	if (c || !strstr(why.text, because))
		fail_msg("expected \"%s\", got \"%s\"", because, c ? "a change" : why.text);
}

static inline void
assert_ip(const struct ip_addr *ip, const char *text)
{
	char buf[IP_TEXT_MAX];

	assert_string_equal(ip_text(ip, buf), text);
}
