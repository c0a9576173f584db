/* SPDX-License-Identifier: Apache-2.0 */
/* One scanner for checking and for matching, so that what is accepted is what is evaluated. */
#include "config/selector.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct span {
	const char *at;
	size_t len;
};

enum verb { VERB_EXISTS, VERB_ABSENT, VERB_IN, VERB_NOT_IN };

/* Values are one span for "=", or all that stands between the brackets. */
struct requirement {
	struct span key, values;
	enum verb verb;
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

/* "(a, b)": the span between the brackets. Empty words are values too, as in Kubernetes. */
static bool
take_set(const char **at, struct span *out)
{
	const char *p = *at;

	if (*p++ != '(')
		return false;
	out->at = p;
	for (;;) {
		take_word(&p);
		if (*p == ')')
			break;
		if (*p++ != ',')
			return false;
	}
	out->len = (size_t)(p - out->at);
	*at = skip_space(p + 1);
	return true;
}

/* What follows the key. */
static const char *
take_verb(const char **at, struct requirement *r)
{
	const char *p = *at;

	if (*p == '=' || (*p == '!' && p[1] == '=')) {
		r->verb = *p == '!' ? VERB_NOT_IN : VERB_IN;
		p += *p == '!' || p[1] == '=' ? 2 : 1;
		r->values = take_word(&p);
		*at = p;
		return NULL;
	}
	if (isalpha((unsigned char)*p)) {
		struct span word = take_word(&p);

		if (!span_is(word, "in") && !span_is(word, "notin"))
			return "expected =, !=, in or notin behind the label";
		r->verb = span_is(word, "in") ? VERB_IN : VERB_NOT_IN;
		*at = p;
		return take_set(at, &r->values) ? NULL : "expected a list such as (a, b)";
	}
	r->verb = VERB_EXISTS;
	return NULL;
}

/* The next requirement; NULL, or what is wrong. *at is then at "," or at the end. */
static const char *
take_requirement(const char **at, struct requirement *r)
{
	const char *why = NULL;
	bool negated;

	memset(r, 0, sizeof(*r));
	*at = skip_space(*at);
	negated = **at == '!';
	if (negated)
		++*at;
	r->key = take_word(at);
	if (r->key.len == 0)
		return "expected the name of a label";
	if (negated)
		r->verb = VERB_ABSENT;
	else
		why = take_verb(at, r);
	if (!why && **at && **at != ',')
		return "expected a comma between requirements";
	return why;
}

bool
config_selector_check(const char *text, char *why, size_t size)
{
	const char *at = text, *wrong;
	struct requirement r;

	for (;;) {
		wrong = take_requirement(&at, &r);
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

static bool
set_has(struct span values, const char *value)
{
	const char *at = values.at;

	for (;;) {
		if (span_is(take_word(&at), value))
			return true;
		if (at >= values.at + values.len)
			return false;
		at++; /* the comma */
	}
}

static bool
holds(const struct requirement *r, const char *value)
{
	switch (r->verb) {
	case VERB_EXISTS:
		return value != NULL;
	case VERB_ABSENT:
		return value == NULL;
	case VERB_IN:
		return value && set_has(r->values, value);
	default:
		return !value || !set_has(r->values, value);
	}
}

bool
config_selector_match(const char *text, config_label_get *get, const void *ctx)
{
	const char *at = text;
	struct requirement r;

	for (;;) {
		must(!take_requirement(&at, &r));
		if (!holds(&r, get(ctx, r.key.at, r.key.len)))
			return false;
		if (!*at)
			return true;
		at++;
	}
}
