/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fan-out against a naive model: a table under random commits, sessions that join, read in
 * random pieces, stall, refresh and leave. Every UPDATE is parsed and checked as it comes; at
 * quiet points each session's table must equal the model's. Each state of a path carries a
 * number that only grows (in MED), so that a state that goes back in time is seen at once.
 *
 * HELIO_SEED=n repeats a run; the seed is printed on a failure.
 */
#include "bgp/update.h"
#include "core/hash.h"
#include "rib/table.h"
#include "ribout/group.h"
#include "ribout/ribout_own.h"

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
#define PEERS    12u
#define KEPT     8u /* the first prefixes never lose their last path once they have one */

struct world {
	uint64_t random;
	struct names names;
	struct table table;
	struct ribout *ribout;
	struct ip_prefix prefix[PREFIXES];
	struct nexthop hop[HOPS];
	uint32_t state[PREFIXES][HOPS]; /* 0: no path; else the number of its state */
	uint32_t next_state;
};

struct peer {
	bool here;
	struct format format;
	struct cursor cursor;
	bool ever_synced;
	uint8_t pending[1 << 17];
	size_t n_pending;
	uint32_t has[PREFIXES][HOPS];  /* state number held, 0: none */
	uint32_t last[PREFIXES][HOPS]; /* highest state number ever received */
	bool has_best[PREFIXES];       /* for sessions without ADD-PATH */
};

static struct peer peers[PEERS];

static uint32_t
dice(struct world *w, uint32_t n)
{
	w->random = hash_mix(w->random + 0x9e3779b97f4a7c15ull);
	return (uint32_t)(w->random % n);
}

static unsigned
family_of(const struct world *w, unsigned prefix)
{
	return ip_family_index(w->prefix[prefix].addr.family);
}

/* A third of the prefixes and next hops is IPv6. The last two next hops share an identifier. */
static void
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
		w->hop[i].path_id = i == HOPS - 3 ? HOPS * 7 : (i + 1) * 7;
		w->hop[i].originator = 0xc0000200u + i;
	}
	w->hop[HOPS - 6].path_id = w->hop[HOPS - 3].path_id;
}

static void
world_init(struct world *w, uint64_t seed, uint64_t window_bytes) ALL_ROLES
{
	struct ribout_options o = {.packers = 1, .window_bytes = window_bytes};

	memset(w, 0, sizeof(*w));
	memset(peers, 0, sizeof(peers));
	w->random = seed;
	names_init(&w->names);
	table_init(&w->table, &w->names);
	w->ribout = ribout_new(&o, &w->table);
	make_names(w);
}

static void
work_all(struct world *w) ALL_ROLES
{
	while (ribout_work(w->ribout))
		;
}

static void
world_fini(struct world *w) ALL_ROLES
{
	for (unsigned i = 0; i < PEERS; i++)
		if (peers[i].here)
			cursor_fini(&peers[i].cursor);
	work_all(w);
	ribout_free(w->ribout);
	table_fini(&w->table);
	rcu_drain();
	names_fini(&w->names);
}

/* ---- the writer's side ---- */

static bool
same_family(const struct world *w, unsigned prefix, unsigned hop)
{
	return w->prefix[prefix].addr.family == w->hop[hop].addr.family;
}

static void
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
	table_set(&w->table, prefix_name(&w->names, &w->prefix[prefix]), CLASS_CLUSTER_IP, in,
	    n, &clashes);
	assert_int_equal(clashes, 0);
}

static unsigned
count_paths(const struct world *w, unsigned prefix)
{
	unsigned n = 0;

	for (unsigned h = 0; h < HOPS; h++)
		n += w->state[prefix][h] != 0;
	return n;
}

/* The two next hops with one identifier take turns, as the two lives of one node would. */
static void
flip(struct world *w, unsigned prefix, unsigned hop)
{
	unsigned twin = hop == HOPS - 3 ? HOPS - 6 : HOPS - 3;

	if (w->state[prefix][hop]) {
		if (dice(w, 3) == 0)
			w->state[prefix][hop] = ++w->next_state;
		else if (prefix >= KEPT || count_paths(w, prefix) > 1)
			w->state[prefix][hop] = 0;
		return;
	}
	w->state[prefix][hop] = ++w->next_state;
	if (hop == HOPS - 3 || hop == HOPS - 6)
		w->state[prefix][twin] = 0;
}

static void
commit_some(struct world *w) ALL_ROLES
{
	unsigned changes = 1 + dice(w, 12);

	for (unsigned i = 0; i < changes; i++) {
		unsigned prefix = dice(w, PREFIXES), moves = 1 + dice(w, 4);

		for (unsigned k = 0; k < moves; k++) {
			unsigned hop = dice(w, HOPS);

			if (same_family(w, prefix, hop))
				flip(w, prefix, hop);
		}
		store_prefix(w, prefix);
	}
	table_commit(&w->table);
}

/* ---- a session's side ---- */

static unsigned
prefix_index(const struct world *w, const struct ip_prefix *p)
{
	for (unsigned i = 0; i < PREFIXES; i++)
		if (ip_prefix_equal(p, &w->prefix[i]))
			return i;
	fail_msg("a prefix that nobody announced");
	return 0;
}

static void
got_announcements(struct world *w, struct peer *p, struct nlri_in in, const struct ip_addr *nh,
    const struct update *u)
{
	struct nlri n;

	while (nlri_next(&in, &n)) {
		unsigned prefix = prefix_index(w, &n.prefix), hop = HOPS;

		for (unsigned h = 0; h < HOPS; h++)
			if (ip_equal(nh, &w->hop[h].addr))
				hop = h;
		assert_true(hop < HOPS);
		assert_int_equal(u->attrs.originator_id, w->hop[hop].originator);
		p->has_best[prefix] = true;
		if (p->format.add_path[family_of(w, prefix)]) {
			assert_int_equal(n.path_id, w->hop[hop].path_id);
			for (unsigned h = 0; h < HOPS; h++)
				if (w->hop[h].path_id == n.path_id)
					p->has[prefix][h] = 0;
		} else {
			memset(p->has[prefix], 0, sizeof(p->has[prefix]));
		}
		if (u->attrs.med < p->last[prefix][hop])
			fail_msg("a path went back in time: state %u after %u", u->attrs.med,
			    p->last[prefix][hop]);
		p->has[prefix][hop] = p->last[prefix][hop] = u->attrs.med;
	}
	assert_true(nlri_ok(&in));
}

static void
got_withdrawals(struct world *w, struct peer *p, struct nlri_in in)
{
	struct nlri n;

	while (nlri_next(&in, &n)) {
		unsigned prefix = prefix_index(w, &n.prefix);
		unsigned left = 0;

		for (unsigned h = 0; h < HOPS; h++) {
			if (!p->format.add_path[family_of(w, prefix)] ||
			    w->hop[h].path_id == n.path_id)
				p->has[prefix][h] = 0;
			left += p->has[prefix][h] != 0;
		}
		p->has_best[prefix] = left > 0;
		/* Make before break: these always have a path in the table. */
		if (prefix < KEPT && p->ever_synced && left == 0)
			fail_msg("prefix %u was without a path for a moment", prefix);
	}
	assert_true(nlri_ok(&in));
}

static void
got_message(struct world *w, struct peer *p, const uint8_t *msg, size_t n)
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

static void
got_bytes(struct world *w, struct peer *p, const uint8_t *bytes, size_t n)
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

/* Read up to `want` bytes. Returns what there was. */
static size_t
read_some(struct world *w, struct peer *p, size_t want) ALL_ROLES
{
	struct iovec iov[4];
	unsigned n = cursor_iov(&p->cursor, iov, 1 + dice(w, 4));
	size_t taken = 0, rest;

	assert_false(p->cursor.lost);
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

static void
join(struct world *w, struct peer *p) ALL_ROLES
{
	bool add_path = dice(w, 4) != 0;

	memset(p, 0, sizeof(*p));
	p->here = true;
	p->format = (struct format){.as4 = true, .local_as = 65000, .cluster_id = 99};
	p->format.family[0] = true;
	p->format.family[1] = dice(w, 2);
	p->format.add_path[0] = p->format.add_path[1] = add_path;
	p->format.extended = dice(w, 2);
	cursor_init(&p->cursor, ribout_join(w->ribout, &p->format));
}

static void
act(struct world *w, struct peer *p) ALL_ROLES
{
	size_t rest;

	if (!p->here) {
		join(w, p);
	} else if (dice(w, 60) == 0) {
		cursor_fini(&p->cursor);
		p->here = false;
	} else if (dice(w, 40) == 0 && cursor_at_boundary(&p->cursor, &rest)) {
		cursor_restart(&p->cursor);
	} else if (dice(w, 3)) { /* else it stalls */
		read_some(w, p, dice(w, 2) ? 1 + dice(w, 400) : 100000);
	}
}

/* Everybody reads all there is. */
static void
settle(struct world *w) ALL_ROLES
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (unsigned i = 0; i < PEERS; i++)
			while (peers[i].here && read_some(w, &peers[i], 100000))
				moved = true;
		moved = ribout_work(w->ribout) || moved;
	}
}

static void
check_add_path(const struct world *w, const struct peer *p, unsigned prefix)
{
	for (unsigned h = 0; h < HOPS; h++)
		if (p->has[prefix][h] != w->state[prefix][h])
			fail_msg("prefix %u next hop %u: peer has state %u, table %u", prefix,
			    h, p->has[prefix][h], w->state[prefix][h]);
}

static void
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

static void
check_peers(const struct world *w)
{
	for (unsigned i = 0; i < PEERS; i++) {
		const struct peer *p = &peers[i];

		if (!p->here)
			continue;
		assert_true(p->cursor.synced);
		assert_int_equal(p->n_pending, 0);
		for (unsigned prefix = 0; prefix < PREFIXES; prefix++) {
			unsigned family = family_of(w, prefix);

			if (!p->format.family[family])
				assert_false(p->has_best[prefix]);
			else if (p->format.add_path[family])
				check_add_path(w, p, prefix);
			else
				check_best(w, p, prefix);
		}
	}
}

static void
run(uint64_t seed, uint64_t window_bytes, unsigned rounds) ALL_ROLES
{
	static struct world w;

	print_message("seed %llu, window %llu bytes\n", (unsigned long long)seed,
	    (unsigned long long)window_bytes);
	world_init(&w, seed, window_bytes);
	for (unsigned round = 0; round < rounds; round++) {
		if (dice(&w, 2))
			commit_some(&w);
		if (dice(&w, 2))
			ribout_work(w.ribout);
		act(&w, &peers[dice(&w, PEERS)]);
		if (round % 500 == 499) {
			settle(&w);
			check_peers(&w);
		}
	}
	settle(&w);
	check_peers(&w);
	/* All are up to date: after enough further changes no tombstone but the last remains. */
	for (unsigned i = 0; i < 400; i++) {
		commit_some(&w);
		settle(&w);
	}
	assert_true(w.table.tombstones < 4 * (64 + 2 * PEERS));
	assert_true(w.names.attrs.live < 2 * PREFIXES * HOPS);
	world_fini(&w);
}

static uint64_t
first_seed(void)
{
	const char *s = getenv("HELIO_SEED");

	return s ? strtoull(s, NULL, 10) : 1;
}

static void
sessions_that_read_in_any_rhythm_end_with_the_models_table(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed(); seed < first_seed() + 8; seed++)
		run(seed, 0, 4000);
}

static void
a_window_too_small_for_anybody_only_costs_catching_up(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed() + 1000; seed < first_seed() + 1008; seed++)
		run(seed, 600, 4000);
}

/* End-of-RIB: due only after the barrier, and only when all that was there then has been sent. */
static void
end_of_rib_waits_for_the_barrier_and_the_whole_table(void **state) ALL_ROLES
{
	static struct world w;
	struct peer *p = &peers[0];

	(void)state;
	world_init(&w, 7, 0);
	join(&w, p);
	settle(&w);
	assert_true(p->cursor.synced);
	assert_false(cursor_synced(&p->cursor));
	for (unsigned i = 0; i < 20; i++)
		commit_some(&w);
	table_set_barrier(&w.table);
	assert_false(cursor_synced(&p->cursor));
	settle(&w);
	assert_true(cursor_has_news(&p->cursor));
	assert_true(cursor_synced(&p->cursor));
	assert_false(cursor_has_news(&p->cursor));
	world_fini(&w);
}

static void
sessions_of_one_format_share_every_byte(void **state) ALL_ROLES
{
	static struct world w;
	struct iovec a[2], b[2];

	(void)state;
	world_init(&w, 9, 0);
	for (unsigned i = 0; i < 20; i++)
		commit_some(&w);
	for (unsigned i = 0; i < 2; i++) {
		join(&w, &peers[i]);
		peers[i].format = peers[0].format;
		if (i == 1) {
			cursor_fini(&peers[1].cursor);
			cursor_init(&peers[1].cursor, ribout_join(w.ribout, &peers[0].format));
		}
		assert_int_equal(
		    cursor_iov(&peers[i].cursor, a, 1), 0); /* asks for a snapshot */
		cursor_consume(&peers[i].cursor, 0);
	}
	work_all(&w);
	assert_int_equal(cursor_iov(&peers[0].cursor, a, 1), 1);
	assert_int_equal(cursor_iov(&peers[1].cursor, b, 1), 1);
	assert_ptr_equal(a[0].iov_base, b[0].iov_base);
	cursor_consume(&peers[0].cursor, 0);
	cursor_consume(&peers[1].cursor, 0);
	world_fini(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sessions_that_read_in_any_rhythm_end_with_the_models_table),
	    cmocka_unit_test(a_window_too_small_for_anybody_only_costs_catching_up),
	    cmocka_unit_test(end_of_rib_waits_for_the_barrier_and_the_whole_table),
	    cmocka_unit_test(sessions_of_one_format_share_every_byte),
	};
	int failed;

	role_take(ROLE_WRITER, "model");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	role_drop();
	return failed;
}
