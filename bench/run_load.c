/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes at a rate: records are handed over when they are due, some of them are observed on their
 * way to the last ToR, and the target's memory is looked at every second. Afterwards all tables
 * are compared as after any other phase.
 */
#include "core/clock.h"
#include "pace.h"
#include "progress.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NAP_MAX_NS  (2 * NS_PER_MS) /* delivery reports and probes are looked at so often */
#define QUEUE_MAX   20000 /* without a rate: records that the brokers have not yet taken */
#define SETTLE_MS   500   /* no probe came home for so long: none will */
#define FIRST_EPOCH 1000

struct loading {
	struct run *run;
	const struct load_kind *kind;
	struct load *load;
	struct probes *probes;
	struct report_load *out;
	struct pace pace;
	uint64_t until_ns, next_look_ns, last_put_ns;
};

static void
look_at_memory(struct loading *g, uint64_t now_ns)
{
	struct report_load *o = g->out;

	if (now_ns < g->next_look_ns)
		return;
	g->next_look_ns += NS_PER_S;
	progress_show(g->kind->name, g->pace.done,
	    (uint64_t)g->run->rate * (g->kind->once ? 0 : g->run->seconds));
	if (o->rss_count < REPORT_RSS_MAX)
		o->rss_kb[o->rss_count++] = process_use_of(run_target_pid(g->run)).rss_kb;
}

/* The record of one change, with an observer if it is the turn of one of its paths. */
static void
put_change(struct loading *g, const struct load_change *c)
{
	const struct cluster *cluster = g->run->cluster;
	struct stamp *times = NULL;
	struct record record;

	for (uint32_t i = 0; i < c->delta_count; i++) {
		const struct load_delta *d = &c->deltas[i];
		uint32_t prefix = ip_v4_host(&cluster->services[d->service].cluster_ips[0]),
		         hop = ip_v4_host(&cluster->nodes[d->node].ip[0]);

		if (times)
			probes_overtake(g->probes, prefix, hop);
		else
			times =
			    probes_open(g->probes, prefix, hop, d->present, clock_mono_ns());
	}
	g->out->path_changes += c->delta_count;
	encode_object(&g->run->encoder, c->ref, &record);
	feed_put_stamped(g->run->feed, &record, times);
	g->pace.done++;
}

/* With a rate, never more than its share of the time in all: a late thread still hands over all of it. */
static uint64_t
due_now(struct loading *g)
{
	uint64_t wanted = (uint64_t)g->pace.rate * g->run->seconds;
	uint64_t due = pace_due(&g->pace, clock_mono_ns());

	if (g->pace.rate == 0)
		return feed_poll(g->run->feed) < QUEUE_MAX ? 256 : 0;
	if (g->pace.done >= wanted)
		return 0;
	return due < wanted - g->pace.done ? due : wanted - g->pace.done;
}

/* Hand over what is due. False: there is no more. */
static bool
put_due(struct loading *g)
{
	uint64_t due = due_now(g);
	struct load_change c;
	bool more = true;

	while (more && (due || (g->kind->burst && !load_at_rest(g->load)))) {
		more = load_next(g->load, &c);
		if (more)
			put_change(g, &c);
		due -= due > 0;
		g->last_put_ns = clock_mono_ns();
	}
	return more;
}

static void
nap_until(uint64_t ns)
{
	struct timespec t = {
	    .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static bool
all_put(const struct loading *g, uint64_t now_ns)
{
	if (g->kind->once)
		return false;
	if (g->pace.rate)
		return g->pace.done >= (uint64_t)g->pace.rate * g->run->seconds;
	return now_ns >= g->until_ns;
}

static void
put_all(struct loading *g)
{
	for (;;) {
		uint64_t now = clock_mono_ns(), next;

		if ((all_put(g, now) && load_at_rest(g->load)) || run_interrupted ||
		    daemon_died(&g->run->daemon))
			return;
		if (!put_due(g))
			return;
		feed_poll(g->run->feed);
		probes_collect(g->probes);
		now = clock_mono_ns();
		look_at_memory(g, now);
		next = g->pace.rate ? pace_next_ns(&g->pace) : now + NS_PER_MS;
		nap_until(next < now + NAP_MAX_NS ? next : now + NAP_MAX_NS);
	}
}

/* Until all observed changes are home, or nothing moves any more. */
static void
wait_for_probes(struct loading *g)
{
	uint64_t until = clock_mono_ns() + g->run->timeout_s * NS_PER_S, moved_ns = 0;
	uint32_t open = UINT32_MAX;

	for (;;) {
		uint64_t now = clock_mono_ns();
		uint32_t n;

		feed_poll(g->run->feed);
		probes_collect(g->probes);
		n = probes_open_count(g->probes);
		if (n != open)
			moved_ns = now;
		open = n;
		if (n == 0 || now > until || now - moved_ns > SETTLE_MS * NS_PER_MS ||
		    run_interrupted)
			return;
		nap_until(now + NAP_MAX_NS);
	}
}

static void
put_sync(struct loading *g, bool end)
{
	struct change_list all = {0};

	if (!g->kind->listing)
		return;
	if (!end)
		feed_set_epoch(g->run->feed, g->run->encoder.version + FIRST_EPOCH);
	scenario_list_all(g->run->cluster, &all);
	feed_put_sync(g->run->feed, end, &all);
	change_list_fini(&all);
	if (end)
		feed_set_epoch(g->run->feed, 0);
}

/* All is written: what came of it. False: go no further. */
static bool
finish(struct loading *g, const struct phase_start *s)
{
	struct run *r = g->run;
	struct report_phase p = {.name = g->kind->name, .what = g->kind->what, .load = g->out};
	struct model *m = model_new(r->cluster, &r->rules);
	struct fleet_status now;
	bool ok;

	fleet_read_status(r->fleet, &now);
	phase_aim(r, m);
	ok = phase_end(r, p, s, m, 0);
	model_free(m);

	struct report_phase *done = &r->report.phases[r->report.phase_count - 1];
	/* The model takes a while to make: complete is when the last path came, not when we looked. */
	fleet_read_status(r->fleet, &now);
	uint64_t moved = now.timed_paths_moved - s->status.timed_paths_moved;

	done->seconds =
	    now.last_update_ns > s->at_ns ? (double)(now.last_update_ns - s->at_ns) / 1e9 : 0;
	g->out->behind_seconds = now.last_update_ns > g->last_put_ns
	                             ? (double)(now.last_update_ns - g->last_put_ns) / 1e9
	                             : 0;
	if (g->kind->neutral && moved) {
		fprintf(stderr,
		    "heliobench: %s changed nothing, and yet %llu paths were sent\n",
		    g->kind->name, (unsigned long long)moved);
		r->report.equal = false;
	}
	return ok;
}

bool
run_load(struct run *r, const struct load_kind *kind)
{
	struct loading g = {.run = r, .kind = kind, .out = must_calloc(1, sizeof(*g.out))};
	char error[FEED_ERROR_MAX];
	struct phase_start s;
	bool ok;

	g.load = load_new(kind, r->cluster);
	probes_free(r->probes);
	r->probes = g.probes = probes_new(r->tors, fleet_probed(r->fleet), r->samples);
	fleet_probe(r->fleet, g.probes);
	g.out->wanted_rate = kind->once ? 0 : r->rate;
	s = phase_start_now(r);
	g.pace = pace_start(kind->once ? 0 : r->rate, s.at_ns);
	g.until_ns = s.at_ns + r->seconds * NS_PER_S;
	g.next_look_ns = s.at_ns;
	put_sync(&g, false);
	put_all(&g);
	put_sync(&g, true);
	g.out->put_seconds = (double)(clock_mono_ns() - s.at_ns) / 1e9;
	ok = feed_flush(r->feed, r->timeout_s * 1000, error);
	if (!ok) {
		fprintf(stderr, "heliobench: %s: %s\n", kind->name, error);
		r->report.equal = false;
	}
	wait_for_probes(&g);
	progress_clear();
	g.out->latency = *probes_end(g.probes);
	fleet_probe(r->fleet, NULL);
	if (ok)
		ok = finish(&g, &s);
	else
		free(g.out);
	load_free(g.load);
	return ok;
}
