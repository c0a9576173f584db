/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What depends on the form in which the API serves a resource: its own resources come in Kubernetes protobuf, those of
 * a CustomResourceDefinition (Calico's) in JSON alone. An object's `raw` is the message inside the envelope, or the
 * object's JSON text. Pure; one thread.
 */
#pragma once

#include "feed/answer.h"
#include "feed/frames.h"
#include "feed/source.h"

/* For the request; borrowed. */
const char *form_accept(const struct source *source, bool watch);

bool form_meta_read(const struct source *source, struct value_span raw, struct object_meta *out)
    MUST_USE;

/* Open one event of a watch. False: *fault says what is wrong with it. Close it in either case. */
bool form_event_open(const struct source *source, struct value_span payload,
    struct watch_event *out, const char **fault) MUST_USE;
void form_event_close(struct watch_event *e);

/* The object that the event carries is of the resource. */
bool form_event_is_of(const struct source *source, const struct watch_event *e);

/* What an ERROR event says. */
void form_event_status(
    const struct source *source, const struct watch_event *e, struct api_status *out);

/* As list_open() and list_next(), of a list of the resource. Close it in either case. */
bool form_list_open(const struct source *source, struct value_span body, struct list_page *out)
    MUST_USE;
enum pb_next form_list_next(
    const struct source *source, struct list_page *page, struct value_span *item) MUST_USE;
void form_list_close(struct list_page *page);

/* ---- JSON; see form_json.c ---- */

bool json_meta_read(struct value_span raw, struct object_meta *out) MUST_USE;
bool
json_event_open(struct value_span line, struct watch_event *out, const char **fault) MUST_USE;
bool json_list_open(const struct source *source, struct value_span body, struct list_page *out)
    MUST_USE;
enum pb_next json_list_next(struct list_page *page, struct value_span *item) MUST_USE;

/*
 * The object as it is written: without managedFields, and annotations only as keys says (its prefixes NULL: all);
 * without_version: as it is compared, without its resourceVersion too. NULL: not an object; else the caller frees it.
 */
char *json_reduce(struct value_span raw, const struct filter_keys *keys, bool without_version)
    MUST_USE;
