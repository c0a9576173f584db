/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One contender from its start to its end: whole tables to all ToRs, timed. A work is done when every ToR holds
 * exactly the model's paths with the attributes that a reflector's client gets; so nobody is measured
 * who does less than the others.
 */
#include "compare_trial.h"

#include "core/clock.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_SLICE_MS 100
#define SETTLE_MS     500 /* between two works: what was put off is done, what was closed is gone */
#define FIRST_TOR     0x7f010001u /* 127.1.0.1 */

static void
settle(void)
{
	struct timespec nap = {.tv_nsec = SETTLE_MS * 1000000l};

	nanosleep(&nap, NULL);
}

static double
own_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool
trial_wait(struct trial *t, const char *what, struct fleet_status *s)
{
	const struct compare *c = t->compare;
	uint64_t until = clock_mono_ns() + c->timeout_s * NS_PER_S;
	char *failure = t->row->failure;
	bool done = false;

	while (!(done = fleet_wait(t->fleet, WAIT_SLICE_MS, s))) {
		progress_show(what, s->paths, c->model->count * c->tors);
		if (compare_interrupted || contender_failed(&t->contender, failure) ||
		    clock_mono_ns() >= until)
			break;
	}
	progress_clear();
	if (done || failure[0])
		return done;
	snprintf(failure, DAEMON_ERROR_MAX,
	    "%s: %s %u s %u of %u ToRs had the whole table; %u were established, all together held %.1f %% of "
	    "the paths, sessions ended %u times%s%.200s",
	    what, compare_interrupted ? "stopped; within" : "after", c->timeout_s, s->complete,
	    c->tors, s->established,
	    100 * compare_ratio((double)s->paths, (double)c->model->count * c->tors),
	    s->disconnects, s->trouble[0] ? "; " : "", s->trouble);
	return false;
}

void
trial_aim(struct trial *t)
{
	const struct model *m = t->compare->model;
	const struct fleet_target target = {
	    .paths = m->count, .digest = m->digest, .table = true};

	fleet_aim(t->fleet, &target);
}

static double
seconds_between(uint64_t from, uint64_t to)
{
	return from && to > from ? (double)(to - from) / 1e9 : 0;
}

/* Keep the better one: what other programs of the machine took is not the contender's. */
static void
keep_work(struct compare_work *best, const struct compare_work *w)
{
	if (!best->done || w->seconds < best->seconds)
		*best = *w;
}

/* One work from the order to the last ToR. */
static bool
do_work(struct trial *t, enum compare_kind kind)
{
	struct fleet_status before, now;
	struct compare_work w = {0};

	if (kind == COMPARE_JOIN) {
		fleet_disconnect(t->fleet);
		settle();
	}
	trial_aim(t);
	fleet_read_status(t->fleet, &before);
	struct process_use use = contender_use(&t->contender);
	double cpu = use.cpu_seconds, own = own_cpu();
	uint64_t start = clock_mono_ns();

	if (kind == COMPARE_JOIN)
		fleet_connect(t->fleet);
	else if (!contender_load(&t->contender, t->row->failure))
		return false;
	w.done = trial_wait(t, compare_kind_name(kind), &now);
	w.bench_cpu = own_cpu() - own;
	use = contender_use(&t->contender);
	w.cpu = use.cpu_seconds - cpu;
	w.rss_kb = use.rss_kb;
	w.peak_kb = use.peak_kb;
	w.seconds = seconds_between(start, now.last_complete_ns);
	w.first_byte_seconds = seconds_between(now.first_update_ns, now.last_complete_ns);
	w.bytes = now.counts.bytes - before.counts.bytes;
	w.paths = now.counts.announced - before.counts.announced;
	w.updates = now.counts.updates - before.counts.updates;
	w.with_eor = now.with_eor;
	if (w.done)
		keep_work(&t->row->works[kind], &w);
	return w.done;
}

/* ToRs that can keep a whole table within the memory given; the others count and digest. */
static uint32_t
tables_that_fit(const struct compare *c)
{
	uint64_t entries = 1024;

	while (entries < c->model->count)
		entries *= 2;
	uint64_t fit =
	    (uint64_t)c->check_memory_mb * 1024 * 1024 / (entries * sizeof(uint32_t));

	return fit < c->tors ? (uint32_t)fit : c->tors;
}

static bool
bring_up(struct trial *t)
{
	const struct compare *c = t->compare;
	struct fleet_status s;

	if (!contender_start(&t->contender, c, t->row->name, t->row->failure))
		return false;
	const struct fleet_options o = {.tors = c->tors,
	    .threads = c->threads,
	    .as = 64512,
	    .add_path = true,
	    .tapes = FLEET_TAPES_ALL,
	    /* BIRD and OpenBGPD drop what exceeds a short backlog; only `join` is a storm. */
	    .at_once = t->contender.rival ? 8 : 0,
	    .expected_paths = c->model->count,
	    .checked = tables_that_fit(c),
	    .target = t->contender.listen.addr,
	    .port = t->contender.listen.port,
	    .first_source = ip_v4(FIRST_TOR)};

	t->fleet = fleet_new(&o);
	/* Heliograph's End-of-RIB comes when it has caught up with the stream: only then it is ready. */
	const struct fleet_target empty = {.table = true, .eor = !t->contender.rival};

	fleet_aim(t->fleet, &empty);
	fleet_connect(t->fleet);
	return trial_wait(t, "connect", &s);
}

/* False: not even the table arrived. */
static bool
run_once(struct compare *c, struct compare_row *row, bool join)
{
	struct trial t = {.compare = c, .row = row};
	bool arrived = false;

	if (bring_up(&t)) {
		settle();
		arrived = do_work(&t, COMPARE_ARRIVE);
	}
	if (arrived && (!join || do_work(&t, COMPARE_JOIN)) && c->changes) {
		settle();
		trial_change(&t);
	}
	fleet_free(t.fleet);
	contender_stop(&t.contender, c->keep);
	probes_free(t.probes);
	return arrived;
}

static void
add_failure(struct compare_row *row, const char *another)
{
	size_t n = strlen(row->failure);

	snprintf(row->failure + n, sizeof(row->failure) - n, "; %s", another);
}

void
compare_run_trial(struct compare *c, struct compare_row *row)
{
	struct compare_row again;

	if (!run_once(c, row, true) || row->works[COMPARE_JOIN].done || !c->changes ||
	    compare_interrupted)
		return;
	/* Who does not survive a join may yet take changes: started once more, without it. */
	again = *row;
	again.failure[0] = '\0';
	(void)run_once(c, &again, false);
	row->change = again.change;
	if (again.failure[0])
		add_failure(row, again.failure);
}
