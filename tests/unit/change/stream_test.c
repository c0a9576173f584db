/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way from a producer over the Kafka protocol to typed changes, with the embedded
 * broker: barrier, live records, quarantine, a topic that is missing, a broker that is gone.
 */
#include "change/embedded.h"
#include "change/stream.h"
#include "core/clock.h"
#include "core/metric.h"
#include "fixture.h"

#include <librdkafka/rdkafka.h>

#include <unistd.h>

#define PATIENCE_NS (20 * NS_PER_S)

struct rig {
	struct embedded *broker; /* for tests that need a hold of it; NULL: the stream's own */
	struct change_queue queue;
	struct stream *stream;
	rd_kafka_t *producer;
	char dir[64];
};

static char *
bootstrap_of(const struct rig *t, char *buf, size_t size)
{
	char path[128];
	FILE *f;

	if (t->broker) {
		snprintf(buf, size, "%s", embedded_bootstrap(t->broker));
		return buf;
	}
	snprintf(path, sizeof(path), "%s/" EMBEDDED_BOOTSTRAP_FILE, t->dir);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(buf, (int)size, f));
	fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static void
rig_start(struct rig *t, bool own_broker)
{
	struct stream_options options = {.brokers = "embedded",
	    .topic = "state",
	    .probe_ms = 100,
	    .embedded_partitions = 8,
	    .decoders = 3};
	struct stream_error why = {.text = ""};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256], bootstrap[64];

	memset(t, 0, sizeof(*t));
	strcpy(t->dir, "/tmp/helio-stream-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	change_queue_init(&t->queue, 0);
	if (own_broker) {
		t->broker = embedded_start("state", 8, NULL, &why);
		assert_non_null(t->broker);
		options.brokers = embedded_bootstrap(t->broker);
	}
	options.state_dir = t->dir;
	t->stream = stream_new(&options, &t->queue, &why);
	if (!t->stream)
		fail_msg("%s", why.text);
	rd_kafka_conf_set(conf, "bootstrap.servers",
	    bootstrap_of(t, bootstrap, sizeof(bootstrap)), text, sizeof(text));
	rd_kafka_conf_set(conf, "linger.ms", "5", text, sizeof(text));
	rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text));
	rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "500", text, sizeof(text));
	t->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(t->producer);
}

static void
rig_end(struct rig *t)
{
	stream_stop(t->stream);
	stream_free(t->stream);
	rd_kafka_destroy(t->producer);
	embedded_stop(t->broker);
	change_queue_fini(&t->queue);
	assert_int_equal(rmdir(t->dir), 0); /* the bootstrap file is gone */
}

static void
produce(struct rig *t, const char *key, const char *value)
{
	rd_kafka_resp_err_t err;

	do {
		err = rd_kafka_producev(t->producer, RD_KAFKA_V_TOPIC("state"),
		    RD_KAFKA_V_KEY(key, strlen(key)),
		    RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value ? strlen(value) : 0),
		    RD_KAFKA_V_HEADER("rv", "12", 2), RD_KAFKA_V_HEADER("epoch", "3", 1),
		    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
		if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rd_kafka_poll(t->producer, 10);
	} while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL);
	assert_int_equal(err, 0);
}

static void
produce_nodes(struct rig *t, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		char key[32], value[64];

		snprintf(key, sizeof(key), "nodes//n%u", i);
		snprintf(value, sizeof(value), "{\"metadata\":{\"name\":\"n%u\"}}", i);
		produce(t, key, value);
	}
	assert_int_equal(rd_kafka_flush(t->producer, 20000), 0);
}

/* What the writer would have seen, counted. */
struct seen {
	unsigned upserts, deletes, caught_up;
	struct change *last; /* of a record; owned */
};

static void
note(struct seen *seen, struct change *c)
{
	if (c->kind == CHANGE_CAUGHT_UP) {
		seen->caught_up++;
		change_free(c);
		return;
	}
	seen->upserts += c->kind == CHANGE_UPSERT;
	seen->deletes += c->kind == CHANGE_DELETE;
	change_free(seen->last);
	seen->last = c;
}

/* Wait for more and note it; fails after PATIENCE_NS from `began`. */
static void
see_more(struct rig *t, struct seen *seen, uint64_t began) ON_WRITER
{
	if (clock_mono_ns() > began + PATIENCE_NS)
		fail_msg("only %u upserts, %u deletes and %u barriers came", seen->upserts,
		    seen->deletes, seen->caught_up);
	change_queue_wait(&t->queue, NS_PER_S / 10);
	for (struct change *c = change_queue_drain(&t->queue), *after; c; c = after) {
		after = c->next;
		note(seen, c);
	}
}

static void
see(struct rig *t, struct seen *seen, unsigned upserts, unsigned caught_up) ON_WRITER
{
	uint64_t began = clock_mono_ns();

	while (seen->upserts < upserts || seen->caught_up < caught_up)
		see_more(t, seen, began);
}

static void
see_delete(struct rig *t, struct seen *seen) ON_WRITER
{
	uint64_t began = clock_mono_ns();

	while (seen->deletes == 0)
		see_more(t, seen, began);
}

static struct stream_status
await_state(struct rig *t, enum stream_state state)
{
	uint64_t end = clock_mono_ns() + PATIENCE_NS;
	struct stream_status status;

	for (;;) {
		stream_status_read(t->stream, &status);
		if (status.state == state)
			return status;
		if (clock_mono_ns() > end)
			fail_msg("state is %s, wanted %s", stream_state_text(status.state),
			    stream_state_text(state));
		usleep(5000);
	}
}

static void
records_then_the_barrier_then_live_ones(void **state)
{
	struct seen seen = {.upserts = 0};
	struct stream_status status;
	struct rig t;

	(void)state;
	role_is_writer();
	rig_start(&t, false);
	produce_nodes(&t, 0, 5000);
	stream_start(t.stream);
	see(&t, &seen, 5000, 1);
	assert_int_equal(seen.upserts, 5000);
	await_state(&t, STREAM_FOLLOWING);

	produce(&t, "nodes//n7", NULL);
	produce(&t, "nodes//live", "{\"metadata\":{\"name\":\"live\"}}");
	assert_int_equal(rd_kafka_flush(t.producer, 20000), 0);
	see(&t, &seen, 5001, 1);
	see_delete(&t, &seen);
	assert_int_equal(seen.caught_up, 1);
	stream_status_read(t.stream, &status);
	assert_int_equal(status.records, 5002);
	assert_int_equal(status.partitions, 8);
	assert_int_equal(status.lag, 0);
	assert_true(status.embedded && status.caught_up);
	change_free(seen.last);
	rig_end(&t);
}

/* Three decoders push at their own pace; what is checked is the order in which the writer gets it. */
static void
each_partition_keeps_its_order_and_the_barrier_comes_after_all_of_them(void **state)
{
	uint64_t began = clock_mono_ns();
	int64_t last[8];
	unsigned upserts = 0;
	bool caught_up = false;
	struct rig t;

	(void)state;
	role_is_writer();
	memset(last, -1, sizeof(last));
	rig_start(&t, false);
	for (unsigned version = 0; version < 20; version++)
		produce_nodes(&t, 0, 500);
	stream_start(t.stream);
	while (!caught_up && clock_mono_ns() < began + PATIENCE_NS) {
		change_queue_wait(&t.queue, NS_PER_S / 10);
		for (struct change *c = change_queue_drain(&t.queue), *after; c; c = after) {
			after = c->next;
			assert_false(caught_up);
			caught_up = c->kind == CHANGE_CAUGHT_UP;
			if (!caught_up) {
				assert_true(c->offset == last[c->partition] + 1);
				last[c->partition] = c->offset;
				upserts++;
			}
			change_free(c);
		}
	}
	assert_true(caught_up);
	assert_int_equal(upserts, 20 * 500);
	rig_end(&t);
}

static void
a_stream_that_is_stopped_while_nobody_drains_it_ends(void **state)
{
	struct stream_status status;
	struct rig t;

	(void)state;
	rig_start(&t, false);
	t.queue.max_bytes = 4096;
	produce_nodes(&t, 0, 20000);
	stream_start(t.stream);
	do {
		usleep(1000);
		stream_status_read(t.stream, &status);
	} while (!change_queue_full(&t.queue));
	stream_stop(t.stream);
	stream_status_read(t.stream, &status);
	assert_int_equal(status.state, STREAM_STOPPED);
	assert_true(status.records < 20000); /* back-pressure: it did not read on */
	rig_end(&t);
}

static void
an_empty_topic_is_caught_up_at_once(void **state)
{
	struct seen seen = {.upserts = 0};
	struct rig t;

	(void)state;
	role_is_writer();
	rig_start(&t, false);
	stream_start(t.stream);
	see(&t, &seen, 0, 1);
	rig_end(&t);
}

static void
a_record_that_cannot_be_decoded_is_quarantined_and_its_neighbours_apply(void **state)
{
	struct seen seen = {.upserts = 0};
	struct stream_quarantined q[10];
	struct stream_status status;
	struct rig t;

	(void)state;
	role_is_writer();
	rig_start(&t, false);
	stream_start(t.stream);
	produce(&t, "nodes//a", "{\"metadata\":{\"name\":\"a\"}}");
	produce(&t, "nodes//bad", "rubbish");
	produce(&t, "nodes//bad", "rubbish again");
	produce(&t, "no key of ours", "{}");
	produce(&t, "pods/x/y", "{}");
	produce(&t, "nodes//b", "{\"metadata\":{\"name\":\"b\"}}");
	assert_int_equal(rd_kafka_flush(t.producer, 20000), 0);
	see(&t, &seen, 2, 1);
	do {
		usleep(2000);
		stream_status_read(t.stream, &status);
	} while (status.records < 6);
	usleep(50000);
	stream_status_read(t.stream, &status);
	assert_int_equal(status.quarantined, 3);
	assert_int_equal(status.skipped, 1);
	assert_int_equal(stream_quarantine_read(t.stream, q, 10), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_true(q[i].reason[0] != '\0' && q[i].offset >= 0);
	change_free(seen.last);
	rig_end(&t);
}

static void
a_missing_topic_is_reported_and_picked_up_when_it_appears(void **state)
{
	struct seen seen = {.upserts = 0};
	struct rig t;

	(void)state;
	role_is_writer();
	rig_start(&t, true);
	produce_nodes(&t, 0, 10);
	embedded_hide_topic(t.broker, true);
	stream_start(t.stream);
	assert_true(await_state(&t, STREAM_NO_TOPIC).last_error[0] != '\0');
	embedded_hide_topic(t.broker, false);
	see(&t, &seen, 10, 1);
	await_state(&t, STREAM_FOLLOWING);
	change_free(seen.last);
	rig_end(&t);
}

static void
a_broker_that_goes_away_leaves_the_state_and_is_found_again(void **state)
{
	struct seen seen = {.upserts = 0};
	struct stream_status status;
	struct rig t;

	(void)state;
	role_is_writer();
	rig_start(&t, true);
	produce_nodes(&t, 0, 10);
	stream_start(t.stream);
	see(&t, &seen, 10, 1);
	embedded_set_down(t.broker, true);
	status = await_state(&t, STREAM_UNREACHABLE);
	assert_true(status.caught_up);
	assert_int_equal(status.outages, 1);
	embedded_set_down(t.broker, false);
	await_state(&t, STREAM_FOLLOWING);
	produce_nodes(&t, 10, 20);
	see(&t, &seen, 20, 1);
	assert_int_equal(seen.caught_up, 1);
	assert_int_equal(seen.upserts, 20); /* nothing was read twice */
	change_free(seen.last);
	rig_end(&t);
}

static void
assert_option_refused(const char *name, const char *value, const char *because)
{
	struct stream_property property = {name, value};
	struct stream_options options = {.brokers = "127.0.0.1:1",
	    .topic = "state",
	    .properties = &property,
	    .n_properties = 1};
	struct stream_error why = {.text = ""};
	struct change_queue queue;

	change_queue_init(&queue, 0);
	assert_null(stream_new(&options, &queue, &why));
	if (!strstr(why.text, name) || !strstr(why.text, because))
		fail_msg("%s: %s", name, why.text);
	change_queue_fini(&queue);
}

static void
wrong_and_forbidden_properties_are_refused_by_name(void **state)
{
	(void)state;
	assert_option_refused("no.such.thing", "1", "No such configuration property");
	assert_option_refused("fetch.max.bytes", "many", "Invalid value");
	assert_option_refused("group.id", "mine", "no consumer group");
	assert_option_refused("auto.offset.reset", "latest", "rescan");
	assert_option_refused("group.id.file", "/dev/null", "no consumer group");
	assert_option_refused("sasl.password.file", "/does/not/exist", "No such file");
}

static void
a_hundred_thousand_records_are_read_and_the_time_is_printed(void **state)
{
	struct seen seen = {.upserts = 0};
	uint64_t began = clock_mono_ns(), produced, read;
	struct rig t;

	(void)state;
	role_is_writer();
	rig_start(&t, false);
	produce_nodes(&t, 0, 100000);
	produced = clock_mono_ns();
	stream_start(t.stream);
	see(&t, &seen, 100000, 1);
	read = clock_mono_ns();
	print_message("100,000 records: produced in %.2f s, read and decoded in %.2f s\n",
	    (double)(produced - began) / (double)NS_PER_S,
	    (double)(read - produced) / (double)NS_PER_S);
	change_free(seen.last);
	rig_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_then_the_barrier_then_live_ones),
	    cmocka_unit_test(
	        each_partition_keeps_its_order_and_the_barrier_comes_after_all_of_them),
	    cmocka_unit_test(a_stream_that_is_stopped_while_nobody_drains_it_ends),
	    cmocka_unit_test(an_empty_topic_is_caught_up_at_once),
	    cmocka_unit_test(
	        a_record_that_cannot_be_decoded_is_quarantined_and_its_neighbours_apply),
	    cmocka_unit_test(a_missing_topic_is_reported_and_picked_up_when_it_appears),
	    cmocka_unit_test(a_broker_that_goes_away_leaves_the_state_and_is_found_again),
	    cmocka_unit_test(wrong_and_forbidden_properties_are_refused_by_name),
	    cmocka_unit_test(a_hundred_thousand_records_are_read_and_the_time_is_printed),
	};

	role_take(ROLE_WRITER, "writer");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
