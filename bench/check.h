/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares what the ToRs hold with the ground truth: checked ToRs path by path (prefix,
 * identifier, next hop, attributes), counting ToRs by number and digest. A ToR whose capabilities
 * give it less is compared with that: only the IPv4 paths, or exactly one of the model's paths for
 * each prefix. Those that do not read are passed over. Call at a quiet point.
 */
#pragma once

#include "fleet.h"
#include "model.h"

#include <stdint.h>
#include <stdio.h>

struct check_result {
	uint32_t tors, by_path, by_digest; /* tors: compared; by_path and by_digest: how */
	uint32_t excused;                  /* not compared */
	uint32_t wrong;                    /* ToRs that differ in anything */
	uint64_t paths_compared;
	uint64_t missing, extra; /* paths, over all ToRs */
	uint64_t wrong_attributes, wrong_ids;
};

/* Compare all; the first few differences are written to `list` as readable lines. */
void check_fleet(struct fleet *f, const struct model *m, FILE *list, struct check_result *out);

/* The same for the ToRs of one thread; sums into *out. */
void check_tors(struct intake *in, struct tor *const *tors, uint32_t n, const struct model *m,
    FILE *list, struct check_result *out);
