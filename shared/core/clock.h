/* SPDX-License-Identifier: Apache-2.0 */
/* Time is an argument everywhere but here. Monotonic for intervals, wall for what people and records read. */
#pragma once

#include <stdint.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define NS_NEVER  UINT64_MAX /* a deadline that never comes */

uint64_t clock_mono_ns(void); /* CLOCK_MONOTONIC, ns */
uint64_t clock_wall_ns(void); /* CLOCK_REALTIME, ns since 1970 */
