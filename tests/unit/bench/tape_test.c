/* SPDX-License-Identifier: Apache-2.0 */
/* ToRs that hear the same are judged by one reading; those that do not are judged no less exactly. */
#include "probe.h"
#include "speaker.h"
#include "tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define TORS 20

static struct intake in;
static struct tor tors[TORS], lone;
static struct intake lone_in;

static void
bring_up(struct tor *t)
{
	uint8_t hello[400];
	struct wire_out w = wire_out(hello, sizeof(hello));

	tor_start(t);
	speaker_hello(&w);
	assert_int_equal(tor_receive(t, hello, wire_written(&w), 1), wire_written(&w));
}

static int
setup(void **state)
{
	(void)state;
	intake_init(&in, 0);
	intake_init(&lone_in, 0);
	in.tapes = tapes_new(&in);
	for (unsigned i = 0; i < TORS; i++)
		tor_init(&tors[i], &in, i, 64512, 0x7f010001u + i, i % 2 == 0, true);
	tor_init(&lone, &lone_in, 0, 64512, 0x7f020001u, true, true);
	for (unsigned i = 0; i < TORS; i++)
		bring_up(&tors[i]);
	bring_up(&lone);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TORS; i++)
		tor_fini(&tors[i]);
	tor_fini(&lone);
	intake_fini(&in);
	intake_fini(&lone_in);
	return 0;
}

/* One UPDATE for the path 10.96.0.n/32 via 172.16.0.hop. */
static void
say(struct tor *t, uint8_t n, uint8_t hop, bool withdraw)
{
	uint8_t buf[200];
	struct wire_out w = wire_out(buf, sizeof(buf));
	struct ip_prefix p = {.addr = ip_v4(0x0a600000u + n), .len = 32};
	struct ip_addr h = ip_v4(0xac100000u + hop);

	speaker_update4(&w, &p, 1, &h, 100, withdraw);
	assert_int_equal(tor_receive(t, buf, wire_written(&w), 2), wire_written(&w));
}

static void
say_eor(struct tor *t)
{
	uint8_t buf[200];
	struct wire_out w = wire_out(buf, sizeof(buf));

	speaker_eor(&w);
	assert_int_equal(tor_receive(t, buf, wire_written(&w), 3), wire_written(&w));
}

static void
assert_as_lone(const struct tor *t)
{
	assert_int_equal(t->paths, lone.paths);
	assert_int_equal(t->digest, lone.digest);
	assert_int_equal(t->counts.announced, lone.counts.announced);
	assert_int_equal(t->counts.withdrawn, lone.counts.withdrawn);
	assert_int_equal(t->counts.replaced, lone.counts.replaced);
	assert_int_equal(t->counts.updates, lone.counts.updates);
	assert_int_equal(t->counts.bytes, lone.counts.bytes);
	assert_int_equal(tor_has_eor(t), tor_has_eor(&lone));
}

static void
tors_that_hear_the_same_hold_what_one_alone_would(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= TORS; i++) {
		struct tor *t = i == TORS ? &lone : &tors[i];

		for (uint8_t n = 1; n < 50; n++)
			say(t, n, n % 7, false);
		say(t, 3, 3, true);
		say(t, 4, 4, false); /* again */
		say_eor(t);
	}
	for (unsigned i = 0; i < TORS; i++) {
		assert_as_lone(&tors[i]);
		assert_false(tors[i].own_table);
		assert_null(tors[i].held);
		assert_null(tors[i].bits);
	}
}

/* A stream of 400 messages, some of them no UPDATEs; returns its length. */
static size_t
long_stream(uint8_t *buf, size_t room)
{
	struct wire_out w = wire_out(buf, room);

	for (unsigned i = 0; i < 400; i++) {
		struct ip_prefix p = {.addr = ip_v4(0x0a600000u + i % 90), .len = 32};
		struct ip_addr h = ip_v4(0xac100000u + i % 7);

		if (i == 37 || i == 250) {
			uint8_t *at = wire_reserve(&w, BGP_HEADER_SIZE);

			assert_int_equal(keepalive_encode(at), BGP_HEADER_SIZE);
		}
		if (i == 180)
			speaker_eor(&w);
		speaker_update4(&w, &p, 1, &h, 100, i % 5 == 4);
	}
	assert_false(w.failed);
	return wire_written(&w);
}

/* In pieces of so many bytes, as a socket gives them. */
static void
hear(struct tor *t, const uint8_t *stream, size_t n, size_t piece)
{
	size_t used = 0, have = 0;

	while (used < n) {
		have = have + piece < n - used ? have + piece : n - used;
		size_t took = tor_receive(t, stream + used, have, 2);

		assert_int_not_equal(took, SIZE_MAX);
		used += took;
		have -= took;
	}
}

static void
pieces_of_any_size_are_taken_alike(void **state)
{
	static uint8_t stream[64 * 1024];
	size_t n = long_stream(stream, sizeof(stream));

	(void)state;
	hear(&lone, stream, n, n);
	for (unsigned i = 0; i < TORS; i++) {
		hear(&tors[i], stream, n, i % 4 == 3 ? n : 1 + i * 97);
		assert_as_lone(&tors[i]);
		assert_int_equal(tors[i].counts.messages, lone.counts.messages);
		assert_false(tors[i].own_table);
	}
}

static void
whoever_hears_it_first_has_it_read(void **state)
{
	(void)state;
	for (uint8_t n = 1; n < 50; n++) {
		for (unsigned i = 0; i < TORS; i++)
			say(&tors[(i + n) % TORS], n, 1, false); /* each is first at times */
		say(&lone, n, 1, false);
	}
	for (unsigned i = 0; i < TORS; i++)
		assert_as_lone(&tors[i]);
}

static void
streams_that_part_are_followed_on_both_sides(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TORS; i++)
		for (uint8_t n = 1; n < 50; n++)
			say(&tors[i], n, n > 25 && i % 3 == 0 ? 9 : 1, false);
	for (uint8_t n = 1; n < 50; n++)
		say(&lone, n, n > 25 ? 9 : 1, false);
	for (unsigned i = 0; i < TORS; i++) {
		assert_false(tors[i].own_table);
		if (i % 3 == 0)
			assert_as_lone(&tors[i]);
		else
			assert_int_not_equal(tors[i].digest, lone.digest);
		assert_int_equal(tors[i].paths, 49);
	}
}

static void
a_tor_unlike_all_others_gets_a_table_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TORS; i++)
		for (uint8_t n = 1; n < 50; n++)
			say(&tors[i], n, (uint8_t)(n > 25 ? i + 1 : 1), false);
	for (uint8_t n = 1; n < 50; n++)
		say(&lone, n, (uint8_t)(n > 25 ? TORS : 1), false);
	assert_true(tors[TORS - 1].own_table);
	assert_as_lone(&tors[TORS - 1]);
	say(&tors[TORS - 1], 30, TORS, true);
	say(&lone, 30, TORS, true);
	assert_as_lone(&tors[TORS - 1]);
}

static void
one_wrong_byte_is_one_wrong_table(void **state)
{
	(void)state;
	say(&tors[0], 1, 1, false);
	say(&tors[1], 1, 1, false);
	say(&tors[0], 2, 1, false);
	say(&tors[1], 3, 1, false);
	assert_int_equal(tors[0].paths, tors[1].paths);
	assert_int_not_equal(tors[0].digest, tors[1].digest);
}

static void
a_session_that_starts_anew_starts_at_the_beginning(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (uint8_t n = 1; n < 9; n++)
			say(&tors[i], n, 1, false);
	tor_stop(&tors[1]);
	assert_int_equal(tors[1].paths, 0);
	bring_up(&tors[1]);
	for (uint8_t n = 8; n > 0;
	     n--) /* the other way round: a stream of its own, the same table */
		say(&tors[1], n, 1, false);
	assert_int_equal(tors[1].paths, tors[0].paths);
	assert_int_equal(tors[1].digest, tors[0].digest);
	assert_ptr_not_equal(tors[1].tape, tors[0].tape);
}

static void
a_malformed_update_ends_the_session_of_each_that_hears_it(void **state)
{
	uint8_t bad[BGP_HEADER_SIZE + 4] = {0};

	(void)state;
	bgp_header_encode(bad, sizeof(bad), BGP_UPDATE);
	bad[BGP_HEADER_SIZE + 1] = 9; /* withdrawn routes beyond the message */
	for (unsigned i = 0; i < 2; i++) {
		say(&tors[i], 1, 1, false);
		assert_int_equal(tor_receive(&tors[i], bad, sizeof(bad), 3), SIZE_MAX);
		assert_true(tors[i].trouble[0] != '\0');
	}
}

static void
a_change_that_is_waited_for_is_seen_by_each_that_hears_it(void **state)
{
	struct probes *p = probes_new(TORS, TORS, 1000);
	const struct probe_results *r;
	struct stamp *times;

	(void)state;
	for (unsigned i = 0; i < TORS; i++) {
		tors[i].probed = true;
		say(&tors[i], 1, 1, false);
	}
	in.probes = p;
	times = probes_open(p, 0x0a600002u, 0xac100001u, true, 1);
	assert_non_null(times);
	*times = (struct stamp){.handed_ns = 1, .acked_ns = 1};
	for (unsigned i = 0; i < TORS; i++) {
		probes_collect(p);
		assert_int_equal(probes_open_count(p), 1); /* as long as one has not heard it */
		say(&tors[i], 2, 1, false);
		assert_false(tors[i].own_table);
	}
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 0);
	assert_non_null(probes_open(p, 0x0a600002u, 0xac100001u, false, 3));
	for (unsigned i = 0; i < TORS / 2; i++)
		say(&tors[i], 2, 1, true);
	r = probes_end(p);
	assert_int_equal(r->last.total, 1);
	assert_int_equal(r->unseen, 1);
	in.probes = NULL;
	probes_free(p);
}

/* 10.96.0.1/32 via 172.16.0.1 under an identifier that is not the next hop's address. */
static void
say_as(struct tor *t, uint32_t id, bool withdraw)
{
	uint8_t buf[200];
	struct wire_out w = wire_out(buf, sizeof(buf));
	struct ip_prefix p = {.addr = ip_v4(0x0a600001u), .len = 32};
	struct ip_addr h = ip_v4(0xac100001u);

	speaker_update4(&w, &p, 1, &h, 100, withdraw);
	/* The NLRI is the last one of an announcement; two octets of no attributes follow a withdrawal's. */
	wire_store_u32(w.at - nlri_size(true, 32) - (withdraw ? 2 : 0), id);
	assert_int_equal(tor_receive(t, buf, wire_written(&w), 2), wire_written(&w));
}

static void
a_path_is_known_by_its_next_hop_whatever_identifier_it_has(void **state)
{
	struct probes *p = probes_new(TORS, TORS, 1000);
	struct stamp *times;

	(void)state;
	for (unsigned i = 0; i < TORS; i++) {
		tors[i].probed = true;
		tors[i].own_table = i % 3 == 0; /* and whoever reads it */
		say_as(&tors[i], 7, false);
	}
	in.probes = p;
	for (uint32_t round = 0; round < 4; round++) {
		bool present = round % 2;

		times = probes_open(p, 0x0a600001u, 0xac100001u, present, 1);
		assert_non_null(times);
		*times = (struct stamp){.handed_ns = 1, .acked_ns = 1};
		for (unsigned i = 0; i < TORS; i++) {
			assert_int_equal(probes_open_count(p), 1);
			say_as(&tors[i], 7 + (round + 1) / 2, !present);
			probes_collect(p);
		}
		assert_int_equal(probes_open_count(p), 0);
	}
	assert_int_equal(probes_end(p)->last.total, 4);
	in.probes = NULL;
	probes_free(p);
}

/* Somebody waits for the prefix to appear by 172.16.0.1. */
static void
expect(struct probes *p, uint32_t prefix)
{
	struct stamp *times = probes_open(p, prefix, 0xac100001u, true, 1);

	assert_non_null(times);
	*times = (struct stamp){.handed_ns = 1, .acked_ns = 1};
}

static void
whoever_leaves_its_tape_does_not_report_its_past(void **state)
{
	struct probes *p = probes_new(TORS, 1, 1000);

	(void)state;
	tors[0].probed = true;
	in.probes = p;
	say(&tors[0], 1, 1, false);
	say(&tors[0], 1, 1, true);
	say(&tors[0], 1, 1, false);
	expect(p, 0x0a600001u);
	tapes_leave(&tors[0]);
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 1);
	assert_int_equal(tors[0].paths, 1);
	say(&tors[0], 1, 1, false);
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 0);
	in.probes = NULL;
	probes_free(p);
}

/* Two ToRs hear of a change and then part, one of them by what tells of the next change. */
static void
a_tape_that_begins_like_another_has_seen_the_same(void **state)
{
	struct probes *p = probes_new(TORS, 2, 1000);

	(void)state;
	tors[0].probed = tors[1].probed = true;
	in.probes = p;
	expect(p, 0x0a600001u);
	say(&tors[0], 1, 1, false);
	say(&tors[1], 1, 1, false);
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 0);
	expect(p, 0x0a600002u);
	say(&tors[0], 30, 1, false);
	say(&tors[1], 2, 1, false);
	assert_ptr_not_equal(tors[0].tape, tors[1].tape);
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 1);
	say(&tors[0], 2, 1, false);
	probes_collect(p);
	assert_int_equal(probes_open_count(p), 0);
	assert_int_equal(probes_end(p)->last.total, 2);
	in.probes = NULL;
	probes_free(p);
}

static void
streams_that_nobody_follows_any_more_make_room_for_others(void **state)
{
	(void)state;
	for (uint8_t round = 0; round < 3; round++)
		for (unsigned i = 0; i < TORS; i++) {
			if (round || i) {
				tor_stop(&tors[i]);
				bring_up(&tors[i]);
			}
			say(&tors[i], (uint8_t)(i % 3 + 1), (uint8_t)(round + 1), false);
			assert_false(tors[i].own_table);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    TEST(tors_that_hear_the_same_hold_what_one_alone_would),
	    TEST(pieces_of_any_size_are_taken_alike),
	    TEST(whoever_hears_it_first_has_it_read),
	    TEST(streams_that_part_are_followed_on_both_sides),
	    TEST(a_tor_unlike_all_others_gets_a_table_of_its_own),
	    TEST(one_wrong_byte_is_one_wrong_table),
	    TEST(a_session_that_starts_anew_starts_at_the_beginning),
	    TEST(a_malformed_update_ends_the_session_of_each_that_hears_it),
	    TEST(a_change_that_is_waited_for_is_seen_by_each_that_hears_it),
	    TEST(a_path_is_known_by_its_next_hop_whatever_identifier_it_has),
	    TEST(whoever_leaves_its_tape_does_not_report_its_past),
	    TEST(a_tape_that_begins_like_another_has_seen_the_same),
	    TEST(streams_that_nobody_follows_any_more_make_room_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
