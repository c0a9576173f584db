/* SPDX-License-Identifier: Apache-2.0 */
/* One record: its headers, its time, whether Kafka took it, and what its offset tells. */
#include "core/clock.h"
#include "core/log.h"
#include "feed/counts.h"
#include "feed/producer_private.h"
#include "schema/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS_MAX 100000
#define ALONE_MS       2000 /* for what was sent before a suspect, and for itself */

static bool
is_permanent(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	       err == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
	       err == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
	       err == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
}

/* It would keep all others from being written: it is left out, and its key as it was. */
static void
refuse_record(struct outbox_record *r, rd_kafka_resp_err_t err)
{
	r->refused = true;
	counts_add(COUNT_REFUSED, 1);
	log_error("Kafka does not take a record: the key stays as it was on the topic; raise "
	          "max.message.bytes of the topic, or use --strip-annotations",
	    f_str("key", outbox_key(r)), f_u64("bytes", r->value_len),
	    f_str("error", rd_kafka_err2str(err)));
}

static void
note_offset(struct producer *p, int32_t partition, int64_t offset)
{
	if (partition < 0 || partition >= PARTITIONS_MAX || offset < 0)
		return;
	if (partition >= p->n_offsets) {
		p->offsets =
		    must_realloc(p->offsets, ((size_t)partition + 1) * sizeof(*p->offsets));
		while (p->n_offsets <= partition)
			p->offsets[p->n_offsets++] = -1;
	}
	if (offset <= p->offsets[partition])
		producer_tell_lost(p, "its offsets have gone back");
	p->offsets[partition] = offset;
}

void
producer_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct producer *p = opaque;
	struct outbox_record *r = m->_private;

	(void)rk;
	if (!m->err) {
		note_offset(p, m->partition, m->offset);
		return;
	}
	p->batch_failed = true;
	if (!is_permanent(m->err) || r->refused)
		return;
	/* Records travel in sets, and the set is refused: the next time each goes alone. */
	if (r->suspect)
		refuse_record(r, m->err);
	r->suspect = true;
	p->narrowed = true;
}

static rd_kafka_headers_t *
make_headers(const struct outbox_record *r)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(2);
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, r->epoch);
	rd_kafka_header_add(headers, HEADER_EPOCH, -1, text, -1);
	if (r->tombstone && r->version) {
		snprintf(text, sizeof(text), "%" PRIu64, r->version);
		rd_kafka_header_add(headers, HEADER_RV, -1, text, -1);
	}
	return headers;
}

/* Never before the last one: the reader tells by the time what came after a listing's end. */
static int64_t
next_timestamp(struct producer *p, const struct outbox_record *r)
{
	int64_t now = (int64_t)(clock_wall_ns() / NS_PER_MS), at;

	at = now > p->last_ms ? now : p->last_ms;
	p->last_ms = at + (strcmp(outbox_key(r), "sync//end") == 0 ? 1 : 0);
	return at;
}

static rd_kafka_resp_err_t
produce(struct producer *p, struct outbox_record *r, int64_t timestamp)
{
	rd_kafka_headers_t *headers = make_headers(r);
	rd_kafka_resp_err_t err;

	/* A tombstone is a null value, which is not the same as an empty one. */
	err = rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(p->topic),
	    RD_KAFKA_V_KEY(outbox_key(r), r->key_len),
	    RD_KAFKA_V_VALUE((void *)(uintptr_t)outbox_value(r), r->value_len),
	    RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_OPAQUE(r),
	    RD_KAFKA_V_END);
	if (err)
		rd_kafka_headers_destroy(headers); /* taken only by success */
	return err;
}

/* Hand one record over; false: this transaction cannot take it. */
static bool
put(struct producer *p, struct outbox_record *r)
{
	int64_t timestamp = next_timestamp(p, r);
	rd_kafka_resp_err_t err;

	while (!r->refused && (err = produce(p, r, timestamp)) != 0) {
		if (is_permanent(err))
			refuse_record(r, err);
		else if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL || producer_is_stopping(p))
			return false;
		else
			rd_kafka_poll(p->rk, 50);
	}
	return true;
}

bool
producer_put_all(struct producer *p, struct outbox_batch *batch)
{
	for (struct outbox_record *r = batch->first; r; r = r->next) {
		bool alone = r->suspect && !r->refused;

		if (alone)
			rd_kafka_flush(p->rk, ALONE_MS);
		if (!put(p, r))
			return false;
		if (alone)
			rd_kafka_flush(p->rk, ALONE_MS);
	}
	return true;
}
