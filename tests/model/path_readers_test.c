/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers beside the writer: while random mutations run, another thread explains every prefix
 * and walks the tables. What it asserts is that whatever it meets is whole; ThreadSanitizer and
 * AddressSanitizer assert the rest.
 */
#include "path_model.h"

#include <pthread.h>
#include <stdatomic.h>

struct reading {
	struct world *world;
	atomic_bool stop;
	uint64_t steps;
};

static void
on_step(void *ctx, const struct explain_step *s)
{
	struct reading *r = ctx;

	must(s->text && *s->text && s->ns && s->name);
	must(s->kind != EXPLAIN_NODE || !s->advertised || s->nexthop.family != IP_NONE);
	r->steps++;
}

/* An index met in a slice means the same name until the read side ends. */
static void
walk_slices(const struct cluster *c) RCU_READER
{
	for (uint32_t i = 0; i < cluster_slices_bound(c); i++) {
		const struct slice *s = cluster_slice(c, i);

		for (uint32_t k = 0; s && k < s->n_endpoints; k++) {
			uint32_t node = slice_endpoint(s, k)->node;
			const char *name;

			if (node == ENDPOINT_NODE_NONE)
				continue;
			name = cluster_node_name(c, node);
			must(!name || *name == 'n');
		}
	}
}

static void *
read_on(void *arg)
{
	static const char *const prefixes[] = {"10.96.0.0/24", "10.96.0.1/32", "10.96.0.2/32",
	    "fd00:96::1/128", "192.0.2.1/32", "192.0.2.200/32", "198.51.100.1/32",
	    "10.244.1.0/24"};
	struct reading *r = arg;
	struct explain_sink sink = {r, on_step};

	role_take(ROLE_WATCH, "reader");
	for (unsigned i = 0; !atomic_load(&r->stop); i++) {
		struct ip_prefix p;

		must(ip_prefix_parse(prefixes[i % COUNT_OF(prefixes)], &p));
		rcu_enter();
		path_explain(r->world->maker, &p, i % 3 ? NULL : "n1", &sink);
		walk_slices(r->world->cluster);
		rcu_leave();
	}
	role_drop();
	return NULL;
}

static void
readers_meet_only_whole_objects_while_the_writer_changes_everything(void **state)
{
	static struct world world;
	struct model m = {.config = &configs[1], .seed = 31337};
	struct reading r = {.world = &world};
	pthread_t reader;

	(void)state;
	log_set(LOG_ERROR, LOG_LOGFMT);
	world_init(&world, m.config->text);
	assert_int_equal(pthread_create(&reader, NULL, read_on, &r), 0);
	for (int step = 0; step < 3000; step++) {
		mutate(&m, &world);
		if (chance(&m, 2))
			commit(&world);
	}
	atomic_store(&r.stop, true);
	pthread_join(reader, NULL);
	assert_true(r.steps > 0);
	world_fini(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
	        readers_meet_only_whole_objects_while_the_writer_changes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
