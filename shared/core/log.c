/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include "core/clock.h"
#include "core/utf8.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One write() of this size is not split. A text that would make the line longer is cut, what
 * comes behind it is left out, and the line says so: it stays one that can be parsed. */
#define LINE_MAX_BYTES 2048
#define LINE_END       64u /* kept for a closing quote and ,"truncated":true} */
#define LINE_ROOM      (LINE_MAX_BYTES - LINE_END)
#define VALUE_MAX      (IP_TEXT_MAX + 8u) /* a value other than a text, with what is round it */

static _Atomic int min_level = LOG_INFO;
static _Atomic int out_format = LOG_LOGFMT;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

struct line {
	size_t len;
	bool cut;
	char text[LINE_MAX_BYTES];
};

static void PRINTF_LIKE(2) add(struct line *l, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, format, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n;
	if (l->len > sizeof(l->text) - 1)
		l->len = sizeof(l->text) - 1;
}

/* The character at s, escaped. Returns how many bytes of s it is. */
static size_t
add_escaped(struct line *l, const char *s, size_t n)
{
	unsigned char c = (unsigned char)*s;
	size_t k = utf8_len((const unsigned char *)s, n);

	if (k == 0) {
		add(l, "\xef\xbf\xbd"); /* U+FFFD */
		return 1;
	}
	if (c == '"' || c == '\\')
		add(l, "\\%c", c);
	else if (c == '\n')
		add(l, "\\n");
	else if (c < 0x20 || c == 0x7f)
		add(l, "\\u%04x", c);
	else
		add(l, "%.*s", (int)k, s);
	return k;
}

/* The same escapes serve JSON and a quoted logfmt value. */
static void
add_quoted(struct line *l, const char *s)
{
	size_t n = strlen(s);

	add(l, "\"");
	while (n && !l->cut) {
		size_t k = 0;

		if (l->len + sizeof("\\u0000") > LINE_ROOM)
			l->cut = true;
		else
			k = add_escaped(l, s, n);
		s += k;
		n -= k;
	}
	add(l, "\"");
}

static bool
is_plain(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || *s == '"' ||
		    *s == '=' || *s == '\\')
			return false;
	return true;
}

static void
add_text(struct line *l, const char *s, bool json)
{
	if (!json && is_plain(s) && l->len + strlen(s) < LINE_ROOM)
		add(l, "%s", s);
	else
		add_quoted(l, s);
}

static void
add_value(struct line *l, const struct log_field *f, bool json)
{
	char buf[IP_TEXT_MAX];

	switch (f->type) {
	case FIELD_STR:
		add_text(l, f->str ? f->str : "", json);
		break;
	case FIELD_U64:
		add(l, "%llu", (unsigned long long)f->u64);
		break;
	case FIELD_I64:
		add(l, "%lld", (long long)f->i64);
		break;
	case FIELD_BOOL:
		add(l, "%s", f->flag ? "true" : "false");
		break;
	case FIELD_IP:
		add_text(l, ip_text(&f->ip, buf), json);
		break;
	case FIELD_PREFIX:
		add_text(l, ip_prefix_text(&f->prefix, buf), json);
		break;
	}
}

static void
add_time(struct line *l)
{
	uint64_t now = clock_wall_ns();
	time_t s = (time_t)(now / NS_PER_S);
	struct tm tm;
	char day[32];

	gmtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	add(l, "%s.%03uZ", day, (unsigned)(now % NS_PER_S / NS_PER_MS));
}

static void
add_field(struct line *l, const struct log_field *f, bool json)
{
	if (l->len + strlen(f->key) + VALUE_MAX > LINE_ROOM)
		l->cut = true;
	if (l->cut)
		return;
	add(l, json ? ",\"%s\":" : " %s=", f->key);
	add_value(l, f, json);
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	struct line l = {.len = 0};
	bool json;

	if (!log_enabled(level))
		return;
	json = atomic_load_explicit(&out_format, memory_order_relaxed) == LOG_JSON;
	add(&l, json ? "{\"time\":\"" : "time=");
	add_time(&l);
	add(&l, json ? "\",\"level\":\"%s\",\"msg\":" : " level=%s msg=", level_names[level]);
	add_text(&l, event, json);
	for (const struct log_field *f = fields; f->key; f++)
		add_field(&l, f, json);
	if (l.cut)
		add(&l, json ? ",\"truncated\":true" : " truncated=true");
	add(&l, json ? "}\n" : "\n");
	/* Nowhere to report that stderr is gone. */
	if (write(STDERR_FILENO, l.text, l.len) < 0)
		return;
}

void
log_set(enum log_level level, enum log_format format)
{
	atomic_store_explicit(&min_level, (int)level, memory_order_relaxed);
	atomic_store_explicit(&out_format, (int)format, memory_order_relaxed);
}

bool
log_enabled(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&min_level, memory_order_relaxed);
}

bool
log_level_parse(const char *text, enum log_level *out)
{
	for (unsigned i = 0; i < COUNT_OF(level_names); i++)
		if (strcmp(text, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

bool
log_format_parse(const char *text, enum log_format *out)
{
	if (strcmp(text, "logfmt") != 0 && strcmp(text, "json") != 0)
		return false;
	*out = text[0] == 'j' ? LOG_JSON : LOG_LOGFMT;
	return true;
}

bool
log_allow(struct log_limit *l, uint32_t burst, uint64_t now_ns, uint32_t *suppressed)
{
	*suppressed = 0;
	if (now_ns - l->window_start_ns >= NS_PER_S || l->window_start_ns == 0) {
		l->window_start_ns = now_ns;
		l->in_window = 0;
	}
	if (l->in_window >= burst) {
		l->swallowed++;
		return false;
	}
	l->in_window++;
	*suppressed = l->swallowed;
	l->swallowed = 0;
	return true;
}
