/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in a run: ToRs connect to an empty target, the cluster arrives, things happen to
 * it, and at last all ToRs join the loaded table at once. After each step the ToRs have to
 * become what the model says, and are then compared with it at rest.
 */
#include "check.h"
#include "core/clock.h"
#include "progress.h"
#include "run.h"
#include "scenario.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_SLICE_MS      100
#define QUIET_MS           300 /* nothing more has come for so long: at rest */
#define STRAGGLERS_WAIT_MS 300

static pid_t
target_pid(const struct run *r)
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

/* What a phase is measured against. */
struct start {
	struct fleet_status status;
	struct process_use use;
	struct feed_totals fed;
	double own, tors, machine;
	uint64_t at_ns;
};

static struct start
start_now(struct run *r)
{
	struct start s = {.use = process_use_of(target_pid(r)),
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
			progress_show(what, status->complete, r->tors);
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
measure(struct run *r, struct report_phase *p, const struct start *s,
    const struct fleet_status *now)
{
	struct feed_totals fed = feed_totals(r->feed);

	p->bench_cpu = own_cpu() - s->own;
	p->machine_cpu = machine_cpu_seconds() - s->machine;
	p->tor_cpu = fleet_cpu_seconds(r->fleet) - s->tors;
	p->use = process_use_of(target_pid(r));
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
}

static void
explain_failure(const struct run *r, const struct report_phase *p, const struct fleet_status *s)
{
	fprintf(stderr,
	    "heliobench: %s: %u of %u ToRs reached the model's table within %u s; %u are established, %u have "
	    "End-of-RIB, sessions ended %u times\n",
	    p->name, s->complete, r->tors, r->timeout_s, s->established, s->with_eor,
	    s->disconnects);
	if (s->trouble[0])
		fprintf(stderr, "  %s\n", s->trouble);
	if (r->spawn && !r->daemon.pid)
		fprintf(stderr, "  the target ended by itself; its log is in %s\n",
		    r->daemon.state_dir);
}

/* Wait, measure, compare; adds the phase to the report. False: go no further. */
static bool
end_phase(struct run *r, struct report_phase p, const struct start *s, const struct model *m,
    uint64_t paths)
{
	struct fleet_status now;

	p.complete = wait_for_tors(r, p.name, paths, &now);
	measure(r, &p, s, &now);
	if (!run_interrupted) {
		wait_for_quiet(r);
		if (!p.complete)
			explain_failure(r, &p, &now);
		check_fleet(r->fleet, m, stderr, &p.check);
	}
	if (!p.complete || p.check.wrong)
		r->report.equal = false;
	must(r->report.phase_count < REPORT_PHASES);
	r->report.phases[r->report.phase_count++] = p;
	return p.complete && !run_interrupted;
}

static void
aim(struct run *r, const struct model *m, bool eor)
{
	const struct fleet_target target = {
	    .paths = m->count, .digest = m->digest, .table = true, .eor = eor};

	fleet_aim(r->fleet, &target);
}

/* The ToRs are there; the changes of the list go into the stream. */
static bool
phase_records(struct run *r, const char *name, const char *what, const struct change_list *l,
    bool show_paths)
{
	struct model *m = model_new(r->cluster, &r->rules);
	char error[FEED_ERROR_MAX];
	bool ok;

	aim(r, m, true);
	struct start s = start_now(r);

	feed_put_list(r->feed, &r->encoder, l);
	ok = feed_flush(r->feed, r->timeout_s * 1000, error);
	if (!ok) {
		fprintf(stderr, "heliobench: %s: %s\n", name, error);
		r->report.equal = false;
	} else {
		ok = end_phase(r, (struct report_phase){.name = name, .what = what}, &s, m,
		    show_paths ? m->count : 0);
	}
	model_free(m);
	return ok;
}

/* All ToRs at once, to whatever is loaded. */
static bool
phase_connect(struct run *r, const char *name, const char *what)
{
	struct model *m = model_new(r->cluster, &r->rules);
	bool ok;

	aim(r, m, true);
	struct start s = start_now(r);

	fleet_connect(r->fleet);
	ok = end_phase(r, (struct report_phase){.name = name, .what = what}, &s, m, m->count);
	model_free(m);
	return ok;
}

static bool
phase_join(struct run *r)
{
	struct timespec nap = {.tv_nsec = STRAGGLERS_WAIT_MS * 1000000l};

	fleet_disconnect(r->fleet);
	nanosleep(&nap, NULL); /* the target closes the old sessions on its side */
	return phase_connect(r, "join", "all ToRs connect at once to the loaded table");
}

/* A seeded service that has host routes. */
static uint32_t
pick_local_service(struct run *r)
{
	uint32_t at = cluster_random(&r->random, r->cluster->service_count);

	for (uint32_t i = 0; i < r->cluster->service_count;
	     i++, at = (at + 1) % r->cluster->service_count)
		if (r->cluster->services[at].external_local)
			break;
	return at;
}

static bool
phase_step(struct run *r, unsigned step)
{
	struct change_list l = {0};
	bool ok;

	switch (step) {
	case 0:
		scenario_move(r->cluster, pick_local_service(r), &r->random, &l);
		ok = phase_records(
		    r, "move", "one endpoint of one service moves to another node", &l, false);
		break;
	case 1:
		scenario_drain(
		    r->cluster, cluster_random(&r->random, r->cluster->node_count), &l);
		ok = phase_records(r, "drain",
		    "one node is marked for removal and loses its endpoints", &l, false);
		break;
	default:
		scenario_scale_to_zero(r->cluster, pick_local_service(r), &l);
		ok = phase_records(r, "zero", "one service is scaled to zero", &l, false);
		break;
	}
	change_list_fini(&l);
	return ok;
}

void
run_phases(struct run *r)
{
	struct cluster *full = r->cluster, *empty = cluster_new_empty(0, 0);
	struct change_list all = {0};
	bool ok;

	r->cluster = empty;
	ok = phase_connect(r, "connect", "all ToRs connect to a target that knows no node yet");
	r->cluster = full;
	cluster_free(empty);
	if (!ok) {
		fprintf(stderr,
		    "heliobench: the target must start from an empty topic (heliobench cluster --delete)\n");
		return;
	}
	scenario_list_all(full, &all);
	ok = phase_records(
	    r, "arrive", "the whole cluster arrives while all ToRs listen", &all, true);
	change_list_fini(&all);
	for (unsigned step = 0; ok && step < 3; step++)
		ok = phase_step(r, step);
	if (ok)
		phase_join(r);
}

/* Leave the topic as it was found. */
void
run_clean_topic(struct run *r)
{
	struct change_list l = {0};
	char error[FEED_ERROR_MAX];

	scenario_delete_all(r->cluster, &l);
	feed_put_list(r->feed, &r->encoder, &l);
	if (!feed_flush(r->feed, RUN_KAFKA_WAIT_MS, error))
		fprintf(stderr, "heliobench: the topic still holds the cluster: %s\n", error);
	change_list_fini(&l);
}
