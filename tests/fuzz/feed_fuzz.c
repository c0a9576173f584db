/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes as a watch (cut in two at any place), as a page of a list, as an
 * error's body and as an object through the filters. The first byte chooses. What the filters
 * write must fit into what they were given.
 */
#include "core/log.h"
#include "feed/answer.h"
#include "feed/filter.h"
#include "feed/form.h"
#include "feed/frames.h"
#include "feed/publisher.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
filter_object(struct value_span raw)
{
	static const char *const prefixes[] = {"heliograph.io/"};
	const struct filter_keys keys = {.prefixes = prefixes, .n = 1};

	for (unsigned i = 0; i < 2 * SOURCE_COUNT; i++) {
		const struct source *s = &sources[i / 2];
		uint8_t *first = must_alloc(raw.n + 1), *second;
		size_t n, again;

		if (filter_apply(
		        i % 2 ? s->stored : s->stored_no_annotations, &keys, raw, first, &n)) {
			must(n <= raw.n);
			second = must_alloc(n + 1);
			/* It looks deeper, so it may find fault with what was only copied. */
			if (filter_apply(s->compared, &keys,
			        (struct value_span){.at = first, .n = n}, second, &again))
				must(again <= n);
			free(second);
		}
		free(first);
	}
}

static bool
take_frame(void *ctx, struct value_span payload)
{
	struct watch_event e;
	struct object_meta meta;
	struct api_status status;
	const char *fault;

	const struct source *s = ctx;
	bool ok = form_event_open(s, payload, &e, &fault);

	if (ok) {
		form_event_status(s, &e, &status);
		ok = form_meta_read(s, e.object.raw, &meta) || e.type == WATCH_ERROR;
	}
	form_event_close(&e);
	return ok;
}

static void
read_watch(const struct source *s, const uint8_t *data, size_t size)
{
	size_t cut = size > 1 ? data[0] % size : 0;
	struct frames f;

	frames_init(&f, s->form == FORM_JSON);
	if (frames_feed(&f, data, cut, take_frame, (void *)(uintptr_t)s))
		(void)!frames_feed(
		    &f, data + cut, size - cut, take_frame, (void *)(uintptr_t)s);
	frames_fini(&f);
}

static void
on_write(
    void *ctx, const char *key, const void *value, size_t n, uint64_t epoch, uint64_t version)
{
	(void)ctx;
	(void)epoch;
	(void)version;
	must(strlen(key) < KEY_TEXT_MAX);
	must(!value || n > 0);
}

static void
on_again(void *ctx)
{
	(void)ctx;
}

static void
publish_list(const struct source *s, struct value_span body)
{
	struct publisher_options options = {.every_version = true};
	struct publisher p;
	struct list_page page;
	struct value_span item;

	publisher_init(&p, &options, on_write, on_again, NULL);
	publisher_epoch(&p, 1);
	if (form_list_open(s, body, &page))
		while (form_list_next(s, &page, &item) == PB_FIELD)
			publisher_sink.object(&p, s, item);
	form_list_close(&page);
	publisher_fini(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct value_span rest = {.at = data + 1, .n = size - 1};
	struct api_status status;

	if (size == 0)
		return 0;
	log_set(LOG_ERROR, LOG_LOGFMT);
	switch (data[0] % 6) {
	case 0:
		read_watch(&sources[SOURCE_NODE], rest.at, rest.n);
		break;
	case 1:
		publish_list(&sources[SOURCE_SERVICE], rest);
		break;
	case 3:
		read_watch(&sources[SOURCE_BGPPEER], rest.at, rest.n);
		break;
	case 4:
		publish_list(&sources[SOURCE_IPPOOL], rest);
		break;
	case 2:
		api_status_read(rest, &status);
		break;
	default:
		filter_object(rest);
	}
	return 0;
}
