/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside change/: the stream's parts. The consumer thread writes all of it; what other
 * threads read is atomic (relaxed: numbers for people) or behind a lock that is taken only
 * when something goes wrong.
 */
#pragma once

#include "change/embedded.h"
#include "change/quarantine.h"
#include "change/stream.h"
#include "core/log.h"
#include "core/stable.h"

#include <pthread.h>

struct rd_kafka_s;
struct rd_kafka_topic_s;
struct rd_kafka_queue_s;
struct rd_kafka_conf_s;

/* One partition; the array only grows. */
struct partition {
	_Atomic int64_t first;    /* log start when we began, or when it was last learnt */
	_Atomic int64_t position; /* next offset we expect */
	_Atomic int64_t end;      /* last known end */
	_Atomic bool caught_up;   /* reached its barrier once */
	int64_t
	    barrier;    /* end when we began; -1: not known, the end-of-partition event tells */
	uint64_t bytes; /* of values and keys since `first`: what an embedded broker holds */
	uint64_t retry_ns; /* restart from the beginning at this time; NS_NEVER: no need */
	bool gone;         /* the topic was made anew with fewer partitions */
	bool near_limit;   /* warned that the embedded broker will forget records */
};

struct progress {
	uint64_t next_ns; /* when the next line is due */
	bool bar, drawn;
};

struct stream {
	/* set up by stream_new() */
	char *brokers, *topic;
	uint32_t probe_ms;
	struct change_queue *queue;
	struct embedded *embedded;
	struct rd_kafka_s *rk;
	struct rd_kafka_topic_s *rkt;
	struct rd_kafka_queue_s *fetched;
	pthread_t thread;
	bool running;
	_Atomic bool stopping;

	/* the consumer thread's own */
	struct decoder decoder;
	uint64_t decoder_dropped; /* of decoder.dropped, already counted */
	struct change_batch batch;
	uint64_t next_probe_ns, next_tick_ns, backoff_ns, outage_began_ns, topic_logged_ns;
	struct log_limit library_limit, quarantine_limit, error_limit;
	struct progress progress;
	bool topic_was_missing;
	uint32_t present; /* partitions the topic has now; n_partitions never shrinks */
	int logged_error; /* of librdkafka, and when */
	uint64_t logged_error_ns;

	/* read by others */
	struct stable partitions; /* struct partition */
	_Atomic uint32_t n_partitions;
	_Atomic uint32_t state; /* enum stream_state */
	_Atomic bool caught_up;
	_Atomic uint64_t records, bytes, skipped, rescans, outages, last_input_ms;
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

/* Remember what went wrong last, for the status. Any thread. */
void stream_set_error(struct stream *s, const char *text);

/* Share of the first scan that is done, 0..1. Any thread. */
double stream_progress(const struct stream *s);
int64_t stream_lag(const struct stream *s);

/* Show how far the scan is: a bar on a terminal, else a line at most every second; done: the last one. */
void progress_show(struct stream *s, uint64_t now_ns, bool done);

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

/* The partition's position reached its barrier or its end; announces CHANGE_CAUGHT_UP after the last one. */
void consumer_reached(struct stream *s, struct partition *p) ON_CONSUMER;
