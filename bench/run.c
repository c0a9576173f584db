/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `heliobench run`: starts or finds the target and the stream, has the
 * phases run, prints the report. Whatever was started here is ended here.
 */
#include "run.h"

#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t run_interrupted;

static void
on_interrupt(int signal_number)
{
	(void)signal_number;
	run_interrupted = 1;
}

/* ToRs that can keep a whole table within the memory given. */
static uint32_t
tables_that_fit(const struct run *r, const struct model *m)
{
	uint64_t entries = 1024;

	while (entries < m->count + m->count / 8)
		entries *= 2;
	uint64_t fit =
	    (uint64_t)r->check_memory_mb * 1024 * 1024 / (entries * sizeof(uint32_t));

	if (fit > r->check_limit)
		fit = r->check_limit;
	return fit < r->tors ? (uint32_t)fit : r->tors;
}

static bool
open_feed(struct run *r, const char *kafka, uint32_t create_partitions)
{
	char error[FEED_ERROR_MAX];
	const struct feed_options o = {.kafka = kafka,
	    .topic = r->topic,
	    .create_partitions = create_partitions,
	    .timeout_ms = RUN_KAFKA_WAIT_MS};

	r->feed = feed_new(&o, error);
	if (!r->feed)
		fprintf(stderr, "heliobench: %s\n", error);
	return r->feed != NULL;
}

bool
run_spawn_target(struct run *r)
{
	const struct daemon_config c = {.path = r->spawn,
	    .brokers = r->report.broker_inside ? "embedded" : r->kafka,
	    .topic = r->topic,
	    .listen = r->target,
	    .as = r->as,
	    .io_threads = r->io_threads,
	    .packers = r->packers,
	    .dual_stack = r->size.dual_stack > 0};
	char error[DAEMON_ERROR_MAX];

	if (daemon_spawn(&r->daemon, &c, r->timeout_s * 1000, error))
		return true;
	fprintf(stderr, "heliobench: %s\n", error);
	return false;
}

/* The stream and the target, in the order in which they can be started. */
static bool
open_both_ends(struct run *r)
{
	char kafka[256];

	if (!r->spawn)
		return open_feed(r, r->kafka, FEED_NEW_TOPIC_PARTS);
	if (!r->target_given)
		r->target.port = endpoint_free_port(&r->target.addr);
	r->report.broker_inside = strcmp(r->kafka, "embedded") == 0;
	if (!r->report.broker_inside)
		return open_feed(r, r->kafka, FEED_NEW_TOPIC_PARTS) && run_spawn_target(r);
	if (!run_spawn_target(r))
		return false;
	snprintf(kafka, sizeof(kafka), "embedded:%s", r->daemon.state_dir);
	return open_feed(r, kafka, 0);
}

static void
run_all(struct run *r)
{
	struct model *m = model_new(r->cluster, &r->rules);
	const struct fleet_options fo = {.tors = r->tors,
	    .threads = r->threads,
	    .as = r->as,
	    .add_path = true,
	    .tapes = FLEET_TAPES_COUNTING,
	    .crowd = r->crowd,
	    .expected_paths = m->count + m->count / 8,
	    .checked = tables_that_fit(r, m),
	    .target = r->target.addr,
	    .port = r->target.port,
	    .first_source = ip_v4(0x7f010001)};

	r->report.model_paths = m->count;
	model_free(m);
	encoder_init(&r->encoder, r->cluster, ENCODE_PROTOBUF);
	r->fleet = fleet_new(&fo);
	r->report.equal = true;
	run_steps(r);
	fleet_free(r->fleet);
	r->report.equal = r->report.equal && r->report.phase_count > 0 && !run_interrupted;
	if (!r->keep && !r->report.broker_inside)
		run_clean_topic(r);
	encoder_fini(&r->encoder);
}

int
command_run(int argc, char **argv)
{
	struct run r;

	switch (run_options_read(&r, argc, argv)) {
	case OPTIONS_HELP:
		return EXIT_OK;
	case OPTIONS_BAD:
		return EXIT_USAGE;
	case OPTIONS_OK:
		break;
	}
	if (!r.kafka)
		r.kafka = r.spawn ? "embedded" : "127.0.0.1:9092";
	signal(SIGINT, on_interrupt);
	signal(SIGTERM, on_interrupt);
	r.rules = model_rules_default(r.size.dual_stack > 0);
	r.rules.ebgp_as = r.as == RUN_LOCAL_AS ? 0 : RUN_LOCAL_AS;
	r.random = r.size.seed ^ 0x5eed;
	r.report = (struct report){.nodes = r.size.nodes,
	    .services = r.size.services,
	    .next_hops = r.size.next_hops,
	    .tors = r.tors,
	    .crowd = r.crowd,
	    .threads = r.threads,
	    .io_threads = r.io_threads,
	    .packers = r.packers,
	    .seed = r.size.seed,
	    .cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
	r.cluster = cluster_new(&r.size);
	if (open_both_ends(&r)) {
		run_all(&r);
		r.report.stopped = run_interrupted;
		if (r.json)
			report_print_json(&r.report);
		else
			report_print_table(&r.report);
	}
	feed_free(r.feed);
	probes_free(r.probes);
	report_fini(&r.report);
	bool keep = r.keep || (!r.report.equal && !run_interrupted);

	if (keep && r.daemon.state_dir[0])
		fprintf(stderr, "heliobench: the target's directory stays: %s\n",
		    r.daemon.state_dir);
	daemon_stop(&r.daemon, keep);
	cluster_free(r.cluster);
	return r.report.equal ? EXIT_OK : EXIT_DIFFERENT;
}
