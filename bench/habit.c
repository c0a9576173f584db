/* SPDX-License-Identifier: Apache-2.0 */
/* The odd ToRs' places, counted from the end of the fleet. */
#include "habit.h"

uint32_t
crowd_unruly(const struct crowd *c)
{
	return c->slow.count + c->flapping.count + c->stalled;
}

uint32_t
crowd_odd(const struct crowd *c)
{
	return crowd_unruly(c) + c->no_add_path + c->ipv4_only + c->no_extended + c->mixed;
}

/* Is place `*at` among the next n? Else it is counted from their end. */
static bool
among(uint32_t *at, uint32_t n)
{
	if (*at < n)
		return true;
	*at -= n;
	return false;
}

struct habit
crowd_habit(const struct crowd *c, uint32_t number, uint32_t tors)
{
	struct habit h = {.pace = HABIT_NORMAL};
	uint32_t odd = crowd_odd(c);

	if (number + odd < tors)
		return h;
	uint32_t at = number + odd - tors;

	if (among(&at, c->slow.count)) {
		h.pace = HABIT_SLOW;
		h.amount = c->slow.amount ? c->slow.amount : HABIT_SLOW_RATE;
	} else if (among(&at, c->flapping.count)) {
		h.pace = HABIT_FLAPPING;
		h.amount = c->flapping.amount ? c->flapping.amount : HABIT_FLAP_MS;
	} else if (among(&at, c->stalled)) {
		h.pace = HABIT_STALLED;
	} else if (among(&at, c->no_add_path)) {
		h.no_add_path = true;
	} else if (among(&at, c->ipv4_only)) {
		h.ipv4_only = true;
	} else if (among(&at, c->no_extended)) {
		h.no_extended = true;
	} else {
		h.no_add_path = at & 1;
		h.ipv4_only = at & 2;
		h.no_extended = at & 4;
	}
	return h;
}
