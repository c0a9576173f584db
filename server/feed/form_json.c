/* SPDX-License-Identifier: Apache-2.0 */
/* The API's JSON. jansson reads it; what is handed on is text again, in one order of keys, so that digests compare. */
#include "feed/form.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INITIAL_EVENTS_END "k8s.io/initial-events-end"
#define DUMP               (JSON_COMPACT | JSON_SORT_KEYS)
/* A text may hold a NUL, an annotation's say: what an object is good for is not decided here. */
#define LOAD               (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

static json_t *
load(struct value_span text)
{
	json_t *root = json_loadb((const char *)text.at, text.n, LOAD, NULL);

	if (root && !json_is_object(root)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

static char *
dump(const json_t *object)
{
	char *text = json_dumps(object, DUMP);

	if (!text)
		die("out of memory for an object of the API");
	return text;
}

static struct value_span
span_of(const char *text)
{
	return (struct value_span){.at = (const uint8_t *)text, .n = text ? strlen(text) : 0};
}

/* A copy in the caller's buffer; false: too long. Nothing where the key is absent or no text. */
static bool
keep_text(json_t *object, const char *key, char *buf, size_t size, struct value_span *out)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		return true;
	if (strlen(text) >= size)
		return false;
	memcpy(buf, text, strlen(text) + 1);
	*out = span_of(buf);
	return true;
}

static bool
read_meta(json_t *object, struct object_meta *out)
{
	json_t *meta = json_object_get(object, "metadata");
	const char *end = json_string_value(
	    json_object_get(json_object_get(meta, "annotations"), INITIAL_EVENTS_END));

	out->initial_events_end = end && strcmp(end, "true") == 0;
	return json_is_object(meta) &&
	       keep_text(meta, "name", out->name_text, sizeof(out->name_text), &out->name) &&
	       keep_text(meta, "namespace", out->ns_text, sizeof(out->ns_text), &out->ns) &&
	       keep_text(meta, "resourceVersion", out->version_text, sizeof(out->version_text),
	           &out->resource_version);
}

bool
json_meta_read(struct value_span raw, struct object_meta *out)
{
	json_t *object = load(raw);
	bool ok;

	memset(out, 0, sizeof(*out));
	ok = object && read_meta(object, out);
	json_decref(object);
	return ok;
}

bool
json_event_open(struct value_span line, struct watch_event *out, const char **fault)
{
	json_t *event = load(line), *object = json_object_get(event, "object");
	const char *type = json_string_value(json_object_get(event, "type"));
	const char *kind = json_string_value(json_object_get(object, "kind"));

	memset(out, 0, sizeof(*out));
	*fault = NULL;
	if (!type || !json_is_object(object))
		*fault = "a line of the watch is not an event in JSON";
	else if (!watch_type_parse(span_of(type), &out->type))
		*fault = "an event of the watch has a type that is not known";
	if (!*fault) {
		out->text = dump(object);
		out->object.raw = span_of(out->text);
		snprintf(out->kind_text, sizeof(out->kind_text), "%s", kind ? kind : "");
		out->object.kind = span_of(out->kind_text);
	}
	json_decref(event);
	return *fault == NULL;
}

bool
json_list_open(const struct source *source, struct value_span body, struct list_page *out)
{
	const struct resource_row *row = &resource_rows[source->resource];
	json_t *meta, *items;
	const char *kind;
	char wanted[64];

	memset(out, 0, sizeof(*out));
	out->json = load(body);
	meta = json_object_get(out->json, "metadata");
	items = json_object_get(out->json, "items");
	kind = json_string_value(json_object_get(out->json, "kind"));
	snprintf(wanted, sizeof(wanted), "%sList", row->kind);
	if (!kind || strcmp(kind, wanted) != 0 || !json_is_array(items))
		return false;
	/* Borrowed from the tree, which lives as long as the page. */
	out->kind = span_of(kind);
	out->api_version = span_of(json_string_value(json_object_get(out->json, "apiVersion")));
	out->resource_version =
	    span_of(json_string_value(json_object_get(meta, "resourceVersion")));
	out->next = span_of(json_string_value(json_object_get(meta, "continue")));
	return true;
}

enum pb_next
json_list_next(struct list_page *page, struct value_span *item)
{
	json_t *object = json_array_get(json_object_get(page->json, "items"), page->at++);

	free(page->text);
	page->text = NULL;
	if (!object)
		return PB_END;
	if (!json_is_object(object))
		return PB_BAD;
	page->text = dump(object);
	*item = span_of(page->text);
	return PB_FIELD;
}

static bool
is_kept(const struct filter_keys *keys, const char *key)
{
	if (!keys->prefixes)
		return true;
	for (unsigned i = 0; i < keys->n; i++)
		if (strncmp(key, keys->prefixes[i], strlen(keys->prefixes[i])) == 0)
			return true;
	return false;
}

char *
json_reduce(struct value_span raw, const struct filter_keys *keys, bool without_version)
{
	json_t *object = load(raw), *meta = json_object_get(object, "metadata");
	json_t *annotations = json_object_get(meta, "annotations"), *value;
	const char *key;
	void *next;
	char *text = NULL;

	json_object_del(meta, "managedFields");
	if (without_version)
		json_object_del(meta, "resourceVersion");
	json_object_foreach_safe(annotations, next, key, value) if (!is_kept(keys, key))
	    json_object_del(annotations, key);
	if (json_is_object(meta))
		text = dump(object);
	json_decref(object);
	return text;
}
