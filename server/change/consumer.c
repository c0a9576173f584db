/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream's life and the consumer thread's loop, which looks after brokers, topic and
 * partitions while the decoders read them. With the other consumer_*.c the only code, beside the
 * embedded broker, that knows librdkafka. Its simple consumer is used: each partition is started
 * on the queue of its decoder, and no group exists that could rebalance, expire or need an ACL.
 */
#include "change/stream_private.h"
#include "core/clock.h"
#include "core/cpus.h"
#include "core/metric.h"
#include "core/pulse.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_WAIT_MS 100 /* how late the next probe or tick may be */
#define TICK_NS      (NS_PER_S / 4)
#define SAME_ERROR_NS                                                                          \
	(60 *                                                                                  \
	    NS_PER_S) /* a refused login is retried every two seconds, and said every minute */

#define put(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)
#define get(field)    atomic_load_explicit(&(field), memory_order_relaxed)

/* --- what librdkafka has to say --- */

void
consumer_notify(struct stream *s, struct notice *n)
{
	pthread_mutex_lock(&s->notices_lock);
	if (s->last_notice)
		s->last_notice->next = n;
	else
		s->first_notice = n;
	s->last_notice = n;
	pthread_mutex_unlock(&s->notices_lock);
	consumer_wake(s);
}

void
consumer_on_error(rd_kafka_t *rk, int err, const char *reason, void *stream)
{
	struct notice *n = must_alloc(sizeof(*n));

	(void)rk;
	*n = (struct notice){.err = err};
	if (consumer_explain_alert(reason, n->reason, sizeof(n->reason)))
		n->err = RD_KAFKA_RESP_ERR__SSL; /* to the library it is a lost connection */
	else
		snprintf(n->reason, sizeof(n->reason), "%s", reason);
	consumer_notify(stream, n);
}

static void
take_broker_error(struct stream *s, int err, const char *reason) ON_CONSUMER
{
	uint64_t now_ns = clock_mono_ns();
	uint32_t swallowed;

	if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		consumer_down(s, err);
		return;
	}
	if (consumer_is_certificate_error(err, reason))
		return;
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

/* --- what the decoders were told and we have to look after --- */

static void
take_error(struct stream *s, const rd_kafka_message_t *m, struct partition *p) ON_CONSUMER
{
	uint32_t swallowed;

	switch ((int)m->err) {
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
	default:
		break;
	}
	stream_set_error(s, rd_kafka_message_errstr(m));
	if (log_allow(&s->error_limit, 2, clock_mono_ns(), &swallowed))
		log_warn("kafka partition reports an error", f_str("topic", s->topic),
		    f_i64("partition", m->partition),
		    f_str("error", rd_kafka_message_errstr(m)), f_u64("swallowed", swallowed));
}

void
consumer_take_notices(struct stream *s)
{
	struct notice *n, *next;

	pthread_mutex_lock(&s->notices_lock);
	n = s->first_notice;
	s->first_notice = s->last_notice = NULL;
	pthread_mutex_unlock(&s->notices_lock);
	for (; n; n = next) {
		next = n->next;
		if (n->rescan) {
			consumer_rescan(s, n->partition, n->rescan);
		} else if (n->message) {
			take_error(s, n->message,
			    stream_partition(s, (uint32_t)n->message->partition));
			rd_kafka_message_destroy(n->message);
		} else {
			take_broker_error(s, n->err, n->reason);
		}
		free(n);
	}
}

void
consumer_wake(struct stream *s)
{
	rd_kafka_queue_yield(s->events);
}

static void
tick(struct stream *s, uint64_t now_ns) ON_CONSUMER
{
	if (get(s->state) == STREAM_SCANNING && get(s->n_partitions) > 0 && !get(s->caught_up))
		progress_show(s, now_ns, false);
	if (s->journal && get(s->state) == STREAM_FOLLOWING)
		journal_tend(s->journal);
	s->next_tick_ns = now_ns + TICK_NS;
}

static void *
run(void *arg)
{
	struct stream *s = arg;

	role_take(ROLE_CONSUMER, "helio-consumer");
	role_is_consumer();
	resume_load(s);
	while (!get(s->stopping)) {
		uint64_t now_ns = clock_mono_ns();

		pulse_beat();
		if (now_ns >= s->next_probe_ns)
			consumer_probe(s, now_ns);
		if (now_ns >= s->next_tick_ns)
			tick(s, now_ns);
		rd_kafka_poll(s->rk, POLL_WAIT_MS);
		if (atomic_exchange(&s->heard, false))
			consumer_alive(s);
		consumer_take_notices(s);
		consumer_look_for_barrier(s);
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
	s->events = rd_kafka_queue_get_main(s->rk);
	s->decodings = must_calloc(s->n_decodings, sizeof(*s->decodings));
	for (uint32_t i = 0; i < s->n_decodings; i++)
		decoding_init(&s->decodings[i], s, &options->decode);
	return true;
}

static uint32_t
default_decoders(void)
{
	unsigned cpus = cpus_usable();

	return cpus < STREAM_DECODERS ? cpus : STREAM_DECODERS;
}

struct stream *
stream_new(
    const struct stream_options *options, struct change_queue *queue, struct stream_error *why)
{
	struct stream *s = must_calloc(1, sizeof(*s));
	bool ok = true;

	s->topic = must_strdup(options->topic);
	s->cluster = options->cluster;
	s->decode = options->decode;
	s->journal_max_ns = options->journal_max_ns;
	if (options->journal)
		s->journal = journal_new(options->journal, options->topic);
	s->probe_ms = options->probe_ms ? options->probe_ms : STREAM_PROBE_MS;
	s->queue = queue;
	s->n_decodings = options->decoders ? options->decoders : default_decoders();
	s->progress.bar = isatty(STDERR_FILENO);
	stable_init(&s->partitions, sizeof(struct partition));
	pthread_mutex_init(&s->error_lock, NULL);
	pthread_mutex_init(&s->notices_lock, NULL);
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
	for (uint32_t i = 0; i < s->n_decodings; i++)
		decoding_start(&s->decodings[i]);
	s->running = true;
}

void
stream_stop(struct stream *s)
{
	if (!s->running)
		return;
	put(s->stopping, true);
	change_queue_kick(s->queue); /* decoders may be waiting for room */
	for (uint32_t i = 0; i < s->n_decodings; i++)
		decoding_join(&s->decodings[i]);
	consumer_wake(s);
	pthread_join(s->thread, NULL);
	s->running = false;
}

/* Those that came while the stream was stopped. */
static void
take_no_notice(struct stream *s)
{
	struct notice *next;

	for (struct notice *n = s->first_notice; n; n = next) {
		next = n->next;
		if (n->message)
			rd_kafka_message_destroy(n->message);
		free(n);
	}
	s->first_notice = s->last_notice = NULL;
}

void
stream_free(struct stream *s)
{
	if (!s)
		return;
	must(!s->running);
	take_no_notice(s);
	for (uint32_t i = 0; s->decodings && i < s->n_decodings; i++)
		decoding_fini(&s->decodings[i]);
	free(s->decodings);
	if (s->events)
		rd_kafka_queue_destroy(s->events);
	if (s->rkt)
		rd_kafka_topic_destroy(s->rkt);
	if (s->rk)
		rd_kafka_destroy(s->rk);
	embedded_stop(s->embedded);
	journal_free(s->journal);
	stable_fini(&s->partitions);
	quarantine_fini(&s->quarantine);
	pthread_mutex_destroy(&s->error_lock);
	pthread_mutex_destroy(&s->notices_lock);
	free(s->brokers);
	free(s->topic);
	free(s);
}
