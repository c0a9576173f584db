/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in columns for a terminal: as wide as their widest cell, headings above, optionally
 * sorted by a key that is not shown. Control characters in cells are shown as '?': what comes
 * from a cluster cannot drive the terminal.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum grid_colour { GRID_PLAIN, GRID_GOOD, GRID_BAD, GRID_DIM };

struct grid_column {
	const char *title;
	bool right; /* numbers */
};

struct grid;

/* The columns are borrowed for the grid's life. */
struct grid *grid_new(const struct grid_column *columns, unsigned n) MUST_USE;
void grid_free(struct grid *g);

/* Begin a row; key (copied, may be NULL) is what grid_sort() compares as bytes. */
void grid_row(struct grid *g, const char *key);

/* The row's next cell; cells that are not given stay empty. */
void grid_cell(struct grid *g, enum grid_colour colour, const char *format, ...) PRINTF_LIKE(3);

void grid_sort(struct grid *g);

/* Headings and rows; without rows only `none`, if it is not NULL. */
void grid_print(const struct grid *g, FILE *out, bool colours, const char *none);
