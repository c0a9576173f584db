/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside change/: reading members of a JSON object. Null counts as absent; a member of the wrong
 * type is kept, by name, as the reason to refuse the record, and reads as absent. Lists and texts
 * lie in the decoder's scratch memory or its JSON tree.
 */
#pragma once

#include "change/raw.h"

#include <jansson.h>

/* Reading one object; the first field that is wrong is kept in `why`. */
struct json_reader {
	struct decoder *d;
	struct decode_error *why;
	bool failed;
};

/* The field is not what it must be: "a text", say. False, for the caller to return. */
bool json_wrong_type(struct json_reader *in, const char *field, const char *expected);

/* The member, or NULL when it is absent or null (or its parent is). */
json_t *json_member(json_t *parent, const char *name);

/* The same where it must be an object, a list or a text. */
json_t *json_take_object(struct json_reader *in, json_t *parent, const char *name);
json_t *json_take_list(struct json_reader *in, json_t *parent, const char *name);
const char *json_take_text(struct json_reader *in, json_t *parent, const char *name);

/* CONDITION_UNKNOWN: absent. */
enum condition json_take_bool(struct json_reader *in, json_t *parent, const char *name);

struct raw_texts json_take_texts(struct json_reader *in, json_t *parent, const char *name);

/* The list's i-th object, or NULL with the error set. */
json_t *json_element(struct json_reader *in, json_t *list, size_t i, const char *name);

struct raw_pairs json_take_map(struct json_reader *in, json_t *parent, const char *name);

/* A list of objects of which two text fields matter. */
struct raw_pairs json_take_pairs(struct json_reader *in, json_t *parent, const char *name,
    const char *key, const char *value);
