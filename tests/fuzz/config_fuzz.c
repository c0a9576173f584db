/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a configuration file: it loads and prints, or is refused with at least one reason. */
#include "config/config.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
swallow(void *ctx, const char *text, size_t n)
{
	(void)text;
	*(size_t *)ctx += n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_errors errors;
	struct config *c = config_load_text("fuzz", (const char *)data, size, &errors);
	size_t printed = 0;

	must(c || errors.len > 0);
	if (c)
		config_print_effective(c, swallow, &printed);
	config_free(c);
	return 0;
}
