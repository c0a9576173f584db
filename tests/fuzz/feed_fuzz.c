/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes as a watch (cut in two at any place), as a page of a list, as an
 * error's body and as an object through the filters. The first byte chooses. What the filters
 * write must fit into what they were given.
 */
#include "core/log.h"
#include "feed/answer.h"
#include "feed/filter.h"
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

	(void)ctx;
	if (!watch_event_open(payload, &e, &fault))
		return false;
	api_status_open(&e.object, &status);
	return object_meta_read(e.object.raw, &meta) || e.type == WATCH_ERROR;
}

static void
read_watch(const uint8_t *data, size_t size)
{
	size_t cut = size > 1 ? data[0] % size : 0;
	struct frames f;

	frames_init(&f);
	if (frames_feed(&f, data, cut, take_frame, NULL))
		(void)!frames_feed(&f, data + cut, size - cut, take_frame, NULL);
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
publish_list(struct value_span body)
{
	struct publisher_options options = {.every_version = true};
	struct publisher p;
	struct list_page page;
	struct value_span item;

	if (!list_open(body, &page))
		return;
	publisher_init(&p, &options, on_write, NULL);
	publisher_epoch(&p, 1);
	while (list_next(&page, &item) == PB_FIELD)
		publisher_sink.object(&p, &sources[SOURCE_SERVICE], item);
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
	switch (data[0] % 4) {
	case 0:
		read_watch(rest.at, rest.n);
		break;
	case 1:
		publish_list(rest);
		break;
	case 2:
		api_status_read(rest, &status);
		break;
	default:
		filter_object(rest);
	}
	return 0;
}
