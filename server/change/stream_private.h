/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside change/: the stream's parts. The consumer thread looks after brokers, topic and
 * partitions; each decoder thread takes the records of the partitions that are its own. What
 * several threads touch is atomic (relaxed: numbers for people) or behind a lock that is taken
 * only when something goes wrong.
 */
#pragma once

#include "change/embedded.h"
#include "change/journal.h"
#include "change/quarantine.h"
#include "change/stream.h"
#include "core/log.h"
#include "core/stable.h"

#include <pthread.h>

struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;
struct rd_kafka_conf_s;

/* One partition; the array only grows. It belongs to the decoder that partition_decoder() says. */
struct partition {
	_Atomic int64_t first;    /* log start when we began, or when it was last learnt */
	_Atomic int64_t position; /* next offset we expect; its decoder's while it is read */
	_Atomic int64_t end;      /* last known end */
	_Atomic int64_t
	    barrier; /* end when we began; -1: not known, the end-of-partition event tells */
	_Atomic bool
	    caught_up; /* reached its barrier once: what was read up to it has been pushed */
	_Atomic uint64_t
	    bytes; /* of values and keys since `first`: what an embedded broker holds */
	_Atomic bool near_limit; /* warned that the embedded broker will forget records */
	_Atomic bool scanning;   /* what it had before and is not met until its end is gone */
	_Atomic int64_t
	    verify; /* the record of this offset must have verify_ms: it is ours of old; -1: none */
	int64_t verify_ms;
	_Atomic int64_t held_back; /* records that an open transaction keeps from us; 0: none */
	int64_t still_at;          /* the consumer's: the position that was seen last, */
	uint64_t still_ns;         /* and since when it has stood there, with more behind it */
	uint64_t
	    retry_ns; /* the consumer's: restart from the beginning then; NS_NEVER: no need */
	bool gone;    /* the consumer's: the topic was made anew with fewer partitions */
};

/* A decoder thread and what is its own. */
struct decoding {
	struct stream *stream;
	struct rd_kafka_queue_s *fetched; /* messages of its partitions, in their order */
	pthread_t thread;
	struct decoder decoder;
	bool producing;   /* the queue was told that more comes */
	uint64_t dropped; /* of decoder.dropped, already counted */
	struct change_batch batch;
	struct journal_batch journal; /* what was used of this round */
	struct log_limit quarantine_limit;
	uint64_t records, bytes, skipped; /* of this round, not yet in the stream's sums */
};

/* What some thread was told that the consumer has to look after: of a partition, or of the
 * brokers (librdkafka calls back on whichever thread polls a queue, decoders included). */
struct notice {
	struct notice *next;
	struct rd_kafka_message_s *message; /* owned; its err is set; NULL: of the brokers */
	const char *rescan;                 /* or: why `partition` has to be read again */
	uint32_t partition;
	int err;          /* then: what happened, */
	char reason[256]; /* and in words */
};

struct progress {
	uint64_t next_ns; /* when the next line is due */
	bool bar, drawn;
};

struct stream {
	/* set up by stream_new() */
	char *brokers, *topic;
	uint32_t cluster, probe_ms;
	struct change_queue *queue;
	struct journal *journal; /* NULL: none is kept */
	uint64_t journal_max_ns;
	struct decode_options decode;
	struct embedded *embedded;
	struct rd_kafka_s *rk;
	struct rd_kafka_topic_s *rkt;
	struct rd_kafka_queue_s *events; /* the library's: what rd_kafka_poll() serves */
	struct decoding *decodings;
	uint32_t n_decodings;
	pthread_t thread;
	bool running;
	_Atomic bool stopping;

	/* the consumer thread's own */
	uint64_t next_probe_ns, next_tick_ns, backoff_ns, outage_began_ns, topic_logged_ns;
	uint64_t held_since_ns; /* an open transaction holds records back; 0: none does */
	struct log_limit library_limit, error_limit;
	struct progress progress;
	bool topic_was_missing;
	bool resumes;     /* the local snapshot's offsets may be gone on from */
	uint32_t present; /* partitions the topic has now; n_partitions never shrinks */
	uint32_t reached; /* partitions below it have all caught up */
	int logged_error; /* of librdkafka, and when */
	uint64_t logged_error_ns;

	/* from the decoders to the consumer */
	_Atomic bool heard;           /* the brokers have sent something */
	pthread_mutex_t notices_lock; /* guards first_notice, last_notice */
	struct notice *first_notice, *last_notice;

	/* read by others */
	struct stable partitions; /* struct partition */
	_Atomic uint32_t n_partitions;
	_Atomic uint32_t state; /* enum stream_state */
	_Atomic bool caught_up, loaded;
	_Atomic uint64_t loaded_records, loaded_age_ms;
	_Atomic uint64_t records, bytes, skipped, rescans, outages, last_input_ms;
	_Atomic int64_t held_back;  /* of all partitions */
	pthread_mutex_t error_lock; /* guards last_error and its time */
	char last_error[256];
	uint64_t last_error_ms;
	struct quarantine quarantine;
};

static inline struct partition *
stream_partition(const struct stream *s, uint32_t i)
{
	return stable_at(&s->partitions, i);
}

static inline struct decoding *
partition_decoder(const struct stream *s, uint32_t i)
{
	return &s->decodings[i % s->n_decodings];
}

/* Remember what went wrong last, for the status. Any thread. */
void stream_set_error(struct stream *s, const char *text);

/* Share of the first scan that is done, 0..1. Any thread. */
double stream_progress(const struct stream *s);
int64_t stream_lag(const struct stream *s);

/* Show how far the scan is: a bar on a terminal, else a line at most every second; done: the last one. */
void progress_show(struct stream *s, uint64_t now_ns, bool done);

/* ---- consumer_resume.c ---- */

/* Read the local snapshot, decode it and hand it to the writer. Before the first probe. */
void resume_load(struct stream *s) ON_CONSUMER;

/* The brokers are known for the first time: may its offsets be gone on from? */
void resume_decide(struct stream *s) ON_CONSUMER;

/* Where partition i, which the brokers have from first to end (-1: unknown), is to be read from; makes it a scan where it must
 * be one. */
int64_t resume_offset(struct stream *s, uint32_t i, int64_t first, int64_t end) ON_CONSUMER;

/* The partition, which may have been read before, is read from its beginning; it has not been started. */
void resume_begin_scan(struct stream *s, uint32_t i) ON_CONSUMER;

/* A change without a key: of the stream, or of one of its partitions. */
struct change *
stream_change(const struct stream *s, enum change_kind kind, int32_t partition) MUST_USE;

/*
 * librdkafka's configuration from the options; NULL: *why names the property. The callbacks
 * get the stream. In consumer_conf.c.
 */
struct rd_kafka_conf_s *consumer_conf_new(const struct stream_options *options,
    const char *brokers, struct stream *s, struct stream_error *why) MUST_USE;

/* Callbacks of librdkafka, run by the consumer thread's poll. In consumer.c. */
void consumer_on_error(struct rd_kafka_s *rk, int err, const char *reason, void *stream);
void
consumer_on_log(const struct rd_kafka_s *rk, int level, const char *facility, const char *text);

/* Says of a broker's certificate why OpenSSL refuses it. Called by librdkafka's own threads. In consumer_tls.c. */
int
consumer_on_certificate(struct rd_kafka_s *rk, const char *broker, int32_t id, int *x509_error,
    int depth, const char *der, size_t size, char *why, size_t why_size, void *stream);

/* True: librdkafka's own words for what consumer_on_certificate() has said better. */
bool consumer_is_certificate_error(int err, const char *reason);

/* True: reason is a broker's refusal of our own certificate, and out says so. */
bool consumer_explain_alert(const char *reason, char *out, size_t size) MUST_USE;

/*
 * Ask the brokers for the topic's partitions: notices that they are there, gone or back, that
 * the topic is missing, and starts what is new or has to be read again. Blocks for at most
 * PROBE_TIMEOUT_MS when nobody answers. In consumer_probe.c, as all of these.
 */
#define PROBE_TIMEOUT_MS 1000
void consumer_probe(struct stream *s, uint64_t now_ns) ON_CONSUMER;

/* The brokers are gone (err: librdkafka's), or have just shown that they are there. */
void consumer_down(struct stream *s, int err) ON_CONSUMER;
void consumer_alive(struct stream *s) ON_CONSUMER;

/* Read the partition again from its beginning, soon; the state stays. */
void consumer_rescan(struct stream *s, uint32_t i, const char *reason) ON_CONSUMER;

/* Nothing is to be read of the partition up to its barrier. */
void consumer_reached(struct stream *s, struct partition *p) ON_CONSUMER;

/*
 * Ask the leaders of the partitions from..to-1 at once for OFFSET_BEGINNING or OFFSET_END, which is the last stable offset, into out[0]...; -1:
 * not known. False: nobody answered.
 */
bool consumer_list_offsets(struct stream *s, uint32_t from, uint32_t to, int64_t which,
    int timeout_ms, int64_t *out) ON_CONSUMER MUST_USE;

/* Notices transactions that hold records back. With each probe; may block for a second. In consumer_stable.c. */
void consumer_watch_stable(struct stream *s, uint64_t now_ns) ON_CONSUMER;

/* Announces CHANGE_CAUGHT_UP, once, when every partition has caught up. */
void consumer_look_for_barrier(struct stream *s) ON_CONSUMER;

/* Hand n over to the consumer and wake it. Any thread. In consumer.c. */
void consumer_notify(struct stream *s, struct notice *n);

/* Look after what was handed over. In consumer.c. */
void consumer_take_notices(struct stream *s) ON_CONSUMER;

/* Make the consumer look at notices, barriers and what was heard. Any thread. In consumer.c. */
void consumer_wake(struct stream *s);

/* --- consumer_decode.c --- */

void decoding_init(struct decoding *d, struct stream *s, const struct decode_options *options);
void decoding_fini(struct decoding *d);
void decoding_start(struct decoding *d);
void decoding_join(struct decoding *d); /* the stream is stopping */
