/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The producer's side of librdkafka. Delivery is confirmed by callbacks that run inside feed_put()
 * and feed_flush(), so one thread is all there is; what failed is counted, and the first kept.
 */
#include "feed.h"

#include "core/clock.h"

#include <librdkafka/rdkafka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUE_RECORDS "1000000"
#define QUEUE_KBYTES  "1048576"
#define TOPIC_WAIT_MS 10000
#define FULL_WAIT_MS  20

struct feed {
	rd_kafka_t *producer;
	rd_kafka_topic_t *topic;
	struct feed_totals totals;
	uint64_t epoch; /* 0: no header */
	char first_failure[FEED_ERROR_MAX];
};

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct feed *f = opaque;
	struct stamp *times = m->_private;
	int64_t us = rd_kafka_message_latency(m);

	(void)rk;
	/* Measured where the answer came in, not here, where it is read a little later. */
	if (times)
		times->acked_ns =
		    us < 0 ? clock_mono_ns() : times->handed_ns + (uint64_t)us * 1000;
	if (!m->err)
		return;
	if (f->totals.failed++ == 0)
		snprintf(f->first_failure, sizeof(f->first_failure), "%.*s: %s",
		    (int)m->key_len, (const char *)m->key, rd_kafka_err2str(m->err));
}

/* librdkafka's own lines would tear the progress bar; what matters comes back as an error. */
static void
on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	(void)facility;
	(void)text;
}

static bool
set(rd_kafka_conf_t *conf, const char *name, const char *value, char *error)
{
	return rd_kafka_conf_set(conf, name, value, error, FEED_ERROR_MAX) == RD_KAFKA_CONF_OK;
}

/* The address that heliographd wrote when it started its embedded broker. */
static bool
read_bootstrap(const char *state_dir, unsigned timeout_ms, char *brokers, size_t n, char *error)
{
	char path[512];
	uint64_t until = clock_mono_ns() + timeout_ms * NS_PER_MS;

	snprintf(path, sizeof(path), "%s/kafka.bootstrap", state_dir);
	for (;;) {
		FILE *file = fopen(path, "re");
		bool got = file && fgets(brokers, (int)n, file) && strchr(brokers, ':');
		struct timespec nap = {.tv_nsec = 50000000};

		if (file)
			fclose(file);
		if (got) {
			brokers[strcspn(brokers, "\r\n")] = '\0';
			return true;
		}
		if (clock_mono_ns() >= until)
			break;
		nanosleep(&nap, NULL);
	}
	snprintf(error, FEED_ERROR_MAX,
	    "%.150s does not name a broker: is heliographd running with kafka.brokers: embedded and this state_dir?",
	    path);
	return false;
}

static bool
make_producer(struct feed *f, const char *brokers, char *error)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set_opaque(conf, f);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_log_cb(conf, on_log);
	/* Idempotence keeps the order of one key's records over retries. */
	if (set(conf, "bootstrap.servers", brokers, error) &&
	    set(conf, "client.id", "heliobench", error) &&
	    set(conf, "enable.idempotence", "true", error) &&
	    set(conf, "linger.ms", "0", error) &&
	    set(conf, "queue.buffering.max.messages", QUEUE_RECORDS, error) &&
	    set(conf, "queue.buffering.max.kbytes", QUEUE_KBYTES, error) &&
	    set(conf, "sticky.partitioning.linger.ms", "0", error))
		f->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, FEED_ERROR_MAX);
	if (!f->producer)
		rd_kafka_conf_destroy(conf);
	return f->producer != NULL;
}

static bool
make_topic(struct feed *f, const char *name, char *error)
{
	rd_kafka_topic_conf_t *conf = rd_kafka_topic_conf_new();

	if (rd_kafka_topic_conf_set(conf, "partitioner", "murmur2_random", error,
	        FEED_ERROR_MAX) != RD_KAFKA_CONF_OK) {
		rd_kafka_topic_conf_destroy(conf);
		return false;
	}
	f->topic = rd_kafka_topic_new(f->producer, name, conf);
	if (!f->topic)
		snprintf(error, FEED_ERROR_MAX, "topic %s: %s", name,
		    rd_kafka_err2str(rd_kafka_last_error()));
	return f->topic != NULL;
}

/* Is the topic there? Asked by listing all: asking for one by name would create it. */
static bool
look_for_topic(struct feed *f, const char *brokers, const struct feed_options *o, bool *exists,
    char *error)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err =
	    rd_kafka_metadata(f->producer, 1, NULL, &md, (int)o->timeout_ms);

	if (err) {
		snprintf(error, FEED_ERROR_MAX, "cannot reach Kafka at %.150s: %s", brokers,
		    rd_kafka_err2str(err));
		return false;
	}
	for (int i = 0; i < md->topic_cnt; i++)
		if (strcmp(md->topics[i].topic, o->topic) == 0)
			*exists = true;
	rd_kafka_metadata_destroy(md);
	return true;
}

static bool
create_topic(struct feed *f, const char *name, uint32_t partitions, char *error)
{
	rd_kafka_NewTopic_t *topic =
	    rd_kafka_NewTopic_new(name, (int)partitions, -1, error, FEED_ERROR_MAX);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(f->producer);
	rd_kafka_event_t *event;
	bool ok = false;

	if (!topic) {
		rd_kafka_queue_destroy(queue);
		return false;
	}
	rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
	rd_kafka_CreateTopics(f->producer, &topic, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, TOPIC_WAIT_MS);
	const rd_kafka_CreateTopics_result_t *result =
	    event ? rd_kafka_event_CreateTopics_result(event) : NULL;
	size_t n = 0;
	const rd_kafka_topic_result_t **topics =
	    result ? rd_kafka_CreateTopics_result_topics(result, &n) : NULL;

	if (n == 1) {
		rd_kafka_resp_err_t err = rd_kafka_topic_result_error(topics[0]);

		ok = !err || err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
	}
	if (!ok)
		snprintf(error, FEED_ERROR_MAX,
		    "topic %s does not exist and could not be created: %s", name,
		    n == 1  ? rd_kafka_topic_result_error_string(topics[0])
		    : event ? rd_kafka_event_error_string(event)
		            : "no answer");
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy(topic);
	return ok;
}

bool
feed_delete_topic(struct feed *f, const char *name, char *error)
{
	rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(f->producer);
	rd_kafka_event_t *event;
	size_t n = 0;

	rd_kafka_DeleteTopics(f->producer, &topic, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, TOPIC_WAIT_MS);
	const rd_kafka_DeleteTopics_result_t *result =
	    event ? rd_kafka_event_DeleteTopics_result(event) : NULL;
	const rd_kafka_topic_result_t **topics =
	    result ? rd_kafka_DeleteTopics_result_topics(result, &n) : NULL;
	bool ok = n == 1 && !rd_kafka_topic_result_error(topics[0]);

	if (!ok)
		snprintf(error, FEED_ERROR_MAX, "topic %s could not be deleted: %s", name,
		    n == 1  ? rd_kafka_topic_result_error_string(topics[0])
		    : event ? rd_kafka_event_error_string(event)
		            : "no answer");
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_DeleteTopic_destroy(topic);
	return ok;
}

static bool
connect_feed(struct feed *f, const struct feed_options *o, char *error)
{
	static const char embedded[] = "embedded:";
	char brokers[512];
	bool exists = false;

	snprintf(brokers, sizeof(brokers), "%s", o->kafka);
	if (strncmp(o->kafka, embedded, sizeof(embedded) - 1) == 0 &&
	    !read_bootstrap(o->kafka + sizeof(embedded) - 1, o->timeout_ms, brokers,
	        sizeof(brokers), error))
		return false;
	if (!make_producer(f, brokers, error) || !look_for_topic(f, brokers, o, &exists, error))
		return false;
	if (!exists && !o->create_partitions) {
		snprintf(error, FEED_ERROR_MAX, "topic %s does not exist at %.150s", o->topic,
		    brokers);
		return false;
	}
	if (!exists && !create_topic(f, o->topic, o->create_partitions, error))
		return false;
	return make_topic(f, o->topic, error);
}

struct feed *
feed_new(const struct feed_options *options, char *error)
{
	struct feed *f = must_calloc(1, sizeof(*f));

	if (connect_feed(f, options, error))
		return f;
	feed_free(f);
	return NULL;
}

void
feed_free(struct feed *f)
{
	if (!f)
		return;
	if (f->topic)
		rd_kafka_topic_destroy(f->topic);
	if (f->producer)
		rd_kafka_destroy(f->producer);
	free(f);
}

static rd_kafka_resp_err_t
produce(struct feed *f, const struct record *r, struct stamp *times)
{
	char epoch[24];

	/* A tombstone is a null payload, which is not the same as an empty one. */
	if (f->epoch == 0)
		return rd_kafka_produce(f->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
		           (void *)(uintptr_t)r->value, r->value_len, r->key, r->key_len,
		           times) == 0
		           ? RD_KAFKA_RESP_ERR_NO_ERROR
		           : rd_kafka_last_error();
	snprintf(epoch, sizeof(epoch), "%llu", (unsigned long long)f->epoch);
	return rd_kafka_producev(f->producer, RD_KAFKA_V_RKT(f->topic),
	    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(r->key, r->key_len),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)r->value, r->value_len),
	    RD_KAFKA_V_HEADER("epoch", epoch, -1), RD_KAFKA_V_OPAQUE(times), RD_KAFKA_V_END);
}

void
feed_put(struct feed *f, const struct record *r)
{
	feed_put_stamped(f, r, NULL);
}

void
feed_put_stamped(struct feed *f, const struct record *r, struct stamp *times)
{
	rd_kafka_resp_err_t err;

	if (times)
		times->handed_ns = clock_mono_ns();
	while ((err = produce(f, r, times)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
			if (f->totals.failed++ == 0)
				snprintf(f->first_failure, sizeof(f->first_failure),
				    "%.150s: %s", r->key, rd_kafka_err2str(err));
			return;
		}
		rd_kafka_poll(f->producer, FULL_WAIT_MS);
	}
	f->totals.records++;
	f->totals.bytes += r->key_len + r->value_len;
	rd_kafka_poll(f->producer, 0);
}

void
feed_set_epoch(struct feed *f, uint64_t epoch)
{
	f->epoch = epoch;
}

void
feed_put_sync(struct feed *f, bool end, const struct change_list *listed)
{
	uint64_t counts[RESOURCE_COUNT] = {0};
	char value[200];
	struct record r;
	int n;

	for (size_t i = 0; i < listed->count; i++)
		counts[listed->refs[i].resource]++;
	n = snprintf(value, sizeof(value),
	    "{\"epoch\":%llu,\"counts\":{\"nodes\":%llu,\"services\":%llu,\"endpointslices\":%llu}}",
	    (unsigned long long)f->epoch, (unsigned long long)counts[RESOURCE_NODE],
	    (unsigned long long)counts[RESOURCE_SERVICE],
	    (unsigned long long)counts[RESOURCE_SLICE]);
	if (!end)
		n = snprintf(
		    value, sizeof(value), "{\"epoch\":%llu}", (unsigned long long)f->epoch);
	r.value = (const uint8_t *)value;
	r.value_len = (size_t)n;
	r.key_len = (size_t)snprintf(r.key, sizeof(r.key), "sync//%s", end ? "end" : "begin");
	feed_put(f, &r);
}

uint32_t
feed_poll(struct feed *f)
{
	rd_kafka_poll(f->producer, 0);
	return (uint32_t)rd_kafka_outq_len(f->producer);
}

void
feed_put_list(struct feed *f, struct encoder *e, const struct change_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct record r;

		encode_object(e, l->refs[i], &r);
		feed_put(f, &r);
	}
}

void
feed_put_records(struct feed *f, const struct records *r)
{
	for (size_t i = 0; i < records_count(r); i++) {
		struct record one;

		records_get(r, i, &one);
		feed_put(f, &one);
	}
}

bool
feed_flush(struct feed *f, unsigned timeout_ms, char *error)
{
	rd_kafka_resp_err_t err = rd_kafka_flush(f->producer, (int)timeout_ms);

	if (err)
		snprintf(error, FEED_ERROR_MAX, "%d records were not acknowledged within %u ms",
		    rd_kafka_outq_len(f->producer), timeout_ms);
	else if (f->totals.failed)
		snprintf(error, FEED_ERROR_MAX, "%llu records were refused, the first: %.200s",
		    (unsigned long long)f->totals.failed, f->first_failure);
	return !err && !f->totals.failed;
}

struct feed_totals
feed_totals(const struct feed *f)
{
	return f->totals;
}
