/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON Schema (draft 7), one property per row of config.def. It refuses unknown keys, wrong
 * types, words and numbers out of bounds; what needs more than one value, or a parser (a prefix with
 * host bits, say), --check alone finds. An editor, and the Helm chart's values.schema.json, use it.
 */
#include "config/config.h"
#include "config/rows.h"
#include "core/json_out.h"

#include <string.h>

static void put_section(struct json_out *j, enum config_section section);

static void
put_words(struct json_out *j, const char *words)
{
	json_begin_array(j, "enum");
	while (*words) {
		size_t n = strcspn(words, " ");

		json_strn(j, NULL, words, n);
		words += words[n] ? n + 3 : n;
	}
	json_end(j);
}

/* Both are what YAML makes of it: 90 and "90s", 64512 and "1.10", 7 and "r7". */
static void
put_text_or_integer(struct json_out *j)
{
	json_begin_array(j, "type");
	json_str(j, NULL, "string");
	json_str(j, NULL, "integer");
	json_end(j);
}

static void
put_string(struct json_out *j, const char *pattern)
{
	json_str(j, "type", "string");
	if (pattern)
		json_str(j, "pattern", pattern);
	else
		json_u64(j, "minLength", 1);
}

/* The type of one value of a row. */
static void
put_value(struct json_out *j, const struct config_row *row)
{
	switch (row->type) {
	case CONFIG_BOOL:
		json_str(j, "type", "boolean");
		return;
	case CONFIG_NUMBER:
	case CONFIG_OPTION:
		json_str(j, "type", "integer");
		json_u64(j, "minimum", row->min);
		json_u64(j, "maximum", row->max);
		return;
	case CONFIG_WORD:
	case CONFIG_FAMILY:
		json_str(j, "type", "string");
		put_words(j, row->unit);
		return;
	case CONFIG_DURATION:
	case CONFIG_SIZE:
	case CONFIG_ASN:
	case CONFIG_TEXT:
	case CONFIG_NAME:
		put_text_or_integer(j);
		return;
	case CONFIG_PREFIX:
		put_string(j, "^[0-9A-Fa-f.:]+/[0-9]+$");
		return;
	case CONFIG_ENDPOINT:
		put_string(
		    j, row->flags & CONFIG_NONE_OK ? "^(none|.+:[0-9]+)$" : "^.+:[0-9]+$");
		return;
	case CONFIG_SERVER:
		put_string(j, "^.+:[0-9]+$");
		return;
	case CONFIG_PAIR: /* a librdkafka property: any scalar, given on as it is written */
		json_begin_array(j, "type");
		json_str(j, NULL, "string");
		json_str(j, NULL, "number");
		json_str(j, NULL, "boolean");
		json_end(j);
		return;
	case CONFIG_SUB:
		put_section(j, row->sub);
		return;
	case CONFIG_PATH:
	case CONFIG_ADDRESS:
	case CONFIG_ROUTER_ID:
	case CONFIG_COMMUNITY:
	case CONFIG_SELECTOR:
	case CONFIG_TYPE_COUNT:
		put_string(j, NULL);
		return;
	}
}

static void
put_list(struct json_out *j, const struct config_row *row)
{
	json_str(j, "type", "array");
	if ((row->flags & CONFIG_REQUIRED) && row->type != CONFIG_SUB)
		json_u64(j, "minItems", 1);
	json_begin_object(j, "items");
	put_value(j, row);
	json_end(j);
}

static void
put_either(struct json_out *j, const struct config_row *row)
{
	json_begin_array(j, "anyOf");
	json_begin_object(j, NULL);
	put_value(j, row);
	json_end(j);
	json_begin_object(j, NULL);
	put_list(j, row);
	json_end(j);
	json_end(j);
}

static void
put_row(struct json_out *j, const struct config_row *row)
{
	json_begin_object(j, row->key);
	json_str(j, "description", row->help);
	if (row->shape == CONFIG_ONE && row->type != CONFIG_SUB && *row->dflt &&
	    !(row->flags & CONFIG_PROSE))
		json_str(j, "default", row->dflt);
	if (row->shape == CONFIG_LIST) {
		put_list(j, row);
	} else if (row->shape == CONFIG_ONE_OR_LIST) {
		put_either(j, row);
	} else if (row->shape == CONFIG_MAP || row->shape == CONFIG_NAMED) {
		json_str(j, "type", "object");
		json_begin_object(j, "additionalProperties");
		put_value(j, row);
		json_end(j);
	} else {
		put_value(j, row);
	}
	json_end(j);
}

static void
put_section(struct json_out *j, enum config_section section)
{
	json_str(j, "type", "object");
	json_bool(j, "additionalProperties", false);
	json_begin_array(j, "required");
	for (unsigned i = 0; i < config_row_count; i++)
		if (config_rows[i].section == section &&
		    (config_rows[i].flags & CONFIG_REQUIRED))
			json_str(j, NULL, config_rows[i].key);
	json_end(j);
	json_begin_object(j, "properties");
	for (unsigned i = 0; i < config_row_count; i++)
		if (config_rows[i].section == section)
			put_row(j, &config_rows[i]);
	json_end(j);
}

void
config_print_schema(config_sink *sink, void *ctx)
{
	struct json_out j;

	json_out_init(&j, sink, ctx);
	json_begin_object(&j, NULL);
	json_str(&j, "$schema", "http://json-schema.org/draft-07/schema#");
	json_str(&j, "title", "Heliograph's configuration");
	put_section(&j, SECTION_config);
	json_end(&j);
	json_out_flush(&j);
	sink(ctx, "\n", 1);
}
