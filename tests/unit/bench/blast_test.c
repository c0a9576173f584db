/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes-only loop and the injector over real TCP: a fleet on the one, a listener of the test's on the other. */
#include "bgp/open.h"
#include "blast.h"
#include "fleet.h"
#include "inject.h"
#include "pathhash.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TORS 9

static struct cluster *cluster;
static struct model *model;
static struct wireset *set;

static int
make_set(void **state)
{
	const struct cluster_size size = {
	    .nodes = 30, .services = 900, .next_hops = 10, .local = 100, .seed = 2};
	struct model_rules rules = model_rules_default(false);
	struct wireset_format f = {.message_max = BGP_MESSAGE_MAX,
	    .reflected = true,
	    .cluster_id = rules.cluster_id,
	    .local_pref = rules.local_pref};

	(void)state;
	cluster = cluster_new(&size);
	model = model_new(cluster, &rules);
	set = wireset_new(model, &f);
	return 0;
}

static int
free_set(void **state)
{
	(void)state;
	wireset_free(set);
	model_free(model);
	cluster_free(cluster);
	return 0;
}

/* The loop with two threads, and ToRs that are not connected yet. */
struct stage {
	struct blast_options options;
	struct wirepath path;
	const struct model_path *changing;
	int ends[2];
	pthread_t thread;
	struct fleet *fleet;
};

static void *
blast_main(void *arg)
{
	char error[BLAST_ERROR_MAX];

	return blast_run(arg, error) ? arg : NULL;
}

static void
stage_start(struct stage *g)
{
	struct ip_addr here = ip_v4(0x7f000001);
	const struct model_rules rules = model_rules_default(false);
	const struct wireset_format f = {.message_max = BGP_MESSAGE_MAX,
	    .reflected = true,
	    .cluster_id = rules.cluster_id,
	    .local_pref = rules.local_pref};
	const struct fleet_options fo = {.tors = TORS,
	    .threads = 1,
	    .checked = TORS,
	    .as = 64512,
	    .add_path = true,
	    .target = here,
	    .port = endpoint_free_port(&here),
	    .first_source = ip_v4(0x7f010301)};

	*g = (struct stage){.changing = &model->paths[model->count / 2]};
	wirepath_init(&g->path, g->changing, &f);
	assert_int_equal(pipe(g->ends), 0);
	g->options = (struct blast_options){.listen = {.addr = here, .port = fo.port},
	    .threads = 2,
	    .as = 64512,
	    .router_id = 0x0aff0001,
	    .chunk = 4096,
	    .control = g->ends[0],
	    .set = set,
	    .path = &g->path};
	assert_int_equal(pthread_create(&g->thread, NULL, blast_main, &g->options), 0);
	g->fleet = fleet_new(&fo);
}

static void
stage_end(struct stage *g)
{
	void *result;

	fleet_free(g->fleet);
	close(g->ends[1]);
	pthread_join(g->thread, &result);
	assert_non_null(result);
	close(g->ends[0]);
}

static void
say(const struct stage *g, const char *word)
{
	assert_int_equal(write(g->ends[1], word, strlen(word)), strlen(word));
}

static void
wait_for(struct fleet *f, uint64_t paths, uint64_t digest, bool connect, struct fleet_status *s)
{
	const struct fleet_target t = {
	    .paths = paths, .digest = digest, .table = true, .eor = true};

	fleet_aim(f, &t);
	if (connect)
		fleet_connect(f);
	assert_true(fleet_wait(f, 20000, s));
}

/* All tables are the model's but for the path that changes. */
static void
wait_for_the_rest(struct stage *g, bool connect, struct fleet_status *s)
{
	const struct model_path *p = g->changing;

	wait_for(g->fleet, model->count - 1,
	    model->digest - path_hash(&p->prefix, path_seed(&p->next_hop, p->attr_digest)),
	    connect, s);
}

static void
tors_get_the_table_when_it_is_loaded_and_again_when_they_come_back(void **state)
{
	struct fleet_status s;
	struct stage g;

	(void)state;
	stage_start(&g);
	wait_for(g.fleet, 0, 0, true, &s);
	uint64_t before = s.counts.bytes;

	say(&g, "go\n");
	wait_for(g.fleet, model->count, model->digest, false, &s);
	assert_true(s.counts.bytes - before >= set->table_size * TORS);
	assert_true(s.counts.bytes - before <= set->size * TORS);
	assert_int_equal(s.counts.announced, model->count * TORS);
	fleet_disconnect(g.fleet);
	wait_for(g.fleet, model->count, model->digest, true, &s);
	assert_int_equal(s.counts.announced, 2 * model->count * TORS);
	assert_int_equal(s.disconnects, 0);
	stage_end(&g);
}

static void
a_pulse_is_one_small_update_to_every_session_and_nothing_else(void **state)
{
	struct fleet_status s;
	struct stage g;

	(void)state;
	stage_start(&g);
	wait_for(g.fleet, 0, 0, true, &s);
	say(&g, "go\n");
	wait_for(g.fleet, model->count, model->digest, false, &s);
	for (unsigned round = 0; round < 3; round++) {
		uint64_t bytes = s.counts.bytes, updates = s.counts.updates;

		say(&g, "pulse\n");
		wait_for_the_rest(&g, false, &s);
		assert_int_equal(s.counts.bytes - bytes, 32 * TORS);
		say(&g, "pulse\n");
		wait_for(g.fleet, model->count, model->digest, false, &s);
		assert_int_equal(s.counts.bytes - bytes, (32 + 67) * TORS);
		assert_int_equal(s.counts.updates - updates, 2 * TORS);
	}
	assert_int_equal(s.counts.withdrawn, 3 * TORS);
	assert_int_equal(s.counts.withdrawn_unknown + s.counts.replaced, 0);
	assert_int_equal(s.disconnects, 0);
	stage_end(&g);
}

/* Words come in pieces, several at once, and while the table is on its way. */
static void
pulses_amid_a_table_come_behind_it(void **state)
{
	struct fleet_status s;
	struct stage g;

	(void)state;
	stage_start(&g);
	wait_for(g.fleet, 0, 0, true, &s);
	say(&g, "go\npulse\npulse\npul");
	say(&g, "se\n");
	wait_for_the_rest(&g, false, &s);
	/* Two that came before a session's table began have become one with it. */
	assert_true(s.counts.withdrawn >= TORS && s.counts.withdrawn <= 2 * TORS);
	assert_int_equal(s.counts.withdrawn_unknown + s.counts.replaced, 0);
	stage_end(&g);
}

static void
whoever_joins_while_the_path_is_away_is_told_so(void **state)
{
	struct fleet_status s;
	struct stage g;

	(void)state;
	stage_start(&g);
	say(&g, "go\npulse\n");
	wait_for_the_rest(&g, true, &s);
	say(&g, "pulse\n");
	wait_for(g.fleet, model->count, model->digest, false, &s);
	assert_int_equal(s.counts.replaced, 0);
	stage_end(&g);
}

/* A rival in the least possible form: takes one session and reads until it has n bytes of UPDATEs. */
struct listener {
	int fd;
	struct endpoint at;
	bool takes_add_path;
	uint8_t *bytes;
	size_t wanted, got;
	pthread_t thread;
};

static void *
listener_main(void *arg)
{
	struct listener *l = arg;
	struct open o = {.as = 64512, .hold_time = 90, .router_id = 0x0aff0001};
	uint8_t hello[OPEN_SIZE_MAX + BGP_HEADER_SIZE], opening[512];
	int s = accept(l->fd, NULL, NULL);
	size_t n, skip = 0;

	o.capabilities.present =
	    CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(AS4) | CAPABILITY_BIT(ADD_PATH);
	o.capabilities.families[0] = true;
	o.capabilities.add_path_receive[0] = l->takes_add_path;
	o.capabilities.add_path_send[0] = !l->takes_add_path;
	n = open_encode(&o, hello, sizeof(hello));
	n += keepalive_encode(hello + n);
	assert_int_equal(send(s, hello, n, MSG_NOSIGNAL), n);
	/* Its OPEN, and behind it its KEEPALIVE. */
	assert_int_equal(recv(s, opening, BGP_HEADER_SIZE, MSG_WAITALL), BGP_HEADER_SIZE);
	skip = (size_t)opening[16] << 8 | opening[17];
	if (l->takes_add_path)
		(void)!recv(s, opening, skip - BGP_HEADER_SIZE + BGP_HEADER_SIZE, MSG_WAITALL);
	for (ssize_t k = 1; k > 0 && l->got < l->wanted; l->got += (size_t)(k > 0 ? k : 0))
		k = recv(s, l->bytes + l->got, l->wanted - l->got, 0);
	close(s);
	return NULL;
}

static void
listener_start(struct listener *l, bool takes_add_path, size_t behind)
{
	struct sockaddr_storage sa;
	struct ip_addr here = ip_v4(0x7f000001);
	socklen_t n = ip_to_sockaddr(&here, 0, &sa);

	*l = (struct listener){.fd = socket(AF_INET, SOCK_STREAM, 0),
	    .at = {.addr = here},
	    .takes_add_path = takes_add_path,
	    .bytes = malloc(set->table_size + behind),
	    .wanted = takes_add_path ? set->table_size + behind : 0};
	assert_int_equal(bind(l->fd, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(listen(l->fd, 1), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&sa, &n), 0);
	assert_true(ip_from_sockaddr((struct sockaddr *)&sa, &here, &l->at.port));
	assert_int_equal(pthread_create(&l->thread, NULL, listener_main, l), 0);
}

static void
listener_end(struct listener *l)
{
	pthread_join(l->thread, NULL);
	close(l->fd);
	free(l->bytes);
}

static void
wait_until_done(const struct injector *i)
{
	for (unsigned n = 0; n < 5000 && !injector_done(i); n++)
		usleep(1000);
	assert_true(injector_done(i));
}

/* The table, and then twice one path's two messages. */
static void
the_injector_delivers_every_byte_in_order(void **state)
{
	const struct wireset_format f = {.message_max = BGP_MESSAGE_MAX};
	char error[INJECT_ERROR_MAX];
	struct wirepath path;
	struct listener l;

	(void)state;
	wirepath_init(&path, &model->paths[0], &f);
	size_t pair = path.size[0] + path.size[1], behind = 2 * pair;

	listener_start(&l, true, behind);
	const struct inject_options o = {
	    .target = l.at, .source = ip_v4(0x7f000002), .as = 64512, .timeout_ms = 5000};
	struct injector *i = injector_new(&o, error);

	assert_non_null(i);
	assert_false(injector_done(i));
	injector_send(i, set->bytes, set->table_size);
	wait_until_done(i);
	for (unsigned k = 0; k < 4; k++)
		assert_true(injector_say(i, path.bytes[k % 2], path.size[k % 2], error));
	pthread_join(l.thread, NULL);
	assert_int_equal(l.got, set->table_size + behind);
	assert_memory_equal(l.bytes, set->bytes, set->table_size);
	for (const uint8_t *at = l.bytes + set->table_size; at < l.bytes + l.got; at += pair) {
		assert_memory_equal(at, path.bytes[0], path.size[0]);
		assert_memory_equal(at + path.size[0], path.bytes[1], path.size[1]);
	}
	injector_free(i);
	close(l.fd);
	free(l.bytes);
}

static void
the_injector_says_when_a_message_is_not_taken(void **state)
{
	const struct wireset_format f = {.message_max = BGP_MESSAGE_MAX};
	char error[INJECT_ERROR_MAX] = "";
	struct wirepath path;
	struct listener l;
	bool taken = true;

	(void)state;
	wirepath_init(&path, &model->paths[0], &f);
	listener_start(&l, true, 0);
	const struct inject_options o = {
	    .target = l.at, .source = ip_v4(0x7f000002), .as = 64512, .timeout_ms = 5000};
	struct injector *i = injector_new(&o, error);

	assert_non_null(i);
	injector_send(i, set->bytes, set->table_size);
	wait_until_done(i);
	pthread_join(l.thread, NULL); /* it has closed the connection */
	for (unsigned k = 0; k < 1000 && taken; k++) {
		taken = injector_say(i, path.bytes[0], path.size[0], error);
		usleep(1000);
	}
	assert_false(taken);
	assert_non_null(strstr(error, "does not take a message"));
	injector_free(i);
	close(l.fd);
	free(l.bytes);
}

static void
the_injector_says_when_add_path_is_refused(void **state)
{
	char error[INJECT_ERROR_MAX];
	struct listener l;

	(void)state;
	listener_start(&l, false, 0);
	const struct inject_options o = {
	    .target = l.at, .source = ip_v4(0x7f000002), .as = 64512, .timeout_ms = 5000};

	assert_null(injector_new(&o, error));
	assert_non_null(strstr(error, "ADD-PATH"));
	listener_end(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        tors_get_the_table_when_it_is_loaded_and_again_when_they_come_back),
	    cmocka_unit_test(a_pulse_is_one_small_update_to_every_session_and_nothing_else),
	    cmocka_unit_test(pulses_amid_a_table_come_behind_it),
	    cmocka_unit_test(whoever_joins_while_the_path_is_away_is_told_so),
	    cmocka_unit_test(the_injector_delivers_every_byte_in_order),
	    cmocka_unit_test(the_injector_says_when_a_message_is_not_taken),
	    cmocka_unit_test(the_injector_says_when_add_path_is_refused),
	};

	return cmocka_run_group_tests(tests, make_set, free_set);
}
