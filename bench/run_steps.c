/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can happen in a run, as a table: ToRs connect to an empty target, and then what the options
 * ask for, step by step. A step is one phase of the report or several.
 */
#include "core/clock.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

static bool
step_arrive(struct run *r)
{
	struct change_list all = {0};
	bool ok;

	scenario_list_all(r->cluster, &all);
	ok = phase_records(
	    r, "arrive", "the whole cluster arrives while all ToRs listen", &all, true);
	change_list_fini(&all);
	return ok;
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
step_move(struct run *r)
{
	struct change_list l = {0};
	bool ok;

	scenario_move(r->cluster, pick_local_service(r), &r->random, &l);
	ok = phase_records(
	    r, "move", "one endpoint of one service moves to another node", &l, false);
	change_list_fini(&l);
	return ok;
}

static bool
step_drain(struct run *r)
{
	struct change_list l = {0};
	bool ok;

	scenario_drain(r->cluster, cluster_random(&r->random, r->cluster->node_count), &l);
	ok = phase_records(
	    r, "drain", "one node is marked for removal and loses its endpoints", &l, false);
	change_list_fini(&l);
	return ok;
}

static bool
step_zero(struct run *r)
{
	struct change_list l = {0};
	bool ok;

	scenario_scale_to_zero(r->cluster, pick_local_service(r), &l);
	ok = phase_records(r, "zero", "one service is scaled to zero", &l, false);
	change_list_fini(&l);
	return ok;
}

/* Everything is deleted, and the cluster is as it was, but nobody knows it. */
static bool
step_clear(struct run *r)
{
	struct cluster *c = r->cluster;
	struct change_list l = {0};
	bool ok;

	scenario_delete_all(c, &l);
	ok = phase_records(r, "clear", "everything is deleted", &l, false);
	change_list_fini(&l);
	for (uint32_t i = 0; i < c->node_count; i++)
		c->nodes[i].gone = false;
	for (uint32_t i = 0; i < c->service_count; i++) {
		c->services[i].gone = false;
		for (uint32_t k = 0; k < c->services[i].slice_count; k++)
			c->services[i].slices[k].gone = false;
	}
	return ok;
}

static bool
step_join(struct run *r)
{
	return phase_connect(
	    r, "join", "all ToRs connect at once to the loaded table", PHASE_RECONNECT);
}

static bool
step_storm(struct run *r)
{
	return phase_connect(r, "storm",
	    "all connections break without a word and all ToRs come back in the same moment",
	    PHASE_STORM);
}

/* The topic is loaded and the target is not running: from exec to the last ToR complete. */
static bool
step_bootstrap(struct run *r)
{
	struct model *m;
	bool ok;

	if (!r->daemon.pid || r->report.broker_inside) {
		fprintf(stderr,
		    "heliobench: bootstrap needs --spawn and --kafka HOST:PORT: the embedded broker ends with the target\n");
		r->report.equal = false;
		return false;
	}
	fleet_disconnect(r->fleet);
	daemon_stop(&r->daemon, false);
	m = model_new(r->cluster, &r->rules);
	phase_aim(r, m);
	struct phase_start s = phase_start_now(r);

	ok = run_spawn_target(r);
	r->report.equal = r->report.equal && ok;
	if (ok) {
		fleet_connect(r->fleet);
		ok = phase_end(r,
		    (struct report_phase){.name = "bootstrap",
		        .what =
		            "the target starts, reads the loaded topic, and all ToRs connect"},
		    &s, m, m->count);
	}
	model_free(m);
	return ok;
}

/* The odd ones begin to be odd, or cease; both with new sessions, since sockets differ. */
static bool
turn(struct run *r, bool on)
{
	r->misbehaving = on;
	fleet_misbehave(r->fleet, on);
	return step_join(r);
}

static bool
step_unruly(struct run *r)
{
	return turn(r, true);
}

static bool
step_calm(struct run *r)
{
	return turn(r, false);
}

/* The same work with and without them, in turn, and in either order: what drifts cancels out. */
static bool
step_others(struct run *r)
{
	bool ok = true;

	for (uint32_t i = 0; ok && i < r->rounds * 2; i++)
		ok = turn(r, (i + i / 2) % 2) && step_clear(r) && step_arrive(r);
	return ok && (!r->misbehaving || turn(r, false));
}

static const struct step_row {
	const char *name;
	bool (*run)(struct run *r);
	const char *help;
} rows[] = {
    {"arrive", step_arrive, "the whole cluster is written while all ToRs listen"},
    {"move", step_move, "one endpoint of one service moves to another node"},
    {"drain", step_drain, "one node is drained"},
    {"zero", step_zero, "one service is scaled to zero"},
    {"clear", step_clear, "everything is deleted"},
    {"join", step_join, "all ToRs disconnect, then connect at once to the loaded table"},
    {"storm", step_storm, "all connections break, all ToRs connect in the same moment"},
    {"bootstrap", step_bootstrap, "the target is ended and started; needs a Kafka of its own"},
    {"unruly", step_unruly, "join; slow, stalled and flapping ToRs begin to be that"},
    {"calm", step_calm, "join; they cease to be"},
    {"others", step_others, "join, clear, arrive with them behaving and not, --rounds times"},
};

static const struct step_row *
find_step(const char *name)
{
	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

bool
run_step_known(const char *name)
{
	return find_step(name) || load_kind_find(name);
}

void
run_steps_list(FILE *out)
{
	for (unsigned i = 0; i < COUNT_OF(rows); i++)
		fprintf(out, "  %-10s %s\n", rows[i].name, rows[i].help);
	for (unsigned i = 0; i < load_kind_count; i++)
		fprintf(out, "  %-10s %s\n", load_kinds[i].name, load_kinds[i].what);
}

void
run_steps(struct run *r)
{
	struct cluster *full = r->cluster, *empty = cluster_new_empty(0, 0);
	bool ok;

	r->cluster = empty;
	ok = phase_connect(
	    r, "connect", "all ToRs connect to a target that knows no node yet", PHASE_CONNECT);
	r->cluster = full;
	cluster_free(empty);
	if (!ok)
		fprintf(stderr,
		    "heliobench: the target must start from an empty topic (heliobench cluster --delete)\n");
	for (uint32_t i = 0; ok && i < r->step_count; i++) {
		const struct step_row *step = find_step(r->steps[i]);

		ok = step ? step->run(r) : run_load(r, load_kind_find(r->steps[i]));
	}
}

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
