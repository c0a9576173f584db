/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.def as data: which keys a section has, what type each is, and where in the section's
 * struct its value goes. Constant; read by the binder, the checks and the printers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum config_section {
#define SECTION(type, where, help) SECTION_##type,
#include "config/config.def"
	SECTION_COUNT
};

enum config_type {
	CONFIG_TEXT,
	CONFIG_NAME,
	CONFIG_PATH,
	CONFIG_BOOL,
	CONFIG_NUMBER,
	CONFIG_OPTION, /* a number that may be absent */
	CONFIG_WORD,
	CONFIG_DURATION,
	CONFIG_SIZE,
	CONFIG_ADDRESS,
	CONFIG_PREFIX,
	CONFIG_ENDPOINT,
	CONFIG_SERVER, /* an endpoint, or a name and a port */
	CONFIG_ROUTER_ID,
	CONFIG_ASN,
	CONFIG_COMMUNITY,
	CONFIG_FAMILY, /* a bit each; a list of them is one number */
	CONFIG_SELECTOR,
	CONFIG_PAIR,
	CONFIG_SUB, /* a section of its own */
	CONFIG_TYPE_COUNT
};

enum config_shape {
	CONFIG_ONE,
	CONFIG_LIST,
	CONFIG_ONE_OR_LIST, /* in the struct always a list */
	CONFIG_MAP,         /* free keys; each a pair */
	CONFIG_NAMED        /* free keys; each a section whose first member is its name */
};

enum {
	CONFIG_REQUIRED = 1,  /* the file has to have it */
	CONFIG_PROSE = 2,     /* the default is words for people; the member stays zero */
	CONFIG_NONE_OK = 4,   /* the word none is a value */
	CONFIG_FROM_ENV = 16, /* the value may hold ${NAME} (environment.h) */
	CONFIG_INHERITS = 64  /* without it the top level's section of that name holds */
};

struct config_row {
	const char *key;
	const char *dflt; /* as in the file, or prose */
	const char *unit; /* of a number; the words of a WORD, " | " between them */
	const char *help;
	size_t offset; /* of the member in the section's struct */
	uint64_t min, max;
	enum config_type type;
	enum config_shape shape;
	enum config_section section; /* the one this key belongs to */
	enum config_section sub;     /* of a CONFIG_SUB */
	unsigned flags;
};

struct config_section_row {
	const char *where; /* "kafka", "peers[]"; "" at the top */
	const char *help;
	size_t size; /* of its struct */
};

extern const struct config_row config_rows[];
extern const unsigned config_row_count;
extern const struct config_section_row config_sections[SECTION_COUNT];

/* The row of a key of a section, or NULL. */
const struct config_row *config_row_find(enum config_section section, const char *key);

/* The key of a section that the user may have meant, or NULL when none is close. */
const char *config_row_nearest(enum config_section section, const char *key);

/* The row of another section that has this very key, or NULL. */
const struct config_row *config_row_elsewhere(enum config_section section, const char *key);

/* Changes of one letter each that make b of a, at most limit + 1. */
unsigned config_distance(const char *a, const char *b, unsigned limit);
