/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `heliobench compare` and `heliobench limit`: one path set, several contenders, one after the other, the same
 * ToRs for all. The options, the path set, and who comes when.
 */
#include "compare.h"

#include "blast.h"
#include "commands.h"
#include "contender.h"
#include "fleet.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define EVERYBODY "limit,heliograph,frr,bird,openbgpd,gobgp"

volatile sig_atomic_t compare_interrupted;

static void
on_interrupt(int signal_number)
{
	(void)signal_number;
	compare_interrupted = 1;
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
	struct wireset_format reflected, injected;

	c->rules = model_rules_default(false);
	reflected = (struct wireset_format){
	    .message_max = c->extended ? BGP_MESSAGE_MAX_EXTENDED : BGP_MESSAGE_MAX,
	    .reflected = true,
	    .cluster_id = c->rules.cluster_id,
	    .local_pref = c->rules.local_pref};
	injected = reflected;
	injected.reflected = false;
	injected.message_max = BGP_MESSAGE_MAX; /* as much as every rival takes */
	c->cluster = cluster_new(&c->size);
	c->model = model_new(c->cluster, &c->rules);
	c->reflected = wireset_new(c->model, &reflected);
	c->injected = wireset_new(c->model, &injected);
	compare_choose_path(c, &injected, &reflected);
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
	    {"threads", OPTION_U32, &c->threads, 1, 64, "N",
	        "threads that play the ToRs; unless told one per processor, at most 8"},
	    {"with", OPTION_TEXT, &c->with, 0, 0, "NAMES", "who runs, in that order"},
	    {"spawn", OPTION_TEXT, &c->spawn, 0, 0, "PATH", "of heliographd"},
	    {"io-threads", OPTION_U32, &c->io_threads, 0, 64, "N",
	        "of it: threads that serve BGP sockets; 0: its own choice"},
	    {"packers", OPTION_U32, &c->packers, 0, 64, "N",
	        "of it: threads that encode; 0: its own choice"},
	    {"kafka", OPTION_TEXT, &c->kafka, 0, 0, "HOST:PORT",
	        "of it: a broker of its own, with a fresh topic each time; else it embeds one"},
	    {"changes", OPTION_U32, &c->changes, 0, 1000000, "N",
	        "of one path, each timed to the last ToR; 0: skip that work"},
	    {"change-rate", OPTION_U32, &c->change_rate, 1, 1000000, "R",
	        "so many a second at most: one waits until all ToRs had the one before"},
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
	    {"timeout", OPTION_U32, &c->timeout_s, 1, 36000, "SECONDS",
	        "for one work; of the changes, for each"},
	    {"keep", OPTION_FLAG, &c->keep, 0, 0, "",
	        "leave the contenders' directories, and topics"},
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

	for (uint32_t round = 0; round < c->rounds && !compare_interrupted; round++)
		for (unsigned i = 0; i < c->row_count && !compare_interrupted; i++) {
			if (c->rows[i].failure[0])
				continue;
			compare_run_trial(c, &c->rows[i]);
			if (c->rows[i].failure[0])
				fprintf(stderr, "heliobench: %s: %s\n", c->rows[i].title,
				    c->rows[i].failure);
		}
	c->stopped = compare_interrupted;
	for (unsigned i = 0; i < c->row_count; i++)
		all = all && c->rows[i].works[COMPARE_ARRIVE].done &&
		      c->rows[i].works[COMPARE_JOIN].done &&
		      (c->rows[i].change.done || !c->changes);
	return all;
}

static int
compare_main(int argc, char **argv, const char *with, const char *summary)
{
	struct compare c = {.size = CLUSTER_SIZE_DEFAULT,
	    .tors = 50,
	    .threads = fleet_default_threads(),
	    .changes = 100,
	    .change_rate = 20,
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
	    "other, and through a loop that only moves the bytes. Three works: the paths arrive at ToRs that listen;\n"
	    "all ToRs join the loaded table; one path goes and comes back, again and again. Exit code 0: everyone did\n"
	    "everything.");
}

int
command_limit(int argc, char **argv)
{
	return compare_main(argc, argv, "limit",
	    "heliobench limit: how fast the bytes of a path set, and of a change to it, reach the ToRs when nothing\n"
	    "else is done.");
}
