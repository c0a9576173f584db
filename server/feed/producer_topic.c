/* SPDX-License-Identifier: Apache-2.0 */
/* Where the brokers are, and whether the topic is there and keeps what is written to it. */
#include "core/log.h"
#include "feed/producer_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ASK_WAIT_MS 5000 /* asked again if need be; nor may it hold up our end */

static bool
read_stamp(const struct producer *p, char *path, size_t size, struct bootstrap_stamp *out)
{
	struct stat st;

	snprintf(path, size, "%s/kafka.bootstrap", p->state_dir);
	if (stat(path, &st) < 0)
		return false;
	*out = (struct bootstrap_stamp){.inode = st.st_ino,
	    .seconds = st.st_mtim.tv_sec,
	    .nanoseconds = st.st_mtim.tv_nsec};
	return true;
}

bool
producer_brokers(struct producer *p, char *out, char *error)
{
	char path[4096];
	FILE *f;
	bool got;

	if (!p->state_dir) {
		snprintf(out, PRODUCER_BROKERS_MAX, "%s", p->options->kafka);
		return true;
	}
	got = read_stamp(p, path, sizeof(path), &p->stamp);
	f = got ? fopen(path, "re") : NULL;
	got = f && fgets(out, PRODUCER_BROKERS_MAX, f) && strchr(out, ':');
	if (f)
		fclose(f);
	if (!got) {
		snprintf(error, PRODUCER_ERROR_MAX,
		    "%.150s names no broker: is heliographd running with kafka.brokers: embedded and this state_dir?",
		    path);
		return false;
	}
	out[strcspn(out, "\r\n")] = '\0';
	return true;
}

bool
producer_moved(const struct producer *p)
{
	struct bootstrap_stamp now;
	char path[4096];

	return p->state_dir && read_stamp(p, path, sizeof(path), &now) &&
	       (now.inode != p->stamp.inode || now.seconds != p->stamp.seconds ||
	           now.nanoseconds != p->stamp.nanoseconds);
}

/* Is it there? Asked by listing all: asking for one by name can create it. */
static bool
look_for_topic(struct producer *p, bool *exists, char *error)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err = rd_kafka_metadata(p->rk, 1, NULL, &md, ASK_WAIT_MS);

	if (err) {
		snprintf(error, PRODUCER_ERROR_MAX, "cannot reach Kafka at %.150s: %s",
		    p->options->kafka, rd_kafka_err2str(err));
		return false;
	}
	*exists = false;
	for (int i = 0; i < md->topic_cnt; i++)
		if (strcmp(md->topics[i].topic, p->options->topic) == 0)
			*exists = true;
	rd_kafka_metadata_destroy(md);
	return true;
}

static bool
creation_error(const rd_kafka_event_t *event, char *error)
{
	const rd_kafka_CreateTopics_result_t *result =
	    event ? rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)event) : NULL;
	size_t n = 0;
	const rd_kafka_topic_result_t **topics =
	    result ? rd_kafka_CreateTopics_result_topics(result, &n) : NULL;

	if (n == 1) {
		rd_kafka_resp_err_t err = rd_kafka_topic_result_error(topics[0]);
		const char *text = rd_kafka_topic_result_error_string(topics[0]);

		snprintf(
		    error, PRODUCER_ERROR_MAX, "%.200s", text ? text : rd_kafka_err2str(err));
		return err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
	}
	snprintf(error, PRODUCER_ERROR_MAX, "%.200s",
	    event ? rd_kafka_event_error_string((rd_kafka_event_t *)event) : "no answer");
	return true;
}

static bool
create_topic(struct producer *p, char *error)
{
	const struct producer_options *o = p->options;
	char why[PRODUCER_ERROR_MAX];
	rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
	    o->topic, (int)o->partitions, o->replication, error, PRODUCER_ERROR_MAX);
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	bool failed;

	if (!topic)
		return false;
	queue = rd_kafka_queue_new(p->rk);
	rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
	rd_kafka_CreateTopics(p->rk, &topic, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, ASK_WAIT_MS);
	failed = creation_error(event, why);
	if (failed)
		snprintf(error, PRODUCER_ERROR_MAX,
		    "topic %.80s does not exist and could not be created: %.180s", o->topic,
		    why);
	else
		log_info("created the topic", f_str("topic", o->topic),
		    f_u64("partitions", o->partitions));
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy(topic);
	return !failed;
}

/* The topic's cleanup.policy, or "" where the brokers do not say. */
static void
read_policy(rd_kafka_event_t *event, char *out, size_t size)
{
	const rd_kafka_DescribeConfigs_result_t *result =
	    rd_kafka_event_DescribeConfigs_result(event);
	size_t n_topics = 0, n = 0;
	const rd_kafka_ConfigResource_t **topics =
	    result ? rd_kafka_DescribeConfigs_result_resources(result, &n_topics) : NULL;
	const rd_kafka_ConfigEntry_t **entries =
	    n_topics == 1 ? rd_kafka_ConfigResource_configs(topics[0], &n) : NULL;

	for (size_t i = 0; i < n; i++) {
		const char *value = rd_kafka_ConfigEntry_value(entries[i]);

		if (value &&
		    strcmp(rd_kafka_ConfigEntry_name(entries[i]), "cleanup.policy") == 0)
			snprintf(out, size, "%s", value);
	}
}

static void
check_policy(struct producer *p)
{
	rd_kafka_ConfigResource_t *config =
	    rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, p->options->topic);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(p->rk);
	rd_kafka_event_t *event;
	char policy[64] = "";

	rd_kafka_DescribeConfigs(p->rk, &config, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, ASK_WAIT_MS);
	if (event) {
		read_policy(event, policy, sizeof(policy));
		rd_kafka_event_destroy(event);
	}
	if (policy[0] && (!strstr(policy, "compact") || strstr(policy, "delete")))
		log_error(
		    "the topic forgets records: objects that do not change will vanish from it; "
		    "set cleanup.policy=compact",
		    f_str("topic", p->options->topic), f_str("cleanup.policy", policy));
	rd_kafka_queue_destroy(queue);
	rd_kafka_ConfigResource_destroy(config);
}

bool
producer_find_topic(struct producer *p, enum producer_state *state, char *error)
{
	bool exists;

	*state = PRODUCER_RETRYING;
	if (!look_for_topic(p, &exists, error))
		return false;
	if (!exists) {
		*state = PRODUCER_NO_TOPIC;
		if (p->options->create_topic)
			return create_topic(p, error);
		snprintf(error, PRODUCER_ERROR_MAX,
		    "topic %.80s does not exist at %.100s: create it with cleanup.policy=compact, or run with --create-topic",
		    p->options->topic, p->options->kafka);
		return false;
	}
	if (!p->state_dir)
		check_policy(p);
	return true;
}
