/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of config.def as an array, and the search for the key that was meant. */
#include "config/rows.h"

#include "config/config.h"
#include "core/clock.h"

#include <stdlib.h>
#include <string.h>

#define NONE_OK  CONFIG_NONE_OK
#define REQUIRED CONFIG_REQUIRED
#define PROSE    CONFIG_PROSE
#define FROM_ENV CONFIG_FROM_ENV
#define INHERITS CONFIG_INHERITS

const struct config_row config_rows[] = {
#define KEY(tag, name, member, value, form, text, least, most, of, flag, sentence)             \
	{.key = #name,                                                                         \
	    .dflt = text,                                                                      \
	    .unit = of,                                                                        \
	    .help = sentence,                                                                  \
	    .offset = offsetof(struct tag, member),                                            \
	    .min = least,                                                                      \
	    .max = most,                                                                       \
	    .type = CONFIG_##value,                                                            \
	    .shape = CONFIG_##form,                                                            \
	    .section = SECTION_##tag,                                                          \
	    .sub = SECTION_COUNT,                                                              \
	    .flags = (flag)},
#define SUB(tag, name, member, inner, form, flag, sentence)                                    \
	{.key = #name,                                                                         \
	    .dflt = "",                                                                        \
	    .unit = "",                                                                        \
	    .help = sentence,                                                                  \
	    .offset = offsetof(struct tag, member),                                            \
	    .type = CONFIG_SUB,                                                                \
	    .shape = CONFIG_##form,                                                            \
	    .section = SECTION_##tag,                                                          \
	    .sub = SECTION_##inner,                                                            \
	    .flags = (flag)},
#include "config/config.def"
};

const unsigned config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);

const struct config_section_row config_sections[SECTION_COUNT] = {
#define SECTION(tag, place, sentence)                                                          \
	[SECTION_##tag] = {.where = place, .help = sentence, .size = sizeof(struct tag)},
#include "config/config.def"
};

/* The binder puts the key of a CONFIG_NAMED member there. */
_Static_assert(offsetof(struct config_view, name) == 0, "a named section begins with its name");

const struct config_row *
config_row_find(enum config_section section, const char *key)
{
	for (unsigned i = 0; i < config_row_count; i++)
		if (config_rows[i].section == section && strcmp(config_rows[i].key, key) == 0)
			return &config_rows[i];
	return NULL;
}

const struct config_row *
config_row_elsewhere(enum config_section section, const char *key)
{
	for (unsigned i = 0; i < config_row_count; i++)
		if (config_rows[i].section != section && strcmp(config_rows[i].key, key) == 0)
			return &config_rows[i];
	return NULL;
}

#define WORD_MAX 40 /* longer words are nobody's spelling mistake of ours */

static unsigned
least_of(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein, one row of the matrix at a time. */
unsigned
config_distance(const char *a, const char *b, unsigned limit)
{
	unsigned row[WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return limit + 1;
	for (unsigned j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned above = row[j];
			unsigned same = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = least_of(same, above + 1, row[j - 1] + 1);
			diagonal = above;
		}
	}
	return row[lb] > limit ? limit + 1 : row[lb];
}

const char *
config_row_nearest(enum config_section section, const char *key)
{
	size_t len = strlen(key);
	unsigned limit = len < 4 ? 1 : len < 8 ? 2 : 3;
	const char *best = NULL;

	for (unsigned i = 0; i < config_row_count; i++) {
		unsigned d;

		if (config_rows[i].section != section)
			continue;
		d = config_distance(key, config_rows[i].key, limit);
		if (d <= limit) {
			best = config_rows[i].key;
			if (d == 0)
				break;
			limit = d - 1;
		}
	}
	return best;
}
