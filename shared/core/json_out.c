/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json_out.h"

#include "core/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void
json_out_init(struct json_out *j, json_sink *sink, void *ctx)
{
	j->sink = sink;
	j->ctx = ctx;
	j->len = 0;
	j->depth = 0;
	j->first[0] = true;
}

void
json_out_flush(struct json_out *j)
{
	if (j->len)
		j->sink(j->ctx, j->buf, j->len);
	j->len = 0;
}

static void
raw(struct json_out *j, const char *s, size_t n)
{
	while (n) {
		size_t room = sizeof(j->buf) - j->len, k = n < room ? n : room;

		memcpy(j->buf + j->len, s, k);
		j->len += k;
		s += k;
		n -= k;
		if (j->len == sizeof(j->buf))
			json_out_flush(j);
	}
}

static void
quoted(struct json_out *j, const char *v, size_t n)
{
	const unsigned char *s = (const unsigned char *)v;
	char esc[8];

	raw(j, "\"", 1);
	for (size_t i = 0; i < n;) {
		size_t k = utf8_len(s + i, n - i);

		if (k == 0) {
			raw(j, "\xef\xbf\xbd", 3);
			k = 1;
		} else if (s[i] == '"' || s[i] == '\\') {
			esc[0] = '\\';
			esc[1] = (char)s[i];
			raw(j, esc, 2);
		} else if (s[i] < 0x20 || s[i] == 0x7f) {
			raw(j, esc, (size_t)snprintf(esc, sizeof(esc), "\\u%04x", s[i]));
		} else {
			raw(j, v + i, k);
		}
		i += k;
	}
	raw(j, "\"", 1);
}

/* The comma and the key that belong before the next value. */
static void
before_value(struct json_out *j, const char *key)
{
	must(j->depth == 0 || (j->closer[j->depth] == '}') == (key != NULL));
	if (!j->first[j->depth])
		raw(j, ",", 1);
	j->first[j->depth] = false;
	if (key) {
		quoted(j, key, strlen(key));
		raw(j, ":", 1);
	}
}

static void
open_nest(struct json_out *j, const char *key, const char *open, char closer)
{
	before_value(j, key);
	raw(j, open, 1);
	must(j->depth + 1 < JSON_OUT_DEPTH);
	j->depth++;
	j->first[j->depth] = true;
	j->closer[j->depth] = closer;
}

void
json_begin_object(struct json_out *j, const char *key)
{
	open_nest(j, key, "{", '}');
}

void
json_begin_array(struct json_out *j, const char *key)
{
	open_nest(j, key, "[", ']');
}

void
json_end(struct json_out *j)
{
	must(j->depth > 0);
	raw(j, &j->closer[j->depth], 1);
	j->depth--;
}

void
json_strn(struct json_out *j, const char *key, const char *v, size_t n)
{
	before_value(j, key);
	quoted(j, v, n);
}

void
json_str(struct json_out *j, const char *key, const char *v)
{
	if (v)
		json_strn(j, key, v, strlen(v));
	else
		json_put_null(j, key);
}

static void
literal(struct json_out *j, const char *key, const char *text)
{
	before_value(j, key);
	raw(j, text, strlen(text));
}

void
json_u64(struct json_out *j, const char *key, uint64_t v)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRIu64, v);
	literal(j, key, buf);
}

void
json_i64(struct json_out *j, const char *key, int64_t v)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRId64, v);
	literal(j, key, buf);
}

void
json_f64(struct json_out *j, const char *key, double v)
{
	char buf[40];

	if (!isfinite(v)) {
		json_put_null(j, key);
		return;
	}
	snprintf(buf, sizeof(buf), "%.9g", v);
	literal(j, key, buf);
}

void
json_bool(struct json_out *j, const char *key, bool v)
{
	literal(j, key, v ? "true" : "false");
}

void
json_put_null(struct json_out *j, const char *key)
{
	literal(j, key, "null");
}

void
json_ip(struct json_out *j, const char *key, const struct ip_addr *v)
{
	char buf[IP_TEXT_MAX];

	json_str(j, key, ip_text(v, buf));
}

void
json_prefix(struct json_out *j, const char *key, const struct ip_prefix *v)
{
	char buf[IP_TEXT_MAX];

	json_str(j, key, ip_prefix_text(v, buf));
}
