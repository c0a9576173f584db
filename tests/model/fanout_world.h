/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table under random changes, and what a peer makes of the UPDATEs it is sent. Each state of a
 * path carries a number that only grows (in MED), so that a state that goes back in time is seen
 * at once. Shared by the tests of the fan-out; the world's `state` belongs to who commits, the
 * rest is constant once made.
 */
#pragma once

#include "bgp/update.h"
#include "core/hash.h"
#include "rib/table.h"
#include "ribout/ribout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL_ROLES TSA(no_thread_safety_analysis) /* one thread plays them all */

#define PREFIXES 48u
#define HOPS     24u
#define TWIN_A   (HOPS - 3) /* two IPv6 next hops with one path identifier */
#define TWIN_B   (HOPS - 6)
#define KEPT     8u /* the first prefixes never lose their last path once they have one */

struct world {
	uint64_t random; /* the writer's */
	struct names names;
	struct table table;
	struct ribout *ribout;
	struct ip_prefix prefix[PREFIXES];
	struct nexthop hop[HOPS];
	uint32_t state[PREFIXES][HOPS]; /* 0: no path; else the number of its state */
	uint32_t next_state;
	bool alike;   /* all peers have one format */
	bool forgets; /* tombstones go while peers need them */
	bool viewed;  /* peers have views that show them a choice */
};

struct peer {
	bool here;
	bool viewed;
	struct format format;
	struct cursor cursor;
	bool ever_synced;
	uint8_t pending[1 << 17];
	size_t n_pending;
	uint32_t has[PREFIXES][HOPS];  /* state number held, 0: none */
	uint32_t last[PREFIXES][HOPS]; /* a state that is sent has at least this number */
	bool has_best[PREFIXES];       /* for sessions without ADD-PATH */
};

static inline uint32_t
dice(uint64_t *random, uint32_t n)
{
	*random = hash_mix(*random + 0x9e3779b97f4a7c15ull);
	return (uint32_t)(*random % n);
}

static inline unsigned
family_of(const struct world *w, unsigned prefix)
{
	return ip_family_index(w->prefix[prefix].addr.family);
}

/* A third of the prefixes and next hops is IPv6. Two IPv6 next hops share an identifier. */
static inline void
make_names(struct world *w)
{
	char text[IP_TEXT_MAX];

	for (unsigned i = 0; i < PREFIXES; i++) {
		snprintf(
		    text, sizeof(text), i % 3 ? "10.96.%u.%u/32" : "fd00:96::%u:%u/128", i, i);
		assert_true(ip_prefix_parse(text, &w->prefix[i]));
	}
	for (unsigned i = 0; i < HOPS; i++) {
		snprintf(text, sizeof(text), i % 3 ? "192.0.2.%u" : "2001:db8::%u", i + 1);
		assert_true(ip_parse(text, &w->hop[i].addr));
		w->hop[i].path_id = (i + 1) * 7;
		w->hop[i].originator = 0xc0000200u + i;
		w->hop[i].rack = 1 + i % 5;
		w->hop[i].zone = 1 + i % 5 / 2;
	}
	w->hop[TWIN_A].path_id = w->hop[TWIN_B].path_id = HOPS * 7;
}

/* packers' threads are the caller's to start. */
static inline void
world_init(struct world *w, uint64_t seed, const struct ribout_options *o) ALL_ROLES
{
	memset(w, 0, sizeof(*w));
	w->random = seed;
	names_init(&w->names);
	table_init(&w->table, &w->names);
	w->ribout = ribout_new(o, &w->table);
	make_names(w);
}

/* No cursor and no group is left. */
static inline void
world_fini(struct world *w) ALL_ROLES
{
	ribout_free(w->ribout);
	table_fini(&w->table);
	rcu_drain();
	names_fini(&w->names);
}

/* ---- the writer's side ---- */

static inline bool
same_family(const struct world *w, unsigned prefix, unsigned hop)
{
	return w->prefix[prefix].addr.family == w->hop[hop].addr.family;
}

static inline void
store_prefix(struct world *w, unsigned prefix) ALL_ROLES
{
	struct path_in in[HOPS], t;
	uint32_t n = 0, clashes = 0;

	for (unsigned h = 0; h < HOPS; h++) {
		struct path_attrs a = {
		    .local_pref = 100, .has_med = 1, .med = w->state[prefix][h]};

		if (!w->state[prefix][h])
			continue;
		in[n].nexthop = nexthop_name(&w->names, &w->hop[h]);
		in[n++].attrs = attrs_name(&w->names, &a);
	}
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = i; j > 0 && in[j].nexthop < in[j - 1].nexthop; j--)
			t = in[j], in[j] = in[j - 1], in[j - 1] = t;
	table_set(&w->table, prefix_name(&w->names, &w->prefix[prefix]),
	    (struct set_kind){.prefix_class = CLASS_CLUSTER_IP}, in, n, &clashes);
	must(clashes == 0);
}

static inline unsigned
count_paths(const struct world *w, unsigned prefix)
{
	unsigned n = 0;

	for (unsigned h = 0; h < HOPS; h++)
		n += w->state[prefix][h] != 0;
	return n;
}

/* The two next hops with one identifier take turns, as the two lives of one node would. */
static inline void
flip(struct world *w, unsigned prefix, unsigned hop)
{
	unsigned twin = hop == TWIN_A ? TWIN_B : TWIN_A;

	if (w->state[prefix][hop]) {
		if (dice(&w->random, 3) == 0)
			w->state[prefix][hop] = ++w->next_state;
		else if (prefix >= KEPT || count_paths(w, prefix) > 1)
			w->state[prefix][hop] = 0;
		return;
	}
	w->state[prefix][hop] = ++w->next_state;
	if (hop == TWIN_A || hop == TWIN_B)
		w->state[prefix][twin] = 0;
}

/* Some prefixes change by a few paths; now and then one goes altogether, with its names. */
static inline void
commit_some(struct world *w) ALL_ROLES
{
	unsigned changes = 1 + dice(&w->random, 12);

	for (unsigned i = 0; i < changes; i++) {
		unsigned prefix = dice(&w->random, PREFIXES), moves = 1 + dice(&w->random, 4);

		if (prefix >= KEPT && dice(&w->random, 16) == 0) {
			memset(w->state[prefix], 0, sizeof(w->state[prefix]));
			moves = 0;
		}
		for (unsigned k = 0; k < moves; k++) {
			unsigned hop = dice(&w->random, HOPS);

			if (same_family(w, prefix, hop))
				flip(w, prefix, hop);
		}
		store_prefix(w, prefix);
	}
	table_commit(&w->table);
}

/* ---- a peer's side ---- */

static inline unsigned
prefix_index(const struct world *w, const struct ip_prefix *p)
{
	for (unsigned i = 0; i < PREFIXES; i++)
		if (ip_prefix_equal(p, &w->prefix[i]))
			return i;
	fail_msg("a prefix that nobody announced");
	return 0;
}

static inline unsigned
hop_index(const struct world *w, const struct ip_addr *a)
{
	for (unsigned h = 0; h < HOPS; h++)
		if (ip_equal(a, &w->hop[h].addr))
			return h;
	fail_msg("a next hop that nobody is");
	return 0;
}

/* The peer holds it no more, and may be sent it again only in a later state. */
static inline void
forget(struct peer *p, unsigned prefix, unsigned hop)
{
	/* But a path that is only not chosen any more may be chosen again as it was. */
	if (p->has[prefix][hop])
		p->last[prefix][hop] = p->has[prefix][hop] + !p->viewed;
	p->has[prefix][hop] = 0;
}

static inline void
got_announcements(const struct world *w, struct peer *p, struct nlri_in in,
    const struct ip_addr *nh, const struct update *u)
{
	unsigned hop = hop_index(w, nh);
	struct nlri n;

	assert_int_equal(u->attrs.originator_id, w->hop[hop].originator);
	while (nlri_next(&in, &n)) {
		unsigned prefix = prefix_index(w, &n.prefix);

		p->has_best[prefix] = true;
		if (p->format.add_path[family_of(w, prefix)]) {
			assert_int_equal(n.path_id, w->hop[hop].path_id);
			for (unsigned h = 0; h < HOPS; h++)
				if (h != hop && w->hop[h].path_id == n.path_id)
					forget(p, prefix, h);
		} else {
			memset(p->has[prefix], 0, sizeof(p->has[prefix]));
		}
		if (u->attrs.med < p->last[prefix][hop])
			fail_msg("a path went back in time: state %u, but %u was due",
			    u->attrs.med, p->last[prefix][hop]);
		p->has[prefix][hop] = p->last[prefix][hop] = u->attrs.med;
	}
	assert_true(nlri_ok(&in));
}

static inline void
got_withdrawals(const struct world *w, struct peer *p, struct nlri_in in)
{
	struct nlri n;

	while (nlri_next(&in, &n)) {
		unsigned prefix = prefix_index(w, &n.prefix);
		unsigned left = 0;

		for (unsigned h = 0; h < HOPS; h++) {
			if (!p->format.add_path[family_of(w, prefix)] ||
			    w->hop[h].path_id == n.path_id)
				forget(p, prefix, h);
			left += p->has[prefix][h] != 0;
		}
		p->has_best[prefix] = left > 0;
		/* Make before break: these always have a path in the table. */
		if (prefix < KEPT && p->ever_synced && left == 0)
			fail_msg("prefix %u was without a path for a moment", prefix);
	}
	assert_true(nlri_ok(&in));
}

static inline void
got_message(const struct world *w, struct peer *p, const uint8_t *msg, size_t n)
{
	struct update_context ctx = {
	    .as4 = true, .local_as = 65000, .peer_as = 65000, .router_id = 1, .cluster_id = 1};
	struct update u;

	memcpy(ctx.families, p->format.family, sizeof(ctx.families));
	memcpy(ctx.add_path, p->format.add_path, sizeof(ctx.add_path));
	assert_int_equal(msg[18], 2); /* only UPDATEs come out of chunks */
	assert_true(n <= (p->format.extended ? 65535u : 4096u));
	update_decode(msg, n, &ctx, &u);
	if (u.verdict != ATTR_OK)
		fail_msg("our own UPDATE is malformed: %s", u.why ? u.why : "?");
	assert_int_equal(u.end_of_rib, IP_NONE);
	if (u.withdrawn.family)
		got_withdrawals(w, p, u.withdrawn);
	if (u.mp_unreach.family)
		got_withdrawals(w, p, u.mp_unreach);
	if (u.nlri.family)
		got_announcements(w, p, u.nlri, &u.attrs.next_hop, &u);
	if (u.mp_reach.family)
		got_announcements(w, p, u.mp_reach, &u.mp_next_hop, &u);
}

static inline void
got_bytes(const struct world *w, struct peer *p, const uint8_t *bytes, size_t n)
{
	size_t at = 0;

	assert_true(p->n_pending + n <= sizeof(p->pending));
	memcpy(p->pending + p->n_pending, bytes, n);
	p->n_pending += n;
	while (p->n_pending - at >= 19) {
		size_t len = (size_t)p->pending[at + 16] << 8 | p->pending[at + 17];

		assert_true(len >= 19);
		if (p->n_pending - at < len)
			break;
		got_message(w, p, p->pending + at, len);
		at += len;
	}
	memmove(p->pending, p->pending + at, p->n_pending - at);
	p->n_pending -= at;
}

static inline struct view
some_view(uint64_t *random)
{
	static const uint32_t most[] = {0, 1, 2, 3, 5};
	struct view v;

	memset(&v, 0, sizeof(v));
	v.max = most[dice(random, 5)];
	v.variants = v.max ? 2 : 0;
	v.variant = v.max ? dice(random, 2) : 0;
	if (dice(random, 2)) {
		v.prefer = VIEW_PREFER_RACK;
		v.rack = 2;
		v.zone = 1;
		v.only = dice(random, 2) != 0;
		v.min = v.only ? 1 + dice(random, 2) : 0;
	}
	return v;
}

static inline void
peer_join(struct world *w, struct peer *p, uint64_t *random) ALL_ROLES
{
	bool add_path = w->alike || dice(random, 4) != 0;
	unsigned families = w->alike ? 3 : 1 + dice(random, 3);

	memset(p, 0, sizeof(*p));
	p->here = true;
	p->format = (struct format){.as4 = true, .local_as = 65000, .cluster_id = 99};
	p->format.family[0] = families & 1;
	p->format.family[1] = families & 2;
	p->format.add_path[0] = p->format.add_path[1] = add_path;
	p->format.extended = !w->alike && dice(random, 2);
	p->viewed = w->viewed;
	if (w->viewed)
		p->format.view = some_view(random);
	cursor_init(&p->cursor, ribout_join(w->ribout, &p->format));
}

/* Read up to `want` bytes. Returns what there was. */
static inline size_t
peer_read(const struct world *w, struct peer *p, uint64_t *random, size_t want) ALL_ROLES
{
	struct iovec iov[4];
	unsigned n = cursor_iov(&p->cursor, iov, 1 + dice(random, 4));
	size_t taken = 0, rest;

	assert_true(w->forgets || !p->cursor.lost);
	for (unsigned i = 0; i < n && taken < want; i++) {
		size_t k = iov[i].iov_len < want - taken ? iov[i].iov_len : want - taken;

		got_bytes(w, p, iov[i].iov_base, k);
		taken += k;
	}
	cursor_consume(&p->cursor, taken);
	assert_int_equal(cursor_at_boundary(&p->cursor, &rest), p->n_pending == 0);
	p->ever_synced = p->ever_synced || p->cursor.synced;
	return taken;
}

/* Join, leave, ask for a refresh, read a little or much, or stall. */
static inline void
peer_act(struct world *w, struct peer *p, uint64_t *random) ALL_ROLES
{
	size_t rest;

	if (!p->here) {
		peer_join(w, p, random);
	} else if (p->cursor.lost) {
		cursor_fini(&p->cursor);
		p->here = false;
	} else if (dice(random, 60) == 0) {
		cursor_fini(&p->cursor);
		p->here = false;
	} else if (dice(random, 40) == 0 && cursor_at_boundary(&p->cursor, &rest)) {
		cursor_restart(&p->cursor);
	} else if (dice(random, 3)) {
		peer_read(w, p, random, dice(random, 2) ? 1 + dice(random, 400) : 100000);
	}
}

static inline void
check_best(const struct world *w, const struct peer *p, unsigned prefix)
{
	unsigned held = 0;

	for (unsigned h = 0; h < HOPS; h++)
		if (p->has[prefix][h]) {
			held++;
			assert_int_equal(p->has[prefix][h], w->state[prefix][h]);
		}
	assert_int_equal(held, count_paths(w, prefix) > 0);
}

/* Exactly the paths that its view shows of what there is (view_test.c tests the choice itself). */
static inline void
check_shown(const struct world *w, const struct peer *p, unsigned prefix) ALL_ROLES
{
	uint32_t index = prefix_find_own(&w->names, &w->prefix[prefix]);
	const struct pathset *s = index == RCUMAP_NONE ? NULL : table_get_own(&w->table, index);
	struct view_items items = {.at = NULL};
	uint32_t want[HOPS] = {0};

	if (view_is_all(&p->format.view))
		memcpy(want, w->state[prefix], sizeof(want));
	else if (s)
		view_choose(&p->format.view, &w->names, &w->prefix[prefix], s, &items);
	for (uint32_t i = 0; i < items.n; i++) {
		unsigned h = hop_index(
		    w, &nexthop_at(&w->names, s->path[items.at[i].path].nexthop)->addr);

		want[h] = items.at[i].chosen ? w->state[prefix][h] : 0;
	}
	view_items_fini(&items);
	for (unsigned h = 0; h < HOPS; h++)
		if (p->has[prefix][h] != want[h])
			fail_msg("prefix %u next hop %u: peer has state %u, table %u", prefix,
			    h, p->has[prefix][h], want[h]);
}

/* What the peer holds of each prefix is what the world has of it. */
static inline void
check_peer(const struct world *w, const struct peer *p)
{
	assert_true(p->cursor.synced);
	assert_int_equal(p->n_pending, 0);
	for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
		unsigned family = family_of(w, prefix);

		if (!p->format.family[family]) {
			assert_false(p->has_best[prefix]);
			continue;
		}
		if (!p->format.add_path[family]) {
			check_best(w, p, prefix);
			continue;
		}
		check_shown(w, p, prefix);
	}
}
