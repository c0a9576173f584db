/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/mode.h"

#include "core/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD     "heliograph mode 1"
#define TEXT_MAX 512

const char *const mode_names[MODES] = {
    [MODE_NORMAL] = "normal", [MODE_NO_WITHDRAW] = "no-withdraw", [MODE_FROZEN] = "frozen"};

bool
mode_parse(const char *name, enum mode *out)
{
	for (int m = 0; m < MODES; m++)
		if (strcmp(name, mode_names[m]) == 0) {
			*out = (enum mode)m;
			return true;
		}
	return false;
}

static bool
parse(char *text, struct mode_order *out)
{
	char *rest = text, *head = strsep(&rest, "\n"), *mode = strsep(&rest, "\n");
	char *since = strsep(&rest, "\n"), *reason = strsep(&rest, "\n");

	if (!reason || strcmp(head, HEAD) != 0 || !mode_parse(mode, &out->mode) ||
	    sscanf(since, "%" SCNu64, &out->since_ms) != 1)
		return false;
	snprintf(out->reason, sizeof(out->reason), "%s", reason);
	return true;
}

bool
mode_load(const char *path, struct mode_order *out, char *why, size_t size)
{
	char text[TEXT_MAX];
	FILE *f = fopen(path, "re");
	size_t n;

	*out = (struct mode_order){.mode = MODE_NORMAL};
	if (!f && errno == ENOENT)
		return true;
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	if (f)
		fclose(f);
	if (f && parse(text, out))
		return true;
	*out = (struct mode_order){.mode = MODE_NO_WITHDRAW};
	snprintf(why, size,
	    "%s: %s; withdrawals are held until you say helioctl resume, freeze or no-withdraw",
	    path, f ? "not a file of ours" : strerror(errno));
	return false;
}

bool
mode_store(const char *path, const struct mode_order *order, char *why, size_t size)
{
	char text[TEXT_MAX];
	int n = snprintf(text, sizeof(text), HEAD "\n%s\n%" PRIu64 "\n%s\n",
	    mode_names[order->mode], order->since_ms, order->reason);

	must(n > 0 && (size_t)n < sizeof(text));
	return file_replace(path, text, (size_t)n, why, size);
}
