/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the parts of the loader say what is wrong: one line with its place, collected until the
 * list is full. Belongs to one load.
 */
#pragma once

#include "config/config.h"

/* A place in the file, counted from 1; line 0 is the environment. */
struct config_place {
	unsigned line, column;
};

#define CONFIG_ENVIRONMENT "CALICO_ADVERTISE_CLUSTER_IPS"

struct config_report {
	const char *file; /* borrowed: how the text is called in messages */
	struct config_errors *errors;
	struct config_place at[CONFIG_ERRORS_MAX]; /* of each error */
};

/*
 * Add "file:line:column: " and the formatted text, before the errors that stand behind it in
 * the file; line ends become spaces.
 */
void config_report(struct config_report *r, struct config_place at, const char *format, ...)
    PRINTF_LIKE(3);

/* True when nothing was reported yet. */
bool config_report_clean(const struct config_report *r);
