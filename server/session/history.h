/* SPDX-License-Identifier: Apache-2.0 */
/* Writing into a session's history: one writer (the io thread), any readers of the counters. */
#pragma once

#include "session/session.h"

#include <stdarg.h>
#include <stdio.h>

static inline void
history_add(_Atomic uint64_t *counter, uint64_t n)
{
	/* One writer: a plain add, without a locked instruction. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

/* Write a sentence for people; what does not fit is cut. */
static inline void __attribute__((format(printf, 2, 3)))
history_say(char text[SESSION_TEXT_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, SESSION_TEXT_MAX, format, args);
	va_end(args);
}
