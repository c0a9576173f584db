/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resources that are followed: where the API serves them, and which of their fields are not
 * written to the stream. Constant tables, made from source.def.
 */
#pragma once

#include "feed/filter.h"
#include "schema/key.h"

enum source_id {
#define SOURCE(resource, path, older_path, need, form, rules) SOURCE_##resource,
#include "feed/source.def"
#undef SOURCE
	SOURCE_COUNT
};

enum source_need { SOURCE_NEEDED, SOURCE_MAY_BE_ABSENT, SOURCE_MAY_BE_DENIED };
enum source_form { FORM_PROTOBUF, FORM_JSON };

struct source {
	enum resource resource;
	const char *path, *older_path;
	enum source_need need;
	enum source_form form;
	/* What the stream does not need, without and with most annotations left out. */
	const struct filter_rule *stored, *stored_no_annotations;
	/* Beyond that, what may change without the object having changed for anybody. */
	const struct filter_rule *compared;
};

extern const struct source sources[SOURCE_COUNT];
