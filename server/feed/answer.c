/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { OBJECT_META = 1 };
enum { META_NAME = 1, META_NAMESPACE = 3, META_RESOURCE_VERSION = 6, META_ANNOTATIONS = 12 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { LIST_META = 1, LIST_ITEMS = 2 };
enum { LIST_META_RESOURCE_VERSION = 2, LIST_META_CONTINUE = 3 };
enum { STATUS_MESSAGE = 3, STATUS_REASON = 4, STATUS_CODE = 6 };

static const char initial_events_end[] = "k8s.io/initial-events-end";

static bool
read_annotation(struct value_span entry, struct object_meta *out)
{
	static const uint32_t numbers[] = {ENTRY_KEY, ENTRY_VALUE};
	struct value_span parts[2];

	if (!pb_collect(entry, numbers, parts, 2))
		return false;
	if (value_span_is(parts[0], initial_events_end) && value_span_is(parts[1], "true"))
		out->initial_events_end = true;
	return true;
}

bool
object_meta_read(struct value_span raw, struct object_meta *out)
{
	static const uint32_t number = OBJECT_META;
	struct value_span meta;
	struct pb_field f;
	enum pb_next next;

	memset(out, 0, sizeof(*out));
	if (!pb_collect(raw, &number, &meta, 1) || !meta.at)
		return false;
	struct pb_in in = pb_in(meta);

	while ((next = pb_next(&in, &f)) == PB_FIELD) {
		if (!f.bytes.at)
			continue;
		if (f.number == META_NAME)
			out->name = f.bytes;
		else if (f.number == META_NAMESPACE)
			out->ns = f.bytes;
		else if (f.number == META_RESOURCE_VERSION)
			out->resource_version = f.bytes;
		else if (f.number == META_ANNOTATIONS && !read_annotation(f.bytes, out))
			return false;
	}
	return next == PB_END;
}

bool
list_open(struct value_span body, struct list_page *out)
{
	static const uint32_t list_numbers[] = {LIST_META};
	static const uint32_t numbers[] = {LIST_META_RESOURCE_VERSION, LIST_META_CONTINUE};
	struct value_envelope list;
	struct value_span meta, parts[2];

	memset(out, 0, sizeof(*out));
	if (!value_open(body.at, body.n, &list) || !list.raw.at ||
	    !pb_collect(list.raw, list_numbers, &meta, 1) || !meta.at ||
	    !pb_collect(meta, numbers, parts, 2))
		return false;
	out->api_version = list.api_version;
	out->kind = list.kind;
	out->resource_version = parts[0];
	out->next = parts[1];
	out->items = pb_in(list.raw);
	return true;
}

enum pb_next
list_next(struct list_page *page, struct value_span *item)
{
	struct pb_field f;
	enum pb_next next;

	while ((next = pb_next(&page->items, &f)) == PB_FIELD) {
		if (f.number == LIST_ITEMS && f.bytes.at) {
			*item = f.bytes;
			return PB_FIELD;
		}
	}
	return next;
}

/* As text for a log line: what does not print becomes a space. */
static void
put_text(char *out, size_t size, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;
	size_t len = n < size - 1 ? n : size - 1;

	for (size_t i = 0; i < len; i++)
		out[i] = (char)(from[i] >= ' ' && from[i] != 0x7f ? from[i] : ' ');
	out[len] = '\0';
}

void
api_status_open(const struct value_envelope *object, struct api_status *out)
{
	struct pb_in in = pb_in(object->raw);
	struct pb_field f;

	memset(out, 0, sizeof(*out));
	while (pb_next(&in, &f) == PB_FIELD) {
		if (f.number == STATUS_MESSAGE && f.bytes.at)
			put_text(out->message, sizeof(out->message), f.bytes.at, f.bytes.n);
		else if (f.number == STATUS_REASON && f.bytes.at)
			put_text(out->reason, sizeof(out->reason), f.bytes.at, f.bytes.n);
		else if (f.number == STATUS_CODE && f.wire == PB_VARINT && f.varint < 1000)
			out->code = (int)f.varint;
	}
}

static bool
read_json(struct value_span body, struct api_status *out)
{
	json_t *root = json_loadb((const char *)body.at, body.n, JSON_REJECT_DUPLICATES, NULL);
	const char *message = json_string_value(json_object_get(root, "message"));
	const char *reason = json_string_value(json_object_get(root, "reason"));
	json_int_t code = json_integer_value(json_object_get(root, "code"));

	if (message)
		put_text(out->message, sizeof(out->message), message, strlen(message));
	if (reason)
		put_text(out->reason, sizeof(out->reason), reason, strlen(reason));
	if (code > 0 && code < 1000)
		out->code = (int)code;
	json_decref(root);
	return message != NULL;
}

void
api_status_read(struct value_span body, struct api_status *out)
{
	struct value_envelope object;

	memset(out, 0, sizeof(*out));
	switch (value_form(body.at, body.n)) {
	case VALUE_PROTOBUF:
		if (value_open(body.at, body.n, &object) && object.raw.at)
			api_status_open(&object, out);
		return;
	case VALUE_JSON:
		if (read_json(body, out))
			return;
		break;
	case VALUE_EMPTY:
		return;
	case VALUE_OTHER:
		break;
	}
	put_text(out->message, sizeof(out->message), body.at, body.n);
}
