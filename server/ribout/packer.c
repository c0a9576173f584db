/* SPDX-License-Identifier: Apache-2.0 */
#include "ribout/packer.h"

#include "core/clock.h"
#include "core/pulse.h"
#include "ribout/ribout_own.h"

#include <stdio.h>
#include <string.h>

void
packer_init(struct packer *p, struct ribout *r, unsigned index)
{
	struct table *t = ribout_table(r);

	memset(p, 0, sizeof(*p));
	p->ribout = r;
	p->index = index;
	p->seen_barrier = UINT64_MAX;
	waker_init(&p->waker);
	atomic_init(&p->stop, false);
	gather_init(&p->gather, t);
	encoder_init(&p->encoder, t->names);
	table_wakes(t, &p->waker);
}

void
packer_fini(struct packer *p)
{
	gather_fini(&p->gather);
	encoder_fini(&p->encoder);
	waker_fini(&p->waker);
}

/* Sessions that have all paths wait for the barrier too: End-of-RIB. */
static void
pass_on_barrier(struct packer *p) ON_PACKER
{
	struct table *t = ribout_table(p->ribout);
	uint64_t barrier = atomic_load_explicit(&t->barrier, memory_order_acquire);

	if (barrier == p->seen_barrier)
		return;
	p->seen_barrier = barrier;
	ribout_wake_io(p->ribout);
}

bool
packer_round(struct packer *p, uint64_t now_ns)
{
	bool worked = false;

	ribout_reap(p->ribout, p);
	for (struct group *g = ribout_groups_of(p->ribout, p); g; g = g->packer_next)
		worked = group_work(g, &p->gather, &p->encoder, now_ns) || worked;
	pass_on_barrier(p);
	return worked;
}

/* For ever in an idle system; while commits wait for their turn, until the first one's. */
static uint64_t
sleep_ns(struct packer *p) ON_PACKER
{
	uint64_t next = NS_NEVER, now;

	for (struct group *g = ribout_groups_of(p->ribout, p); g; g = g->packer_next) {
		uint64_t at = group_next_ns(g);

		next = at < next ? at : next;
	}
	now = clock_mono_ns();
	if (next == NS_NEVER)
		return NS_NEVER;
	return next > now ? next - now : 0;
}

static void
wake(void *ctx)
{
	struct packer *p = ctx;

	waker_wake(&p->waker);
}

static void *
packer_main(void *arg)
{
	struct packer *p = arg;
	char name[16];

	snprintf(name, sizeof(name), "helio-pack%u", p->index % 100);
	role_take(ROLE_PACKER, name);
	role_is_packer();
	pulse_wakes(wake, p);
	while (!atomic_load_explicit(&p->stop, memory_order_acquire)) {
		pulse_beat();
		if (!packer_round(p, clock_mono_ns()))
			waker_wait(&p->waker, sleep_ns(p));
	}
	ribout_reap(p->ribout, p);
	role_drop();
	return NULL;
}

void
packer_start(struct packer *p)
{
	if (pthread_create(&p->thread, NULL, packer_main, p))
		die("cannot start a packer thread");
}

void
packer_stop(struct packer *p)
{
	atomic_store_explicit(&p->stop, true, memory_order_release);
	waker_wake(&p->waker);
	pthread_join(p->thread, NULL);
}
