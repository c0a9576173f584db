/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what is in the outbox to the topic, batch by batch: what has arrived is one transaction,
 * so an idle feed writes at once and a busy one in large pieces. Idempotent; its transactional id
 * fences a twin. A batch is tried until Kafka has it: brokers, credentials or the topic gone only
 * mean waiting. One thread of its own; the files producer*.c alone know librdkafka.
 */
#pragma once

#include "feed/outbox.h"

#include <stdbool.h>

#define PRODUCER_ERROR_MAX 320

struct producer;

struct producer_property {
	const char *name, *value;
	bool from_file; /* value is the path of a file that holds it */
};

/* Borrowed for the producer's life. */
struct producer_options {
	const char *kafka; /* "host:port,..." or "embedded:STATE_DIR" of heliographd */
	const char *topic;
	bool create_topic;
	unsigned partitions;          /* of a topic that is created */
	int replication;              /* -1: the brokers' default */
	const char *transactional_id; /* NULL: no transactions */
	const struct producer_property *properties;
	unsigned n_properties;
};

/* Check the options; NULL: error (PRODUCER_ERROR_MAX bytes) says which is wrong. */
struct producer *producer_new(
    const struct producer_options *options, struct outbox *outbox, char *error) MUST_USE;
void producer_start(struct producer *p); /* starts the thread */
void producer_stop(struct producer *p);  /* ends it; a batch under way is given up */
void producer_free(struct producer *p);  /* stopped; NULL is allowed */

enum producer_state {
	PRODUCER_CONNECTING,
	PRODUCER_NO_TOPIC, /* it does not exist, and was not to be created or could not be */
	PRODUCER_WRITING,
	PRODUCER_RETRYING, /* Kafka does not take what we have at the moment */
	PRODUCER_FENCED    /* another one with our transactional id has taken over: the end */
};

struct producer_status {
	enum producer_state state;
	char last_error[PRODUCER_ERROR_MAX]; /* "": none so far */
};

/* Any thread. The outbox's `room` is woken when the state becomes PRODUCER_FENCED. */
void producer_status_read(struct producer *p, struct producer_status *out);
const char *producer_state_text(enum producer_state state);

/*
 * True once for each time that the topic was found to have lost what was written (it was made anew,
 * or the embedded broker was): all must be written again. `room` is woken.
 */
bool producer_has_lost(struct producer *p) MUST_USE;
