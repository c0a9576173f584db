/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a selector requirement by requirement and keeps nothing. */
#include "config/selector.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct span {
	const char *at;
	size_t len;
};

static const char *
skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static struct span
take_word(const char **at)
{
	struct span s = {.at = skip_space(*at)};

	while (
	    isalnum((unsigned char)s.at[s.len]) || (s.at[s.len] && strchr("-._/", s.at[s.len])))
		s.len++;
	*at = skip_space(s.at + s.len);
	return s;
}

static bool
span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* "(a, b)": empty words are values too, as in Kubernetes. */
static bool
take_set(const char **at)
{
	const char *p = *at;

	if (*p++ != '(')
		return false;
	for (;;) {
		take_word(&p);
		if (*p == ')')
			break;
		if (*p++ != ',')
			return false;
	}
	*at = skip_space(p + 1);
	return true;
}

/* What follows the label; NULL, or what is wrong. */
static const char *
take_verb(const char **at)
{
	const char *p = *at;

	if (*p == '=' || (*p == '!' && p[1] == '=')) {
		p += *p == '!' || p[1] == '=' ? 2 : 1;
		take_word(&p);
		*at = p;
	} else if (isalpha((unsigned char)*p)) {
		struct span word = take_word(&p);

		if (!span_is(word, "in") && !span_is(word, "notin"))
			return "expected =, !=, in or notin behind the label";
		*at = p;
		return take_set(at) ? NULL : "expected a list such as (a, b)";
	}
	return NULL;
}

/* The next requirement; NULL, or what is wrong. *at is then at "," or at the end. */
static const char *
take_requirement(const char **at)
{
	const char *why = NULL;
	bool negated;

	*at = skip_space(*at);
	negated = **at == '!';
	if (negated)
		++*at;
	if (take_word(at).len == 0)
		return "expected the name of a label";
	if (!negated)
		why = take_verb(at);
	if (!why && **at && **at != ',')
		return "expected a comma between requirements";
	return why;
}

bool
config_selector_check(const char *text, char *why, size_t size)
{
	const char *at = text, *wrong;

	for (;;) {
		wrong = take_requirement(&at);
		if (wrong) {
			snprintf(
			    why, size, "%s, at character %zu", wrong, (size_t)(at - text) + 1);
			return false;
		}
		if (!*at)
			return true;
		at++;
	}
}
