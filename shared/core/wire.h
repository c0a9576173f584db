/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded cursors over wire bytes, big-endian. A read past the end sets a sticky error and
 * returns zeros from then on: decode straight through, then ask wire_ok() once. A child
 * cursor covers a nested length and can never leave its parent. A writer that runs out of
 * room sets its error and writes nothing more.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct wire_in {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct wire_in
wire_in(const void *bytes, size_t n)
{
	return (struct wire_in){.at = bytes, .end = (const uint8_t *)bytes + n};
}

static inline size_t
wire_left(const struct wire_in *w)
{
	return (size_t)(w->end - w->at);
}

static inline bool
wire_ok(const struct wire_in *w)
{
	return !w->failed;
}

/* True when all was read and nothing was read past the end. */
static inline bool
wire_done(const struct wire_in *w)
{
	return !w->failed && w->at == w->end;
}

/* n borrowed bytes (they live as long as the buffer), or NULL with the error set. */
static inline const uint8_t *
wire_take(struct wire_in *w, size_t n)
{
	const uint8_t *p = w->at;

	if (w->failed || n > wire_left(w)) {
		w->failed = true;
		w->at = w->end;
		return NULL;
	}
	w->at += n;
	return p;
}

static inline uint8_t
wire_u8(struct wire_in *w)
{
	const uint8_t *p = wire_take(w, 1);

	return p ? p[0] : 0;
}

static inline uint16_t
wire_u16(struct wire_in *w)
{
	const uint8_t *p = wire_take(w, 2);

	return (uint16_t)(p ? p[0] << 8 | p[1] : 0);
}

static inline uint32_t
wire_u32(struct wire_in *w)
{
	const uint8_t *p = wire_take(w, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

/* A cursor over the next n bytes, which the parent skips. Too long: both fail. */
static inline struct wire_in
wire_child(struct wire_in *w, size_t n)
{
	const uint8_t *p = wire_take(w, n);

	if (!p)
		return (struct wire_in){.at = w->end, .end = w->end, .failed = true};
	return wire_in(p, n);
}

struct wire_out {
	uint8_t *start, *at, *end;
	bool failed;
};

static inline struct wire_out
wire_out(void *buf, size_t n)
{
	return (struct wire_out){.start = buf, .at = buf, .end = (uint8_t *)buf + n};
}

static inline size_t
wire_written(const struct wire_out *w)
{
	return (size_t)(w->at - w->start);
}

static inline size_t
wire_room(const struct wire_out *w)
{
	return (size_t)(w->end - w->at);
}

/* Room for n bytes, to be filled by the caller, or NULL with the error set. */
static inline uint8_t *
wire_reserve(struct wire_out *w, size_t n)
{
	uint8_t *p = w->at;

	if (w->failed || n > wire_room(w)) {
		w->failed = true;
		return NULL;
	}
	w->at += n;
	return p;
}

static inline void
wire_put(struct wire_out *w, const void *bytes, size_t n)
{
	uint8_t *p = wire_reserve(w, n);

	if (p && n)
		memcpy(p, bytes, n);
}

static inline void
wire_put_u8(struct wire_out *w, uint8_t v)
{
	wire_put(w, &v, 1);
}

static inline void
wire_store_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
wire_store_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline void
wire_put_u16(struct wire_out *w, uint16_t v)
{
	uint8_t *p = wire_reserve(w, 2);

	if (p)
		wire_store_u16(p, v);
}

static inline void
wire_put_u32(struct wire_out *w, uint32_t v)
{
	uint8_t *p = wire_reserve(w, 4);

	if (p)
		wire_store_u32(p, v);
}
