/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `heliobench run`, the profiles (settings with a name) and the list of steps that
 * they add up to. An option given by hand is stronger than the profile.
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NIGHTLY_SIZE                                                                           \
	.nodes = 5000, .services = 50000, .next_hops = 20, .check = 10, .timeout = 300

/* Zero and NULL: the default. */
static const struct profile {
	const char *name, *help;
	uint32_t nodes, services, next_hops, tors, check, timeout, rate, seconds, storm_rounds;
	uint32_t rounds, samples;
	const char *phases;
	struct crowd crowd;
} profiles[] = {
    {.name = "ci",
        .help = "10 to 20 s: every kind of ToR, every kind of change, small",
        .nodes = 300,
        .services = 1000,
        .next_hops = 10,
        .tors = 60,
        .rate = 200,
        .seconds = 1,
        .rounds = 1,
        .crowd = {.slow = {.count = 2, .amount = 200000},
            .flapping = {.count = 2, .amount = 200},
            .stalled = 1,
            .mixed = 8},
        .phases =
            "arrive,move,drain,zero,join,others,unruly,endpoint,rolling,drains,zones,scale-up,"
            "relist,restart,churn,calm,storm"},
    {.name = "nightly",
        .help = "1,000 ToRs x 1,005,000 paths and what follows, about 15 minutes",
        NIGHTLY_SIZE,
        .tors = 1000,
        .rate = 100,
        .seconds = 30,
        .crowd = {.stalled = 1},
        .phases =
            "arrive,move,drain,zero,join,endpoint,rolling,drains,others,relist,restart,storm"},
    {.name = "stalled",
        .help = "1,000 ToRs x 1,005,000 paths, one of them stalled: what it costs the others",
        NIGHTLY_SIZE,
        .tors = 1000,
        .crowd = {.stalled = 1},
        .phases = "arrive,others"},
    {.name = "endpoint",
        .help = "one endpoint changes, 1,000 ToRs: record to last ToR",
        .nodes = 1000,
        .services = 10000,
        .next_hops = 20,
        .tors = 1000,
        .check = 20,
        .rate = 20,
        .seconds = 60,
        .phases = "arrive,endpoint"},
    {.name = "endpoint-50",
        .help = "the same, 50 ToRs",
        .nodes = 1000,
        .services = 10000,
        .next_hops = 20,
        .tors = 50,
        .rate = 20,
        .seconds = 60,
        .phases = "arrive,endpoint"},
    {.name = "drain",
        .help = "nodes of 200 paths each are drained, 1,000 ToRs",
        .nodes = 1000,
        .services = 10000,
        .next_hops = 20,
        .tors = 1000,
        .check = 20,
        .rate = 200,
        .seconds = 30,
        .phases = "arrive,drain,drains"},
    {.name = "storm",
        .help = "2,000 ToRs reconnect in the same moment, ten times",
        .nodes = 1000,
        .services = 5000,
        .next_hops = 20,
        .tors = 2000,
        .check = 20,
        .storm_rounds = 10,
        .phases = "arrive"},
    {.name = "bootstrap",
        .help =
            "15,000 nodes, 20,000 services, 500,000 endpoints from Kafka: start to all tables",
        .nodes = 15000,
        .services = 20000,
        .next_hops = 25,
        .tors = 10,
        .timeout = 120,
        .phases = "arrive,bootstrap,bootstrap,bootstrap"},
    {.name = "churn",
        .help = "100,000 path changes/s to 1,000 ToRs for a minute, one of them slow",
        .nodes = 5000,
        .services = 50000,
        .next_hops = 20,
        .tors = 1000,
        /* Observing more, and ToRs that read for themselves, would cost the bench more than all the rest. */
        .check = 2,
        .samples = 20,
        .timeout = 300,
        .rate = 2500,
        .seconds = 60,
        .crowd = {.slow = {.count = 1}},
        .phases = "arrive,unruly,churn"},
};

static const struct run run_default = {.tors = 100,
    .as = RUN_LOCAL_AS,
    .timeout_s = 60,
    .check_memory_mb = 2048,
    .check_limit = UINT64_MAX,
    .rate = 100,
    .seconds = 10,
    .samples = 200,
    .rounds = 3,
    .storm_rounds = 1,
    .topic = "kubernetes-state"};

static const char summary[] =
    "heliobench run: a seeded cluster into the stream, N ToRs on the other side; every table is compared\n"
    "with a model of what it must hold. The topic must be empty. Exit code 0: all tables were equal.";

/* One table: splitting it would only hide what there is. */
static enum options_result
parse(struct run *r, int argc, char **argv)
{
	const struct option_row rows[] = {
	    {"nodes", OPTION_U32, &r->size.nodes, 1, CLUSTER_NODES_MAX, "N",
	        "nodes of the cluster"},
	    {"services", OPTION_U32, &r->size.services, 1, CLUSTER_SERVICES_MAX, "N",
	        "services"},
	    {"next-hops", OPTION_U32, &r->size.next_hops, 1, CLUSTER_NODES_MAX, "N",
	        "nodes that serve each service"},
	    {"dual-stack", OPTION_U32, &r->size.dual_stack, 0, 100, "PERCENT",
	        "services that have an IPv6 address too"},
	    {"local", OPTION_U32, &r->size.local, 1, 100, "PERCENT",
	        "services with externalTrafficPolicy Local"},
	    {"seed", OPTION_U64, &r->size.seed, 0, 0, "N", "of everything random"},
	    {"tors", OPTION_U32, &r->tors, 1, 60000, "N", "ToRs, from 127.1.0.1 on"},
	    {"slow", OPTION_PAIR, &r->crowd.slow, 0, 0, "N[:RATE]",
	        "so many of them read at most RATE bytes/s (1000000)"},
	    {"flapping", OPTION_PAIR, &r->crowd.flapping, 0, 0, "N[:MS]",
	        "... break their connection every MS (1000)"},
	    {"stalled", OPTION_U32, &r->crowd.stalled, 0, 0, "N",
	        "... read nothing once they are Established"},
	    {"no-add-path", OPTION_U32, &r->crowd.no_add_path, 0, 0, "N",
	        "... do not offer ADD-PATH"},
	    {"ipv4-only", OPTION_U32, &r->crowd.ipv4_only, 0, 0, "N", "... do not offer IPv6"},
	    {"no-extended", OPTION_U32, &r->crowd.no_extended, 0, 0, "N",
	        "... do not offer messages above 4096 bytes"},
	    {"mixed", OPTION_U32, &r->crowd.mixed, 0, 0, "N",
	        "... have all combinations of these three, in turn"},
	    {"phases", OPTION_TEXT, &r->phases, 0, 0, "LIST",
	        "what happens, in order; `--phases list` says what there is"},
	    {"scenario", OPTION_TEXT, &r->scenario, 0, 0, "LIST",
	        "add these changes at a rate: endpoint,rolling ..."},
	    {"rate", OPTION_U32, &r->rate, 0, 1000000, "R",
	        "records/s of these; 0: as fast as the brokers take them"},
	    {"for", OPTION_U32, &r->seconds, 1, 86400, "SECONDS", "how long each lasts"},
	    {"samples", OPTION_U32, &r->samples, 0, 100000, "N",
	        "changes/s whose way to the last ToR is observed"},
	    {"storm", OPTION_FLAG, &r->storm, 0, 0, "",
	        "at the end all ToRs reconnect in the same moment"},
	    {"storm-rounds", OPTION_U32, &r->storm_rounds, 1, RUN_STEPS_MAX / 2, "N",
	        "... so often"},
	    {"rounds", OPTION_U32, &r->rounds, 1, 5, "N",
	        "of phase `others`: the same with and without those that misbehave"},
	    {"profile", OPTION_TEXT, &r->profile, 0, 0, "NAME",
	        "settings with a name; `--profile list` says which"},
	    {"as", OPTION_U32, &r->as, 1, UINT32_MAX, "N",
	        "AS of the ToRs; equal to the target's: iBGP"},
	    {"threads", OPTION_U32, &r->threads, 1, 64, "N",
	        "threads that play the ToRs; unless told one per processor, at most 8"},
	    {"target", OPTION_ENDPOINT, &r->target, 0, 0, "HOST:PORT",
	        "where heliographd listens (--spawn chooses a free port)"},
	    {"spawn", OPTION_TEXT, &r->spawn, 0, 0, "PATH",
	        "start this heliographd for the run"},
	    {"io-threads", OPTION_U32, &r->io_threads, 0, 64, "N",
	        "of it: threads that serve BGP sockets; 0: its own choice"},
	    {"packers", OPTION_U32, &r->packers, 0, 64, "N",
	        "of it: threads that encode; 0: its own choice"},
	    {"target-pid", OPTION_U32, &r->target_pid, 0, 0, "PID",
	        "of a running target, for its CPU and memory"},
	    {"kafka", OPTION_TEXT, &r->kafka, 0, 0, "WHERE",
	        "HOST:PORT or embedded:STATE_DIR; with --spawn also embedded [embedded]"},
	    {"topic", OPTION_TEXT, &r->topic, 0, 0, "NAME", "of the stream"},
	    {"check", OPTION_U64, &r->check_limit, 0, 0, "N",
	        "ToRs compared path by path at most; the others by digest"},
	    {"check-memory", OPTION_U32, &r->check_memory_mb, 1, 0, "MB",
	        "for the tables of those"},
	    {"timeout", OPTION_U32, &r->timeout_s, 1, 3600, "SECONDS", "for one step"},
	    {"keep", OPTION_FLAG, &r->keep, 0, 0, "",
	        "leave the records on the topic and the spawned target's directory"},
	    {"o", OPTION_OUTPUT, &r->json, 0, 0, "json", "results as JSON"},
	    {.type = OPTION_END},
	};

	return options_parse(argc, argv, summary, rows);
}

static const struct profile *
find_profile(const char *name)
{
	for (unsigned i = 0; i < COUNT_OF(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

static void
set_if(uint32_t *to, uint32_t value)
{
	if (value)
		*to = value;
}

static void
apply_profile(struct run *r, const struct profile *p)
{
	set_if(&r->size.nodes, p->nodes);
	set_if(&r->size.services, p->services);
	set_if(&r->size.next_hops, p->next_hops);
	set_if(&r->tors, p->tors);
	set_if(&r->timeout_s, p->timeout);
	set_if(&r->rate, p->rate);
	set_if(&r->seconds, p->seconds);
	set_if(&r->storm_rounds, p->storm_rounds);
	set_if(&r->rounds, p->rounds);
	set_if(&r->samples, p->samples);
	if (p->check)
		r->check_limit = p->check;
	r->storm = p->storm_rounds > 0;
	r->crowd = p->crowd;
	r->phases = p->phases;
}

static bool
add_step(struct run *r, const char *name)
{
	if (!run_step_known(name)) {
		fprintf(stderr,
		    "heliobench run: %s: no such phase (--phases list says what there is)\n",
		    name);
		return false;
	}
	if (r->step_count == RUN_STEPS_MAX) {
		fprintf(stderr, "heliobench run: more than %d phases\n", RUN_STEPS_MAX);
		return false;
	}
	snprintf(r->steps[r->step_count++], RUN_STEP_NAME, "%s", name);
	return true;
}

/* Add each name of a list with commas. */
static bool
add_steps(struct run *r, const char *list)
{
	char *copy = must_strdup(list), *save = NULL;
	bool ok = true;

	for (char *name = strtok_r(copy, ",", &save); ok && name;
	     name = strtok_r(NULL, ",", &save))
		ok = add_step(r, name);
	free(copy);
	return ok;
}

static bool
make_steps(struct run *r)
{
	bool unruly = crowd_unruly(&r->crowd) > 0;
	bool ok = add_steps(r, r->phases ? r->phases : "arrive,move,drain,zero,join");

	if (ok && !r->phases && unruly)
		ok = add_steps(r, "others");
	if (ok && r->scenario)
		ok = (!unruly || add_step(r, "unruly")) && add_steps(r, r->scenario);
	for (uint32_t i = 0; ok && r->storm && i < r->storm_rounds; i++)
		ok = add_step(r, "storm");
	if (ok && crowd_odd(&r->crowd) >= r->tors) {
		fprintf(stderr,
		    "heliobench run: at least one of the %u ToRs must be a normal one\n",
		    r->tors);
		ok = false;
	}
	return ok;
}

static bool
list_wanted(const struct run *r)
{
	if (r->phases && strcmp(r->phases, "list") == 0) {
		run_steps_list(stdout);
		return true;
	}
	if (!r->profile || strcmp(r->profile, "list") != 0)
		return false;
	for (unsigned i = 0; i < COUNT_OF(profiles); i++)
		printf("  %-12s %s\n", profiles[i].name, profiles[i].help);
	return true;
}

static void
set_defaults(struct run *r)
{
	*r = run_default;
	r->size = CLUSTER_SIZE_DEFAULT;
	r->threads = fleet_default_threads();
	r->target = (struct endpoint){.addr = ip_v4(0x7f000001), .port = 1790};
}

enum options_result
run_options_read(struct run *r, int argc, char **argv)
{
	struct endpoint standard;
	enum options_result result;

	set_defaults(r);
	standard = r->target;
	result = parse(r, argc, argv);
	if (result != OPTIONS_OK || list_wanted(r))
		return result == OPTIONS_OK ? OPTIONS_HELP : result;
	if (r->profile) {
		const struct profile *p = find_profile(r->profile);

		if (!p) {
			fprintf(stderr,
			    "heliobench run: --profile %s: no such profile (--profile list says which)\n",
			    r->profile);
			return OPTIONS_BAD;
		}
		set_defaults(r);
		apply_profile(r, p);
		result = parse(r, argc, argv); /* what was given by hand goes over it */
	}
	r->target_given =
	    !ip_equal(&standard.addr, &r->target.addr) || standard.port != r->target.port;
	if (result == OPTIONS_OK && (r->io_threads || r->packers) && !r->spawn) {
		fprintf(stderr,
		    "heliobench run: --io-threads and --packers are for the heliographd of --spawn\n");
		return OPTIONS_BAD;
	}
	return result == OPTIONS_OK && !make_steps(r) ? OPTIONS_BAD : result;
}
