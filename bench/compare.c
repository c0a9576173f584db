/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `heliobench compare` and `heliobench limit`: one path set, several contenders, one after the other, the same
 * ToRs for all. A work is done when every ToR holds exactly the model's paths with the attributes that a
 * reflector's client gets; so nobody is measured who does less than the others.
 */
#include "compare.h"

#include "blast.h"
#include "commands.h"
#include "contender.h"
#include "core/clock.h"
#include "fleet.h"
#include "options.h"
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SLICE_MS 100
#define SETTLE_MS     500 /* between two works: what was put off is done, what was closed is gone */
#define FIRST_TOR     0x7f010001u /* 127.1.0.1 */
#define EVERYBODY     "limit,heliograph,frr,bird,openbgpd,gobgp"

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

/* One contender with its ToRs. */
struct trial {
	struct compare *compare;
	struct compare_row *row;
	struct contender contender;
	struct fleet *fleet;
};

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

/* False: time is over or it failed; the row says why. */
static bool
wait_for_tors(struct trial *t, const char *what, struct fleet_status *s)
{
	const struct compare *c = t->compare;
	uint64_t until = clock_mono_ns() + c->timeout_s * NS_PER_S;
	char *failure = t->row->failure;
	bool done = false;

	while (!(done = fleet_wait(t->fleet, WAIT_SLICE_MS, s))) {
		progress_show(what, s->paths, c->model->count * c->tors);
		if (interrupted || contender_failed(&t->contender, failure) ||
		    clock_mono_ns() >= until)
			break;
	}
	progress_clear();
	if (done || failure[0])
		return done;
	snprintf(failure, DAEMON_ERROR_MAX,
	    "%s: %s %u s %u of %u ToRs had the whole table; %u were established, all together held %.1f %% of "
	    "the paths, sessions ended %u times%s%.200s",
	    what, interrupted ? "stopped; within" : "after", c->timeout_s, s->complete, c->tors,
	    s->established,
	    100 * compare_ratio((double)s->paths, (double)c->model->count * c->tors),
	    s->disconnects, s->trouble[0] ? "; " : "", s->trouble);
	return false;
}

static void
aim(struct trial *t, uint64_t paths, uint64_t digest)
{
	const struct fleet_target target = {.paths = paths, .digest = digest, .table = true};

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
	const struct compare *c = t->compare;
	struct fleet_status before, now;
	struct compare_work w = {0};

	if (kind == COMPARE_JOIN) {
		fleet_disconnect(t->fleet);
		settle();
	}
	aim(t, c->model->count, c->model->digest);
	fleet_read_status(t->fleet, &before);
	struct process_use use = contender_use(&t->contender);
	double cpu = use.cpu_seconds, own = own_cpu();
	uint64_t start = clock_mono_ns();

	if (kind == COMPARE_JOIN)
		fleet_connect(t->fleet);
	else if (!contender_load(&t->contender, t->row->failure))
		return false;
	w.done = wait_for_tors(t, compare_kind_name(kind), &now);
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
	    .tapes = true,
	    /* BIRD and OpenBGPD drop what exceeds a short backlog; only `join` is a storm. */
	    .at_once = t->contender.rival ? 8 : 0,
	    .expected_paths = c->model->count,
	    .checked = tables_that_fit(c),
	    .target = t->contender.listen.addr,
	    .port = t->contender.listen.port,
	    .first_source = ip_v4(FIRST_TOR)};

	t->fleet = fleet_new(&o);
	aim(t, 0, 0);
	fleet_connect(t->fleet);
	return wait_for_tors(t, "connect", &s);
}

static void
run_trial(struct compare *c, struct compare_row *row)
{
	struct trial t = {.compare = c, .row = row};

	if (bring_up(&t)) {
		settle();
		if (do_work(&t, COMPARE_ARRIVE)) {
			settle();
			(void)do_work(&t, COMPARE_JOIN);
		}
	}
	fleet_free(t.fleet);
	contender_stop(&t.contender, c->keep);
}

/* Names of --with into rows. */
static bool
fill_rows(struct compare *c)
{
	char *names = must_strdup(c->with), *rest = names, *name;
	bool ok = true;

	while (ok && (name = strsep(&rest, ","))) {
		struct compare_row *row = &c->rows[c->row_count];

		ok = c->row_count < COMPARE_MAX && contender_known(name, row);
		if (!ok) {
			fprintf(stderr, "heliobench: --with %s: expected some of %s\n", name,
			    EVERYBODY);
			break;
		}
		row->name = must_strdup(name);
		contender_version(c, row);
		c->row_count++;
	}
	free(names);
	return ok;
}

static uint32_t
most_paths_of_a_prefix(const struct model *m)
{
	uint32_t most = 0, run = 0;

	for (size_t i = 0; i < m->count; i++) {
		run = i && ip_prefix_equal(&m->paths[i].prefix, &m->paths[i - 1].prefix)
		          ? run + 1
		          : 1;
		most = run > most ? run : most;
	}
	return most;
}

static void
make_path_set(struct compare *c)
{
	struct wireset_format f = {
	    .message_max = c->extended ? BGP_MESSAGE_MAX_EXTENDED : BGP_MESSAGE_MAX};

	c->rules = model_rules_default(false);
	f.cluster_id = c->rules.cluster_id;
	f.local_pref = c->rules.local_pref;
	c->cluster = cluster_new(&c->size);
	c->model = model_new(c->cluster, &c->rules);
	f.reflected = true;
	c->reflected = wireset_new(c->model, &f);
	f.reflected = false;
	f.message_max = BGP_MESSAGE_MAX; /* as much as every rival takes */
	c->injected = wireset_new(c->model, &f);
	c->paths_of_one_prefix = most_paths_of_a_prefix(c->model);
}

static void
forget_path_set(struct compare *c)
{
	wireset_free(c->injected);
	wireset_free(c->reflected);
	model_free(c->model);
	cluster_free(c->cluster);
	for (unsigned i = 0; i < c->row_count; i++)
		free((void *)(uintptr_t)c->rows[i].name);
}

/* Sockets for all ToRs here and in every contender, which inherits the limit. */
static void
raise_file_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static enum options_result
read_options(struct compare *c, int argc, char **argv, const char *summary)
{
	const struct option_row rows[] = {
	    {"nodes", OPTION_U32, &c->size.nodes, 1, CLUSTER_NODES_MAX, "N",
	        "nodes of the cluster: next hops"},
	    {"services", OPTION_U32, &c->size.services, 1, CLUSTER_SERVICES_MAX, "N",
	        "services: prefixes"},
	    {"next-hops", OPTION_U32, &c->size.next_hops, 1, CLUSTER_NODES_MAX, "N",
	        "paths of each service"},
	    {"seed", OPTION_U64, &c->size.seed, 0, 0, "N", "of everything random"},
	    {"tors", OPTION_U32, &c->tors, 1, 60000, "N", "ToRs, from 127.1.0.1 on"},
	    {"threads", OPTION_U32, &c->threads, 1, 64, "N", "threads that play the ToRs"},
	    {"with", OPTION_TEXT, &c->with, 0, 0, "NAMES", "who runs, in that order"},
	    {"spawn", OPTION_TEXT, &c->spawn, 0, 0, "PATH", "of heliographd"},
	    {"blast-threads", OPTION_U32, &c->blast_threads, 1, 64, "N",
	        "threads of the bytes-only limit"},
	    {"chunk", OPTION_U32, &c->chunk, 1, 0, "BYTES",
	        "of one send() of the limit at most"},
	    {"extended", OPTION_FLAG, &c->extended, 0, 0, "",
	        "the limit uses messages of up to 65535 bytes"},
	    {"rounds", OPTION_U32, &c->rounds, 1, 100, "N",
	        "of everything; the fastest of each work counts"},
	    {"check-memory", OPTION_U32, &c->check_memory_mb, 1, 0, "MB",
	        "for ToRs that keep their table; the others keep a digest"},
	    {"timeout", OPTION_U32, &c->timeout_s, 1, 36000, "SECONDS", "for one work"},
	    {"keep", OPTION_FLAG, &c->keep, 0, 0, "", "leave the contenders' directories"},
	    {"o", OPTION_OUTPUT, &c->json, 0, 0, "json", "results as JSON"},
	    {.type = OPTION_END},
	};

	return options_parse(argc, argv, summary, rows);
}

/* Rounds over all, so that what else happens on the machine meets everybody. */
static bool
run_rows(struct compare *c)
{
	bool all = true;

	for (uint32_t round = 0; round < c->rounds && !interrupted; round++)
		for (unsigned i = 0; i < c->row_count && !interrupted; i++) {
			if (c->rows[i].failure[0])
				continue;
			run_trial(c, &c->rows[i]);
			if (c->rows[i].failure[0])
				fprintf(stderr, "heliobench: %s: %s\n", c->rows[i].title,
				    c->rows[i].failure);
		}
	c->stopped = interrupted;
	for (unsigned i = 0; i < c->row_count; i++)
		all = all && c->rows[i].works[COMPARE_ARRIVE].done &&
		      c->rows[i].works[COMPARE_JOIN].done;
	return all;
}

static int
compare_main(int argc, char **argv, const char *with, const char *summary)
{
	struct compare c = {.size = CLUSTER_SIZE_DEFAULT,
	    .tors = 50,
	    .threads = 1,
	    .blast_threads = 1,
	    .chunk = BLAST_CHUNK,
	    .rounds = 1,
	    .timeout_s = 60,
	    .check_memory_mb = 2048,
	    .with = with,
	    .cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};

	c.size.nodes = 250;
	c.size.services = 2500;
	switch (read_options(&c, argc, argv, summary)) {
	case OPTIONS_HELP:
		return EXIT_OK;
	case OPTIONS_BAD:
		return EXIT_USAGE;
	case OPTIONS_OK:
		break;
	}
	if (!fill_rows(&c))
		return EXIT_USAGE;
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	raise_file_limit();
	make_path_set(&c);
	bool all = run_rows(&c);

	if (c.json)
		compare_print_json(&c);
	else
		compare_print_table(&c);
	forget_path_set(&c);
	return all ? EXIT_OK : EXIT_DIFFERENT;
}

int
command_compare(int argc, char **argv)
{
	return compare_main(argc, argv, EVERYBODY,
	    "heliobench compare: the same paths through several programs to the same ToRs, one program after the\n"
	    "other, and through a loop that only moves the bytes. Exit code 0: everyone did everything.");
}

int
command_limit(int argc, char **argv)
{
	return compare_main(argc, argv, "limit",
	    "heliobench limit: how fast the bytes of a path set reach the ToRs when nothing else is done.");
}
