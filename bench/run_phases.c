/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a phase of a run is measured: something happens, the ToRs have to become what the model says
 * and are timed, and are then compared with it at rest. Times are of those ToRs that behave.
 */
#include "check.h"
#include "core/clock.h"
#include "progress.h"
#include "run.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_SLICE_MS      100
#define QUIET_MS           300 /* nothing more has come for so long: at rest */
#define STRAGGLERS_WAIT_MS 300

pid_t
run_target_pid(const struct run *r)
{
	return r->daemon.pid ? r->daemon.pid : (pid_t)r->target_pid;
}

static double
own_cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct phase_start
phase_start_now(struct run *r)
{
	struct phase_start s = {.use = process_use_of(run_target_pid(r)),
	    .fed = feed_totals(r->feed),
	    .own = own_cpu(),
	    .tors = fleet_cpu_seconds(r->fleet),
	    .machine = machine_cpu_seconds()};

	fleet_read_status(r->fleet, &s.status);
	s.at_ns = clock_mono_ns();
	return s;
}

/* Wait until all ToRs are where they should be. False: time is over, or the target is. */
static bool
wait_for_tors(struct run *r, const char *what, uint64_t paths, struct fleet_status *status)
{
	uint64_t until = clock_mono_ns() + r->timeout_s * NS_PER_S;
	bool done;

	while (
	    !(done = fleet_wait(r->fleet, WAIT_SLICE_MS, status)) && clock_mono_ns() < until) {
		if (paths)
			progress_show(what, status->paths, paths * r->tors);
		else
			progress_show(what, status->complete, fleet_timed(r->fleet));
		if (run_interrupted || daemon_died(&r->daemon))
			break;
	}
	progress_clear();
	return done;
}

/* Until no byte has come for QUIET_MS: what is wrong shows itself only then. */
static void
wait_for_quiet(struct run *r)
{
	struct timespec nap = {.tv_nsec = QUIET_MS * 1000000l};
	struct fleet_status a, b;

	fleet_read_status(r->fleet, &a);
	for (unsigned i = 0; i < 20; i++) {
		nanosleep(&nap, NULL);
		fleet_read_status(r->fleet, &b);
		if (a.counts.bytes == b.counts.bytes)
			return;
		a = b;
	}
}

static double
seconds_between(uint64_t from, uint64_t to)
{
	return from && to > from ? (double)(to - from) / 1e9 : 0;
}

/* Fill in what the phase took, before anything else costs time. */
static void
measure(struct run *r, struct report_phase *p, const struct phase_start *s,
    const struct fleet_status *now)
{
	struct feed_totals fed = feed_totals(r->feed);

	p->bench_cpu = own_cpu() - s->own;
	p->machine_cpu = machine_cpu_seconds() - s->machine;
	p->tor_cpu = fleet_cpu_seconds(r->fleet) - s->tors;
	p->use = process_use_of(run_target_pid(r));
	p->target_cpu = p->use.cpu_seconds - s->use.cpu_seconds;
	p->seconds = seconds_between(s->at_ns, now->last_complete_ns);
	p->first_byte_seconds = seconds_between(now->first_update_ns, now->last_complete_ns);
	p->records = fed.records - s->fed.records;
	p->record_bytes = fed.bytes - s->fed.bytes;
	p->announced = now->counts.announced - s->status.counts.announced;
	p->withdrawn = now->counts.withdrawn - s->status.counts.withdrawn;
	p->repeated = now->counts.replaced - s->status.counts.replaced;
	p->withdrawn_void = now->counts.withdrawn_unknown - s->status.counts.withdrawn_unknown;
	p->updates = now->counts.updates - s->status.counts.updates;
	p->bytes = now->counts.bytes - s->status.counts.bytes;
	p->established_seconds = seconds_between(s->at_ns, now->last_established_ns);
	p->resets = now->disconnects - s->status.disconnects;
	p->misbehaving = r->misbehaving;
}

static void
explain_failure(const struct run *r, const struct report_phase *p, const struct fleet_status *s)
{
	fprintf(stderr,
	    "heliobench: %s: %u of %u ToRs reached the model's table within %u s; %u are established, %u have "
	    "End-of-RIB, sessions ended %u times\n",
	    p->name, s->complete, fleet_timed(r->fleet), r->timeout_s, s->established,
	    s->with_eor, s->disconnects);
	if (s->trouble[0])
		fprintf(stderr, "  %s\n", s->trouble);
	if (r->spawn && !r->daemon.pid)
		fprintf(stderr, "  the target ended by itself; its log is in %s\n",
		    r->daemon.state_dir);
}

/* Slow ToRs may take longer, flapping ones pause. How long they took, or 0. */
static double
wait_for_others(struct run *r, const struct phase_start *s)
{
	uint64_t until = clock_mono_ns() + r->timeout_s * NS_PER_S;
	struct fleet_status now;

	if (crowd_unruly(&r->crowd) == 0)
		return 0;
	fleet_hold_still(r->fleet, true);
	while (!fleet_wait_others(r->fleet, WAIT_SLICE_MS, &now) && clock_mono_ns() < until) {
		progress_show("the others", now.others_complete, crowd_unruly(&r->crowd));
		if (run_interrupted || daemon_died(&r->daemon))
			break;
	}
	progress_clear();
	return seconds_between(s->at_ns, now.others_last_complete_ns);
}

bool
phase_end(struct run *r, struct report_phase p, const struct phase_start *s,
    const struct model *m, uint64_t paths)
{
	struct fleet_status now;

	p.complete = wait_for_tors(r, p.name, paths, &now);
	measure(r, &p, s, &now);
	if (!run_interrupted) {
		p.others_seconds = wait_for_others(r, s);
		wait_for_quiet(r);
		if (!p.complete)
			explain_failure(r, &p, &now);
		check_fleet(r->fleet, m, stderr, &p.check);
		fleet_hold_still(r->fleet, false);
	}
	if (!p.complete || p.check.wrong)
		r->report.equal = false;
	report_add(&r->report, &p);
	return p.complete && !run_interrupted;
}

void
phase_aim(struct run *r, const struct model *m)
{
	struct fleet_target target = {
	    .paths = m->count, .digest = m->digest, .table = true, .eor = true};

	memcpy(target.families, m->families, sizeof(target.families));
	fleet_aim(r->fleet, &target);
}

bool
phase_records(struct run *r, const char *name, const char *what, const struct change_list *l,
    bool show_paths)
{
	struct model *m = model_new(r->cluster, &r->rules);
	struct records *records = records_new(&r->encoder, l);
	char error[FEED_ERROR_MAX];
	bool ok;

	phase_aim(r, m);
	struct phase_start s = phase_start_now(r);

	feed_put_records(r->feed, records);
	ok = feed_flush(r->feed, r->timeout_s * 1000, error);
	if (!ok) {
		fprintf(stderr, "heliobench: %s: %s\n", name, error);
		r->report.equal = false;
	} else {
		ok = phase_end(r, (struct report_phase){.name = name, .what = what}, &s, m,
		    show_paths ? m->count : 0);
	}
	records_free(records);
	model_free(m);
	return ok;
}

bool
phase_connect(struct run *r, const char *name, const char *what, enum phase_way way)
{
	struct timespec nap = {.tv_nsec = STRAGGLERS_WAIT_MS * 1000000l};
	struct model *m = model_new(r->cluster, &r->rules);
	bool ok;

	if (way == PHASE_RECONNECT) {
		fleet_disconnect(r->fleet);
		nanosleep(&nap, NULL); /* the target closes the old sessions on its side */
	}
	phase_aim(r, m);
	struct phase_start s = phase_start_now(r);

	if (way == PHASE_STORM)
		fleet_storm(r->fleet);
	else
		fleet_connect(r->fleet);
	ok = phase_end(r, (struct report_phase){.name = name, .what = what}, &s, m, m->count);
	model_free(m);
	return ok;
}
