/* SPDX-License-Identifier: Apache-2.0 */
/* Protobuf by hand for the tests of feed: messages as the API would serve them. */
#pragma once

#include "feed/pb.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
	uint8_t at[16384];
	size_t n;
};

static inline struct value_span
span(const struct bytes *b)
{
	return (struct value_span){.at = b->at, .n = b->n};
}

static inline void
put_raw(struct bytes *b, const void *bytes, size_t n)
{
	assert_true(b->n + n <= sizeof(b->at));
	memcpy(b->at + b->n, bytes, n);
	b->n += n;
}

static inline void
put_varint(struct bytes *b, uint64_t v)
{
	b->n += pb_put_varint(b->at + b->n, v);
}

static inline void
put_bytes(struct bytes *b, unsigned field, const void *bytes, size_t n)
{
	put_varint(b, field << 3 | PB_BYTES);
	put_varint(b, n);
	put_raw(b, bytes, n);
}

static inline void
put_text(struct bytes *b, unsigned field, const char *text)
{
	put_bytes(b, field, text, strlen(text));
}

static inline void
put_message(struct bytes *b, unsigned field, const struct bytes *m)
{
	put_bytes(b, field, m->at, m->n);
}

static inline void
put_number(struct bytes *b, unsigned field, uint64_t v)
{
	put_varint(b, field << 3 | PB_VARINT);
	put_varint(b, v);
}

/* ObjectMeta of a name, a namespace ("" for none) and a version. */
static inline void
put_meta(struct bytes *b, const char *ns, const char *name, const char *version)
{
	struct bytes meta = {.n = 0};

	put_text(&meta, 1, name);
	if (*ns)
		put_text(&meta, 3, ns);
	put_text(&meta, 6, version);
	put_message(b, 1, &meta);
}

/* "k8s\0" and a runtime.Unknown around raw. */
static inline struct bytes
envelope(const char *api_version, const char *kind, const struct bytes *raw)
{
	struct bytes b = {.n = 0}, type = {.n = 0};

	put_text(&type, 1, api_version);
	put_text(&type, 2, kind);
	put_raw(&b, VALUE_MAGIC, VALUE_MAGIC_LEN);
	put_message(&b, 1, &type);
	put_message(&b, 2, raw);
	put_text(&b, 3, ""); /* as the API writes it */
	put_text(&b, 4, "");
	return b;
}

/* The frame of a WatchEvent, length and all, behind what b has. */
static inline void
put_event(struct bytes *b, const char *type, const struct bytes *object)
{
	struct bytes event = {.n = 0}, extension = {.n = 0};
	uint8_t head[4];

	put_message(&extension, 1, object);
	put_text(&event, 1, type);
	put_message(&event, 2, &extension);
	for (unsigned i = 0; i < 4; i++)
		head[i] = (uint8_t)(event.n >> (24 - 8 * i));
	put_raw(b, head, sizeof(head));
	put_raw(b, event.at, event.n);
}
