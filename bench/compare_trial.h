/* SPDX-License-Identifier: Apache-2.0 */
/* One contender with its ToRs, while it is measured: what compare_trial.c and compare_change.c share. */
#pragma once

#include "compare.h"
#include "contender.h"
#include "fleet.h"
#include "probe.h"

struct trial {
	struct compare *compare;
	struct compare_row *row;
	struct contender contender;
	struct fleet *fleet;
	struct probes
	    *probes; /* a producer's reports may come until the contender is stopped */
};

/* From now on a ToR is complete when its table is the model's. */
void trial_aim(struct trial *t);

/* Until all are. False: time is over or it failed; the row says why. */
bool trial_wait(struct trial *t, const char *what, struct fleet_status *s) MUST_USE;

/* Time changes of the path into row->change; the ToRs hold the model's table before and after. Or the row says why not. */
void trial_change(struct trial *t);
