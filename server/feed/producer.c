/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"
#include "core/log.h"
#include "feed/counts.h"
#include "feed/producer_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_RECORDS  20000
#define BATCH_BYTES    ((size_t)16 * 1024 * 1024)
#define IDLE_NS        (250 * NS_PER_MS)
#define ASK_MS         2000 /* how long librdkafka may block before we look at the world again */
#define TRANSACTION_MS 60000
#define BACKOFF_FIRST  (250 * NS_PER_MS)
#define BACKOFF_MAX    (10 * NS_PER_S)

/* How the attempt to write a batch went. */
enum outcome {
	WRITTEN,
	AGAIN,   /* nothing of it counts; the same producer can try again */
	REBUILD, /* this producer is of no more use, another one is */
	FENCED,
	STOPPED
};

static const char embedded[] = "embedded:";

struct producer *
producer_new(const struct producer_options *options, struct outbox *outbox, char *error)
{
	struct producer *p = must_calloc(1, sizeof(*p));
	rd_kafka_conf_t *conf;

	p->options = options;
	p->outbox = outbox;
	p->last_ms = -1;
	pthread_mutex_init(&p->lock, NULL);
	if (strncmp(options->kafka, embedded, sizeof(embedded) - 1) == 0)
		p->state_dir = options->kafka + sizeof(embedded) - 1;
	conf = producer_conf_new(p, NULL, error);
	if (!conf) {
		producer_free(p);
		return NULL;
	}
	rd_kafka_conf_destroy(conf);
	return p;
}

void
producer_free(struct producer *p)
{
	if (!p)
		return;
	free(p->offsets);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* --- what others see --- */

const char *
producer_state_text(enum producer_state state)
{
	static const char *const texts[] = {
	    "connecting", "no topic", "writing", "retrying", "fenced"};

	return texts[state];
}

void
producer_status_read(struct producer *p, struct producer_status *out)
{
	pthread_mutex_lock(&p->lock);
	*out = p->status;
	pthread_mutex_unlock(&p->lock);
}

bool
producer_has_lost(struct producer *p)
{
	return atomic_exchange(&p->lost, false);
}

void
producer_tell_lost(struct producer *p, const char *why)
{
	log_warn(
	    "the topic has lost what was written, all is written again", f_str("why", why));
	counts_add(COUNT_RECREATED, 1);
	for (int32_t i = 0; i < p->n_offsets; i++)
		p->offsets[i] = -1;
	atomic_store(&p->lost, true);
	waker_wake(&p->outbox->room);
}

/* error NULL: the state is a good one. Says so in the log when it is news. */
static void
set_state(struct producer *p, enum producer_state state, const char *error)
{
	pthread_mutex_lock(&p->lock);
	bool news =
	    p->status.state != state || (error && strcmp(p->status.last_error, error) != 0);

	p->status.state = state;
	if (error)
		snprintf(p->status.last_error, sizeof(p->status.last_error), "%s", error);
	pthread_mutex_unlock(&p->lock);
	counts_set(COUNT_KAFKA_UP, state == PRODUCER_WRITING);
	if (!news)
		return;
	if (error)
		log_warn("cannot write to Kafka, trying again",
		    f_str("state", producer_state_text(state)), f_str("error", error));
	else if (state == PRODUCER_WRITING)
		log_info("writing to Kafka", f_str("kafka", p->options->kafka),
		    f_str("topic", p->options->topic),
		    f_str("transactional_id", p->options->transactional_id));
}

/* --- one batch --- */

static enum outcome
fatal(struct producer *p, uint64_t began_ns)
{
	char text[PRODUCER_ERROR_MAX];
	rd_kafka_resp_err_t err = rd_kafka_fatal_error(p->rk, text, sizeof(text));
	bool fenced = err == RD_KAFKA_RESP_ERR__FENCED ||
	              err == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
	              err == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;

	set_state(p, PRODUCER_RETRYING, text);
	/* The coordinator itself fences a transaction that has taken too long; that is no twin. */
	if (fenced && clock_mono_ns() - began_ns < (TRANSACTION_MS - 5000) * NS_PER_MS)
		return FENCED;
	return REBUILD;
}

static enum outcome
give_transaction_up(struct producer *p, uint64_t began_ns)
{
	for (;;) {
		rd_kafka_error_t *e = rd_kafka_abort_transaction(p->rk, ASK_MS);
		bool is_fatal = e && rd_kafka_error_is_fatal(e);
		bool retriable = e && rd_kafka_error_is_retriable(e);

		if (!e)
			return AGAIN;
		if (!is_fatal)
			set_state(p, PRODUCER_RETRYING, rd_kafka_error_string(e));
		rd_kafka_error_destroy(e);
		if (is_fatal)
			return fatal(p, began_ns);
		if (producer_is_stopping(p))
			return STOPPED;
		if (!retriable || producer_moved(p))
			return REBUILD;
	}
}

/* What to do after an error of a transaction's call. AGAIN: the transaction must be given up. */
static enum outcome
judge(struct producer *p, rd_kafka_error_t *e, uint64_t began_ns, bool *call_again)
{
	bool is_fatal = rd_kafka_error_is_fatal(e);
	bool abort = rd_kafka_error_txn_requires_abort(e);

	*call_again = !is_fatal && !abort && rd_kafka_error_is_retriable(e);
	if (!is_fatal)
		set_state(p, PRODUCER_RETRYING, rd_kafka_error_string(e));
	rd_kafka_error_destroy(e);
	if (is_fatal)
		return fatal(p, began_ns);
	return abort ? give_transaction_up(p, began_ns) : REBUILD;
}

static enum outcome
write_transaction(struct producer *p, struct outbox_batch *batch)
{
	uint64_t began_ns = clock_mono_ns();
	rd_kafka_error_t *e = rd_kafka_begin_transaction(p->rk);
	bool again = false;

	if (e)
		return judge(p, e, began_ns, &again);
	if (!producer_put_all(p, batch))
		return give_transaction_up(p, began_ns);
	while ((e = rd_kafka_commit_transaction(p->rk, ASK_MS))) {
		enum outcome o = judge(p, e, began_ns, &again);

		if (!again)
			return o;
		if (producer_is_stopping(p))
			return STOPPED;
		if (producer_moved(p))
			return REBUILD;
	}
	return WRITTEN;
}

static enum outcome
write_plain(struct producer *p, struct outbox_batch *batch)
{
	if (!producer_put_all(p, batch))
		return REBUILD;
	while (rd_kafka_flush(p->rk, ASK_MS) != 0) {
		if (rd_kafka_fatal_error(p->rk, NULL, 0))
			return fatal(p, clock_mono_ns());
		if (producer_is_stopping(p))
			return STOPPED;
		if (producer_moved(p))
			return REBUILD;
		set_state(p, PRODUCER_RETRYING, "Kafka does not acknowledge records");
	}
	return p->batch_failed ? AGAIN : WRITTEN;
}

/* --- the connection --- */

static void
disconnect(struct producer *p)
{
	if (p->topic)
		rd_kafka_topic_destroy(p->topic);
	p->topic = NULL;
	if (p->rk) {
		rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_poll(p->rk, 0);
		/* Not flushed: what is not committed is written again by the next one. */
		rd_kafka_destroy_flags(p->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	}
	p->rk = NULL;
}

static bool
init_transactions(struct producer *p, char *error)
{
	rd_kafka_error_t *e;

	if (!p->options->transactional_id)
		return true;
	e = rd_kafka_init_transactions(p->rk, 2 * ASK_MS);
	if (!e)
		return true;
	snprintf(error, PRODUCER_ERROR_MAX, "transactional id %.80s: %.200s",
	    p->options->transactional_id, rd_kafka_error_string(e));
	rd_kafka_error_destroy(e);
	return false;
}

static bool
connect_to_kafka(struct producer *p)
{
	char error[PRODUCER_ERROR_MAX], brokers[PRODUCER_BROKERS_MAX];
	enum producer_state state = PRODUCER_CONNECTING;
	rd_kafka_conf_t *conf;
	bool ok = producer_brokers(p, brokers, error);

	if (ok) {
		conf = producer_conf_new(p, brokers, error);
		p->rk =
		    conf ? rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error)) : NULL;
		if (conf && !p->rk)
			rd_kafka_conf_destroy(conf);
		ok = p->rk && producer_find_topic(p, &state, error) &&
		     init_transactions(p, error);
	}
	if (ok) {
		p->topic = rd_kafka_topic_new(p->rk, p->options->topic, NULL);
		if (!p->topic)
			die("librdkafka makes no topic: %s",
			    rd_kafka_err2str(rd_kafka_last_error()));
		if (p->was_embedded && p->state_dir)
			producer_tell_lost(p, "the embedded broker was started again");
		p->was_embedded = p->state_dir != NULL;
		set_state(p, PRODUCER_WRITING, NULL);
		return true;
	}
	set_state(p, state, error);
	disconnect(p);
	return false;
}

/* --- the thread --- */

static void
wait_after_failure(struct producer *p)
{
	uint64_t delay = BACKOFF_FIRST << (p->failures < 6 ? p->failures : 6);
	uint64_t until = clock_mono_ns() + (delay < BACKOFF_MAX ? delay : BACKOFF_MAX);

	p->failures++;
	counts_add(COUNT_KAFKA_FAILURES, 1);
	/* New records wake us too, and do not shorten the wait. */
	for (uint64_t now; !producer_is_stopping(p) && (now = clock_mono_ns()) < until;)
		waker_wait(&p->outbox->news, until - now);
}

static void
written(struct producer *p, struct outbox_batch *batch)
{
	size_t bytes = 0;

	for (const struct outbox_record *r = batch->first; r; r = r->next)
		bytes += r->key_len + r->value_len;
	p->failures = 0;
	counts_add(COUNT_COMMITS, 1);
	counts_add(COUNT_WRITTEN, (int64_t)batch->n);
	counts_add(COUNT_WRITTEN_BYTES, (int64_t)bytes);
	set_state(p, PRODUCER_WRITING, NULL);
	outbox_done(p->outbox, batch);
}

/* One attempt at the batch. False: the thread ends. */
static bool
write_batch(struct producer *p, struct outbox_batch *batch)
{
	enum outcome o;

	p->batch_failed = p->narrowed = false;
	o = p->options->transactional_id ? write_transaction(p, batch) : write_plain(p, batch);
	switch (o) {
	case WRITTEN:
		written(p, batch);
		return true;
	case REBUILD:
		disconnect(p);
		wait_after_failure(p);
		return true;
	case AGAIN:
		if (!p->narrowed)
			wait_after_failure(p);
		return true;
	case FENCED:
		set_state(p, PRODUCER_FENCED, "another producer has taken over");
		waker_wake(&p->outbox->room);
		return false;
	case STOPPED:
		break;
	}
	return false;
}

static void
idle(struct producer *p)
{
	waker_wait(&p->outbox->news, IDLE_NS);
	rd_kafka_poll(p->rk, 0);
	if (producer_moved(p))
		disconnect(p);
}

static void *
run(void *arg)
{
	struct producer *p = arg;
	struct outbox_batch batch = {.n = 0};
	bool on = true;

	pthread_setname_np(pthread_self(), "producer");
	while (on && !producer_is_stopping(p)) {
		if (!p->rk && !connect_to_kafka(p)) {
			wait_after_failure(p);
			continue;
		}
		if (batch.n == 0)
			outbox_take(p->outbox, BATCH_RECORDS, BATCH_BYTES, &batch);
		if (batch.n > 0)
			on = write_batch(p, &batch);
		else
			idle(p);
	}
	disconnect(p);
	if (batch.n > 0)
		outbox_done(p->outbox, &batch);
	return NULL;
}

void
producer_start(struct producer *p)
{
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		die("cannot start the producer's thread");
}

void
producer_stop(struct producer *p)
{
	atomic_store(&p->stopping, true);
	waker_wake(&p->outbox->news);
	pthread_join(p->thread, NULL);
}
