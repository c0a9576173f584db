/* SPDX-License-Identifier: Apache-2.0 */
/* The ribout's list of groups, for its packers. */
#pragma once

#include "ribout/packer.h"

/* First of the packer's groups; the list changes at its head only, but for ribout_reap(). */
struct group *ribout_groups_of(struct ribout *r, const struct packer *p) ON_PACKER;

/* Free the packer's groups that have no member. */
void ribout_reap(struct ribout *r, struct packer *p) ON_PACKER;

/* One round of all packers on the calling thread: for tests and the simulator, where no packer
 * thread runs. A second passes at each call, so that no commit waits for its turn. True: there
 * may be more to do. */
bool ribout_work(struct ribout *r) ON_PACKER;
