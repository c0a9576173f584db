/* SPDX-License-Identifier: Apache-2.0 */
#include "change/json_reader.h"

bool
json_wrong_type(struct json_reader *in, const char *field, const char *expected)
{
	if (!in->failed)
		decode_refuse(
		    in->why, FAULT_UNDECODABLE, "field %.80s is not %s", field, expected);
	in->failed = true;
	return false;
}

/* The member, or NULL when it is absent or null (or its parent is). */
json_t *
json_member(json_t *parent, const char *name)
{
	json_t *v = parent ? json_object_get(parent, name) : NULL;

	return v && !json_is_null(v) ? v : NULL;
}

json_t *
json_take_object(struct json_reader *in, json_t *parent, const char *name)
{
	json_t *v = json_member(parent, name);

	if (v && !json_is_object(v)) {
		json_wrong_type(in, name, "an object");
		return NULL;
	}
	return v;
}

json_t *
json_take_list(struct json_reader *in, json_t *parent, const char *name)
{
	json_t *v = json_member(parent, name);

	if (v && !json_is_array(v)) {
		json_wrong_type(in, name, "a list");
		return NULL;
	}
	return v;
}

const char *
json_take_text(struct json_reader *in, json_t *parent, const char *name)
{
	json_t *v = json_member(parent, name);

	if (v && !json_is_string(v)) {
		json_wrong_type(in, name, "a text");
		return NULL;
	}
	return v ? json_string_value(v) : NULL;
}

enum condition
json_take_bool(struct json_reader *in, json_t *parent, const char *name)
{
	json_t *v = json_member(parent, name);

	if (!v)
		return CONDITION_UNKNOWN;
	if (!json_is_boolean(v))
		json_wrong_type(in, name, "true or false");
	return json_is_true(v) ? CONDITION_TRUE : CONDITION_FALSE;
}

struct raw_texts
json_take_texts(struct json_reader *in, json_t *parent, const char *name)
{
	json_t *list = json_take_list(in, parent, name);
	struct raw_texts t = {.n = json_array_size(list)};

	t.at = arena_alloc(&in->d->scratch, t.n * sizeof(*t.at));
	for (size_t i = 0; i < t.n; i++) {
		json_t *v = json_array_get(list, i);

		t.at[i] = json_is_string(v) ? json_string_value(v) : "";
		if (!json_is_string(v))
			json_wrong_type(in, name, "a list of texts");
	}
	return t;
}

/* The list's i-th object, or NULL with the error set. */
json_t *
json_element(struct json_reader *in, json_t *list, size_t i, const char *name)
{
	json_t *v = json_array_get(list, i);

	if (json_is_object(v))
		return v;
	json_wrong_type(in, name, "a list of objects");
	return NULL;
}

struct raw_pairs
json_take_map(struct json_reader *in, json_t *parent, const char *name)
{
	json_t *map = json_take_object(in, parent, name), *v;
	struct raw_pairs p = {.n = 0};
	const char *key;

	p.at = arena_alloc(&in->d->scratch, json_object_size(map) * sizeof(*p.at));
	json_object_foreach(map, key, v)
	{
		if (!json_is_string(v))
			json_wrong_type(in, name, "a map of texts");
		else
			p.at[p.n++] = (struct raw_pair){key, json_string_value(v)};
	}
	return p;
}

/* A list of objects of which two text fields matter. */
struct raw_pairs
json_take_pairs(struct json_reader *in, json_t *parent, const char *name, const char *key,
    const char *value)
{
	json_t *list = json_take_list(in, parent, name);
	struct raw_pairs p = {.n = json_array_size(list)};

	p.at = arena_alloc(&in->d->scratch, p.n * sizeof(*p.at));
	for (size_t i = 0; i < p.n; i++) {
		json_t *o = json_element(in, list, i, name);

		p.at[i] =
		    (struct raw_pair){json_take_text(in, o, key), json_take_text(in, o, value)};
	}
	return p;
}
