/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that does anything, in any order, on two connections: valid messages, damaged ones,
 * noise, silence, full buffers, lost connections, while routes change. Whatever it does, what
 * the session sends is a sequence of whole, sound messages, and nothing of ours breaks. The
 * seed is printed; SEED=n makes the same choices again (the packer keeps its own time).
 */
#include "story_table.h"

#include <stdio.h>

#define ROUNDS 40
#define STEPS  400

struct chaos {
	struct story *st;
	uint64_t random;
	uint32_t routes;
};

static uint32_t
below(struct chaos *k, uint32_t n)
{
	k->random ^= k->random << 13;
	k->random ^= k->random >> 7;
	k->random ^= k->random << 17;
	return (uint32_t)((k->random >> 20) % n);
}

/* Everything that was sent on this connection so far is whole messages, but for the last. */
static void
check_stream(struct side *c)
{
	/* A damaged OPEN may have negotiated anything. */
	const struct negotiated *agreed = &c->session.agreed;
	struct update_context ctx = {.as4 = agreed->as4,
	    .ebgp = agreed->ebgp,
	    .families = {agreed->families[V4], agreed->families[V6]},
	    .add_path = {agreed->add_path_tx[V4], agreed->add_path_tx[V6]}};
	const uint8_t *m;
	size_t n = 0;

	while ((m = next_message(c, &n)) != NULL) {
		struct update u;

		assert_in_range(n, BGP_HEADER_SIZE, BGP_MESSAGE_MAX_EXTENDED);
		assert_in_range(m[18], BGP_OPEN, BGP_ROUTE_REFRESH);
		for (unsigned i = 0; i < BGP_MARKER_SIZE; i++)
			assert_int_equal(m[i], 0xff);
		if (m[18] != BGP_UPDATE)
			continue;
		update_decode(m, n, &ctx, &u);
		assert_int_equal(u.verdict, ATTR_OK);
	}
}

static size_t
some_message(struct chaos *k, uint8_t *buf)
{
	static const uint8_t update[] = {0, 0, 0, 21, 0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 10,
	    0, 0, 1, 0x40, 5, 4, 0, 0, 0, 100, 24, 192, 0, 2};
	struct open o = tor_open();
	struct notification n;

	switch (below(k, 7)) {
	case 0:
		o.router_id = below(k, 2) ? TOR_ID : HIGH_ID;
		return open_encode(&o, buf, OPEN_SIZE_MAX);
	case 1:
		bgp_header_encode(buf, BGP_HEADER_SIZE + sizeof(update), BGP_UPDATE);
		memcpy(buf + BGP_HEADER_SIZE, update, sizeof(update));
		return BGP_HEADER_SIZE + sizeof(update);
	case 2:
		return refresh_encode(
		    buf, below(k, 2) ? IP_V4 : IP_V6, (enum refresh_subtype)below(k, 3));
	case 3:
		if (below(k, 10))
			return keepalive_encode(buf);
		n = notification_make(NOTIFY_CEASE, (uint8_t)below(k, 12));
		return notification_encode(&n, buf, BGP_MESSAGE_MAX);
	default:
		return keepalive_encode(buf);
	}
}

static void
say_something(struct chaos *k, struct side *c)
{
	uint8_t buf[OPEN_SIZE_MAX];
	size_t n = some_message(k, buf), cut;

	if (below(k, 40) == 0) /* damage */
		buf[below(k, (uint32_t)n)] ^= (uint8_t)(1u << below(k, 8));
	if (!c->open)
		return;
	cut = below(k, 2) ? 0 : below(k, (uint32_t)n);
	hears(c, buf, cut);
	if (c->open)
		hears(c, buf + cut, n - cut);
}

/* What tcp would do for this connection now. */
static void
serve(struct chaos *k, struct side *c, struct side *other)
{
	struct session *s = &c->session;

	role_is_io();
	if (c->open && session_wish(s) == SESSION_WISH_CLOSE)
		drive(c);
	if (c->open)
		return;
	check_stream(c);
	c->n = c->taken = 0;
	if (s->link == LINK_PENDING) {
		session_event(s,
		    session_wish(s) == SESSION_WISH_CLOSE ? SESSION_CLOSED
		                                          : SESSION_CONNECT_FAILED,
		    "Connection refused", k->st->now);
	} else if (session_wish(s) == SESSION_WISH_CONNECT && below(k, 3)) {
		connects(c);
	} else if (session_wish(s) == SESSION_WISH_CONNECT) {
		session_event(s, SESSION_CONNECTING, NULL, k->st->now);
	} else if (session_accepts(s) && below(k, 2)) {
		session_set_rivals(s, &other->session);
		is_called(c);
	}
}

static void
one_step(struct chaos *k)
{
	struct story *st = k->st;
	struct side *c = below(k, 3) ? &st->tor : &st->second;
	struct side *other = c == &st->tor ? &st->second : &st->tor;

	role_is_io();
	serve(k, c, other);
	switch (below(k, 16)) {
	case 0:
		c->room = below(k, 3) ? SIZE_MAX : below(k, 3000);
		break;
	case 1:
		k->routes += below(k, 50);
		routes_are(st, k->routes - below(k, k->routes + 1), k->routes, below(k, 3));
		break;
	case 2:
		wait_seconds(st, below(k, 100));
		break;
	case 3:
		if (c->open && below(k, 8) == 0)
			loses_connection(c);
		break;
	case 4:
		waker_wait(&st->waker, NS_PER_MS);
		break;
	case 5:
		if (below(k, 20) == 0)
			session_stop(&c->session, NOTIFY_CEASE_RESET, "now", st->now);
		else if (c->session.stopped)
			session_start(&c->session, st->now);
		break;
	case 6:
		session_refresh(&c->session);
		break;
	default:
		say_something(k, c);
	}
	drive_both(st);
	check_stream(c);
}

/* Returns how often a session was established. */
static uint64_t
run(uint64_t seed)
{
	uint64_t established;

	struct chaos k = {.st = story_begin(), .random = seed * 0x9e3779b97f4a7c15u | 1};

	k.st->options.seed = seed;
	if (seed % 3 == 0)
		barrier_is_reached(k.st);
	for (unsigned i = 0; i < STEPS; i++)
		one_step(&k);
	established = k.st->history.established;
	story_end(k.st);
	return established;
}

static void
whatever_a_peer_does_what_we_send_is_sound(void **unused)
{
	const char *seed = getenv("SEED");
	uint64_t established = 0;

	(void)unused;
	if (seed) {
		run(strtoull(seed, NULL, 10));
		return;
	}
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		printf("seed %lu\n", (unsigned long)i);
		established += run(i);
	}
	assert_true(established > ROUNDS); /* or the chaos never came to the interesting part */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_a_peer_does_what_we_send_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
