/* SPDX-License-Identifier: Apache-2.0 */
/* Cells are kept as text until all are known, because the widest one decides. */
#include "watch/ctl/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct cell {
	char *text; /* NULL: empty */
	enum grid_colour colour;
};

struct row {
	char *key;
	struct cell *cells;
};

struct grid {
	const struct grid_column *columns;
	unsigned n_columns;
	struct row *rows;
	size_t n, cap;
	unsigned at; /* next cell of the last row */
};

struct grid *
grid_new(const struct grid_column *columns, unsigned n)
{
	struct grid *g = must_calloc(1, sizeof(*g));

	g->columns = columns;
	g->n_columns = n;
	return g;
}

void
grid_free(struct grid *g)
{
	for (size_t i = 0; i < g->n; i++) {
		for (unsigned k = 0; k < g->n_columns; k++)
			free(g->rows[i].cells[k].text);
		free(g->rows[i].cells);
		free(g->rows[i].key);
	}
	free(g->rows);
	free(g);
}

void
grid_row(struct grid *g, const char *key)
{
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 64;
		g->rows = must_realloc(g->rows, g->cap * sizeof(*g->rows));
	}
	g->rows[g->n++] = (struct row){.key = key ? must_strdup(key) : NULL,
	    .cells = must_calloc(g->n_columns, sizeof(struct cell))};
	g->at = 0;
}

void
grid_cell(struct grid *g, enum grid_colour colour, const char *format, ...)
{
	struct cell *cell;
	va_list args;

	must(g->n > 0 && g->at < g->n_columns);
	cell = &g->rows[g->n - 1].cells[g->at++];
	va_start(args, format);
	if (vasprintf(&cell->text, format, args) < 0)
		die("out of memory for a table");
	va_end(args);
	cell->colour = colour;
	for (char *c = cell->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static int
by_key(const void *a, const void *b)
{
	const char *x = ((const struct row *)a)->key, *y = ((const struct row *)b)->key;

	return strcmp(x ? x : "", y ? y : "");
}

void
grid_sort(struct grid *g)
{
	if (g->n > 1)
		qsort(g->rows, g->n, sizeof(*g->rows), by_key);
}

/* Columns on the screen: bytes that do not continue a UTF-8 sequence. */
static size_t
width_of(const char *text)
{
	size_t n = 0;

	for (; text && *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void
print_cell(FILE *out, const char *text, const char *colour, size_t width, bool right, bool last)
{
	size_t have = width_of(text), gap = width > have ? width - have : 0;
	size_t before = right ? gap : 0, after = right || last ? 0 : gap;

	fprintf(out, "%*s%s%s%s%*s%s", (int)before, "", colour ? colour : "", text ? text : "",
	    colour ? "\033[0m" : "", (int)after, "", last ? "\n" : "  ");
}

static const char *
code_of(enum grid_colour colour, bool colours)
{
	static const char *const codes[] = {[GRID_PLAIN] = NULL,
	    [GRID_GOOD] = "\033[32m",
	    [GRID_BAD] = "\033[31m",
	    [GRID_DIM] = "\033[2m"};

	return colours ? codes[colour] : NULL;
}

void
grid_print(const struct grid *g, FILE *out, bool colours, const char *none)
{
	size_t *width = must_calloc(g->n_columns, sizeof(*width));

	for (unsigned k = 0; k < g->n_columns; k++) {
		width[k] = width_of(g->columns[k].title);
		for (size_t i = 0; i < g->n; i++)
			if (width_of(g->rows[i].cells[k].text) > width[k])
				width[k] = width_of(g->rows[i].cells[k].text);
	}
	if (g->n == 0 && none)
		fprintf(out, "%s\n", none);
	for (unsigned k = 0; k < g->n_columns && (g->n > 0 || !none); k++)
		print_cell(out, g->columns[k].title, colours ? "\033[1m" : NULL, width[k],
		    g->columns[k].right, k + 1 == g->n_columns);
	for (size_t i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->n_columns; k++)
			print_cell(out, g->rows[i].cells[k].text,
			    code_of(g->rows[i].cells[k].colour, colours), width[k],
			    g->columns[k].right, k + 1 == g->n_columns);
	free(width);
}
