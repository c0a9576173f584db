/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded cursor over the fields of one protobuf message, which it neither copies nor
 * interprets: what stands in the API's answers is taken apart as far as needed and no further.
 * Pure; any thread. Groups, which proto3 and the Kubernetes API do not have, are malformed.
 */
#pragma once

#include "core/must.h"
#include "schema/value.h"

#include <stdbool.h>
#include <stdint.h>

enum pb_wire { PB_VARINT = 0, PB_64 = 1, PB_BYTES = 2, PB_32 = 5 };

struct pb_in {
	const uint8_t *at, *end;
};

struct pb_field {
	uint32_t number;
	uint8_t wire;            /* enum pb_wire */
	uint64_t varint;         /* of PB_VARINT */
	struct value_span bytes; /* of PB_BYTES, borrowed; at is NULL for the others */
	struct value_span tag;   /* the tag as it was written */
	struct value_span whole; /* tag, length and value */
};

enum pb_next { PB_FIELD, PB_END, PB_BAD };

static inline struct pb_in
pb_in(struct value_span message)
{
	return (struct pb_in){
	    .at = message.at, .end = message.n ? message.at + message.n : message.at};
}

/* The next field, or the end, or malformed (then the cursor stays where it was). */
enum pb_next pb_next(struct pb_in *in, struct pb_field *out) MUST_USE;

/*
 * Collect fields of bytes by number: out[i] is the last one numbered numbers[i], or absent (at is
 * NULL). False: the message is malformed.
 */
bool pb_collect(struct value_span message, const uint32_t *numbers, struct value_span *out,
    unsigned n) MUST_USE;

/* Write n as a varint of the fewest bytes; returns how many (at most 10). */
size_t pb_put_varint(uint8_t *out, uint64_t n);
