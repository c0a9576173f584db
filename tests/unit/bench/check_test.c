/* SPDX-License-Identifier: Apache-2.0 */
/* ToRs that offered less are compared with what their capabilities give them, and not with more. */
#include "check.h"
#include "speaker.h"
#include "tor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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
bed_init(struct bed *b, const struct habit *h, bool checked)
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
	tor_take_habit(&b->tor, h);
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

/* False: the ToR ended the session. */
static bool
deliver(struct bed *b)
{
	size_t n = wire_written(&b->w);
	size_t used = tor_receive(&b->tor, b->bytes, n, 1);

	b->w = wire_out(b->bytes, ROOM);
	return used == n;
}

static struct check_result
compare(struct bed *b)
{
	struct tor *list[] = {&b->tor};
	struct check_result result = {0};

	check_tors(&b->in, list, 1, b->model, NULL, &result);
	return result;
}

/* One IPv4 path in the form without a path identifier. */
static void
say_without_id(struct wire_out *w, const struct ip_prefix *p, const struct ip_addr *hop)
{
	uint8_t *start = wire_reserve(w, BGP_HEADER_SIZE), *lengths = wire_reserve(w, 4),
	        *attributes = w->at;

	wire_store_u16(lengths, 0);
	speaker_attr(w, 0x40, 3, hop->bytes, 4);
	speaker_common(w, hop, 100);
	wire_store_u16(lengths + 2, (uint16_t)(w->at - attributes));
	w->at += nlri_put(w->at, false, 0, p);
	speaker_end(w, start);
}

/* The which-th path (or the last one) of every IPv4 prefix but `without` of them. */
static void
say_one_each(struct bed *b, unsigned which, unsigned without)
{
	const struct model *m = b->model;
	unsigned run = 0;

	for (size_t i = 0; i < m->count && m->paths[i].prefix.addr.family == IP_V4; i++) {
		bool last = i + 1 == m->count ||
		            !ip_prefix_equal(&m->paths[i].prefix, &m->paths[i + 1].prefix);

		if ((run++ == which || last) && !(last && run - 1 > which)) {
			if (without)
				without--;
			else
				say_without_id(
				    &b->w, &m->paths[i].prefix, &m->paths[i].next_hop);
		}
		if (last)
			run = 0;
	}
}

static void
any_one_path_of_the_model_per_prefix_is_right_without_add_path(void **state)
{
	const struct habit h = {.no_add_path = true, .ipv4_only = true};

	(void)state;
	for (unsigned which = 0; which < 3; which++) {
		struct bed b;

		bed_init(&b, &h, which % 2);
		say_one_each(&b, which, 0);
		assert_true(deliver(&b));
		assert_int_equal(b.tor.paths, b.model->families[0].prefixes);
		assert_int_equal(compare(&b).wrong, 0);
		say_one_each(&b, 2 - which, 0); /* another choice */
		assert_true(deliver(&b));
		assert_int_equal(b.tor.paths, b.model->families[0].prefixes);
		assert_int_equal(compare(&b).wrong, 0);
		bed_fini(&b);
	}
}

static void
a_prefix_without_a_path_and_a_path_that_is_not_the_models_are_seen(void **state)
{
	const struct habit h = {.no_add_path = true, .ipv4_only = true};
	struct ip_addr stranger = ip_v4(0xac1000ff);
	struct check_result r;
	struct bed b;

	(void)state;
	bed_init(&b, &h, true);
	say_one_each(&b, 0, 2);
	assert_true(deliver(&b));
	r = compare(&b);
	assert_int_equal(r.wrong, 1);
	assert_int_equal(r.missing, 2);
	say_one_each(&b, 0, 0);
	say_without_id(&b.w, &b.model->paths[0].prefix, &stranger);
	assert_true(deliver(&b));
	r = compare(&b);
	assert_int_equal(r.wrong, 1);
	assert_int_equal(r.extra, 1);
	bed_fini(&b);
}

static void
an_ipv4_only_tor_is_to_hold_the_ipv4_paths_and_refuses_others(void **state)
{
	const struct habit h = {.ipv4_only = true};

	(void)state;
	for (unsigned checked = 0; checked < 2; checked++) {
		struct bed b;
		size_t i = 0;

		bed_init(&b, &h, checked);
		for (; b.model->paths[i].prefix.addr.family == IP_V4; i++)
			speaker_update4(&b.w, &b.model->paths[i].prefix, 1,
			    &b.model->paths[i].next_hop, 100, false);
		assert_true(deliver(&b));
		assert_int_equal(b.tor.paths, b.model->families[0].paths);
		assert_true(b.tor.paths < b.model->count);
		assert_int_equal(compare(&b).wrong, 0);
		speaker_update6(&b.w, &b.model->paths[i].prefix, &b.model->paths[i].next_hop,
		    &b.cluster->nodes[0].ip[0], false);
		assert_false(deliver(&b));
		bed_fini(&b);
	}
}

static void
a_tor_that_does_not_read_is_passed_over(void **state)
{
	const struct habit h = {.pace = HABIT_STALLED};
	struct check_result r;
	struct bed b;

	(void)state;
	bed_init(&b, &h, true);
	assert_true(deliver(&b));
	assert_int_equal(compare(&b).wrong, 1);
	b.tor.excused = true;
	r = compare(&b);
	assert_int_equal(r.wrong, 0);
	assert_int_equal(r.tors, 0);
	assert_int_equal(r.excused, 1);
	bed_fini(&b);
}

static void
a_long_message_ends_the_session_of_a_tor_without_extended_messages(void **state)
{
	(void)state;
	for (unsigned extended = 0; extended < 2; extended++) {
		const struct habit h = {.no_extended = !extended};
		struct ip_prefix list[600];
		struct bed b;

		bed_init(&b, &h, true);
		for (unsigned i = 0; i < COUNT_OF(list); i++) {
			struct ip_addr a = ip_v4(0x0a600000 + i);

			list[i] = ip_host_prefix(&a);
		}
		speaker_update4(
		    &b.w, list, COUNT_OF(list), &b.cluster->nodes[0].ip[0], 100, false);
		assert_int_equal(deliver(&b), extended);
		bed_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_one_path_of_the_model_per_prefix_is_right_without_add_path),
	    cmocka_unit_test(
	        a_prefix_without_a_path_and_a_path_that_is_not_the_models_are_seen),
	    cmocka_unit_test(an_ipv4_only_tor_is_to_hold_the_ipv4_paths_and_refuses_others),
	    cmocka_unit_test(a_tor_that_does_not_read_is_passed_over),
	    cmocka_unit_test(
	        a_long_message_ends_the_session_of_a_tor_without_extended_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
