/* SPDX-License-Identifier: Apache-2.0 */
#include "config/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_TEXT 64

bool
config_environment_is_named(const struct config_row *row, const char *text)
{
	return (row->flags & CONFIG_FROM_ENV) && strstr(text, "${") != NULL;
}

/* The name between ${ and }, *at behind them. */
static bool
take_name(const char **at, char name[NAME_MAX_TEXT])
{
	const char *begin = *at + 2;
	size_t n =
	    strspn(begin, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	if (n == 0 || n >= NAME_MAX_TEXT || begin[n] != '}')
		return false;
	memcpy(name, begin, n);
	name[n] = '\0';
	*at = begin + n + 1;
	return true;
}

/* Before a port an IPv6 address stands in brackets; who sets the variable may not know which it is. */
static bool
lacks_brackets(const struct config_value *v, const char *value, bool in_brackets)
{
	struct ip_addr addr;

	return (v->row->type == CONFIG_ENDPOINT || v->row->type == CONFIG_SERVER) &&
	       !in_brackets && ip_parse(value, &addr) && addr.family == IP_V6;
}

/* The value of the variable named at *at, with brackets where it needs them, behind len bytes of out. */
static bool
put_variable(struct config_value *v, const char **at, char *out, size_t *len)
{
	char name[NAME_MAX_TEXT];
	const char *text = *at, *value;
	bool brackets;

	if (!take_name(at, name)) {
		snprintf(v->why, sizeof(v->why),
		    "\"%.60s\" names no variable; write ${NAME} with letters, digits and _",
		    text);
		return false;
	}
	value = getenv(name);
	if (!value || !*value) {
		snprintf(v->why, sizeof(v->why),
		    "the environment has no %s; set it (in a pod by fieldRef: status.hostIP), or write the address",
		    name);
		return false;
	}
	brackets = lacks_brackets(v, value, *len > 0 && out[*len - 1] == '[');
	*len += (size_t)snprintf(out + *len, CONFIG_EXPANDED_MAX - *len, "%s%s%s",
	    brackets ? "[" : "", value, brackets ? "]" : "");
	return true;
}

bool
config_environment_expand(struct config_value *v, const char *text, char *out)
{
	const char *at = text;
	size_t len = 0;

	while (*at && len < CONFIG_EXPANDED_MAX) {
		if (strncmp(at, "${", 2) != 0)
			out[len++] = *at++;
		else if (!put_variable(v, &at, out, &len))
			return false;
	}
	if (len >= CONFIG_EXPANDED_MAX) {
		snprintf(v->why, sizeof(v->why),
		    "\"%.60s\" is too long with its variables in place", text);
		return false;
	}
	out[len] = '\0';
	return true;
}
