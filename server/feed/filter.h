/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves fields out of a protobuf message by number and copies all others byte by byte, those
 * that this program has never heard of too. What is left out is a table of rules, so that a
 * newer API needs no newer program. Pure; the output is never longer than the input.
 */
#pragma once

#include "core/must.h"
#include "schema/value.h"

#include <stdbool.h>

enum filter_act {
	FILTER_DROP,
	FILTER_INTO, /* the field is a message: its own rules are in `inside` */
	FILTER_KEYS  /* one entry of a map<string, ...>: stays if its key is a kept one */
};

/* A table ends with a row whose field is 0. Nesting is as deep as the tables, not as the input. */
struct filter_rule {
	uint32_t field;
	enum filter_act act;
	const struct filter_rule *inside;
};

/* What FILTER_KEYS keeps: keys that begin with one of these. NULL: all. */
struct filter_keys {
	const char *const *prefixes;
	unsigned n;
};

/*
 * Copy the message to out (room for message.n bytes) without what the rules leave out; *out_len
 * is what it came to. False: malformed, out is garbage.
 */
bool filter_apply(const struct filter_rule *rules, const struct filter_keys *keys,
    struct value_span message, uint8_t *out, size_t *out_len) MUST_USE;
