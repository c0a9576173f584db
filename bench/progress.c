/* SPDX-License-Identifier: Apache-2.0 */
/* One line that is drawn over itself. */
#include "progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define BAR_CELLS 30

static bool shown;

void
progress_show(const char *what, uint64_t done, uint64_t total)
{
	char bar[BAR_CELLS + 1];
	unsigned cells =
	    total && done < total ? (unsigned)(done * BAR_CELLS / total) : BAR_CELLS;

	if (!isatty(STDERR_FILENO))
		return;
	for (unsigned i = 0; i < BAR_CELLS; i++)
		bar[i] = i < cells ? '#' : '.';
	bar[BAR_CELLS] = '\0';
	fprintf(stderr, "\r\033[K%-28s [%s] %llu / %llu", what, bar, (unsigned long long)done,
	    (unsigned long long)total);
	fflush(stderr);
	shown = true;
}

void
progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}
