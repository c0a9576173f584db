/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator has ordered of the RIB as a whole, and the file in which the order outlives the process:
 * whoever froze the routes during an incident must not find them moving because a pod was restarted.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mode {
	MODE_NORMAL,
	MODE_NO_WITHDRAW, /* additions flow, nothing is withdrawn */
	MODE_FROZEN,      /* nothing changes, in either direction */
	MODES
};
extern const char *const mode_names[MODES]; /* "normal", "no-withdraw", "frozen" */

#define MODE_FILE       "mode" /* under state_dir */
#define MODE_REASON_MAX 200

struct mode_order {
	enum mode mode;
	uint64_t since_ms;            /* wall clock, ms since 1970; 0: never ordered */
	char reason[MODE_REASON_MAX]; /* the operator's words, one line; "" if none */
};

/* The mode of this name; false: there is none. */
bool mode_parse(const char *name, enum mode *out) MUST_USE;

/*
 * Read the file; one that is not there is MODE_NORMAL. False: it cannot be read or is not such a file; then *out is
 * MODE_NO_WITHDRAW, which is safe whatever was ordered, and why (size bytes) says what to do. Any thread.
 */
bool mode_load(const char *path, struct mode_order *out, char *why, size_t size) MUST_USE;

/* Write it whole or not at all, and to the disk. False: why says what is wrong. Any thread. */
bool
mode_store(const char *path, const struct mode_order *order, char *why, size_t size) MUST_USE;
