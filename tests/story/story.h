/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage for session stories: a session, a peer that says what the test makes it say, a TCP
 * that takes as much as the test lets it, and a clock that stands still until the test waits.
 * The table and the packer behind the session are the real ones, so routes come when they come:
 * expect() waits for them in real time, two seconds at most.
 */
#pragma once

#include "bgp/open.h"
#include "bgp/refresh.h"
#include "bgp/update.h"
#include "core/waker.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define V4 0u /* ip_family_index() */
#define V6 1u

#define OUR_AS  64512u
#define OUR_ID  0x0aff0001u /* 10.255.0.1 */
#define TOR_ID  0x0a000001u /* lower than ours: our connection wins a collision */
#define HIGH_ID 0x0b000001u /* higher than ours */

/* One connection: the session, and the bytes that its peer has got. */
struct side {
	struct story *story;
	struct session session;
	uint8_t *got;
	size_t n, taken, cap;
	size_t room;       /* bytes TCP takes from now on */
	bool open, closed; /* a connection is there; it has been closed by the session */
};

struct story {
	struct names names;
	struct table table;
	struct ribout *ribout;
	struct waker waker;
	uint64_t now;
	uint32_t peer_as[2];
	struct session_options options;
	struct session_history history;
	struct side tor, second;
};

static inline void
as_writer(void)
{
	role_drop();
	role_take(ROLE_WRITER, "story-writer");
	role_is_writer();
}

static inline void
as_io(void)
{
	role_drop();
	role_take(ROLE_IO, "story-io");
	role_is_io();
}

static inline void
side_init(struct side *c, struct story *st)
{
	role_is_io();
	*c = (struct side){.story = st, .room = SIZE_MAX};
	session_init(&c->session, &st->options, &st->history, st->ribout);
}

/* ---- beginning and end ---- */

/* An active iBGP session with both families, ADD-PATH, everything offered; change st->options
 * before the session starts. */
static inline struct story *
story_begin(void)
{
	struct story *st = calloc(1, sizeof(*st));
	struct ribout_options o = {.packers = 1};

	names_init(&st->names);
	table_init(&st->table, &st->names);
	st->ribout = ribout_new(&o, &st->table);
	waker_init(&st->waker);
	ribout_wakes(st->ribout, &st->waker);
	ribout_start(st->ribout);
	st->now = 1000 * NS_PER_S;
	st->peer_as[0] = OUR_AS;
	st->options = (struct session_options){
	    .router_id = OUR_ID,
	    .local_as = OUR_AS,
	    .cluster_id = OUR_ID,
	    .peer_as = st->peer_as,
	    .n_peer_as = 1,
	    .family = {true, true},
	    .add_path = {true, true},
	    .extended = true,
	    .graceful_restart = true,
	    .restart_time_s = 120,
	    .hold_s = 90,
	    .seed = 7,
	};
	role_take(ROLE_IO, "story-io");
	side_init(&st->tor, st);
	side_init(&st->second, st);
	return st;
}

static inline void
story_end(struct story *st)
{
	role_is_io();
	session_fini(&st->tor.session);
	session_fini(&st->second.session);
	ribout_stop(st->ribout);
	ribout_free(st->ribout);
	as_writer();
	role_is_writer();
	table_fini(&st->table);
	rcu_drain();
	names_fini(&st->names);
	role_drop();
	waker_fini(&st->waker);
	free(st->tor.got);
	free(st->second.got);
	free(st);
}

/* ---- what TCP does ---- */

static inline void
take_bytes(struct side *c, const struct iovec *iov, unsigned pieces)
{
	size_t all = 0;

	role_is_io();
	for (unsigned i = 0; i < pieces; i++) {
		size_t n = iov[i].iov_len < c->room ? iov[i].iov_len : c->room;

		if (c->n + n > c->cap) {
			c->cap = 2 * (c->n + n);
			c->got = realloc(c->got, c->cap);
		}
		memcpy(c->got + c->n, iov[i].iov_base, n);
		c->n += n;
		c->room -= c->room == SIZE_MAX ? 0 : n;
		all += n;
	}
	session_wrote(&c->session, all, c->story->now);
}

/* Let the session write and carry out its wish to close. */
static inline void
drive(struct side *c)
{
	struct iovec iov[6];
	unsigned pieces;

	role_is_io();
	while (c->open && (pieces = session_output(&c->session, iov, 6, c->story->now)) > 0) {
		bool full = c->room == 0;

		take_bytes(c, iov, pieces);
		if (full)
			break;
	}
	if (c->open && session_wish(&c->session) == SESSION_WISH_CLOSE) {
		c->open = false;
		c->closed = true;
		session_event(&c->session, SESSION_CLOSED, NULL, c->story->now);
	}
}

static inline void
drive_both(struct story *st)
{
	drive(&st->tor);
	drive(&st->second);
}

/* The session connects to the peer. */
static inline void
connects(struct side *c)
{
	role_is_io();
	if (c->session.stopped)
		session_start(&c->session, c->story->now);
	assert_int_equal(session_wish(&c->session), SESSION_WISH_CONNECT);
	session_event(&c->session, SESSION_CONNECTING, NULL, c->story->now);
	session_event(&c->session, SESSION_CONNECTED, NULL, c->story->now);
	c->open = true;
	c->closed = false;
	drive(c);
}

/* The peer connects to us. */
static inline void
is_called(struct side *c)
{
	role_is_io();
	if (c->session.stopped)
		session_await(&c->session, c->story->now);
	assert_true(session_accepts(&c->session));
	session_event(&c->session, SESSION_ACCEPTED, NULL, c->story->now);
	c->open = true;
	c->closed = false;
	drive(c);
}

/* The peer's end closes. */
static inline void
loses_connection(struct side *c)
{
	role_is_io();
	c->open = false;
	session_event(&c->session, SESSION_CLOSED, "Connection reset by peer", c->story->now);
}

/* Time passes; timers fire when they are due. */
static inline void
wait_seconds(struct story *st, double seconds)
{
	uint64_t end = st->now + (uint64_t)(seconds * (double)NS_PER_S);
	struct session *a = &st->tor.session, *b = &st->second.session;

	role_is_io();
	for (;;) {
		uint64_t next = session_deadline(a);

		if (session_deadline(b) < next)
			next = session_deadline(b);
		if (next > end)
			break;
		st->now = next > st->now ? next : st->now;
		session_tick(a, st->now);
		session_tick(b, st->now);
		drive_both(st);
	}
	st->now = end;
}

/* ---- what the peer says ---- */

static inline void
hears(struct side *c, const void *bytes, size_t n)
{
	role_is_io();
	session_receive(&c->session, bytes, n, c->story->now);
	drive_both(c->story);
}

/* The OPEN of a ToR that can do everything; change what the story is about. */
static inline struct open
tor_open(void)
{
	struct open o = {.as = OUR_AS, .hold_time = 90, .router_id = TOR_ID};

	o.capabilities.present = CAPABILITY_BIT(MULTIPROTOCOL) | CAPABILITY_BIT(ROUTE_REFRESH) |
	                         CAPABILITY_BIT(ENHANCED_REFRESH) | CAPABILITY_BIT(AS4) |
	                         CAPABILITY_BIT(EXT_MESSAGE) | CAPABILITY_BIT(ADD_PATH);
	o.capabilities.families[V4] = o.capabilities.families[V6] = true;
	o.capabilities.add_path_receive[V4] = o.capabilities.add_path_receive[V6] = true;
	o.capabilities.as4 = OUR_AS;
	return o;
}

static inline void
hears_open(struct side *c, const struct open *o)
{
	uint8_t buf[OPEN_SIZE_MAX];

	hears(c, buf, open_encode(o, buf, sizeof(buf)));
}

static inline void
hears_keepalive(struct side *c)
{
	uint8_t buf[BGP_HEADER_SIZE];

	hears(c, buf, keepalive_encode(buf));
}

static inline void
hears_refresh(struct side *c, uint8_t family)
{
	uint8_t buf[REFRESH_SIZE];

	hears(c, buf, refresh_encode(buf, family, REFRESH_REQUEST));
}

/* A message of any type with this body. */
static inline void
hears_message(struct side *c, uint8_t type, const void *body, size_t n)
{
	uint8_t buf[BGP_MESSAGE_MAX];

	bgp_header_encode(buf, (uint16_t)(BGP_HEADER_SIZE + n), type);
	if (n)
		memcpy(buf + BGP_HEADER_SIZE, body, n);
	hears(c, buf, BGP_HEADER_SIZE + n);
}

/* ---- what the session says ---- */

/* The next whole message, or NULL. */
static inline const uint8_t *
next_message(struct side *c, size_t *size)
{
	const uint8_t *m = c->got + c->taken;
	size_t left = c->n - c->taken;

	if (left < BGP_HEADER_SIZE)
		return NULL;
	*size = (size_t)(m[16] << 8 | m[17]);
	if (left < *size)
		return NULL;
	c->taken += *size;
	return m;
}

/* The next message must come, and be of this type. Borrowed until the session writes again. */
static inline const uint8_t *
expect(struct side *c, uint8_t type, size_t *size)
{
	const uint8_t *m;

	for (int i = 0; !(m = next_message(c, size)) && i < 200; i++) {
		waker_wait(&c->story->waker, 10 * NS_PER_MS);
		drive(c);
	}
	if (!m)
		fail_msg("nothing was said, but %s was expected", bgp_type_name(type));
	if (m[18] != type)
		fail_msg("%s was said, but %s was expected", bgp_type_name(m[18]),
		    bgp_type_name(type));
	return m;
}

static inline void
expect_keepalive(struct side *c)
{
	size_t n = 0;

	expect(c, BGP_KEEPALIVE, &n);
}

/* However many KEEPALIVEs have come. */
static inline unsigned
skip_keepalives(struct side *c)
{
	unsigned n = 0;

	drive(c);
	for (; c->n - c->taken >= BGP_HEADER_SIZE && c->got[c->taken + 18] == BGP_KEEPALIVE;
	     n++)
		c->taken += BGP_HEADER_SIZE;
	return n;
}

/* Our OPEN, as the peer reads it. */
static inline struct open
expect_open(struct side *c)
{
	struct notification why;
	struct open o;
	size_t n = 0;
	const uint8_t *m = expect(c, BGP_OPEN, &n);

	assert_true(open_decode(m, n, &o, &why));
	return o;
}

static inline void
expect_end_of_rib(struct side *c, uint8_t family)
{
	uint8_t want[UPDATE_END_OF_RIB_MAX];
	size_t n = 0, len = update_end_of_rib_encode(want, family);
	const uint8_t *m = expect(c, BGP_UPDATE, &n);

	assert_int_equal(n, len);
	assert_memory_equal(m, want, len);
}

static inline void
expect_refresh(struct side *c, uint8_t family, enum refresh_subtype subtype)
{
	uint8_t want[REFRESH_SIZE];
	size_t n = 0;
	const uint8_t *m = expect(c, BGP_ROUTE_REFRESH, &n);

	refresh_encode(want, family, subtype);
	assert_memory_equal(m, want, sizeof(want));
}

/* Nothing more now, without waiting for the packer. */
static inline void
expect_nothing(struct side *c)
{
	size_t n = 0;
	const uint8_t *m;

	drive(c);
	m = next_message(c, &n);
	if (m)
		fail_msg("%s was said, but nothing was expected", bgp_type_name(m[18]));
}

/* Exactly this NOTIFICATION, as the last thing that is said; then the connection is closed. */
static inline void
expect_end(struct side *c, uint8_t code, uint8_t subcode, const void *data, size_t len)
{
	struct notification n;
	size_t size = 0;
	const uint8_t *m = expect(c, BGP_NOTIFICATION, &size);

	assert_true(notification_decode(m, size, &n));
	if (n.code != code || n.subcode != subcode)
		fail_msg("NOTIFICATION %u/%u, but %u/%u was expected", n.code, n.subcode, code,
		    subcode);
	assert_int_equal(n.data_len, len);
	if (len)
		assert_memory_equal(n.data, data, len);
	expect_nothing(c);
	assert_true(c->closed);
	assert_true(c->session.state <= SESSION_ACTIVE);
}

/* ---- usual beginnings ---- */

/* OPENs are exchanged; ours was as it should be and is forgotten. */
static inline void
reaches_open_confirm(struct side *c, const struct open *o)
{
	expect_open(c);
	hears_open(c, o);
	assert_int_equal(c->session.state, SESSION_OPEN_CONFIRM);
	expect_keepalive(c);
}

static inline void
is_established_with(struct side *c, const struct open *o)
{
	connects(c);
	reaches_open_confirm(c, o);
	hears_keepalive(c);
	assert_int_equal(c->session.state, SESSION_ESTABLISHED);
}

static inline void
is_established(struct side *c)
{
	struct open o = tor_open();

	is_established_with(c, &o);
}
