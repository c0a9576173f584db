/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at the fleet from outside: its sums, waiting for it, and the caller's own look at its ToRs. */
#include "fleet_thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
add_counts(struct tor_counts *sum, const struct tor_counts *c)
{
	sum->bytes += c->bytes;
	sum->messages += c->messages;
	sum->updates += c->updates;
	sum->announced += c->announced;
	sum->withdrawn += c->withdrawn;
	sum->withdrawn_unknown += c->withdrawn_unknown;
	sum->replaced += c->replaced;
	sum->id_mismatch += c->id_mismatch;
}

static void
order_status(struct fleet_thread *th, void *ctx)
{
	struct fleet_status *s = ctx;

	s->complete += atomic_load(&th->complete);
	s->others_complete += atomic_load(&th->others_complete);
	s->disconnects += th->disconnects;
	if (th->first_update_ns &&
	    (!s->first_update_ns || th->first_update_ns < s->first_update_ns))
		s->first_update_ns = th->first_update_ns;
	if (th->last_complete_ns > s->last_complete_ns)
		s->last_complete_ns = th->last_complete_ns;
	if (th->others_last_complete_ns > s->others_last_complete_ns)
		s->others_last_complete_ns = th->others_last_complete_ns;
	if (th->last_established_ns > s->last_established_ns)
		s->last_established_ns = th->last_established_ns;
	if (!s->trouble[0])
		memcpy(s->trouble, th->trouble, sizeof(s->trouble));
	for (uint32_t i = 0; i < th->count; i++) {
		const struct tor *t = &th->links[i].tor;

		s->established += t->state == TOR_ESTABLISHED;
		s->with_eor += tor_has_eor(t);
		s->paths += t->paths;
		if (th->links[i].timed && t->last_update_ns > s->last_update_ns)
			s->last_update_ns = t->last_update_ns;
		if (th->links[i].timed)
			s->timed_paths_moved += t->counts.announced + t->counts.withdrawn;
		add_counts(&s->counts, &t->counts);
	}
}

struct each {
	fleet_fn *fn;
	void *ctx;
};

static void
order_each(struct fleet_thread *th, void *ctx)
{
	const struct each *e = ctx;
	struct tor **list = must_calloc(th->count + 1, sizeof(struct tor *));

	for (uint32_t i = 0; i < th->count; i++)
		list[i] = &th->links[i].tor;
	e->fn(e->ctx, &th->intake, list, th->count);
	free(list);
}

void
fleet_read_status(struct fleet *f, struct fleet_status *out)
{
	memset(out, 0, sizeof(*out));
	fleet_give_order(f, order_status, out);
}

void
fleet_each(struct fleet *f, fleet_fn *fn, void *ctx)
{
	struct each e = {.fn = fn, .ctx = ctx};

	fleet_give_order(f, order_each, &e);
}

static bool
all_complete(const struct fleet *f)
{
	for (uint32_t i = 0; i < f->options.threads; i++)
		if (atomic_load(&f->threads[i].complete) < f->threads[i].timed)
			return false;
	return true;
}

/* Stalled ones cannot be waited for while they are; in a fleet that behaves they are slow at most. */
static bool
others_complete(const struct fleet *f)
{
	for (uint32_t i = 0; i < f->options.threads; i++) {
		const struct fleet_thread *th = &f->threads[i];
		uint32_t wanted = th->unruly;

		for (uint32_t k = 0; k < th->count && th->misbehaving; k++)
			wanted -= th->links[k].tor.habit.pace == HABIT_STALLED;
		if (atomic_load(&th->others_complete) < wanted)
			return false;
	}
	return true;
}

static bool
wait_until(struct fleet *f, bool (*complete)(const struct fleet *), unsigned timeout_ms,
    struct fleet_status *out)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&f->lock);
	while (!(done = complete(f)))
		if (pthread_cond_timedwait(&f->changed, &f->lock, &until) == ETIMEDOUT) {
			done = complete(f);
			break;
		}
	pthread_mutex_unlock(&f->lock);
	/* Not everybody's end signals; but asked before the look, because a status from before the
	 * end must not go with a true. */
	done = done || complete(f);
	fleet_read_status(f, out);
	return done;
}

bool
fleet_wait(struct fleet *f, unsigned timeout_ms, struct fleet_status *out)
{
	return wait_until(f, all_complete, timeout_ms, out);
}

bool
fleet_wait_others(struct fleet *f, unsigned timeout_ms, struct fleet_status *out)
{
	return wait_until(f, others_complete, timeout_ms, out);
}

double
fleet_cpu_seconds(struct fleet *f)
{
	double sum = 0;

	for (uint32_t i = 0; i < f->options.threads; i++) {
		struct timespec t;
		clockid_t clock;

		if (pthread_getcpuclockid(f->threads[i].id, &clock) == 0 &&
		    clock_gettime(clock, &t) == 0)
			sum += (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	}
	return sum;
}
