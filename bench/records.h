/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records made before they are needed, so that what is timed afterwards is their way and not their making:
 * keys and values of a whole change list in a few blocks of memory. Immutable; any thread reads.
 */
#pragma once

#include "encode.h"
#include "scenario.h"

struct records;

/* One record for each object of the list, in its order. Owned. */
struct records *records_new(struct encoder *e, const struct change_list *l) MUST_USE;
void records_free(struct records *r);

size_t records_count(const struct records *r);

/* Record i; its value is borrowed until records_free(). */
void records_get(const struct records *r, size_t i, struct record *out);
