/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going on where the last run of this replica ended: the local snapshot is read before Kafka is asked for anything, and
 * each partition is read on from the offset that belongs to it, where the topic still has that and is the one it was.
 * Otherwise it is scanned from its beginning, and what the scan does not meet again is removed at its end.
 */
#include "change/stream_private.h"
#include "core/clock.h"
#include "core/pulse.h"

#include <librdkafka/rdkafka.h>

#include <string.h>

#define ROOM_WAIT_NS    (100 * NS_PER_MS)
#define BATCH_CHANGES   1000u
#define CLUSTER_WAIT_MS 1000

#define put(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)
#define get(field)    atomic_load_explicit(&(field), memory_order_relaxed)

struct change *
stream_change(const struct stream *s, enum change_kind kind, int32_t partition)
{
	struct change *c = must_calloc(1, sizeof(*c));

	c->kind = kind;
	c->cluster = s->cluster;
	c->partition = partition;
	c->offset = -1;
	c->record_ms = -1;
	c->key.ns = c->key.name = "";
	c->seen_ns = clock_mono_ns();
	c->bytes = sizeof(*c);
	return c;
}

/* ---- loading ---- */

struct loading {
	struct stream *stream;
	struct decoder decoder;
	struct change_batch batch;
	uint64_t refused;
};

static void
push_if(struct loading *l, uint32_t least)
{
	if (l->batch.n < least)
		return;
	while (!change_queue_wait_room(l->stream->queue, ROOM_WAIT_NS) &&
	       !get(l->stream->stopping))
		;
	change_queue_push(l->stream->queue, &l->batch);
}

static void
on_record(void *ctx, const struct record *r)
{
	struct loading *l = ctx;
	struct decode_error why;
	struct change *c;

	switch (change_decode(&l->decoder, r, &c, &why)) {
	case DECODE_OK:
		pulse_beat();
		c->cluster = l->stream->cluster;
		c->seen_ns = clock_mono_ns();
		change_batch_add(&l->batch, c);
		push_if(l, BATCH_CHANGES);
		break;
	case DECODE_BAD: /* it was good when it was written: another version decides otherwise */
		l->refused++;
		break;
	case DECODE_SKIPPED:
		break;
	}
}

static void
on_scan(void *ctx, int32_t partition, bool begin)
{
	struct loading *l = ctx;

	change_batch_add(&l->batch,
	    stream_change(l->stream, begin ? CHANGE_SCAN_BEGIN : CHANGE_SCAN_END, partition));
}

void
resume_load(struct stream *s)
{
	struct loading l = {.stream = s};
	const struct journal_reader reader = {&l, on_record, on_scan};
	uint64_t start = clock_mono_ns(), age_ns = 0, records;

	if (!s->journal)
		return;
	decoder_init(&l.decoder, &s->decode);
	records = journal_load(s->journal, &reader, &age_ns);
	decoder_fini(&l.decoder);
	if (!records)
		return;
	change_batch_add(&l.batch, stream_change(s, CHANGE_LOADED, -1));
	push_if(&l, 1);
	s->resumes = age_ns <= s->journal_max_ns;
	put(s->loaded_records, records);
	put(s->loaded_age_ms, age_ns / NS_PER_MS);
	put(s->loaded, true);
	log_info("the local snapshot is loaded; announcing from it until kafka has been read",
	    f_str("topic", s->topic), f_u64("records", records), f_u64("refused", l.refused),
	    f_u64("age_seconds", age_ns / NS_PER_S), f_bool("resumes", s->resumes),
	    f_u64("ms", (clock_mono_ns() - start) / NS_PER_MS));
}

/* ---- where to read from ---- */

void
resume_decide(struct stream *s)
{
	char *id;

	if (!s->journal)
		return;
	id = rd_kafka_clusterid(s->rk, CLUSTER_WAIT_MS);
	if (!id)
		return;
	if (s->resumes && *journal_cluster(s->journal) &&
	    strcmp(journal_cluster(s->journal), id) != 0) {
		log_warn(
		    "this is another Kafka cluster than the local snapshot's: the topic is read from its beginning",
		    f_str("topic", s->topic), f_str("was", journal_cluster(s->journal)),
		    f_str("is", id));
		s->resumes = false;
	}
	journal_set_cluster(s->journal, id);
	rd_kafka_mem_free(s->rk, id);
}

void
resume_begin_scan(struct stream *s, uint32_t i)
{
	struct partition *p = stream_partition(s, i);
	struct change_batch batch = {.newest = NULL};
	struct journal_batch note = {.at = NULL};

	if (s->embedded)
		return; /* it keeps nothing over a restart: the snapshot carries the state */
	put(p->scanning, true);
	change_batch_add(&batch, stream_change(s, CHANGE_SCAN_BEGIN, (int32_t)i));
	change_queue_push(s->queue, &batch);
	journal_put_scan(&note, (int32_t)i, true);
	journal_append(s->journal, &note);
	journal_batch_fini(&note);
}

int64_t
resume_offset(struct stream *s, uint32_t i, int64_t first, int64_t end)
{
	struct partition *p = stream_partition(s, i);
	struct journal_position at;

	put(p->verify, -1);
	if (!get(s->loaded))
		return RD_KAFKA_OFFSET_BEGINNING;
	at = journal_position(s->journal, i);
	if (!s->resumes || at.offset < 0 || (first >= 0 && at.offset + 1 < first) ||
	    (end >= 0 && at.offset + 1 > end)) {
		resume_begin_scan(s, i);
		return RD_KAFKA_OFFSET_BEGINNING;
	}
	put(p->scanning, at.scanning);
	if (at.offset < first)
		return first;
	/* Its last record once more: if it is another one now, so is the topic. */
	p->verify_ms = at.ms;
	atomic_store_explicit(&p->verify, at.offset, memory_order_release); /* with verify_ms */
	return at.offset;
}
