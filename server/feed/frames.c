/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/frames.h"

#include "core/wire.h"
#include "feed/pb.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_LEN  4
#define KEEP_HELD ((size_t)256 * 1024) /* a larger buffer is given back after its frame */

enum { EVENT_TYPE = 1, EVENT_OBJECT = 2, EXTENSION_RAW = 1 };

void
frames_init(struct frames *f, bool lines)
{
	memset(f, 0, sizeof(*f));
	f->lines = lines;
}

void
frames_fini(struct frames *f)
{
	free(f->held);
	memset(f, 0, sizeof(*f));
}

void
frames_reset(struct frames *f)
{
	bool lines = f->lines;

	frames_fini(f);
	f->lines = lines;
}

/* Bytes that the frame at `at` has with its head; 0: not even the head is there, or a fault. */
static size_t
frame_size(struct frames *f, const uint8_t *at, size_t n)
{
	struct wire_in head = wire_in(at, n < HEAD_LEN ? n : HEAD_LEN);
	uint32_t len = wire_u32(&head);

	if (!wire_ok(&head))
		return 0;
	if (len > FRAME_MAX) {
		f->fault = "a frame of the watch is longer than any object can be";
		return 0;
	}
	return HEAD_LEN + (size_t)len;
}

static void
hold(struct frames *f, const uint8_t *bytes, size_t n)
{
	if (n == 0)
		return;
	if (f->len + n > f->cap) {
		f->cap = f->len + n > 2 * f->cap ? f->len + n : 2 * f->cap;
		f->held = must_realloc(f->held, f->cap);
	}
	memcpy(f->held + f->len, bytes, n);
	f->len += n;
}

static bool
take_frame(const uint8_t *at, size_t size, frames_take *take, void *ctx)
{
	return take(ctx, (struct value_span){.at = at + HEAD_LEN, .n = size - HEAD_LEN});
}

/* Complete the held frame from the new bytes; *used says how many of them it took. */
static bool
finish_held(struct frames *f, const uint8_t *bytes, size_t n, size_t *used, frames_take *take,
    void *ctx)
{
	size_t want, more;

	*used = f->len < HEAD_LEN ? HEAD_LEN - f->len : 0;
	*used = *used < n ? *used : n;
	hold(f, bytes, *used);
	want = frame_size(f, f->held, f->len);
	if (want == 0)
		return f->fault == NULL;
	more = want - f->len < n - *used ? want - f->len : n - *used;
	hold(f, bytes + *used, more);
	*used += more;
	if (f->len < want)
		return true;
	f->len = 0;
	bool wanted = take_frame(f->held, want, take, ctx);

	if (f->cap > KEEP_HELD)
		frames_reset(f);
	return wanted;
}

/* The end of each line ends a frame; an empty line is none. */
static bool
feed_lines(struct frames *f, const uint8_t *at, size_t n, frames_take *take, void *ctx)
{
	const uint8_t *end;
	bool wanted = true;

	for (; wanted && n > 0 && (end = memchr(at, '\n', n)) != NULL;
	     n -= (size_t)(end - at) + 1, at = end + 1) {
		struct value_span line = {.at = at, .n = (size_t)(end - at)};

		if (f->len > 0) {
			hold(f, line.at, line.n);
			line = (struct value_span){.at = f->held, .n = f->len};
		}
		f->len = 0;
		wanted = line.n == 0 || take(ctx, line);
		if (f->cap > KEEP_HELD)
			frames_reset(f);
	}
	if (!wanted)
		return false;
	if (f->len + n > FRAME_MAX) {
		f->fault = "a line of the watch is longer than any object can be";
		return false;
	}
	hold(f, at, n);
	return true;
}

bool
frames_feed(struct frames *f, const void *bytes, size_t n, frames_take *take, void *ctx)
{
	const uint8_t *at = bytes, *end = at + n;
	size_t used = 0, size;

	if (f->fault)
		return false;
	if (f->lines)
		return feed_lines(f, at, n, take, ctx);
	if (f->len > 0 && !finish_held(f, at, n, &used, take, ctx))
		return false;
	at += used;
	while (
	    (size = frame_size(f, at, (size_t)(end - at))) != 0 && size <= (size_t)(end - at)) {
		if (!take_frame(at, size, take, ctx))
			return false;
		at += size;
	}
	if (f->fault)
		return false;
	hold(f, at, (size_t)(end - at));
	return true;
}

static const struct {
	const char *text;
	enum watch_type type;
} types[] = {{"ADDED", WATCH_ADDED}, {"MODIFIED", WATCH_MODIFIED}, {"DELETED", WATCH_DELETED},
    {"BOOKMARK", WATCH_BOOKMARK}, {"ERROR", WATCH_ERROR}};

static bool
fail(const char **fault, const char *text)
{
	*fault = text;
	return false;
}

bool
watch_type_parse(struct value_span text, enum watch_type *out)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (value_span_is(text, types[i].text)) {
			*out = types[i].type;
			return true;
		}
	return false;
}

bool
watch_event_open(struct value_span payload, struct watch_event *out, const char **fault)
{
	static const uint32_t event_fields[] = {EVENT_TYPE, EVENT_OBJECT};
	static const uint32_t extension_fields[] = {EXTENSION_RAW};
	struct value_span parts[2], raw;

	if (!pb_collect(payload, event_fields, parts, 2) || !parts[0].at || !parts[1].at)
		return fail(fault, "a frame of the watch is not a WatchEvent");
	if (!watch_type_parse(parts[0], &out->type))
		return fail(fault, "a WatchEvent has a type that is not known");
	if (!pb_collect(parts[1], extension_fields, &raw, 1) || !raw.at ||
	    !value_open(raw.at, raw.n, &out->object))
		return fail(fault, "a WatchEvent's object is not Kubernetes protobuf");
	return true;
}
