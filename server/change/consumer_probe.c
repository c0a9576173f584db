/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic and its partitions as the brokers describe them: what exists, since when, up to
 * where the first scan has to read, and what has to be read again. Nothing here ever takes
 * state away: a broker that is gone, a topic that is gone, a partition that begins anew all
 * leave what was read before as it is.
 */
#include "change/stream_private.h"
#include "core/clock.h"
#include "core/metric.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <string.h>

#define BACKOFF_FIRST_NS   (NS_PER_S / 4)
#define BACKOFF_LAST_NS    (5 * NS_PER_S)
#define RESCAN_DELAY_NS    (NS_PER_S / 2)
#define TOPIC_LOG_EVERY_NS (60 * NS_PER_S)
#define OFFSETS_TIMEOUT_MS 5000
#define FRESH_ERROR_MS     5000
#define MAX_PARTITIONS     100000

#define put(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)
#define get(field)    atomic_load_explicit(&(field), memory_order_relaxed)

static void
set_state(struct stream *s, enum stream_state state)
{
	put(s->state, (uint32_t)state);
}

static void
back_off(struct stream *s, uint64_t now_ns)
{
	s->backoff_ns = s->backoff_ns ? s->backoff_ns * 2 : BACKOFF_FIRST_NS;
	if (s->backoff_ns > BACKOFF_LAST_NS)
		s->backoff_ns = BACKOFF_LAST_NS;
	s->next_probe_ns = now_ns + s->backoff_ns;
}

void
consumer_down(struct stream *s, int err)
{
	if (s->outage_began_ns)
		return;
	s->outage_began_ns = clock_mono_ns();
	put(s->heard, false); /* that was before */
	atomic_fetch_add_explicit(&s->outages, 1, memory_order_relaxed);
	metric_inc(METRIC_KAFKA_OUTAGES);
	set_state(s, STREAM_UNREACHABLE);
	/* A connection's own error ("refused", "TLS handshake failed") says more than this code. */
	if (clock_wall_ns() / NS_PER_MS - s->last_error_ms > FRESH_ERROR_MS)
		stream_set_error(s, rd_kafka_err2str((rd_kafka_resp_err_t)err));
	log_warn("kafka cannot be reached; what was read stays valid, trying again for ever",
	    f_str("brokers", s->brokers), f_str("topic", s->topic),
	    f_str("error", s->last_error), f_bool("caught_up", get(s->caught_up)));
	s->next_probe_ns = 0;
	s->backoff_ns = 0;
}

void
consumer_alive(struct stream *s)
{
	uint64_t wall = clock_wall_ns();

	put(s->last_input_ms, wall / NS_PER_MS);
	if (!s->outage_began_ns)
		return;
	log_info("kafka answers again", f_str("brokers", s->brokers),
	    f_u64("outage_seconds", (clock_mono_ns() - s->outage_began_ns) / NS_PER_S));
	s->outage_began_ns = 0;
	set_state(s, get(s->caught_up) ? STREAM_FOLLOWING : STREAM_SCANNING);
}

/* --- partitions --- */

void
consumer_reached(struct stream *s, struct partition *p)
{
	put(p->caught_up, true);
	consumer_look_for_barrier(s);
}

void
consumer_look_for_barrier(struct stream *s)
{
	struct change_batch batch = {.newest = NULL};
	uint32_t n = get(s->n_partitions);

	/* Acquire: a decoder has pushed what it read before it says so. */
	while (
	    s->reached < n && atomic_load_explicit(&stream_partition(s, s->reached)->caught_up,
	                          memory_order_acquire))
		s->reached++;
	if (get(s->caught_up) || n == 0 || s->reached < n)
		return; /* once; partitions that come later have nothing to announce */
	put(s->caught_up, true);
	set_state(s, STREAM_FOLLOWING);
	progress_show(s, clock_mono_ns(), true);
	log_info("caught up with kafka", f_str("topic", s->topic), f_u64("partitions", n),
	    f_u64("records", get(s->records)),
	    f_u64("quarantined", quarantine_total(&s->quarantine)));
	change_batch_add(&batch, stream_change(s, CHANGE_CAUGHT_UP, -1));
	change_queue_push(s->queue, &batch);
}

bool
consumer_list_offsets(
    struct stream *s, uint32_t from, uint32_t to, int64_t which, int timeout_ms, int64_t *out)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new((int)(to - from));
	rd_kafka_resp_err_t err;

	for (uint32_t i = from; i < to; i++)
		rd_kafka_topic_partition_list_add(list, s->topic, (int32_t)i)->offset = which;
	err = rd_kafka_offsets_for_times(s->rk, list, timeout_ms);
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *p = &list->elems[i];

		out[(uint32_t)p->partition - from] =
		    err || p->err || p->offset < 0 ? -1 : p->offset;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Before its messages can come: they find it as it is to be. */
static void
prepare_partition(struct stream *s, uint32_t i, int64_t first, int64_t end) ON_CONSUMER
{
	struct partition *p = stream_partition(s, i);
	int64_t start = first >= 0 ? first : 0;

	put(p->verify, -1);
	put(p->first, start);
	put(p->position, start);
	put(p->end, end >= 0 ? end : start);
	put(p->barrier, end);
	put(p->bytes, 0);
	put(p->near_limit, false);
	p->retry_ns = NS_NEVER;
	p->gone = false;
}

static void
start_partition(struct stream *s, uint32_t i, int64_t offset) ON_CONSUMER
{
	if (rd_kafka_consume_start_queue(
	        s->rkt, (int32_t)i, offset, partition_decoder(s, i)->fetched) == 0)
		return;
	stream_set_error(s, rd_kafka_err2str(rd_kafka_last_error()));
	stream_partition(s, i)->retry_ns = clock_mono_ns() + RESCAN_DELAY_NS;
}

static void
read_again(struct stream *s, uint32_t i) ON_CONSUMER
{
	prepare_partition(s, i, -1, -1);
	resume_begin_scan(s, i);
	start_partition(s, i, RD_KAFKA_OFFSET_BEGINNING);
}

/* An empty one has nothing to wait for, and a scan of it meets nothing. */
static void
begin_partition(struct stream *s, uint32_t i, int64_t first, int64_t end) ON_CONSUMER
{
	struct partition *p = stream_partition(s, i);
	int64_t offset = resume_offset(s, i, first, end);

	if (offset >= 0)
		put(p->position, offset);
	start_partition(s, i, offset);
	if (end >= 0 && end <= first && !get(p->scanning))
		consumer_reached(s, p);
}

/* Start the partitions from..to-1, each with its own barrier. Without offsets the end-of-partition events tell. */
static void
begin_partitions(struct stream *s, uint32_t from, uint32_t to) ON_CONSUMER
{
	int64_t *first = must_calloc(to - from, sizeof(*first));
	int64_t *end = must_calloc(to - from, sizeof(*end));

	for (uint32_t i = 0; i < to - from; i++)
		first[i] = end[i] = -1;
	if (consumer_list_offsets(
	        s, from, to, RD_KAFKA_OFFSET_BEGINNING, OFFSETS_TIMEOUT_MS, first))
		(void)!consumer_list_offsets(
		    s, from, to, RD_KAFKA_OFFSET_END, OFFSETS_TIMEOUT_MS, end);
	while (s->partitions.len < to)
		(void)!stable_grow(&s->partitions);
	for (uint32_t i = from; i < to; i++)
		prepare_partition(s, i, first[i - from], end[i - from]);
	atomic_store_explicit(&s->n_partitions, to, memory_order_release);
	log_info(from ? "kafka topic has new partitions" : "kafka topic found",
	    f_str("brokers", s->brokers), f_str("topic", s->topic), f_u64("partitions", to));
	if (from == 0)
		resume_decide(s);
	for (uint32_t i = from; i < to; i++)
		begin_partition(s, i, first[i - from], end[i - from]);
	free(first);
	free(end);
}

void
consumer_rescan(struct stream *s, uint32_t i, const char *reason)
{
	struct partition *p = stream_partition(s, i);

	if (p->retry_ns != NS_NEVER || p->gone)
		return;
	atomic_fetch_add_explicit(&s->rescans, 1, memory_order_relaxed);
	log_warn(
	    "kafka partition begins anew; it is read again from its beginning. What was read "
	    "before stays until then; what is not met again is withdrawn, as far as the withdraw limit allows",
	    f_str("topic", s->topic), f_u64("partition", i),
	    f_i64("position", get(p->position)), f_str("reason", reason));
	rd_kafka_consume_stop(s->rkt, (int32_t)i);
	p->retry_ns = clock_mono_ns() + RESCAN_DELAY_NS;
	if (s->next_probe_ns > p->retry_ns)
		s->next_probe_ns = p->retry_ns;
}

/* The topic was made anew with fewer partitions: the others have nothing more to say, and nobody waits for them. */
static void
park_partitions(struct stream *s) ON_CONSUMER
{
	uint32_t n = get(s->n_partitions);

	for (uint32_t i = s->present; i < n; i++) {
		struct partition *p = stream_partition(s, i);

		if (p->gone)
			continue;
		log_warn("kafka partition is gone; what was read from it stays",
		    f_str("topic", s->topic), f_u64("partition", i),
		    f_u64("partitions_now", s->present));
		rd_kafka_consume_stop(s->rkt, (int32_t)i);
		p->gone = true;
		p->retry_ns = NS_NEVER;
		put(p->end, get(p->position));
		consumer_reached(s, p);
	}
	for (uint32_t i = 0; i < s->present && i < n; i++) {
		if (stream_partition(s, i)->gone)
			read_again(s, i);
	}
}

/* Partitions that have to be read again, and those whose end lies before our position. */
static void
look_after_partitions(struct stream *s, uint64_t now_ns) ON_CONSUMER
{
	uint32_t n = get(s->n_partitions);

	for (uint32_t i = 0; i < n; i++) {
		struct partition *p = stream_partition(s, i);
		int64_t low, high;

		if (p->gone)
			continue;
		if (p->retry_ns != NS_NEVER) {
			if (now_ns >= p->retry_ns)
				read_again(s, i);
			continue;
		}
		if (rd_kafka_get_watermark_offsets(s->rk, s->topic, (int32_t)i, &low, &high) ||
		    high < 0)
			continue;
		if (high < get(p->position))
			consumer_rescan(s, i, "its end lies before our position");
		else if (high > get(p->end))
			put(p->end, high);
	}
}

/* --- the topic --- */

static void
topic_missing(struct stream *s, rd_kafka_resp_err_t err, uint64_t now_ns)
{
	bool denied = err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;

	s->topic_was_missing = true;
	set_state(s, STREAM_NO_TOPIC);
	stream_set_error(s, rd_kafka_err2str(err));
	back_off(s, now_ns);
	if (s->topic_logged_ns && now_ns - s->topic_logged_ns < TOPIC_LOG_EVERY_NS)
		return;
	s->topic_logged_ns = now_ns;
	if (denied)
		log_error(
		    "kafka topic may not be read; allow this user to Read and Describe it. Trying again for ever",
		    f_str("brokers", s->brokers), f_str("topic", s->topic));
	else
		log_error(
		    "kafka topic does not exist; create it (cleanup.policy=compact), start heliofeed, or "
		    "correct kafka.topic. Trying again for ever",
		    f_str("brokers", s->brokers), f_str("topic", s->topic),
		    f_str("error", rd_kafka_err2str(err)));
}

static void
topic_present(struct stream *s, uint32_t partitions, uint64_t now_ns) ON_CONSUMER
{
	uint32_t known = get(s->n_partitions);

	s->backoff_ns = 0;
	s->next_probe_ns = now_ns + s->probe_ms * NS_PER_MS;
	s->topic_logged_ns = 0;
	set_state(s, get(s->caught_up) ? STREAM_FOLLOWING : STREAM_SCANNING);
	for (uint32_t i = 0; s->topic_was_missing && i < known && i < partitions; i++)
		consumer_rescan(s, i, "the topic was missing and is back");
	s->topic_was_missing = false;
	if (partitions > known)
		begin_partitions(s, known, partitions);
	s->present = partitions;
	park_partitions(s);
	look_after_partitions(s, now_ns);
	consumer_watch_stable(s, now_ns);
}

void
consumer_probe(struct stream *s, uint64_t now_ns)
{
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t err = rd_kafka_metadata(s->rk, 0, s->rkt, &md, PROBE_TIMEOUT_MS);

	if (err) {
		rd_kafka_poll(s->rk, 0);
		consumer_take_notices(s); /* what the connections have to say comes first */
		consumer_down(s, err);
		back_off(s, now_ns);
		return;
	}
	consumer_alive(s);
	err = md->topic_cnt == 1 ? md->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
	if (err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
		back_off(s, now_ns); /* being created */
	else if (err || md->topics[0].partition_cnt == 0 ||
	         md->topics[0].partition_cnt > MAX_PARTITIONS)
		topic_missing(s, err ? err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, now_ns);
	else
		topic_present(s, (uint32_t)md->topics[0].partition_cnt, now_ns);
	rd_kafka_metadata_destroy(md);
}
