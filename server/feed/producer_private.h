/* SPDX-License-Identifier: Apache-2.0 */
/* The producer's own: shared by producer*.c alone. What is not atomic or locked is the thread's. */
#pragma once

#include "feed/producer.h"

#include <librdkafka/rdkafka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define PRODUCER_BROKERS_MAX 1024

/* Which writing of heliographd's address file we follow. */
struct bootstrap_stamp {
	ino_t inode;
	int64_t seconds, nanoseconds;
};

struct producer {
	const struct producer_options *options;
	struct outbox *outbox;
	const char *state_dir; /* embedded: heliographd's; NULL: real brokers */
	pthread_t thread;
	_Atomic bool stopping, lost;
	pthread_mutex_t lock; /* of status */
	struct producer_status status;
	/* The thread's. */
	rd_kafka_t *rk;
	rd_kafka_topic_t *topic;
	struct bootstrap_stamp stamp;
	bool was_embedded; /* an embedded broker has been written to before */
	bool batch_failed; /* a record of the batch was not stored, and may be the next time */
	bool narrowed;     /* it is known better than before which record Kafka does not take */
	int64_t last_ms;   /* timestamp of the last record: they never go back */
	int64_t *offsets;  /* by partition: of the last record stored; -1: none */
	int32_t n_offsets;
	unsigned failures; /* in a row */
};

/* librdkafka's properties; NULL: error. With brokers NULL only to check them. */
rd_kafka_conf_t *
producer_conf_new(struct producer *p, const char *brokers, char *error) MUST_USE;

/* The brokers' addresses. False: error. */
bool producer_brokers(struct producer *p, char *out, char *error) MUST_USE;
/* Embedded only: heliographd has begun a new broker since producer_brokers(). */
bool producer_moved(const struct producer *p);

/* Is the topic there and good? Creates it where that was asked for. False: error. */
bool producer_find_topic(struct producer *p, enum producer_state *state, char *error) MUST_USE;

/* Hand all records of the batch over; false: this transaction cannot take them. */
bool producer_put_all(struct producer *p, struct outbox_batch *batch) MUST_USE;

void producer_tell_lost(struct producer *p, const char *why);

static inline bool
producer_is_stopping(const struct producer *p)
{
	return atomic_load(&p->stopping);
}

/* Callbacks, on the producer's thread. */
void producer_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);
