/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API answers, taken apart: an object's metadata, a page of a list, a Status that says
 * what went wrong. All of it borrowed from the bytes of the answer. Pure; any thread.
 */
#pragma once

#include "core/must.h"
#include "feed/pb.h"
#include "schema/value.h"

#include <stdbool.h>
#include <stdint.h>

/* --- one object --- */

struct object_meta {
	struct value_span name, ns, resource_version;
	bool initial_events_end; /* of a bookmark: all that existed has been sent */
	/* Where the spans point to if the object was JSON: do not copy the struct then. */
	char name_text[KEY_NAME_MAX + 1], ns_text[KEY_NS_MAX + 1], version_text[65];
};

/* raw is the message inside runtime.Unknown; all our resources begin with their ObjectMeta. */
bool object_meta_read(struct value_span raw, struct object_meta *out) MUST_USE;

/* --- one page of a list --- */

struct list_page {
	struct value_span api_version; /* of the items too: "v1" */
	struct value_span kind;        /* "NodeList" */
	struct value_span resource_version;
	struct value_span next; /* to be asked for the next page; n is 0 on the last one */
	struct pb_in items;     /* for list_next() */
	struct json_t *json;    /* of a page in JSON (form.h); NULL: it is protobuf */
	size_t at;              /* the next of its items */
	char *text;             /* the item at hand */
};

/* body is a whole answer. False: it is not a list in Kubernetes protobuf. */
bool list_open(struct value_span body, struct list_page *out) MUST_USE;

/* The next item's message. PB_END and PB_BAD as of pb_next(). */
enum pb_next list_next(struct list_page *page, struct value_span *item) MUST_USE;

/* --- what went wrong --- */

struct api_status {
	int code; /* HTTP's numbers; 0: not said */
	char reason[64], message[256];
};

/*
 * Read a Status: Kubernetes protobuf, or JSON as some layers before the API answer, or any other
 * text, of which the beginning becomes the message.
 */
void api_status_read(struct value_span body, struct api_status *out);

/* The same from an envelope that was opened already (a watch's ERROR event). */
void api_status_open(const struct value_envelope *object, struct api_status *out);
