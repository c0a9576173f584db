/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do all threads still go round? Each thread that takes a role has a pulse. The watchdog asks, by waking it where it may be
 * asleep, and the thread answers when its loop comes round: one relaxed load and store. So a thread that waits for work is
 * well, and one that is stuck in it, or on a lock, does not answer.
 *
 * Two stages: who has not answered for `report` is named in the log with its stack, once, and /livez fails; for `abort`: the
 * stacks of all threads, and abort(), since a process that is half dead keeps sessions up with routes that nobody changes any
 * more. Time that the watchdog itself has slept through (a stopped process, a machine that stood still) does not count.
 */
#pragma once

#include "core/must.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- for role_take() and role_drop() ---- */
void pulse_begin(const char *name);
void pulse_end(void);

/* This thread sleeps for longer than a second at times: how to wake it. ctx outlives its pulse. */
void pulse_wakes(void (*wake)(void *ctx), void *ctx);

/* This thread's loop has come round. Costs a load and, when it was asked, a store. */
void pulse_beat(void);

/* ---- the watchdog ---- */

struct pulse_limits {
	uint64_t report_ns;
	uint64_t abort_ns; /* 0: never */
};

enum pulse_verdict { PULSE_WELL, PULSE_STUCK, PULSE_HOPELESS };

/*
 * One look at time now: ask whoever is due, and say how it stands with the worst of them. on_stuck (may be NULL) is called for
 * each thread that has just been found stuck. Call it every PULSE_LOOK_NS; a longer silence of the caller is taken off.
 */
#define PULSE_LOOK_NS 1000000000ull
#define PULSE_ASK_NS  5000000000ull /* how often a thread is asked */
enum pulse_verdict pulse_look(const struct pulse_limits *limits, uint64_t now_ns,
    void (*on_stuck)(void *ctx, const char *name, uint64_t stuck_ns), void *ctx);

/* Some thread has been reported and has not answered since; its name into buf. Any thread. */
bool pulse_is_stuck(char *buf, size_t size, uint64_t *stuck_ns);

/* Start the thread that looks, dumps stacks and aborts; stop it. */
void watchdog_start(const struct pulse_limits *limits);
void watchdog_stop(void);
