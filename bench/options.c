/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over argv; one row decides how a value is read and how its default is printed. */
#include "options.h"

#include "endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
read_number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static bool
read_pair(const char *text, struct option_pair *out)
{
	const char *colon = strchr(text, ':');
	char count[16];
	uint64_t n, amount = 0;

	snprintf(count, sizeof(count), "%.*s", colon ? (int)(colon - text) : 15, text);
	if (!read_number(count, &n) || n > UINT32_MAX)
		return false;
	if (colon && (!read_number(colon + 1, &amount) || amount == 0 || amount > UINT32_MAX))
		return false;
	*out = (struct option_pair){.count = (uint32_t)n, .amount = (uint32_t)amount};
	return true;
}

static bool
bad_value(const struct option_row *r, const char *text)
{
	fprintf(stderr, "heliobench: --%s %s: expected %s", r->name, text,
	    r->argument ? r->argument : "a value");
	if (r->type == OPTION_U32 && r->high)
		fprintf(stderr, " from %u to %u", r->low, r->high);
	fputc('\n', stderr);
	return false;
}

static bool
take_value(const struct option_row *r, const char *text)
{
	uint64_t n;

	switch (r->type) {
	case OPTION_U32:
		if (!read_number(text, &n) || n > UINT32_MAX || n < r->low ||
		    (r->high && n > r->high))
			return bad_value(r, text);
		*(uint32_t *)r->value = (uint32_t)n;
		return true;
	case OPTION_U64:
		if (!read_number(text, &n))
			return bad_value(r, text);
		*(uint64_t *)r->value = n;
		return true;
	case OPTION_PAIR:
		return read_pair(text, r->value) || bad_value(r, text);
	case OPTION_TEXT:
		*(const char **)r->value = text;
		return true;
	case OPTION_ADDRESS:
		return ip_parse(text, r->value) || bad_value(r, text);
	case OPTION_ENDPOINT:
		return endpoint_parse(text, r->value) || bad_value(r, text);
	case OPTION_OUTPUT:
		*(bool *)r->value = strcmp(text, "json") == 0;
		return *(bool *)r->value || strcmp(text, "table") == 0 || bad_value(r, text);
	case OPTION_FLAG:
	case OPTION_END:
		break;
	}
	must(false); /* only types that take a value come here */
	return false;
}

static void
print_default(const struct option_row *r)
{
	char buf[ENDPOINT_TEXT_MAX];

	switch (r->type) {
	case OPTION_U32:
		printf(" [%u]", *(const uint32_t *)r->value);
		break;
	case OPTION_U64:
		if (*(const uint64_t *)r->value == UINT64_MAX)
			printf(" [all]");
		else
			printf(" [%llu]", (unsigned long long)*(const uint64_t *)r->value);
		break;
	case OPTION_PAIR:
		printf(" [%u]", ((const struct option_pair *)r->value)->count);
		break;
	case OPTION_TEXT:
		if (*(const char *const *)r->value)
			printf(" [%s]", *(const char *const *)r->value);
		break;
	case OPTION_ADDRESS:
		printf(" [%s]", ip_text(r->value, buf));
		break;
	case OPTION_ENDPOINT:
		printf(" [%s]", endpoint_text(r->value, buf));
		break;
	case OPTION_FLAG:
	case OPTION_OUTPUT:
	case OPTION_END:
		break;
	}
}

static void
print_help(const char *summary, const struct option_row *rows)
{
	printf("%s\n\nOptions:\n", summary);
	for (const struct option_row *r = rows; r->type != OPTION_END; r++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%s %s", r->type == OPTION_OUTPUT ? "-" : "--",
		    r->name, r->argument ? r->argument : "");
		printf("  %-26s %s", left, r->help);
		print_default(r);
		putchar('\n');
	}
}

static const struct option_row *
find_row(const struct option_row *rows, const char *name, size_t n, bool one_dash)
{
	for (const struct option_row *r = rows; r->type != OPTION_END; r++)
		if (strlen(r->name) == n && strncmp(r->name, name, n) == 0 &&
		    one_dash == (r->type == OPTION_OUTPUT))
			return r;
	return NULL;
}

enum options_result
options_parse(int argc, char **argv, const char *summary, const struct option_row *rows)
{
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		bool one_dash = arg[0] == '-' && arg[1] != '-';
		const char *name = arg + (one_dash ? 1 : 2);
		const char *equals = strchr(arg, '=');

		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
			print_help(summary, rows);
			return OPTIONS_HELP;
		}
		const struct option_row *r =
		    arg[0] == '-' && arg[1] != '\0'
		        ? find_row(rows, name, equals ? (size_t)(equals - name) : strlen(name),
		              one_dash)
		        : NULL;

		if (!r) {
			fprintf(stderr, "heliobench: %s: no such option (--help lists them)\n",
			    arg);
			return OPTIONS_BAD;
		}
		if (r->type == OPTION_FLAG && !equals) {
			*(bool *)r->value = true;
			continue;
		}
		const char *value = equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;

		if (!value || r->type == OPTION_FLAG) {
			fprintf(stderr, "heliobench: --%s: %s\n", r->name,
			    value ? "takes no value" : "needs a value");
			return OPTIONS_BAD;
		}
		if (!take_value(r, value))
			return OPTIONS_BAD;
	}
	return OPTIONS_OK;
}
