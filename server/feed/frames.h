/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watch as the API streams it for application/vnd.kubernetes.protobuf;stream=watch: frames of
 * a 4-byte big-endian length and a WatchEvent{type, object: RawExtension{raw}}, whose raw is again
 * "k8s\0" and a runtime.Unknown. Of JSON a frame is a line. Bytes come in any pieces. Sans-IO; one thread.
 */
#pragma once

#include "core/must.h"
#include "schema/value.h"

#include <stdbool.h>
#include <stdint.h>

/* etcd refuses objects above 1.5 MiB by default, and nobody lifts that tenfold. */
#define FRAME_MAX ((size_t)32 * 1024 * 1024)

struct frames {
	uint8_t *held; /* the beginning of a frame that is not complete yet */
	size_t len, cap;
	const char *fault; /* NULL: none; then nothing more is taken */
	bool lines;        /* the API's JSON: a frame is a line */
};

void frames_init(struct frames *f, bool lines);
void frames_fini(struct frames *f);
void frames_reset(struct frames *f); /* for the next connection */

/* One frame's payload, borrowed for the call. False: the stream is not wanted any further. */
typedef bool frames_take(void *ctx, struct value_span payload);

/* Give the next bytes. False: take() said so, or f->fault says what is wrong with them. */
bool frames_feed(struct frames *f, const void *bytes, size_t n, frames_take *take, void *ctx)
    MUST_USE;

enum watch_type { WATCH_ADDED, WATCH_MODIFIED, WATCH_DELETED, WATCH_BOOKMARK, WATCH_ERROR };

struct watch_event {
	enum watch_type type;
	struct value_envelope object;
	char *text; /* of an event in JSON (form.h): the object, where its spans point to */
	char kind_text[64];
};

/* "ADDED"; false: there is no such type. */
bool watch_type_parse(struct value_span text, enum watch_type *out) MUST_USE;

/* Open one payload; the spans point into it. False: *fault says what is wrong. */
bool watch_event_open(struct value_span payload, struct watch_event *out, const char **fault)
    MUST_USE;
