/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heliographd as a contender: it gets the cluster as records of a stream, through a broker that it
 * embeds or a real one, where each trial has a topic of its own that ends with it.
 */
#include "contender.h"
#include "core/clock.h"
#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool
open_feed(struct contender *c, const char *kafka, const char *topic, char *error)
{
	const struct feed_options o = {.kafka = kafka,
	    .topic = topic,
	    .create_partitions = c->topic[0] ? FEED_NEW_TOPIC_PARTS : 0,
	    .timeout_ms = CONTENDER_START_MS};

	c->feed = feed_new(&o, error);
	return c->feed != NULL;
}

/* All of the cluster as it is. */
static void
make_records(struct contender *c)
{
	struct change_list all = {0};

	scenario_list_all(c->compare->cluster, &all);
	c->records = records_new(&c->encoder, &all);
	change_list_fini(&all);
}

static bool
start_both(struct contender *c, struct daemon_config *config, char *error)
{
	char kafka[256];

	if (c->compare->kafka) {
		snprintf(c->topic, sizeof(c->topic), "heliobench-compare-%d-%llu",
		    (int)getpid(), (unsigned long long)(clock_wall_ns() / NS_PER_MS));
		config->brokers = c->compare->kafka;
		config->topic = c->topic;
		return open_feed(c, config->brokers, config->topic, error) &&
		       daemon_spawn(&c->daemon, config, CONTENDER_START_MS, error);
	}
	if (!daemon_spawn(&c->daemon, config, CONTENDER_START_MS, error))
		return false;
	snprintf(kafka, sizeof(kafka), "embedded:%s", c->daemon.state_dir);
	return open_feed(c, kafka, config->topic, error);
}

static bool
heliograph_start(struct contender *c, char *error)
{
	struct daemon_config config = {.path = c->compare->spawn,
	    .brokers = "embedded",
	    .topic = "kubernetes-state",
	    .listen = c->listen,
	    .as = CONTENDER_AS,
	    .io_threads = c->compare->io_threads,
	    .packers = c->compare->packers};

	encoder_init(&c->encoder, c->compare->cluster, ENCODE_PROTOBUF);
	if (!config.path) {
		snprintf(error, DAEMON_ERROR_MAX, "--spawn PATH of heliographd is not given");
		return false;
	}
	if (!start_both(c, &config, error))
		return false;
	make_records(c);
	return true;
}

static bool
heliograph_load(struct contender *c, char *error)
{
	feed_put_records(c->feed, c->records);
	return feed_flush(c->feed, c->compare->timeout_s * 1000, error);
}

/* One endpoint is not ready any more, or is again: one record, made before the clock starts. */
static bool
heliograph_change(struct contender *c, bool present, struct stamp *times, char *error)
{
	const struct compare_path *path = &c->compare->path;
	struct record record;

	(void)error; /* what the broker refuses is found by contender_failed() */
	c->changed.count = 0;
	scenario_set_ready(
	    c->compare->cluster, path->service, path->node, present, &c->changed);
	must(c->changed.count == 1);
	encode_object(&c->encoder, c->changed.refs[0], &record);
	feed_put_stamped(c->feed, &record, times);
	return true;
}

/* The process first: a topic that goes while it is followed is a fault in its log. */
static void
end_topic(struct contender *c)
{
	char error[FEED_ERROR_MAX];

	daemon_stop(&c->daemon, c->compare->keep);
	if (!feed_delete_topic(c->feed, c->topic, error))
		fprintf(stderr, "heliobench: %s\n", error);
}

static void
heliograph_stop(struct contender *c)
{
	const struct compare_path *path = &c->compare->path;

	/* The cluster is the comparison's: as it was, wherever the changes ended. */
	scenario_set_ready(c->compare->cluster, path->service, path->node, true, &c->changed);
	if (c->feed && c->topic[0] && !c->compare->keep)
		end_topic(c);
	feed_free(c->feed);
	records_free(c->records);
	change_list_fini(&c->changed);
	encoder_fini(&c->encoder);
}

const struct contender_kind contender_heliograph = {
    heliograph_start, heliograph_load, heliograph_change, heliograph_stop};
