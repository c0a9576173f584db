/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a ToR differs from a healthy one that offers everything: how it reads, and which
 * capabilities its OPEN leaves out. A crowd says how many there are of each kind; the odd ones
 * are the fleet's last, in the order of the struct, so that ToR n's habit is a function of n.
 */
#pragma once

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

#define HABIT_SLOW_RATE   1000000u /* bytes/s where none was asked for */
#define HABIT_FLAP_MS     1000u
#define HABIT_SOCKET_ROOM 32768 /* receive buffer: what is not read must stay with the target */

enum habit_pace {
	HABIT_NORMAL,
	HABIT_SLOW,    /* reads at most `amount` bytes a second */
	HABIT_STALLED, /* reads nothing once it is Established; still sends KEEPALIVEs */
	HABIT_FLAPPING /* closes without a word after `amount` ms, and comes back */
};

struct habit {
	enum habit_pace pace;
	uint32_t amount;
	bool no_add_path, ipv4_only, no_extended;
};

struct crowd {
	struct option_pair slow, flapping; /* amount: bytes/s, ms; 0: the default above */
	uint32_t stalled;
	uint32_t no_add_path, ipv4_only, no_extended;
	uint32_t mixed; /* all eight combinations of the three, in turn */
};

/* ToRs that do not behave, and those that are odd in any way. */
uint32_t crowd_unruly(const struct crowd *c);
uint32_t crowd_odd(const struct crowd *c);

/* The habit of ToR `number` of `tors`. */
struct habit crowd_habit(const struct crowd *c, uint32_t number, uint32_t tors);
