/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's rounds: what it publishes when, what an operator's orders change, and how they reach it. */
#include "change/decode.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/log.h"
#include "rib/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL_ROLES TSA(no_thread_safety_analysis)
#define S         NS_PER_S

static struct config *config;
static struct decoder decoder;
static struct change_queue queue;
static struct cluster *cluster;
static struct names names;
static struct table rib;
static struct writer writer;
static uint64_t now;
static unsigned rv;

static int
begin(void **state) ALL_ROLES
{
	static struct config_errors errors;
	const struct decode_options o = {.max_value = 1 << 20};
	static const char text[] =
	    "router_id: 10.255.0.1\nlocal_as: 64512\npeers: []\n"
	    "advertise: {cluster_ips: [10.96.0.0/12]}\n"
	    "safety: {withdraw_limit: {percent: 10, paths: 5}, last_path: 2s, last_prefix: 2s}\n";

	(void)state;
	log_set(LOG_ERROR, LOG_LOGFMT);
	config = config_load_text("test", text, strlen(text), &errors);
	assert_non_null(config);
	decoder_init(&decoder, &o);
	change_queue_init(&queue, 0);
	cluster = cluster_new();
	names_init(&names);
	table_init(&rib, &names);
	writer_init(&writer, config, &queue, &cluster, &rib);
	now = 1000 * S;
	rv = 0;
	return 0;
}

static int
end(void **state) ALL_ROLES
{
	(void)state;
	writer_fini(&writer);
	table_fini(&rib);
	cluster_free(cluster);
	rcu_drain();
	names_fini(&names);
	change_queue_fini(&queue);
	decoder_fini(&decoder);
	config_free(config);
	return 0;
}

#define WRITING(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* value NULL: deleted. */
static struct change *
change_of(const char *key, const char *value) ALL_ROLES
{
	struct record r = {.key = key,
	    .key_len = strlen(key),
	    .value = value,
	    .value_len = value ? strlen(value) : 0,
	    .ms = -1};
	struct decode_error why;
	struct change *c;

	assert_int_equal(change_decode(&decoder, &r, &c, &why), DECODE_OK);
	return c;
}

static void
round_with(struct change *c) ALL_ROLES
{
	writer_round(&writer, c, now);
}

static void
put_node(unsigned i) ALL_ROLES
{
	char key[40], value[400];

	snprintf(key, sizeof(key), "nodes//n%u", i);
	snprintf(value, sizeof(value),
	    "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n%u\",\"uid\":\"n%u\","
	    "\"resourceVersion\":\"%u\"},\"status\":{\"addresses\":[{\"type\":\"InternalIP\","
	    "\"address\":\"10.0.0.%u\"}]}}",
	    i, i, ++rv, i + 1);
	round_with(change_of(key, value));
}

static void
delete_node(unsigned i) ALL_ROLES
{
	char key[40];

	snprintf(key, sizeof(key), "nodes//n%u", i);
	round_with(change_of(key, NULL));
}

static void
catch_up(void) ALL_ROLES
{
	struct change *c = must_calloc(1, sizeof(*c));

	c->kind = CHANGE_CAUGHT_UP;
	round_with(c);
}

static void
nodes_and_caught_up(unsigned n) ALL_ROLES
{
	for (unsigned i = 0; i < n; i++)
		put_node(i);
	catch_up();
}

static void
nothing_is_published_before_the_stream_has_caught_up(void **state) ALL_ROLES
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		put_node(i);
	assert_int_equal(table_version(&rib), 0);
	catch_up();
	assert_int_equal(rib.live_paths, 3);
	assert_int_equal(atomic_load(&rib.barrier), table_version(&rib));
}

static void
a_loss_beyond_the_limit_is_held_and_the_rest_goes_on(void **state) ALL_ROLES
{
	(void)state;
	nodes_and_caught_up(40);
	now += 120 * S;
	for (unsigned i = 0; i < 20; i++)
		delete_node(i);
	assert_int_equal(rib.live_paths, 35); /* five may always go */
	put_node(50);
	assert_int_equal(rib.live_paths, 36);
	put_node(19); /* one of the held ones is there again */
	assert_int_equal(rib.live_paths, 36);
	assert_int_equal(writer.breaker.holds.n, 14);
}

static void
what_waits_for_its_time_is_the_writers_next_round(void **state) ALL_ROLES
{
	(void)state;
	nodes_and_caught_up(1);
	assert_int_equal(writer_next_ns(&writer), NS_NEVER);
	delete_node(0);
	assert_int_equal(rib.live_paths, 1);
	assert_int_equal(writer_next_ns(&writer), now + 2 * S);
	now += 2 * S;
	round_with(NULL);
	assert_int_equal(rib.live_paths, 0);
	assert_int_equal(writer_next_ns(&writer), NS_NEVER);
}

static void
a_frozen_rib_changes_in_no_direction_and_then_all_at_once(void **state) ALL_ROLES
{
	uint64_t version;

	(void)state;
	nodes_and_caught_up(10);
	version = table_version(&rib);
	writer_mode(&writer, MODE_FROZEN, now);
	put_node(20);
	delete_node(1);
	assert_int_equal(table_version(&rib), version);
	assert_int_equal(writer_next_ns(&writer), NS_NEVER);
	writer_mode(&writer, MODE_NORMAL, now);
	assert_int_equal(rib.live_paths, 10);
	assert_true(table_version(&rib) > version);
}

static void
a_writer_that_starts_frozen_publishes_its_first_state_and_no_other(void **state) ALL_ROLES
{
	(void)state;
	writer_mode(&writer, MODE_FROZEN, now);
	nodes_and_caught_up(3);
	assert_int_equal(rib.live_paths, 3);
	put_node(7);
	delete_node(1);
	assert_int_equal(rib.live_paths, 3);
	writer_mode(&writer, MODE_NO_WITHDRAW, now);
	assert_int_equal(rib.live_paths, 4); /* the new one; the deleted one is held */
	writer_mode(&writer, MODE_NORMAL, now);
	assert_int_equal(rib.live_paths, 3);
}

/* ---- orders ---- */

static void
forbid_withdrawals(struct writer *w, void *ctx, uint64_t now_ns) ALL_ROLES
{
	role_is_writer();
	*(bool *)ctx = true;
	breaker_no_withdraw(&w->breaker, true, now_ns);
}

static void
an_order_is_carried_out_by_the_writer_and_waited_for(void **state) ALL_ROLES
{
	bool done = false;

	(void)state;
	role_drop(); /* the thread takes the role over */
	writer_start(&writer);
	assert_true(writer_ask(&writer, forbid_withdrawals, &done, 10 * S));
	assert_true(done);
	writer_stop(&writer);
	role_take(ROLE_WRITER, "test");
	assert_true(writer.breaker.no_withdraw);
}

static void
an_order_that_nobody_takes_is_taken_back(void **state) ALL_ROLES
{
	bool done = false;

	(void)state;
	assert_false(
	    writer_ask(&writer, forbid_withdrawals, &done, NS_PER_MS)); /* no thread runs */
	assert_false(done);
	assert_null(writer.orders);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WRITING(nothing_is_published_before_the_stream_has_caught_up),
	    WRITING(a_loss_beyond_the_limit_is_held_and_the_rest_goes_on),
	    WRITING(what_waits_for_its_time_is_the_writers_next_round),
	    WRITING(a_frozen_rib_changes_in_no_direction_and_then_all_at_once),
	    WRITING(a_writer_that_starts_frozen_publishes_its_first_state_and_no_other),
	    WRITING(an_order_is_carried_out_by_the_writer_and_waited_for),
	    WRITING(an_order_that_nobody_takes_is_taken_back),
	};
	int failed;

	role_take(ROLE_WRITER, "test");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
