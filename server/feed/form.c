/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/form.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

const char *
form_accept(const struct source *source, bool watch)
{
	if (source->form == FORM_JSON)
		return "Accept: application/json";
	return watch ? "Accept: application/vnd.kubernetes.protobuf;stream=watch"
	             : "Accept: application/vnd.kubernetes.protobuf";
}

bool
form_meta_read(const struct source *source, struct value_span raw, struct object_meta *out)
{
	return source->form == FORM_JSON ? json_meta_read(raw, out)
	                                 : object_meta_read(raw, out);
}

bool
form_event_open(const struct source *source, struct value_span payload, struct watch_event *out,
    const char **fault)
{
	out->text = NULL;
	return source->form == FORM_JSON ? json_event_open(payload, out, fault)
	                                 : watch_event_open(payload, out, fault);
}

void
form_event_close(struct watch_event *e)
{
	free(e->text);
	e->text = NULL;
}

bool
form_event_is_of(const struct source *source, const struct watch_event *e)
{
	return value_span_is(e->object.kind, resource_rows[source->resource].kind);
}

void
form_event_status(
    const struct source *source, const struct watch_event *e, struct api_status *out)
{
	if (source->form == FORM_JSON)
		api_status_read(e->object.raw, out);
	else
		api_status_open(&e->object, out);
}

bool
form_list_open(const struct source *source, struct value_span body, struct list_page *out)
{
	char kind[64];

	if (source->form == FORM_JSON)
		return json_list_open(source, body, out);
	snprintf(kind, sizeof(kind), "%sList", resource_rows[source->resource].kind);
	return list_open(body, out) && value_span_is(out->kind, kind);
}

enum pb_next
form_list_next(const struct source *source, struct list_page *page, struct value_span *item)
{
	return source->form == FORM_JSON ? json_list_next(page, item) : list_next(page, item);
}

void
form_list_close(struct list_page *page)
{
	json_decref(page->json);
	free(page->text);
	page->json = NULL;
	page->text = NULL;
}
