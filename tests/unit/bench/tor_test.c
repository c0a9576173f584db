/* SPDX-License-Identifier: Apache-2.0 */
/* A ToR's table, and the comparison of tables with the model. */
#include "check.h"
#include "speaker.h"
#include "tor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROOM (1u << 20)

struct bed {
	struct intake in;
	struct tor tor;
	struct cluster *cluster;
	struct model *model;
	uint8_t *bytes;
	struct wire_out w;
};

static void
bed_init(struct bed *b, bool checked)
{
	const struct cluster_size size = {.nodes = 9,
	    .services = 40,
	    .next_hops = 3,
	    .local = 100,
	    .dual_stack = 50,
	    .seed = 5};
	struct model_rules r = model_rules_default(true);

	intake_init(&b->in, 0);
	tor_init(&b->tor, &b->in, 0, 64512, 0x7f010001, checked, true);
	b->cluster = cluster_new(&size);
	b->model = model_new(b->cluster, &r);
	b->bytes = malloc(ROOM);
	b->w = wire_out(b->bytes, ROOM);
	tor_start(&b->tor);
	speaker_hello(&b->w);
}

static void
bed_fini(struct bed *b)
{
	model_free(b->model);
	cluster_free(b->cluster);
	tor_fini(&b->tor);
	intake_fini(&b->in);
	free(b->bytes);
}

/* Everything written so far, in pieces of `piece` bytes, as the socket's reader would give it. */
static void
deliver(struct bed *b, size_t piece)
{
	size_t have = 0, given = 0, n = wire_written(&b->w);

	while (given < n) {
		given = given + piece < n ? given + piece : n;
		size_t used = tor_receive(&b->tor, b->bytes + have, given - have, 1);

		if (used == SIZE_MAX)
			fail_msg("%s", b->tor.trouble);
		have += used;
	}
	assert_int_equal(have, n);
	b->w = wire_out(b->bytes, ROOM);
}

static struct check_result
compare(struct bed *b)
{
	struct tor *list[] = {&b->tor};
	struct check_result result = {0};

	check_tors(&b->in, list, 1, b->model, NULL, &result);
	return result;
}

static void
a_whole_table_equals_the_model_however_it_is_cut(void **state)
{
	static const size_t pieces[] = {1, 7, 100, ROOM};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(pieces) * 2; i++) {
		struct bed b;

		bed_init(&b, i % 2);
		speaker_table(&b.w, b.cluster, b.model);
		speaker_eor(&b.w);
		deliver(&b, pieces[i / 2]);
		assert_true(tor_has_eor(&b.tor));
		assert_int_equal(b.tor.paths, b.model->count);
		assert_true(b.tor.digest == b.model->digest);
		assert_int_equal(compare(&b).wrong, 0);
		bed_fini(&b);
	}
}

static void
the_digest_does_not_depend_on_the_order(void **state)
{
	struct bed b;
	uint64_t forward;

	(void)state;
	bed_init(&b, false);
	speaker_table(&b.w, b.cluster, b.model);
	deliver(&b, ROOM);
	forward = b.tor.digest;
	tor_stop(&b.tor);
	tor_start(&b.tor);
	speaker_hello(&b.w);
	for (size_t i = 0; i < b.model->count / 2; i++) {
		struct model_path x = b.model->paths[i];

		b.model->paths[i] = b.model->paths[b.model->count - 1 - i];
		b.model->paths[b.model->count - 1 - i] = x;
	}
	speaker_table(&b.w, b.cluster, b.model);
	deliver(&b, ROOM);
	assert_true(b.tor.digest == forward);
	bed_fini(&b);
}

/* After a right table, one IPv4 path more, from the first node. */
static void
bed_with_stray(struct bed *b, bool checked, struct ip_prefix *p, struct ip_addr *hop)
{
	bed_init(b, checked);
	assert_true(ip_prefix_parse("10.96.99.99/32", p));
	*hop = b->cluster->nodes[0].ip[0];
	speaker_table(&b->w, b->cluster, b->model);
	speaker_update4(&b->w, p, 1, hop, 100, false);
	deliver(b, ROOM);
}

static void
a_path_too_many_is_found_and_its_withdrawal_heals(void **state)
{
	(void)state;
	for (unsigned checked = 0; checked < 2; checked++) {
		struct ip_prefix p;
		struct ip_addr hop;
		struct bed b;

		bed_with_stray(&b, checked, &p, &hop);
		assert_int_equal(compare(&b).wrong, 1);
		if (checked)
			assert_int_equal(compare(&b).extra, 1);
		speaker_update4(&b.w, &p, 1, &hop, 100, true);
		deliver(&b, ROOM);
		assert_int_equal(compare(&b).wrong, 0);
		bed_fini(&b);
	}
}

static void
a_missing_path_is_found(void **state)
{
	struct ip_prefix p;
	struct bed b;

	(void)state;
	bed_init(&b, true);
	speaker_table(&b.w, b.cluster, b.model);
	assert_true(ip_prefix_parse("10.96.0.0/12", &p));
	speaker_update4(&b.w, &p, 1, &b.cluster->nodes[4].ip[0], 100, true);
	deliver(&b, ROOM);
	assert_int_equal(compare(&b).missing, 1);
	assert_int_equal(compare(&b).wrong, 1);
	bed_fini(&b);
}

static void
other_attributes_are_found(void **state)
{
	struct ip_prefix p;
	struct bed b;

	(void)state;
	bed_init(&b, true);
	speaker_table(&b.w, b.cluster, b.model);
	assert_true(ip_prefix_parse("10.96.0.0/12", &p));
	speaker_update4(&b.w, &p, 1, &b.cluster->nodes[4].ip[0], 200, false);
	deliver(&b, ROOM);
	assert_int_equal(b.tor.counts.replaced, 1);
	assert_int_equal(b.tor.paths, b.model->count);
	assert_true(b.tor.digest != b.model->digest);
	assert_int_equal(compare(&b).wrong_attributes, 1);
	assert_int_equal(compare(&b).wrong, 1);
	bed_fini(&b);
}

static void
announcing_twice_changes_nothing(void **state)
{
	(void)state;
	for (unsigned checked = 0; checked < 2; checked++) {
		struct bed b;

		bed_init(&b, checked);
		speaker_table(&b.w, b.cluster, b.model);
		speaker_table(&b.w, b.cluster, b.model);
		deliver(&b, ROOM);
		assert_int_equal(b.tor.counts.replaced, b.model->count);
		assert_true(b.tor.digest == b.model->digest);
		assert_int_equal(compare(&b).wrong, 0);
		bed_fini(&b);
	}
}

static void
withdrawing_what_was_never_announced_changes_nothing(void **state)
{
	(void)state;
	for (unsigned checked = 0; checked < 2; checked++) {
		struct ip_prefix p;
		struct ip_addr hop;
		struct bed b;

		bed_with_stray(&b, checked, &p, &hop);
		speaker_update4(&b.w, &p, 1, &hop, 100, true);
		speaker_update4(&b.w, &p, 1, &hop, 100, true);
		deliver(&b, ROOM);
		assert_int_equal(b.tor.counts.withdrawn_unknown, 1);
		assert_true(b.tor.digest == b.model->digest);
		assert_int_equal(compare(&b).wrong, 0);
		bed_fini(&b);
	}
}

static void
withdrawing_everything_leaves_nothing(void **state)
{
	(void)state;
	for (unsigned checked = 0; checked < 2; checked++) {
		struct bed b;

		bed_init(&b, checked);
		speaker_table(&b.w, b.cluster, b.model);
		for (size_t i = 0; i < b.model->count; i++) {
			const struct model_path *p = &b.model->paths[i];

			if (p->prefix.addr.family == IP_V4)
				speaker_update4(&b.w, &p->prefix, 1, &p->next_hop, 100, true);
			else
				speaker_update6(&b.w, &p->prefix, &p->next_hop, NULL, true);
		}
		deliver(&b, ROOM);
		assert_int_equal(b.tor.paths, 0);
		assert_true(b.tor.digest == 0);
		bed_fini(&b);
	}
}

static void
a_malformed_update_ends_the_session_with_a_reason(void **state)
{
	struct bed b;

	(void)state;
	bed_init(&b, true);
	deliver(&b, ROOM);
	speaker_update4(
	    &b.w, &b.model->paths[0].prefix, 1, &b.model->paths[0].next_hop, 100, false);
	b.bytes[BGP_HEADER_SIZE + 1] = 200; /* withdrawn routes longer than the message */
	assert_true(tor_receive(&b.tor, b.bytes, wire_written(&b.w), 1) == SIZE_MAX);
	assert_string_not_equal(b.tor.trouble, "");
	bed_fini(&b);
}

static void
attributes_can_be_read(void **state)
{
	struct attrset_store store;
	struct attr_parts parts;
	struct ip_addr hop = ip_v4(0xac100001);
	uint8_t bytes[100];
	struct wire_out w = wire_out(bytes, sizeof(bytes));
	char text[200];

	(void)state;
	attrset_store_init(&store);
	speaker_common(&w, &hop, 100);
	speaker_attr(&w, 0xc0, 8, "\xfc\x00\x00\x64", 4);
	assert_true(attr_parts_read(wire_in(bytes, wire_written(&w)), &parts));
	uint32_t at = attrset_intern(&store, &parts, &hop);

	assert_int_equal(attrset_intern(&store, &parts, &hop), at);
	assert_string_equal(attrset_text(&store.sets[at], text, sizeof(text)),
	    "ORIGIN IGP LOCAL_PREF 100 ORIGINATOR_ID 172.16.0.1 CLUSTER_LIST 10.255.0.1 COMMUNITIES 64512:100");
	speaker_attr(&w, 0xc0, 8, "\xfc\x00\x00\x64", 4);
	assert_false(attr_parts_read(wire_in(bytes, wire_written(&w)), &parts)); /* twice */
	attrset_store_fini(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_whole_table_equals_the_model_however_it_is_cut),
	    cmocka_unit_test(the_digest_does_not_depend_on_the_order),
	    cmocka_unit_test(a_path_too_many_is_found_and_its_withdrawal_heals),
	    cmocka_unit_test(a_missing_path_is_found),
	    cmocka_unit_test(other_attributes_are_found),
	    cmocka_unit_test(announcing_twice_changes_nothing),
	    cmocka_unit_test(withdrawing_what_was_never_announced_changes_nothing),
	    cmocka_unit_test(withdrawing_everything_leaves_nothing),
	    cmocka_unit_test(a_malformed_update_ends_the_session_with_a_reason),
	    cmocka_unit_test(attributes_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
