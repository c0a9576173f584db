/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One path's two UPDATEs: what withdraws it and what announces it, byte for byte as a wireset of the same form
 * has its paths. What a change costs is measured with them. Immutable once made; any thread may read it.
 */
#pragma once

#include "core/must.h"
#include "model.h"
#include "wireset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIREPATH_MAX 128 /* an announcement has 67 octets, a withdrawal 32 */

struct wirepath {
	uint8_t bytes[2][WIREPATH_MAX]; /* by: it is there afterwards */
	size_t size[2];
};

/* An IPv4 path; its identifier is the next hop's address. */
void wirepath_init(
    struct wirepath *w, const struct model_path *path, const struct wireset_format *f);

/* False, with errno: the file cannot be written, or does not hold what wirepath_save() writes. */
bool wirepath_save(const struct wirepath *w, const char *file) MUST_USE;
bool wirepath_load(struct wirepath *w, const char *file) MUST_USE;
