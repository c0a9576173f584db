/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a path set: how many they are, and that a ToR that reads them holds the model. */
#include "bgp/update.h"
#include "pathhash.h"
#include "speaker.h"
#include "tor.h"
#include "wirepath.h"
#include "wireset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct model_rules rules;
static struct cluster *cluster;
static struct model *model;

static int
make_model(void **state)
{
	const struct cluster_size size = {
	    .nodes = 20, .services = 700, .next_hops = 15, .local = 100, .seed = 7};

	(void)state;
	rules = model_rules_default(false);
	cluster = cluster_new(&size);
	model = model_new(cluster, &rules);
	return 0;
}

static int
free_model(void **state)
{
	(void)state;
	model_free(model);
	cluster_free(cluster);
	return 0;
}

static struct wireset *
set_of(bool reflected, size_t message_max)
{
	const struct wireset_format f = {.message_max = message_max,
	    .reflected = reflected,
	    .cluster_id = rules.cluster_id,
	    .local_pref = rules.local_pref};

	return wireset_new(model, &f);
}

static size_t
nlri_bytes(void)
{
	size_t sum = 0;

	for (size_t i = 0; i < model->count; i++)
		sum += nlri_size(true, model->paths[i].prefix.len);
	return sum;
}

static void
a_message_costs_58_bytes_and_a_service_path_9(void **state)
{
	struct wireset *w = set_of(true, BGP_MESSAGE_MAX);
	size_t hosts =
	    model->count - cluster->node_count; /* the rest is one aggregate per node */

	(void)state;
	assert_int_equal(w->paths, model->count);
	assert_int_equal(w->next_hops, cluster->node_count);
	assert_int_equal(nlri_bytes(), hosts * 9 + cluster->node_count * 7u);
	assert_int_equal(w->table_size, w->messages * 58 + nlri_bytes());
	assert_int_equal(w->size, w->table_size + 23 + 29);
	wireset_free(w);
}

static void
what_is_injected_lacks_the_7_bytes_of_cluster_list(void **state)
{
	struct wireset *w = set_of(false, BGP_MESSAGE_MAX);

	(void)state;
	assert_int_equal(w->table_size, w->messages * 51 + nlri_bytes());
	wireset_free(w);
}

static void
no_message_is_longer_than_allowed_and_none_is_cut_short_early(void **state)
{
	struct wireset *w = set_of(true, BGP_MESSAGE_MAX);
	uint64_t messages = 0;

	(void)state;
	for (size_t at = 0, size; at < w->table_size; at += size, messages++) {
		struct notification why;
		uint8_t type;

		assert_int_equal(
		    bgp_frame(w->bytes + at, w->table_size - at, false, &size, &type, &why),
		    BGP_FRAME_OK);
		assert_int_equal(type, BGP_UPDATE);
	}
	assert_int_equal(messages, w->messages);
	assert_true(
	    w->messages > w->next_hops); /* more paths of a next hop than a message takes */
	assert_true(w->messages <= 2u * w->next_hops);
	wireset_free(w);
}

static void
extended_messages_take_all_paths_of_a_next_hop_at_once(void **state)
{
	struct wireset *w = set_of(true, BGP_MESSAGE_MAX_EXTENDED);

	(void)state;
	assert_int_equal(w->messages, w->next_hops);
	wireset_free(w);
}

static void
a_tor_that_reads_the_bytes_holds_the_models_table(void **state)
{
	struct wireset *w = set_of(true, BGP_MESSAGE_MAX);
	uint8_t hello[400];
	struct wire_out out = wire_out(hello, sizeof(hello));
	struct intake in;
	struct tor t;

	(void)state;
	intake_init(&in, model->count);
	tor_init(&t, &in, 0, 64512, 0x7f010001, true, true);
	tor_start(&t);
	speaker_hello(&out);
	assert_int_equal(tor_receive(&t, hello, wire_written(&out), 1), wire_written(&out));
	assert_int_equal(tor_receive(&t, w->bytes, w->size, 2), w->size);
	assert_int_equal(t.paths, model->count);
	assert_int_equal(t.digest, model->digest);
	assert_true(tor_has_eor(&t));
	tor_fini(&t);
	intake_fini(&in);
	wireset_free(w);
}

static void
a_saved_set_is_loaded_byte_by_byte(void **state)
{
	struct wireset *w = set_of(true, BGP_MESSAGE_MAX), *back;
	char path[] = "/tmp/wireset-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_true(wireset_save(w, path));
	back = wireset_load(path);
	unlink(path);
	assert_non_null(back);
	assert_int_equal(back->size, w->size);
	assert_int_equal(back->table_size, w->table_size);
	assert_memory_equal(back->bytes, w->bytes, w->size);
	assert_null(wireset_load(path)); /* it is gone */
	wireset_free(back);
	wireset_free(w);
}

static void
one_path_is_announced_as_in_the_set_and_withdrawn_in_32_octets(void **state)
{
	const struct wireset_format f = {.message_max = BGP_MESSAGE_MAX,
	    .reflected = true,
	    .cluster_id = rules.cluster_id,
	    .local_pref = rules.local_pref};
	const struct model_path *p = &model->paths[model->count / 2];
	uint64_t hash = path_hash(&p->prefix, path_seed(&p->next_hop, p->attr_digest));
	struct wireset *w = set_of(true, BGP_MESSAGE_MAX);
	uint8_t hello[400];
	struct wire_out out = wire_out(hello, sizeof(hello));
	struct wirepath one;
	struct intake in;
	struct tor t;

	(void)state;
	wirepath_init(&one, p, &f);
	assert_int_equal(one.size[false], 23 + 9);
	assert_int_equal(one.size[true], 58 + 9);
	intake_init(&in, model->count);
	tor_init(&t, &in, 0, 64512, 0x7f010001, true, true);
	tor_start(&t);
	speaker_hello(&out);
	assert_int_equal(tor_receive(&t, hello, wire_written(&out), 1), wire_written(&out));
	assert_int_equal(tor_receive(&t, w->bytes, w->size, 2), w->size);
	assert_int_equal(
	    tor_receive(&t, one.bytes[false], one.size[false], 3), one.size[false]);
	assert_int_equal(t.digest, model->digest - hash);
	assert_int_equal(tor_receive(&t, one.bytes[true], one.size[true], 4), one.size[true]);
	assert_int_equal(t.paths, model->count);
	assert_int_equal(t.digest, model->digest);
	assert_int_equal(t.counts.replaced + t.counts.withdrawn_unknown, 0);
	tor_fini(&t);
	intake_fini(&in);
	wireset_free(w);
}

static void
a_saved_path_is_loaded_byte_by_byte_and_nothing_else_is(void **state)
{
	const struct wireset_format f = {.message_max = BGP_MESSAGE_MAX};
	char file[] = "/tmp/wirepath-XXXXXX";
	struct wirepath one, back = {.size = {0}};
	int fd = mkstemp(file);

	(void)state;
	assert_true(fd >= 0);
	wirepath_init(&one, &model->paths[model->count - 1], &f);
	assert_false(wirepath_load(&back, file)); /* it is empty */
	assert_true(wirepath_save(&one, file));
	assert_true(wirepath_load(&back, file));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(back.size[i], one.size[i]);
		assert_memory_equal(back.bytes[i], one.bytes[i], one.size[i]);
	}
	assert_int_equal(ftruncate(fd, (off_t)(one.size[false] + one.size[true] - 1)), 0);
	assert_false(wirepath_load(&back, file));
	close(fd);
	unlink(file);
	assert_false(wirepath_load(&back, file));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_costs_58_bytes_and_a_service_path_9),
	    cmocka_unit_test(what_is_injected_lacks_the_7_bytes_of_cluster_list),
	    cmocka_unit_test(no_message_is_longer_than_allowed_and_none_is_cut_short_early),
	    cmocka_unit_test(extended_messages_take_all_paths_of_a_next_hop_at_once),
	    cmocka_unit_test(a_tor_that_reads_the_bytes_holds_the_models_table),
	    cmocka_unit_test(a_saved_set_is_loaded_byte_by_byte),
	    cmocka_unit_test(one_path_is_announced_as_in_the_set_and_withdrawn_in_32_octets),
	    cmocka_unit_test(a_saved_path_is_loaded_byte_by_byte_and_nothing_else_is),
	};

	return cmocka_run_group_tests(tests, make_model, free_model);
}
