/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wakes one thread from any other: an eventfd that is written only when the thread is not
 * already going to look. The sleeper clears it before it looks for work, so that news that
 * comes while it looks wakes it again.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct waker {
	int fd; /* readable while woken; for poll or libevent */
	_Atomic bool awake;
};

void waker_init(struct waker *w);
void waker_fini(struct waker *w);
void waker_wake(struct waker *w);  /* any thread; never blocks */
void waker_clear(struct waker *w); /* the sleeper, before it looks for work */

/* Sleep until woken or until timeout_ns has passed (UINT64_MAX: for ever); then clear. */
void waker_wait(struct waker *w, uint64_t timeout_ns);
