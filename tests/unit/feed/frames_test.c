/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"
#include "feed/frames.h"

#include <stdlib.h>

struct seen {
	unsigned n, stop_at;
	size_t bytes;
	char types[16];
};

static bool
take(void *ctx, struct value_span payload)
{
	static const char letters[] = "AMDBE";
	struct seen *s = ctx;
	struct watch_event e;
	const char *fault;

	if (watch_event_open(payload, &e, &fault))
		s->types[s->n] = letters[e.type];
	s->bytes += payload.n;
	return ++s->n != s->stop_at;
}

static struct bytes
three_events(void)
{
	struct bytes raw = {.n = 0}, object, stream = {.n = 0};

	put_meta(&raw, "", "n1", "7");
	object = envelope("v1", "Node", &raw);
	put_event(&stream, "ADDED", &object);
	put_event(&stream, "BOOKMARK", &object);
	put_event(&stream, "DELETED", &object);
	return stream;
}

static void
frames_come_out_whole_however_the_bytes_are_cut(void **state)
{
	struct bytes stream = three_events();

	(void)state;
	for (size_t step = 1; step <= stream.n; step++) {
		struct frames f;
		struct seen s = {.n = 0};

		frames_init(&f, false);
		for (size_t at = 0; at < stream.n; at += step) {
			size_t n = stream.n - at < step ? stream.n - at : step;

			assert_true(frames_feed(&f, stream.at + at, n, take, &s));
		}
		assert_int_equal(s.n, 3);
		assert_string_equal(s.types, "ABD");
		assert_int_equal(s.bytes, stream.n - 12);
		assert_int_equal(f.len, 0);
		frames_fini(&f);
	}
}

static bool
take_line(void *ctx, struct value_span payload)
{
	struct seen *s = ctx;

	assert_true(s->n < 3);
	s->types[s->n] = (char)payload.at[0];
	s->bytes += payload.n;
	return ++s->n != s->stop_at;
}

static void
lines_come_out_whole_however_the_bytes_are_cut(void **state)
{
	static const char stream[] = "a\n\nbcd\n\nefghi\nrest";
	size_t len = strlen(stream);

	(void)state;
	for (size_t step = 1; step <= len; step++) {
		struct frames f;
		struct seen s = {.n = 0};

		frames_init(&f, true);
		for (size_t at = 0; at < len; at += step) {
			size_t n = len - at < step ? len - at : step;

			assert_true(frames_feed(&f, stream + at, n, take_line, &s));
		}
		assert_int_equal(s.n, 3);
		assert_string_equal(s.types, "abe");
		assert_int_equal(s.bytes, 9);
		assert_int_equal(f.len, 4); /* the rest is no line yet */
		frames_fini(&f);
	}
}

static void
a_line_longer_than_any_object_is_a_fault(void **state)
{
	struct frames f;
	struct seen s = {.n = 0};
	size_t n = FRAME_MAX / 2 + 1;
	char *piece = must_alloc(n);

	(void)state;
	memset(piece, 'x', n);
	frames_init(&f, true);
	assert_true(frames_feed(&f, piece, n, take_line, &s));
	assert_false(frames_feed(&f, piece, n, take_line, &s));
	assert_non_null(f.fault);
	assert_false(frames_feed(&f, "\n", 1, take_line, &s));
	assert_int_equal(s.n, 0);
	frames_fini(&f);
	free(piece);
}

static void
an_empty_frame_is_a_frame(void **state)
{
	struct frames f;
	struct seen s = {.n = 0};

	(void)state;
	frames_init(&f, false);
	assert_true(frames_feed(&f, "\0\0\0\0\0\0", 6, take, &s));
	assert_true(frames_feed(&f, "\0\0", 2, take, &s));
	assert_int_equal(s.n, 2);
	assert_int_equal(s.bytes, 0);
	frames_fini(&f);
}

static void
a_frame_longer_than_any_object_is_a_fault_before_it_costs_memory(void **state)
{
	struct frames f;
	struct seen s = {.n = 0};

	(void)state;
	frames_init(&f, false);
	assert_false(frames_feed(&f, "<htm", 4, take, &s)); /* what a proxy answers */
	assert_non_null(f.fault);
	assert_int_equal(f.cap, 0);
	assert_false(frames_feed(&f, "\0\0\0\0", 4, take, &s));
	assert_int_equal(s.n, 0);
	frames_fini(&f);
}

static void
the_reader_stops_where_it_is_told_to(void **state)
{
	struct bytes stream = three_events();
	struct frames f;
	struct seen s = {.stop_at = 2};

	(void)state;
	frames_init(&f, false);
	assert_false(frames_feed(&f, stream.at, stream.n, take, &s));
	assert_int_equal(s.n, 2);
	assert_null(f.fault);
	frames_fini(&f);
}

static void
what_is_no_event_is_named(void **state)
{
	struct bytes empty = {.n = 0}, odd = {.n = 0}, extension = {.n = 0}, object = {.n = 0};
	struct watch_event e;
	const char *fault;

	(void)state;
	assert_false(watch_event_open(span(&empty), &e, &fault));
	put_text(&odd, 1, "EXPLODED");
	put_text(&odd, 2, "");
	assert_false(watch_event_open(span(&odd), &e, &fault));
	assert_non_null(strstr(fault, "type"));
	put_text(&extension, 1, "{\"kind\":\"Node\"}");
	put_text(&object, 1, "ADDED");
	put_message(&object, 2, &extension);
	assert_false(watch_event_open(span(&object), &e, &fault));
	assert_non_null(strstr(fault, "protobuf"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_come_out_whole_however_the_bytes_are_cut),
	    cmocka_unit_test(lines_come_out_whole_however_the_bytes_are_cut),
	    cmocka_unit_test(a_line_longer_than_any_object_is_a_fault),
	    cmocka_unit_test(an_empty_frame_is_a_frame),
	    cmocka_unit_test(a_frame_longer_than_any_object_is_a_fault_before_it_costs_memory),
	    cmocka_unit_test(the_reader_stops_where_it_is_told_to),
	    cmocka_unit_test(what_is_no_event_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
