/* SPDX-License-Identifier: Apache-2.0 */
/* The list of errors of one load: bounded, each with its place. */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A free line at the place's turn: what stands later in the file moves down by one. */
static char *
make_room(struct config_report *r, struct config_place at)
{
	struct config_errors *e = r->errors;
	unsigned i = e->len++;

	for (; i > 0 && (r->at[i - 1].line > at.line ||
	                    (r->at[i - 1].line == at.line && r->at[i - 1].column > at.column));
	     i--) {
		memcpy(e->text[i], e->text[i - 1], sizeof(e->text[i]));
		r->at[i] = r->at[i - 1];
	}
	r->at[i] = at;
	return e->text[i];
}

void
config_report(struct config_report *r, struct config_place at, const char *format, ...)
{
	char *text;
	int n;
	va_list args;

	if (r->errors->len == CONFIG_ERRORS_MAX) {
		r->errors->more = true;
		return;
	}
	text = make_room(r, at);
	if (at.line > 0)
		n = snprintf(
		    text, CONFIG_ERROR_TEXT_MAX, "%s:%u:%u: ", r->file, at.line, at.column);
	else
		n = snprintf(text, CONFIG_ERROR_TEXT_MAX,
		    "environment variable %s: ", CONFIG_ENVIRONMENT);
	if (n < 0 || n >= CONFIG_ERROR_TEXT_MAX)
		return;
	va_start(args, format);
	vsnprintf(text + n, (size_t)(CONFIG_ERROR_TEXT_MAX - n), format, args);
	va_end(args);
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

bool
config_report_clean(const struct config_report *r)
{
	return r->errors->len == 0;
}
