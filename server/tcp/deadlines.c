/* SPDX-License-Identifier: Apache-2.0 */
#include "tcp/deadlines.h"

#include "core/must.h"

#include <stdlib.h>

static void
place(struct deadlines *s, uint32_t i, struct deadline *d)
{
	s->heap[i] = d;
	d->slot = i + 1;
}

static void
sift_up(struct deadlines *s, uint32_t i, struct deadline *d)
{
	while (i > 0 && s->heap[(i - 1) / 2]->at > d->at) {
		place(s, i, s->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(s, i, d);
}

static void
sift_down(struct deadlines *s, uint32_t i, struct deadline *d)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child + 1 < s->n && s->heap[child + 1]->at < s->heap[child]->at)
			child++;
		if (child >= s->n || s->heap[child]->at >= d->at)
			break;
		place(s, i, s->heap[child]);
		i = child;
	}
	place(s, i, d);
}

static void
arm(struct deadlines *s)
{
	uint64_t now, wait;
	struct timeval tv;

	if (s->n == 0 || s->heap[0]->at >= s->armed_at)
		return;
	s->armed_at = s->heap[0]->at;
	now = clock_mono_ns();
	/* Rounded up: a timer that fires early would find nothing due and spin. */
	wait = s->armed_at > now ? (s->armed_at - now) / 1000 + 1 : 0;
	tv.tv_sec = (time_t)(wait / 1000000);
	tv.tv_usec = (suseconds_t)(wait % 1000000);
	evtimer_add(&s->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct deadlines *s = arg;
	uint64_t now = clock_mono_ns();

	(void)fd, (void)what;
	s->armed_at = 0; /* while due ones are served, what they set does not arm the timer */
	while (s->n && s->heap[0]->at <= now) {
		struct deadline *d = s->heap[0];

		deadline_clear(s, d);
		d->on_due(d, now);
	}
	s->armed_at = NS_NEVER;
	arm(s);
}

void
deadlines_init(struct deadlines *s, struct event_base *base)
{
	*s = (struct deadlines){.armed_at = NS_NEVER};
	evtimer_assign(&s->timer, base, on_timer, s);
}

void
deadlines_fini(struct deadlines *s)
{
	must(s->n == 0);
	evtimer_del(&s->timer);
	free(s->heap);
}

void
deadline_clear(struct deadlines *s, struct deadline *d)
{
	uint32_t i = d->slot - 1;
	struct deadline *last;

	if (!d->slot)
		return;
	d->slot = 0;
	last = s->heap[--s->n];
	if (last == d)
		return;
	if (i > 0 && s->heap[(i - 1) / 2]->at > last->at)
		sift_up(s, i, last);
	else
		sift_down(s, i, last);
}

void
deadline_set(struct deadlines *s, struct deadline *d, uint64_t at)
{
	deadline_clear(s, d);
	if (at == NS_NEVER)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->heap = must_realloc(s->heap, s->cap * sizeof(struct deadline *));
	}
	d->at = at;
	sift_up(s, s->n++, d);
	arm(s);
}

void
deadline_set_lazily(struct deadlines *s, struct deadline *d, uint64_t at)
{
	if (!d->slot || at < d->at)
		deadline_set(s, d, at);
}
