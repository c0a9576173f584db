/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random mutations of a small cluster against a naive model that decides every prefix from
 * scratch, node by node, as semantics would be told to a person. Also: the same records in any
 * order give the same result, older versions of them among them, and explain() agrees for every
 * prefix and node. HELIO_SEED=n plays one seed again; HELIO_SEEDS=n plays so many.
 */
#include "path_model.h"

/* ---- comparing ---- */

#define UNIVERSE (4 + 2 * SERVICES + 7 + NODES)

static const char *
universe(int i, char text[64])
{
	static const char *const fixed[] = {"10.96.0.0/24", "fd00:96::/120", "192.0.2.0/28",
	    "198.51.100.0/28", "192.0.2.1/32", "192.0.2.2/32", "192.0.2.200/32",
	    "203.0.113.1/32", "198.51.100.1/32", "198.51.100.2/32", "203.0.113.9/32"};

	if (i < (int)COUNT_OF(fixed))
		return fixed[i];
	i -= (int)COUNT_OF(fixed);
	if (i < SERVICES)
		snprintf(text, 64, "10.96.0.%d/32", i + 1);
	else if (i < 2 * SERVICES)
		snprintf(text, 64, "fd00:96::%x/128", (unsigned)(i - SERVICES) + 1);
	else
		snprintf(text, 64, "10.244.%d.0/24", i - 2 * SERVICES);
	return text;
}

struct told {
	bool in[NODES];
	uint32_t paths;
};

static void
on_step(void *ctx, const struct explain_step *s)
{
	struct told *t = ctx;

	if (s->kind == EXPLAIN_NODE && s->advertised)
		t->in[atoi(s->name + 1)] = true;
	if (s->kind == EXPLAIN_VERDICT)
		t->paths = s->paths;
}

static void
check_explain(struct world *w, const char *prefix, const bool in[NODES], uint32_t paths)
{
	struct told told = {0}, one;
	struct explain_sink sink = {&told, on_step};
	struct ip_prefix p;

	assert_true(ip_prefix_parse(prefix, &p));
	rcu_enter();
	path_explain(w->maker, &p, NULL, &sink);
	assert_memory_equal(told.in, in, sizeof(told.in));
	assert_int_equal(told.paths, paths);
	for (int i = 0; i < NODES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		one = (struct told){0};
		sink.ctx = &one;
		path_explain(w->maker, &p, name, &sink);
		assert_int_equal(one.in[i], in[i]);
		assert_int_equal(one.paths, paths);
	}
	rcu_leave();
}

static void
check_prefix(const struct model *m, struct world *w, const char *prefix)
{
	struct world_hops have = {0}, want = {0};
	char have_text[1024], want_text[1024];
	const struct world_set *s;
	struct ip_prefix p;
	bool in[NODES];

	assert_true(ip_prefix_parse(prefix, &p));
	model_decide(m, prefix, in);
	for (int i = 0; i < NODES; i++) {
		char text[64];

		snprintf(text, sizeof(text),
		    p.addr.family == IP_V6 ? "2001:db8::%x" : "172.16.0.%d",
		    p.addr.family == IP_V6 ? m->nodes[i].v6 : m->nodes[i].v4);
		if (in[i])
			assert_true(ip_parse(text, &want.at[want.n++]));
	}
	s = world_find(w, &p);
	for (uint32_t i = 0; s && i < s->n; i++)
		have.at[have.n++] = w->slots[s->paths[i].slot].addr;
	world_hops_text(&have, have_text, sizeof(have_text));
	world_hops_text(&want, want_text, sizeof(want_text));
	if (strcmp(have_text, want_text) != 0)
		fail_msg("%s: have '%s', want '%s'", prefix, have_text, want_text);
	check_explain(w, prefix, in, s ? s->n : 0);
}

static void
check(const struct model *m, struct world *w)
{
	char text[64];

	for (int i = 0; i < UNIVERSE; i++)
		check_prefix(m, w, universe(i, text));
}

/* ---- the same records in another order ---- */

struct record_log {
	struct {
		char *key, *json;
	} at[4096];
	int n;
};

static void
on_record(void *ctx, const char *key, const char *json)
{
	struct record_log *l = ctx;

	assert_true(l->n < (int)COUNT_OF(l->at));
	l->at[l->n].key = must_strdup(key);
	l->at[l->n++].json = must_strdup(json);
}

static void
log_clear(struct record_log *l)
{
	while (l->n) {
		free(l->at[--l->n].key);
		free(l->at[l->n].json);
	}
}

static int
hop_cmp(const void *a, const void *b)
{
	return ip_cmp(
	    &((const struct path_nexthop *)a)->addr, &((const struct path_nexthop *)b)->addr);
}

static uint32_t
hops_sorted(const struct world *w, const struct world_set *s, struct path_nexthop *out)
{
	for (uint32_t i = 0; s && i < s->n; i++)
		out[i] = w->slots[s->paths[i].slot];
	qsort(out, s ? s->n : 0, sizeof(*out), hop_cmp);
	return s ? s->n : 0;
}

static void
assert_same(struct world *a, struct world *b)
{
	struct path_nexthop ha[64], hb[64];
	char text[64];

	for (int i = 0; i < UNIVERSE; i++) {
		const struct world_set *sa, *sb;
		struct ip_prefix p;
		uint32_t n;

		assert_true(ip_prefix_parse(universe(i, text), &p));
		sa = world_find(a, &p);
		sb = world_find(b, &p);
		n = hops_sorted(a, sa, ha);
		assert_int_equal(n, hops_sorted(b, sb, hb));
		for (uint32_t k = 0; k < n; k++) {
			assert_true(ip_equal(&ha[k].addr, &hb[k].addr));
			assert_int_equal(ha[k].path_id, hb[k].path_id);
			assert_int_equal(ha[k].originator, hb[k].originator);
		}
		if (n == 0)
			continue;
		assert_int_equal(sa->path_class, sb->path_class);
		assert_memory_equal(&a->attributes[sa->paths[0].attributes],
		    &b->attributes[sb->paths[0].attributes], sizeof(struct path_attributes));
	}
}

/* ---- the tests ---- */

static struct world worlds[2];

static void
play(unsigned seed)
{
	struct model m = {
	    .config = &configs[seed % COUNT_OF(configs)], .seed = seed * 2654435761u};
	struct world *w = &worlds[0];

	world_init(w, m.config->text);
	for (int step = 0; step < 250; step++) {
		mutate(&m, w);
		if (!chance(&m, 3))
			continue;
		commit(w);
		check(&m, w);
	}
	world_fini(w);
}

/* Upserts only: the order of a key's tombstone and records is the partition's to keep. */
static void
play_reordered(unsigned seed)
{
	struct model m = {
	    .config = &configs[seed % COUNT_OF(configs)], .seed = seed * 40503u + 1};
	static struct record_log log;
	struct world *w = &worlds[0];

	world_init(w, m.config->text);
	w->on_record = on_record;
	w->on_record_ctx = &log;
	for (int step = 0; step < 120; step++) {
		struct model before = m;

		mutate(&m, w);
		for (int i = 0; i < NODES; i++) { /* what would go, stays */
			if (before.nodes[i].there && !m.nodes[i].there) {
				m.nodes[i].there = true;
				put_node(&m, w, i);
			}
		}
		for (int i = 0; i < SERVICES; i++) {
			if (before.services[i].there && !m.services[i].there) {
				m.services[i].there = true;
				put_service(&m, w, i);
			}
		}
		for (int i = 0; i < SLICES; i++) {
			if (before.slices[i].there && !m.slices[i].there) {
				m.slices[i].there = true;
				put_slice(&m, w, i);
			}
		}
		if (chance(&m, 3))
			commit(w);
	}
	m.caught_up = true;
	caught_up(w);
	commit(w);
	check(&m, w);
	for (int i = log.n - 1; i > 0; i--) {
		int k = pick(&m, i + 1);
		char *key = log.at[i].key, *json = log.at[i].json;

		log.at[i] = log.at[k];
		log.at[k].key = key;
		log.at[k].json = json;
	}
	role_drop(); /* the second world takes it */
	world_init(&worlds[1], m.config->text);
	for (int i = 0; i < log.n; i++) {
		world_record(&worlds[1], log.at[i].key, log.at[i].json, 0);
		if (chance(&m, 10))
			commit(&worlds[1]);
	}
	caught_up(&worlds[1]);
	commit(&worlds[1]);
	assert_same(w, &worlds[1]);
	check(&m, &worlds[1]);
	world_fini(&worlds[1]);
	role_take(ROLE_WRITER, "test");
	world_fini(w);
	log_clear(&log);
}

static void
each_seed(void (*run)(unsigned seed))
{
	const char *one = getenv("HELIO_SEED"), *many = getenv("HELIO_SEEDS");
	unsigned from = one ? (unsigned)strtoul(one, NULL, 10) : 1;
	unsigned n = one ? 1 : many ? (unsigned)strtoul(many, NULL, 10) : 24;

	log_set(LOG_ERROR, LOG_LOGFMT);
	for (unsigned seed = from; seed < from + n; seed++) {
		print_message("seed %u (HELIO_SEED=%u plays it again)\n", seed, seed);
		run(seed);
	}
}

static void
random_mutations_give_what_a_model_decides_from_scratch_and_explain_agrees(void **state)
{
	(void)state;
	each_seed(play);
}

static void
any_order_of_the_same_records_gives_the_same_paths(void **state)
{
	(void)state;
	each_seed(play_reordered);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        random_mutations_give_what_a_model_decides_from_scratch_and_explain_agrees),
	    cmocka_unit_test(any_order_of_the_same_records_gives_the_same_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
