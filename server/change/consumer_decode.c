/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoder thread: it takes what was fetched of its partitions, decodes it, quarantines what
 * it cannot use and pushes the rest to the writer. A partition has one decoder, so the order
 * of its records is kept; what concerns the partition itself is handed to the consumer.
 */
#include "change/stream_private.h"
#include "core/clock.h"
#include "core/metric.h"
#include "core/pulse.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>

#define FETCH_MAX     1000 /* records decoded before they are pushed */
#define FETCH_WAIT_MS 1000 /* stream_stop() does not wait for it: it wakes us */
#define ROOM_WAIT_MS  100  /* how late a stop may be noticed while the writer is behind */
#define LOG_BURST     20   /* lines a second of one decoder */
#define JOURNAL_PIECE                                                                          \
	((size_t)256 * 1024) /* frames are written when there are so many bytes of them */

#define put(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)
#define get(field)    atomic_load_explicit(&(field), memory_order_relaxed)
#define add(field, n) atomic_fetch_add_explicit(&(field), (n), memory_order_relaxed)

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
    struct decoding *d, const struct record *r, const struct decode_error *why) ON_DECODER
{
	static const enum metric_id metrics[] = {
	    [FAULT_UNDECODABLE] = METRIC_RECORDS_UNDECODABLE,
	    [FAULT_OVERSIZED] = METRIC_RECORDS_OVERSIZED,
	    [FAULT_BAD_KEY] = METRIC_RECORDS_BAD_KEY};
	struct stream_quarantined noted;
	uint32_t swallowed;

	metric_inc(metrics[why->fault]);
	if (!quarantine_add(&d->stream->quarantine, r, why, &noted) ||
	    !log_allow(&d->quarantine_limit, LOG_BURST, clock_mono_ns(), &swallowed))
		return;
	log_warn("kafka record cannot be used; the last good value of its key stays",
	    f_str("topic", d->stream->topic), f_i64("partition", r->partition),
	    f_i64("offset", r->offset), f_str("key", noted.key), f_str("reason", why->text),
	    f_u64("swallowed", swallowed));
}

/* For the local snapshot. */
static void
keep(struct decoding *d, const struct record *r) ON_DECODER
{
	if (!d->stream->journal)
		return;
	journal_put(&d->journal, r);
	if (d->journal.len >= JOURNAL_PIECE)
		journal_append(d->stream->journal, &d->journal);
}

static void
take_record(struct decoding *d, const struct record *r, uint64_t now_ns) ON_DECODER
{
	struct decode_error why;
	struct change *c;

	d->records++;
	d->bytes += r->key_len + r->value_len;
	switch (change_decode(&d->decoder, r, &c, &why)) {
	case DECODE_OK:
		c->seen_ns = now_ns;
		c->cluster = d->stream->cluster;
		change_batch_add(&d->batch, c);
		keep(d, r);
		break;
	case DECODE_SKIPPED:
		d->skipped++;
		break;
	case DECODE_BAD:
		refuse_record(d, r, &why);
		break;
	}
}

/* Counted once a round: the sums are shared by all decoders. */
static void
count_round(struct decoding *d) ON_DECODER
{
	struct stream *s = d->stream;
	uint64_t dropped = d->decoder.dropped - d->dropped;

	add(s->records, d->records);
	add(s->bytes, d->bytes);
	add(s->skipped, d->skipped);
	metric_add(METRIC_RECORDS, (int64_t)d->records);
	metric_add(METRIC_RECORD_BYTES, (int64_t)d->bytes);
	metric_add(METRIC_RECORDS_UNKNOWN, (int64_t)d->skipped);
	metric_add(METRIC_RECORD_PARTS_DROPPED, (int64_t)dropped);
	d->dropped = d->decoder.dropped;
	d->records = d->bytes = d->skipped = 0;
}

/* To the writer, and to the local snapshot. */
static void
hand_over(struct decoding *d) ON_DECODER
{
	change_queue_push(d->stream->queue, &d->batch);
	journal_append(d->stream->journal, &d->journal);
}

/* What the scan of the partition has not met is gone. */
static void
end_scan(struct decoding *d, struct partition *p, int32_t partition) ON_DECODER
{
	if (!get(p->scanning))
		return;
	put(p->scanning, false);
	change_batch_add(&d->batch, stream_change(d->stream, CHANGE_SCAN_END, partition));
	if (d->stream->journal)
		journal_put_scan(&d->journal, partition, false);
}

/* Hand over what is decoded so far; only then may the partition count as caught up. */
static void
reached(struct decoding *d, struct partition *p, int32_t partition) ON_DECODER
{
	end_scan(d, p, partition);
	if (get(p->caught_up))
		return;
	count_round(d);
	hand_over(d);
	atomic_store_explicit(&p->caught_up, true, memory_order_release);
	consumer_wake(d->stream);
}

/* An embedded broker forgets; nobody should find out from missing routes. */
static void
watch_embedded_limit(struct partition *p, const rd_kafka_message_t *m) ON_DECODER
{
	int64_t held = m->offset + 1 - get(p->first);
	uint64_t bytes =
	    m->len + m->key_len + 70; /* the batch header of a record that came alone */

	bytes += add(p->bytes, bytes);
	if (get(p->near_limit) || (held < EMBEDDED_PARTITION_RECORDS / 10 * 8 &&
	                              bytes < EMBEDDED_PARTITION_BYTES / 10 * 8))
		return;
	put(p->near_limit, true);
	log_warn(
	    "a partition of the embedded kafka nears its limit and will forget its oldest records: "
	    "a program that starts to read now may miss some. Use a real Kafka for this much state",
	    f_i64("partition", m->partition), f_i64("records", held), f_u64("bytes", bytes),
	    f_i64("limit_records", EMBEDDED_PARTITION_RECORDS),
	    f_u64("limit_bytes", EMBEDDED_PARTITION_BYTES));
}

/* The consumer owns the message from now on. */
static void
give_notice(struct stream *s, rd_kafka_message_t *m)
{
	struct notice *n = must_alloc(sizeof(*n));

	*n = (struct notice){.message = m};
	consumer_notify(s, n);
}

/* True: the message was given away. */
static bool
take_event(struct decoding *d, rd_kafka_message_t *m, struct partition *p) ON_DECODER
{
	struct decode_error why = {.fault = FAULT_UNDECODABLE};
	struct record r = {.partition = m->partition, .offset = m->offset, .ms = -1};

	switch ((int)m->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		put(p->position, m->offset);
		put(p->end, m->offset);
		reached(d, p, m->partition);
		return false;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		why.fault = FAULT_OVERSIZED; /* fall through */
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
		snprintf(why.text, sizeof(why.text), "it cannot be fetched: %s",
		    rd_kafka_message_errstr(m));
		refuse_record(d, &r, &why);
		return false;
	default:
		give_notice(d->stream, m);
		return true;
	}
}

/* The last record of the local snapshot must be the one that is there now. */
static void
verify(struct stream *s, struct partition *p, const struct record *r)
{
	int64_t offset = atomic_load_explicit(&p->verify, memory_order_acquire);
	struct notice *n;

	if (offset < 0)
		return;
	put(p->verify, -1);
	if (r->offset != offset || r->ms == p->verify_ms)
		return;
	n = must_alloc(sizeof(*n));
	*n = (struct notice){.rescan = "the topic is another one than the local snapshot's",
	    .partition = (uint32_t)r->partition};
	consumer_notify(s, n);
}

static void
take_message(struct decoding *d, rd_kafka_message_t *m, uint64_t now_ns) ON_DECODER
{
	struct stream *s = d->stream;
	struct partition *p;
	struct record r;

	must(m->partition >= 0 &&
	     (uint32_t)m->partition <
	         atomic_load_explicit(&s->n_partitions, memory_order_acquire));
	p = stream_partition(s, (uint32_t)m->partition);
	if (m->err) {
		if (!take_event(d, m, p))
			rd_kafka_message_destroy(m);
		return;
	}
	r = record_of(m);
	verify(s, p, &r);
	take_record(d, &r, now_ns);
	put(p->position, m->offset + 1);
	if (get(p->end) < m->offset + 1)
		put(p->end, m->offset + 1);
	if (s->embedded)
		watch_embedded_limit(p, m);
	if (get(p->barrier) >= 0 && m->offset + 1 >= get(p->barrier))
		reached(d, p, m->partition);
	rd_kafka_message_destroy(m);
}

/* The consumer looks at it within its round; at once where it believes that nobody answers. */
static void
tell_heard(struct stream *s) ON_DECODER
{
	put(s->last_input_ms, clock_wall_ns() / NS_PER_MS);
	put(s->heard, true);
	if (get(s->state) == STREAM_UNREACHABLE)
		consumer_wake(s);
}

static void
set_producing(struct decoding *d, bool more) ON_DECODER
{
	if (d->producing != more)
		change_queue_producing(d->stream->queue, more);
	d->producing = more;
}

/* Wait for one message, then take what else is there: a quiet stream has no delay, a busy one has batches. */
static void
fetch(struct decoding *d) ON_DECODER
{
	rd_kafka_message_t *messages[FETCH_MAX];
	rd_kafka_message_t *first = rd_kafka_consume_queue(d->fetched, FETCH_WAIT_MS);
	uint64_t now_ns;
	ssize_t n;

	set_producing(d, first != NULL);
	if (!first)
		return;
	now_ns = clock_mono_ns();
	take_message(d, first, now_ns);
	n = rd_kafka_consume_batch_queue(d->fetched, 0, messages, FETCH_MAX);
	for (ssize_t i = 0; i < n; i++)
		take_message(d, messages[i], now_ns);
	tell_heard(d->stream);
	count_round(d);
	set_producing(d, n == FETCH_MAX); /* said before the writer is woken */
	hand_over(d);
}

static void *
run(void *arg)
{
	struct decoding *d = arg;

	role_take(ROLE_DECODER, "helio-decoder");
	role_is_decoder();
	while (!get(d->stream->stopping)) {
		pulse_beat();
		if (change_queue_wait_room(d->stream->queue, ROOM_WAIT_MS * NS_PER_MS))
			fetch(d);
	}
	set_producing(d, false);
	role_drop();
	return NULL;
}

void
decoding_init(struct decoding *d, struct stream *s, const struct decode_options *options)
{
	*d = (struct decoding){.stream = s, .fetched = rd_kafka_queue_new(s->rk)};
	decoder_init(&d->decoder, options);
}

void
decoding_fini(struct decoding *d)
{
	rd_kafka_queue_destroy(d->fetched);
	decoder_fini(&d->decoder);
	journal_batch_fini(&d->journal);
}

void
decoding_start(struct decoding *d)
{
	if (pthread_create(&d->thread, NULL, run, d) != 0)
		die("a decoder thread cannot be started");
}

void
decoding_join(struct decoding *d)
{
	rd_kafka_queue_yield(d->fetched);
	pthread_join(d->thread, NULL);
}
