/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work `change`: a path goes and comes back, and each time it is seen when the first and when the last ToR
 * has heard of it. One change is on its way at a time; the next one is ordered when it is due and all ToRs have had
 * the one before, so a contender that is slower than the rate is timed no worse than it is.
 */
#include "compare_trial.h"
#include "core/clock.h"
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WHAT    "change"
#define LOOK_NS NS_PER_MS /* is a late change there? Before it is due again nobody looks */

void
compare_choose_path(struct compare *c, const struct wireset_format *injected,
    const struct wireset_format *reflected)
{
	uint64_t random = c->size.seed ^ 0xc4a26e;
	uint32_t service = cluster_random(&random, c->cluster->service_count);
	const struct bench_slice *slice = &c->cluster->services[service].slices[0];
	uint32_t node = slice->endpoints[cluster_random(&random, slice->count)].node;
	const struct ip_addr *hop = &c->cluster->nodes[node].ip[0];
	const struct ip_prefix prefix = {
	    .addr = c->cluster->services[service].cluster_ips[0], .len = 32};
	size_t at = model_find(c->model, &prefix, hop);

	must(at != SIZE_MAX);
	c->path = (struct compare_path){.service = service,
	    .node = node,
	    .prefix = ip_v4_host(&prefix.addr),
	    .hop = ip_v4_host(hop)};
	wirepath_init(&c->path.injected, &c->model->paths[at], injected);
	wirepath_init(&c->path.reflected, &c->model->paths[at], reflected);
}

static void
nap_until(uint64_t ns)
{
	struct timespec t = {
	    .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void
explain(struct trial *t, uint32_t ordered)
{
	const struct compare *c = t->compare;
	struct fleet_status s;

	fleet_read_status(t->fleet, &s);
	snprintf(t->row->failure, DAEMON_ERROR_MAX,
	    WHAT
	    ": %s the last of %u changes (%u of %u) was not at all ToRs; %u of %u were established, "
	    "sessions ended %u times%s%.200s",
	    compare_interrupted ? "stopped;" : "timeout:", ordered, ordered, c->changes,
	    s.established, c->tors, s.disconnects, s.trouble[0] ? "; " : "", s.trouble);
}

/* Until all ToRs have had what was ordered so far. False: the row says why not. */
static bool
wait_for_tors(struct trial *t, uint32_t ordered)
{
	uint64_t now = clock_mono_ns(), until = now + t->compare->timeout_s * NS_PER_S;

	for (;; now = clock_mono_ns()) {
		contender_poll(&t->contender);
		probes_collect(t->probes);
		if (probes_open_count(t->probes) == 0)
			return true;
		if (contender_failed(&t->contender, t->row->failure))
			return false;
		if (compare_interrupted || now >= until)
			break;
		nap_until(now + LOOK_NS);
	}
	explain(t, ordered);
	return false;
}

static bool
order(struct trial *t, bool present)
{
	const struct compare_path *p = &t->compare->path;
	struct stamp *times =
	    probes_open(t->probes, p->prefix, p->hop, present, clock_mono_ns());

	must(times); /* as many may be observed as there are changes, one at a time */
	return contender_change(&t->contender, present, times, t->row->failure);
}

/* All changes, one after the other; the first takes the path away. */
static bool
order_all(struct trial *t)
{
	const struct compare *c = t->compare;
	uint64_t start = clock_mono_ns();

	for (uint32_t i = 0; i < c->changes; i++) {
		nap_until(start + i * NS_PER_S / c->change_rate);
		if (!wait_for_tors(t, i) || !order(t, i % 2))
			return false;
		progress_show(WHAT, i + 1, c->changes);
	}
	nap_until(start + c->changes * NS_PER_S / c->change_rate);
	return wait_for_tors(t, c->changes);
}

/* The path is there again, and with it every table is the model's: nothing else happened to it. */
static bool
look_at_tables(struct trial *t)
{
	const struct compare *c = t->compare;
	struct fleet_status s;

	if (c->changes % 2 && !contender_change(&t->contender, true, NULL, t->row->failure))
		return false;
	trial_aim(t);
	return trial_wait(t, WHAT, &s);
}

static double
seconds_at(const struct histogram *h, double share)
{
	return (double)histogram_at(h, share) / 1e9;
}

static struct compare_change
change_of(const struct probe_results *r)
{
	return (struct compare_change){.changes = (uint32_t)r->last.total,
	    .first_p50 = seconds_at(&r->first, 0.5),
	    .p50 = seconds_at(&r->last, 0.5),
	    .p90 = seconds_at(&r->last, 0.9),
	    .p99 = seconds_at(&r->last, 0.99),
	    .max = (double)r->last.max / 1e9};
}

/* Keep the better one, as with all works. */
static void
keep_change(struct compare_change *best, const struct compare_change *now)
{
	if (!best->done || now->p50 < best->p50)
		*best = *now;
}

void
trial_change(struct trial *t)
{
	const struct compare *c = t->compare;
	const struct probe_results *r;
	struct compare_change now;
	double cpu, tor_cpu;

	t->probes = probes_new(c->tors, fleet_probed(t->fleet), c->changes);
	fleet_probe(t->fleet, t->probes);
	cpu = contender_use(&t->contender).cpu_seconds;
	tor_cpu = fleet_cpu_seconds(t->fleet);
	bool ok = order_all(t);

	tor_cpu = fleet_cpu_seconds(t->fleet) - tor_cpu;
	cpu = contender_use(&t->contender).cpu_seconds - cpu;
	fleet_probe(t->fleet, NULL);
	progress_clear();
	r = probes_end(t->probes);
	now = change_of(r);
	if (!ok || !look_at_tables(t))
		return;
	must(now.changes == c->changes);
	now.done = true;
	now.cpu = cpu / c->changes;
	now.tor_cpu = tor_cpu / c->changes;
	/* An embedded broker acknowledges when it happens to: often long after its records were read. */
	if (t->contender.topic[0]) {
		now.acked_p50 = seconds_at(&r->acked_last, 0.5);
		now.acked_p99 = seconds_at(&r->acked_last, 0.99);
	}
	keep_change(&t->row->change, &now);
}
