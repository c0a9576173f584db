/* SPDX-License-Identifier: Apache-2.0 */
#include "core/waker.h"

#include "core/clock.h"
#include "core/must.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

void
waker_init(struct waker *w)
{
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0)
		die("eventfd: %s", strerror(errno));
	atomic_init(&w->awake, false);
}

void
waker_fini(struct waker *w)
{
	close(w->fd);
	w->fd = -1;
}

void
waker_wake(struct waker *w)
{
	uint64_t one = 1;

	if (atomic_exchange_explicit(&w->awake, true, memory_order_seq_cst))
		return;
	/* The counter cannot overflow: it is written once between two clears. */
	must(write(w->fd, &one, sizeof(one)) == sizeof(one));
}

void
waker_clear(struct waker *w)
{
	uint64_t count;

	/* Empty the eventfd first: a wake after the store writes it anew. */
	if (read(w->fd, &count, sizeof(count)) < 0)
		must(errno == EAGAIN || errno == EINTR);
	/* An exchange, not a store: who was told "already awake" made its news visible before, and
	 * reading its mark is what lets this thread see them. */
	atomic_exchange_explicit(&w->awake, false, memory_order_seq_cst);
}

void
waker_wait(struct waker *w, uint64_t timeout_ns)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	struct timespec ts = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
	    .tv_nsec = (long)(timeout_ns % NS_PER_S)};

	ppoll(&p, 1, timeout_ns == UINT64_MAX ? NULL : &ts, NULL);
	waker_clear(w);
}
