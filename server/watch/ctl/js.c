/* SPDX-License-Identifier: Apache-2.0 */
/* Pure functions. */
#include "watch/ctl/js.h"

#include "core/must.h"

#include <stdio.h>

const char *
js_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

double
js_num(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

long long
js_int(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

bool
js_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

char *
js_join(const json_t *o, const char *key)
{
	const json_t *array = json_object_get(o, key);
	size_t size = 1, n = 0;
	char *out;

	for (size_t i = 0; i < json_array_size(array); i++)
		size += json_string_length(json_array_get(array, i)) + 1;
	out = must_alloc(size);
	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *s = json_string_value(json_array_get(array, i));

		if (s)
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "," : "", s);
	}
	return out;
}
