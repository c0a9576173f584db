/* SPDX-License-Identifier: Apache-2.0 */
/* The producer against librdkafka's own broker, over TCP; what comes out is read by a consumer. */
#include "feed.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PARTITIONS 8
#define TOPIC      "state"

static rd_kafka_t *
consumer_of(const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char error[200];

	rd_kafka_conf_set(conf, "bootstrap.servers", brokers, error, sizeof(error));
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", error, sizeof(error));
	rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", error, sizeof(error));
	rd_kafka_conf_set(conf, "group.id", "none", error, sizeof(error));
	rd_kafka_t *c = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);

	assert_non_null(c);
	for (int i = 0; i < PARTITIONS; i++)
		rd_kafka_topic_partition_list_add(list, TOPIC, i)->offset =
		    RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(c, list);
	rd_kafka_topic_partition_list_destroy(list);
	return c;
}

struct seen {
	unsigned records, tombstones, partitions_used;
};

static struct seen
read_all(const char *brokers)
{
	rd_kafka_t *c = consumer_of(brokers);
	struct seen seen = {0};
	bool used[PARTITIONS] = {false};

	for (int ended = 0; ended < PARTITIONS;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(c, 10000);

		assert_non_null(m);
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			ended++;
		} else {
			assert_int_equal(m->err, 0);
			seen.records++;
			seen.tombstones += m->payload == NULL;
			seen.partitions_used += !used[m->partition];
			used[m->partition] = true;
		}
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consumer_close(c);
	rd_kafka_destroy(c);
	return seen;
}

static void
a_cluster_written_to_the_embedded_broker_can_be_read_back(void **state)
{
	const struct cluster_size size = {
	    .nodes = 30, .services = 100, .next_hops = 3, .local = 100, .seed = 1};
	struct cluster *cluster = cluster_new(&size);
	struct change_list all = {0}, gone = {0};
	char dir[] = "/tmp/heliobench-feed-XXXXXX", path[100], error[FEED_ERROR_MAX];
	rd_kafka_t *owner =
	    rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof(error));
	rd_kafka_mock_cluster_t *broker = rd_kafka_mock_cluster_new(owner, 1);
	struct encoder e;

	(void)state;
	rd_kafka_mock_topic_create(broker, TOPIC, PARTITIONS, 1);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/kafka.bootstrap", dir);
	FILE *f = fopen(path, "w");

	fprintf(f, "%s\n", rd_kafka_mock_cluster_bootstraps(broker));
	fclose(f);
	snprintf(path, sizeof(path), "embedded:%s", dir);
	const struct feed_options o = {.kafka = path, .topic = TOPIC, .timeout_ms = 10000};
	struct feed *feed = feed_new(&o, error);

	if (!feed)
		fail_msg("%s", error);
	encoder_init(&e, cluster, ENCODE_PROTOBUF);
	scenario_list_all(cluster, &all);
	struct records *made = records_new(&e, &all);

	feed_put_records(feed, made);
	records_free(made);
	scenario_delete_service(cluster, 0, &gone);
	feed_put_list(feed, &e, &gone);
	if (!feed_flush(feed, 20000, error))
		fail_msg("%s", error);
	struct seen seen = read_all(rd_kafka_mock_cluster_bootstraps(broker));

	assert_int_equal(seen.records, 30 + 100 + 100 + 2);
	assert_int_equal(seen.tombstones, 2);
	assert_int_equal(seen.partitions_used, PARTITIONS);
	assert_int_equal(feed_totals(feed).records, seen.records);
	feed_free(feed);
	rd_kafka_mock_cluster_destroy(broker);
	rd_kafka_destroy(owner);
	encoder_fini(&e);
	change_list_fini(&all);
	change_list_fini(&gone);
	cluster_free(cluster);
	snprintf(path, sizeof(path), "%s/kafka.bootstrap", dir);
	unlink(path);
	rmdir(dir);
}

static void
a_missing_daemon_is_explained(void **state)
{
	const struct feed_options o = {
	    .kafka = "embedded:/nonexistent", .topic = TOPIC, .timeout_ms = 100};
	char error[FEED_ERROR_MAX];

	(void)state;
	assert_null(feed_new(&o, error));
	assert_non_null(strstr(error, "/nonexistent/kafka.bootstrap"));
}

static void
an_absent_broker_is_explained(void **state)
{
	const struct feed_options o = {
	    .kafka = "127.0.0.1:1", .topic = TOPIC, .timeout_ms = 500};
	char error[FEED_ERROR_MAX];

	(void)state;
	assert_null(feed_new(&o, error));
	assert_non_null(strstr(error, "cannot reach Kafka at 127.0.0.1:1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_cluster_written_to_the_embedded_broker_can_be_read_back),
	    cmocka_unit_test(a_missing_daemon_is_explained),
	    cmocka_unit_test(an_absent_broker_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
