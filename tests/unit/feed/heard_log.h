/* SPDX-License-Identifier: Apache-2.0 */
/* What is logged between log_begin() and log_end(), for a test to look at: stderr is another file meanwhile. */
#pragma once

#include "build.h"

#include <stdio.h>
#include <unistd.h>

struct heard_log {
	int kept, file;
	char text[4000];
};

static inline void
log_begin(struct heard_log *l)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	memset(l->text, 0, sizeof(l->text));
	l->file = dup(fileno(file));
	l->kept = dup(STDERR_FILENO);
	fclose(file);
	assert_true(l->file >= 0 && l->kept >= 0);
	assert_true(dup2(l->file, STDERR_FILENO) >= 0);
}

static inline void
log_end(struct heard_log *l)
{
	assert_true(dup2(l->kept, STDERR_FILENO) >= 0);
	assert_true(pread(l->file, l->text, sizeof(l->text) - 1, 0) >= 0);
	close(l->kept);
	close(l->file);
}

static inline unsigned
times(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}
