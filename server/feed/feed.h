/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heliofeed, put together. One thread runs the event loop, on which everything below but the
 * producer lives; the producer has a thread of its own because Kafka's transactions block.
 *
 *     API -> transport -> follow (one each resource) -> publisher -> outbox -> producer -> Kafka
 *                                                                       monitor: HTTP, reads only
 */
#pragma once

#include "feed/access.h"
#include "feed/follow.h"
#include "feed/options.h"
#include "feed/outbox.h"
#include "feed/producer.h"
#include "feed/publisher.h"
#include "feed/transport.h"

enum feed_exit { FEED_ENDED = 0, FEED_WRONG = 1, FEED_USAGE = 2, FEED_FENCED = 3 };

struct monitor;

struct feed {
	const struct options *options;
	struct access access;
	struct event_base *base;
	struct outbox outbox;
	struct producer *producer;
	struct publisher publisher;
	struct follow follows[SOURCE_COUNT];
	struct transport *transport;
	struct monitor *monitor;
	struct event *room, *signals[2], *last_call;
	uint64_t end_position; /* in the outbox: up to the listing's end; 0: not there yet */
	bool caught_up;        /* that has been written */
	bool again;            /* the publisher needs an epoch */
	bool ending;           /* nothing is read any more; what is in the outbox is written */
	enum feed_exit code;
};

/* Run until a signal, --once or a fence; it is logged what was wrong. */
enum feed_exit feed_run(const struct options *options) MUST_USE;
