/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the records on the stream: an object exactly as the Kubernetes API serves it for
 * application/vnd.kubernetes.protobuf, which is the 4 bytes "k8s\0" and a runtime.Unknown
 * {typeMeta{apiVersion, kind}, raw}; or the API's JSON (first byte `{`). Pure functions over
 * borrowed bytes; any thread.
 */
#pragma once

#include "core/must.h"
#include "schema/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_MAGIC     "k8s\0"
#define VALUE_MAGIC_LEN 4

/* Names of record headers. Their values are decimal text. */
#define HEADER_EPOCH "epoch" /* the publisher's run */
#define HEADER_RV    "rv"    /* on tombstones: the resourceVersion at which the object went */

enum value_form { VALUE_EMPTY, VALUE_PROTOBUF, VALUE_JSON, VALUE_OTHER };

/* By the first bytes only; whether the rest decodes is another question. */
enum value_form value_form(const void *bytes, size_t n);

struct value_span {
	const uint8_t *at; /* borrowed; NULL when absent */
	size_t n;
};

bool value_span_is(struct value_span s, const char *text);

struct value_envelope {
	struct value_span api_version, kind, raw, content_encoding;
};

/*
 * Open the envelope of a VALUE_PROTOBUF value without copying: the spans point into bytes. A
 * field that comes twice counts as last seen; unknown fields are skipped. False: not a
 * well-formed runtime.Unknown.
 */
bool value_open(const void *bytes, size_t n, struct value_envelope *out) MUST_USE;

/* Bytes that the envelope of a resource takes around raw_len bytes of object. */
size_t value_sealed_size(enum resource resource, size_t raw_len);

/*
 * Write the envelope up to the place where the object's raw bytes go and return that place:
 * pack the message there, raw_len bytes. out has value_sealed_size() bytes.
 */
uint8_t *value_seal(enum resource resource, size_t raw_len, void *out);
