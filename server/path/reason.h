/* SPDX-License-Identifier: Apache-2.0 */
/* The reasons of reason.def as an enum and a table. Constant; any thread. */
#pragma once

enum reason {
#define REASON(id, name, sentence) REASON_##id,
#include "path/reason.def"
#undef REASON
	REASON_COUNT
};

struct reason_row {
	const char *name; /* "covered_by_aggregate": for programs */
	const char
	    *sentence; /* "has no host route: ...": follows the name of what it speaks of */
};

extern const struct reason_row reason_rows[REASON_COUNT];
