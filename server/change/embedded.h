/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `kafka.brokers: embedded`: a broker inside this process (librdkafka's mock cluster) that
 * speaks the Kafka protocol on a loopback port, for trying out, small clusters and tests.
 * Nothing is compacted or persistent, and a partition forgets its oldest records beyond the
 * limits below. Its address is in <state_dir>/kafka.bootstrap while it runs.
 */
#pragma once

#include "change/stream.h"

#define EMBEDDED_BOOTSTRAP_FILE "kafka.bootstrap"

/* What a partition of librdkafka 2.0.2's mock cluster keeps. */
#define EMBEDDED_PARTITION_BYTES   ((uint64_t)5 * 1024 * 1024)
#define EMBEDDED_PARTITION_RECORDS ((int64_t)100000)

struct embedded;

/* Start it with one topic; NULL: *why. state_dir may be NULL: then no file is written. */
struct embedded *embedded_start(const char *topic, uint32_t partitions, const char *state_dir,
    struct stream_error *why) MUST_USE;

/* "127.0.0.1:port", borrowed for the life of the broker. */
const char *embedded_bootstrap(const struct embedded *e);

/* For tests: the topic as if it did not exist (or again as it is). */
void embedded_hide_topic(struct embedded *e, bool hidden);
/* For tests: the broker's connections are cut and refused, or taken again. */
void embedded_set_down(struct embedded *e, bool down);

/* Removes the file and stops the broker; NULL is allowed. */
void embedded_stop(struct embedded *e);
