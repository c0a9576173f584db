/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/counts.h"

#include "core/must.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum count_type { COUNT_COUNTER, COUNT_GAUGE };

static const struct {
	const char *family, *labels;
	enum count_type type;
	const char *help;
} rows[COUNT_IDS] = {
#define COUNT(id, family, labels, type, help) {family, labels, type, help},
#include "feed/counts.def"
#undef COUNT
};

/* No order is asked of them: each is a number by itself. */
static _Atomic int64_t values[COUNT_IDS];

void
counts_add(enum count_id id, int64_t n)
{
	atomic_fetch_add_explicit(&values[id], n, memory_order_relaxed);
}

void
counts_set(enum count_id id, int64_t value)
{
	atomic_store_explicit(&values[id], value, memory_order_relaxed);
}

int64_t
counts_read(enum count_id id)
{
	return atomic_load_explicit(&values[id], memory_order_relaxed);
}

char *
counts_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("out of memory");
	for (unsigned i = 0; i < COUNT_IDS; i++) {
		bool counter = rows[i].type == COUNT_COUNTER, labels = rows[i].labels[0];

		if (i == 0 || strcmp(rows[i].family, rows[i - 1].family) != 0)
			fprintf(out, "# TYPE heliofeed_%s %s\n# HELP heliofeed_%s %s\n",
			    rows[i].family, counter ? "counter" : "gauge", rows[i].family,
			    rows[i].help);
		fprintf(out, "heliofeed_%s%s%s%s%s %" PRId64 "\n", rows[i].family,
		    counter ? "_total" : "", labels ? "{" : "", rows[i].labels,
		    labels ? "}" : "", counts_read((enum count_id)i));
	}
	fputs("# TYPE heliofeed_build info\n# HELP heliofeed_build The program's version\n"
	      "heliofeed_build_info{version=\"" HELIO_VERSION "\"} 1\n# EOF\n",
	    out);
	fclose(out);
	return text;
}
