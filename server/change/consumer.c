/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream's life and the consumer thread's loop: fetch, decode, quarantine, push. With
 * consumer_conf.c and consumer_probe.c the only code, beside the embedded broker, that knows
 * librdkafka. Its simple consumer is used: each partition is started on one common queue,
 * and no group exists that could rebalance, expire or need an ACL.
 */
#include "change/stream_private.h"
#include "core/clock.h"
#include "core/metric.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FETCH_MAX     1000 /* records decoded before they are pushed */
#define FETCH_WAIT_MS 100  /* how late a stop may be noticed */
#define TICK_NS       (NS_PER_S / 4)
#define SAME_ERROR_NS                                                                          \
	(60 *                                                                                  \
	    NS_PER_S) /* a refused login is retried every two seconds, and said every minute */
#define LOG_BURST 20  /* lines a second of one kind */

#define put(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)
#define get(field)    atomic_load_explicit(&(field), memory_order_relaxed)
#define add(field, n) atomic_fetch_add_explicit(&(field), (n), memory_order_relaxed)

/* --- what librdkafka has to say --- */

void
consumer_on_error(rd_kafka_t *rk, int err, const char *reason, void *stream)
{
	struct stream *s = stream;
	uint64_t now_ns = clock_mono_ns();
	uint32_t swallowed;

	(void)rk;
	role_is_consumer();
	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		consumer_down(s, err);
		return;
	}
	stream_set_error(s, reason);
	if (err == RD_KAFKA_RESP_ERR__TRANSPORT || err == RD_KAFKA_RESP_ERR__RESOLVE)
		return; /* one connection; the outage, if it is one, has its own line */
	if (err == s->logged_error && now_ns - s->logged_error_ns < SAME_ERROR_NS)
		return;
	s->logged_error = err;
	s->logged_error_ns = now_ns;
	if (log_allow(&s->error_limit, 2, now_ns, &swallowed))
		log_warn("kafka error", f_str("brokers", s->brokers), f_str("error", reason),
		    f_u64("swallowed", swallowed));
}

void
consumer_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	struct stream *s = rd_kafka_opaque(rk);
	uint32_t swallowed;

	/* FAIL is a lost connection: reported once per outage, not by the library's every attempt. */
	if (level > 4 || strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0)
		log_debug("librdkafka", f_str("facility", facility), f_str("text", text));
	else if (log_allow(&s->library_limit, 2, clock_mono_ns(), &swallowed))
		log_warn("librdkafka", f_str("facility", facility), f_str("text", text),
		    f_u64("swallowed", swallowed));
}

/* --- records --- */

static uint64_t
decimal_header(const rd_kafka_headers_t *headers, const char *name)
{
	const void *value;
	uint64_t v = 0;
	size_t n;

	if (rd_kafka_header_get_last(headers, name, &value, &n) || !value || n > 19)
		return 0;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = ((const uint8_t *)value)[i] - (unsigned)'0';

		if (digit > 9)
			return 0;
		v = v * 10 + digit;
	}
	return v;
}

static struct record
record_of(const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	rd_kafka_headers_t *headers;
	struct record r = {.key = m->key,
	    .key_len = m->key_len,
	    .value = m->payload,
	    .value_len = m->len,
	    .partition = m->partition,
	    .offset = m->offset,
	    .ms = rd_kafka_message_timestamp(m, &type)};

	if (rd_kafka_message_headers(m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		r.epoch = decimal_header(headers, "epoch");
		r.rv = decimal_header(headers, "rv");
	}
	return r;
}

static void
refuse_record(
    struct stream *s, const struct record *r, const struct decode_error *why) ON_CONSUMER
{
	static const enum metric_id metrics[] = {
	    [FAULT_UNDECODABLE] = METRIC_RECORDS_UNDECODABLE,
	    [FAULT_OVERSIZED] = METRIC_RECORDS_OVERSIZED,
	    [FAULT_BAD_KEY] = METRIC_RECORDS_BAD_KEY};
	struct stream_quarantined q;
	uint32_t swallowed;

	metric_inc(metrics[why->fault]);
	if (!quarantine_add(&s->quarantine, r, why) ||
	    !log_allow(&s->quarantine_limit, LOG_BURST, clock_mono_ns(), &swallowed))
		return;
	quarantine_read(&s->quarantine, &q, 1);
	log_warn("kafka record cannot be used; the last good value of its key stays",
	    f_str("topic", s->topic), f_i64("partition", r->partition),
	    f_i64("offset", r->offset), f_str("key", q.key), f_str("reason", why->text),
	    f_u64("swallowed", swallowed));
}

static void
take_record(struct stream *s, const struct record *r, uint64_t now_ns) ON_CONSUMER
{
	struct decode_error why;
	struct change *c;

	add(s->records, 1);
	add(s->bytes, r->key_len + r->value_len);
	metric_inc(METRIC_RECORDS);
	metric_add(METRIC_RECORD_BYTES, (int64_t)(r->key_len + r->value_len));
	switch (change_decode(&s->decoder, r, &c, &why)) {
	case DECODE_OK:
		c->seen_ns = now_ns;
		change_batch_add(&s->batch, c);
		break;
	case DECODE_SKIPPED:
		add(s->skipped, 1);
		metric_inc(METRIC_RECORDS_UNKNOWN);
		break;
	case DECODE_BAD:
		refuse_record(s, r, &why);
		break;
	}
	if (s->decoder.dropped != s->decoder_dropped) {
		metric_add(METRIC_RECORD_PARTS_DROPPED,
		    (int64_t)(s->decoder.dropped - s->decoder_dropped));
		s->decoder_dropped = s->decoder.dropped;
	}
}

/* An embedded broker forgets; nobody should find out from missing routes. */
static void
watch_embedded_limit(struct partition *p, const rd_kafka_message_t *m) ON_CONSUMER
{
	int64_t held = m->offset + 1 - get(p->first);

	p->bytes += m->len + m->key_len + 70; /* the batch header of a record that came alone */
	if (p->near_limit || (held < EMBEDDED_PARTITION_RECORDS / 10 * 8 &&
	                         p->bytes < EMBEDDED_PARTITION_BYTES / 10 * 8))
		return;
	p->near_limit = true;
	log_warn(
	    "a partition of the embedded kafka nears its limit and will forget its oldest records: "
	    "a program that starts to read now may miss some. Use a real Kafka for this much state",
	    f_i64("partition", m->partition), f_i64("records", held), f_u64("bytes", p->bytes),
	    f_i64("limit_records", EMBEDDED_PARTITION_RECORDS),
	    f_u64("limit_bytes", EMBEDDED_PARTITION_BYTES));
}

static void
take_error(struct stream *s, const rd_kafka_message_t *m, struct partition *p) ON_CONSUMER
{
	struct decode_error why = {.fault = FAULT_UNDECODABLE};
	struct record r = {.partition = m->partition, .offset = m->offset, .ms = -1};
	uint32_t swallowed;

	switch ((int)m->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		put(p->position, m->offset);
		put(p->end, m->offset);
		consumer_alive(s);
		consumer_reached(s, p);
		return;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		consumer_rescan(s, (uint32_t)m->partition, "our offset is out of range");
		return;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		if (p->gone)
			return;
		s->topic_was_missing = true; /* deleted: if it is back, it is another one */
		s->next_probe_ns = 0;
		return;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		why.fault = FAULT_OVERSIZED; /* fall through */
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
		snprintf(why.text, sizeof(why.text), "it cannot be fetched: %s",
		    rd_kafka_message_errstr(m));
		refuse_record(s, &r, &why);
		return;
	default:
		break;
	}
	stream_set_error(s, rd_kafka_message_errstr(m));
	if (log_allow(&s->error_limit, 2, clock_mono_ns(), &swallowed))
		log_warn("kafka partition reports an error", f_str("topic", s->topic),
		    f_i64("partition", m->partition),
		    f_str("error", rd_kafka_message_errstr(m)), f_u64("swallowed", swallowed));
}

static void
take_message(struct stream *s, rd_kafka_message_t *m, uint64_t now_ns) ON_CONSUMER
{
	struct partition *p = NULL;

	if (m->partition >= 0 && (uint32_t)m->partition < get(s->n_partitions))
		p = stream_partition(s, (uint32_t)m->partition);
	if (p && m->err) {
		take_error(s, m, p);
	} else if (p) {
		struct record r = record_of(m);

		take_record(s, &r, now_ns);
		put(p->position, m->offset + 1);
		if (get(p->end) < m->offset + 1)
			put(p->end, m->offset + 1);
		if (s->embedded)
			watch_embedded_limit(p, m);
		if (p->barrier >= 0 && m->offset + 1 >= p->barrier)
			consumer_reached(s, p);
	}
	rd_kafka_message_destroy(m);
}

/* Wait for one message, then take what else is there: a quiet stream has no delay, a busy one has batches. */
static void
fetch(struct stream *s) ON_CONSUMER
{
	rd_kafka_message_t *messages[FETCH_MAX];
	rd_kafka_message_t *first = rd_kafka_consume_queue(s->fetched, FETCH_WAIT_MS);
	uint64_t now_ns;
	ssize_t n;

	if (!first)
		return;
	now_ns = clock_mono_ns();
	take_message(s, first, now_ns);
	n = rd_kafka_consume_batch_queue(s->fetched, 0, messages, FETCH_MAX);
	for (ssize_t i = 0; i < n; i++)
		take_message(s, messages[i], now_ns);
	consumer_alive(s);
}

static void
tick(struct stream *s, uint64_t now_ns) ON_CONSUMER
{
	metric_set(METRIC_KAFKA_LAG, stream_lag(s));
	if (get(s->state) == STREAM_SCANNING && get(s->n_partitions) > 0 && !get(s->caught_up))
		progress_show(s, now_ns, false);
	s->next_tick_ns = now_ns + TICK_NS;
}

static void *
run(void *arg)
{
	struct stream *s = arg;

	role_take(ROLE_CONSUMER, "consumer");
	role_is_consumer();
	while (!get(s->stopping)) {
		uint64_t now_ns = clock_mono_ns();

		rd_kafka_poll(s->rk, 0);
		if (now_ns >= s->next_probe_ns)
			consumer_probe(s, now_ns);
		if (now_ns >= s->next_tick_ns)
			tick(s, now_ns);
		if (change_queue_wait_room(s->queue, FETCH_WAIT_MS * NS_PER_MS))
			fetch(s);
		change_queue_push(s->queue, &s->batch);
	}
	for (uint32_t i = 0; i < get(s->n_partitions); i++)
		rd_kafka_consume_stop(s->rkt, (int32_t)i);
	put(s->state, (uint32_t)STREAM_STOPPED);
	role_drop();
	return NULL;
}

/* --- life --- */

static bool
connect_client(struct stream *s, const struct stream_options *options, struct stream_error *why)
{
	const char *brokers = s->embedded ? embedded_bootstrap(s->embedded) : options->brokers;
	rd_kafka_conf_t *conf = consumer_conf_new(options, brokers, s, why);
	char text[200];

	if (!conf)
		return false;
	s->brokers = must_strdup(brokers);
	s->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
	if (!s->rk) {
		rd_kafka_conf_destroy(conf);
		snprintf(why->text, sizeof(why->text), "kafka.properties: %s", text);
		return false;
	}
	rd_kafka_set_log_queue(s->rk, NULL);
	s->rkt = rd_kafka_topic_new(s->rk, options->topic, NULL);
	if (!s->rkt) {
		snprintf(why->text, sizeof(why->text), "kafka.topic: %.100s: %s",
		    options->topic, rd_kafka_err2str(rd_kafka_last_error()));
		return false;
	}
	s->fetched = rd_kafka_queue_new(s->rk);
	return true;
}

struct stream *
stream_new(
    const struct stream_options *options, struct change_queue *queue, struct stream_error *why)
{
	struct stream *s = must_calloc(1, sizeof(*s));
	bool ok = true;

	s->topic = must_strdup(options->topic);
	s->probe_ms = options->probe_ms ? options->probe_ms : STREAM_PROBE_MS;
	s->queue = queue;
	s->progress.bar = isatty(STDERR_FILENO);
	decoder_init(&s->decoder, &options->decode);
	stable_init(&s->partitions, sizeof(struct partition));
	pthread_mutex_init(&s->error_lock, NULL);
	quarantine_init(&s->quarantine);
	if (strcmp(options->brokers, "embedded") == 0) {
		uint32_t n = options->embedded_partitions;

		s->embedded = embedded_start(options->topic, n ? n : STREAM_EMBEDDED_PARTITIONS,
		    options->state_dir, why);
		ok = s->embedded != NULL;
	}
	if (!ok || !connect_client(s, options, why)) {
		stream_free(s);
		return NULL;
	}
	return s;
}

void
stream_start(struct stream *s)
{
	must(!s->running);
	put(s->stopping, false);
	if (pthread_create(&s->thread, NULL, run, s) != 0)
		die("the consumer thread cannot be started");
	s->running = true;
}

void
stream_stop(struct stream *s)
{
	if (!s->running)
		return;
	put(s->stopping, true);
	rd_kafka_queue_yield(s->fetched);
	change_queue_kick(s->queue); /* it may be waiting for room */
	pthread_join(s->thread, NULL);
	s->running = false;
}

void
stream_free(struct stream *s)
{
	if (!s)
		return;
	must(!s->running);
	if (s->fetched)
		rd_kafka_queue_destroy(s->fetched);
	if (s->rkt)
		rd_kafka_topic_destroy(s->rkt);
	if (s->rk)
		rd_kafka_destroy(s->rk);
	embedded_stop(s->embedded);
	decoder_fini(&s->decoder);
	stable_fini(&s->partitions);
	quarantine_fini(&s->quarantine);
	pthread_mutex_destroy(&s->error_lock);
	free(s->brokers);
	free(s->topic);
	free(s);
}
