/* SPDX-License-Identifier: Apache-2.0 */
#include "config/selector.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIREMENTS_MAX 32
#define VALUES_MAX       64

enum op { OP_IN, OP_NOT_IN, OP_EXISTS, OP_ABSENT };

struct requirement {
	enum op op;
	const char *key;
	uint32_t first, n; /* values */
};

struct selector {
	struct requirement requirements[REQUIREMENTS_MAX];
	const char *values[VALUES_MAX];
	uint32_t n, n_values;
	char *texts, *texts_end; /* words, each with its NUL: at most twice the text */
};

struct reader {
	const char *at;
	const char *wrong; /* NULL: nothing yet */
	struct selector *out;
};

static void
skip_blanks(struct reader *r)
{
	while (isblank((unsigned char)*r->at))
		r->at++;
}

static bool
take(struct reader *r, const char *symbol)
{
	size_t n = strlen(symbol);

	skip_blanks(r);
	if (strncmp(r->at, symbol, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* A key or value; empty where none stands here. */
static const char *
word(struct reader *r)
{
	struct selector *s = r->out;
	char *start = s->texts_end;

	skip_blanks(r);
	while (isalnum((unsigned char)*r->at) || (*r->at && strchr("-_./", *r->at)))
		*s->texts_end++ = *r->at++;
	*s->texts_end++ = '\0';
	return start;
}

static void
value(struct reader *r, struct requirement *q)
{
	struct selector *s = r->out;

	if (s->n_values == VALUES_MAX) {
		r->wrong = "too many values";
		return;
	}
	s->values[s->n_values++] = word(r);
	q->n++;
}

static void
value_list(struct reader *r, struct requirement *q)
{
	if (!take(r, "(")) {
		r->wrong = "expected a list such as (a, b)";
		return;
	}
	do {
		value(r, q);
	} while (!r->wrong && take(r, ","));
	if (!r->wrong && !take(r, ")"))
		r->wrong = "expected a list such as (a, b)";
}

static void
operator_and_values(struct reader *r, struct requirement *q)
{
	const char *operator_name;

	if (take(r, "!=")) {
		q->op = OP_NOT_IN;
		value(r, q);
		return;
	}
	if (take(r, "==") || take(r, "=")) {
		q->op = OP_IN;
		value(r, q);
		return;
	}
	operator_name = word(r);
	if (strcmp(operator_name, "in") == 0 || strcmp(operator_name, "notin") == 0) {
		q->op = *operator_name == 'i' ? OP_IN : OP_NOT_IN;
		value_list(r, q);
		return;
	}
	if (*operator_name)
		r->wrong = "expected =, !=, in or notin behind the label";
}

static void
requirement(struct reader *r)
{
	struct selector *s = r->out;
	struct requirement *q;

	if (s->n == REQUIREMENTS_MAX) {
		r->wrong = "too many requirements";
		return;
	}
	q = &s->requirements[s->n++];
	*q = (struct requirement){.op = OP_EXISTS, .first = s->n_values};
	if (take(r, "!"))
		q->op = OP_ABSENT;
	q->key = word(r);
	if (!*q->key)
		r->wrong = "expected the name of a label";
	else if (q->op == OP_EXISTS)
		operator_and_values(r, q);
}

struct selector *
selector_new(const char *text, char *why, size_t size)
{
	struct selector *s = must_calloc(1, sizeof(*s));
	struct reader r = {.at = text, .out = s};

	/* Words cost their bytes and a NUL; each is followed by a symbol or the end, and an
	 * empty one is read at most twice at one place. */
	s->texts = s->texts_end = must_alloc(3 * strlen(text) + 8);
	do {
		requirement(&r);
	} while (!r.wrong && take(&r, ","));
	skip_blanks(&r);
	if (!r.wrong && *r.at)
		r.wrong = "expected a comma between requirements";
	if (!r.wrong)
		return s;
	snprintf(why, size, "%s, at character %zu", r.wrong, (size_t)(r.at - text) + 1);
	selector_free(s);
	return NULL;
}

void
selector_free(struct selector *s)
{
	if (!s)
		return;
	free(s->texts);
	free(s);
}

static bool
among(const struct selector *s, const struct requirement *q, const char *have)
{
	for (uint32_t i = 0; i < q->n; i++) {
		if (strcmp(s->values[q->first + i], have) == 0)
			return true;
	}
	return false;
}

bool
selector_matches(const struct selector *s, selector_find *find, const void *object)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct requirement *q = &s->requirements[i];
		const char *have = find(object, q->key);
		bool holds = false;

		switch (q->op) {
		case OP_IN:
			holds = have && among(s, q, have);
			break;
		case OP_NOT_IN:
			holds = !have || !among(s, q, have);
			break;
		case OP_EXISTS:
			holds = have != NULL;
			break;
		case OP_ABSENT:
			holds = have == NULL;
			break;
		}
		if (!holds)
			return false;
	}
	return true;
}
