/* SPDX-License-Identifier: Apache-2.0 */
#include "rib/writer.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/must.h"

void
writer_init(struct writer *w, const struct config *config, struct change_queue *queue,
    struct cluster *cluster, struct table *table)
{
	struct path_sink sink;

	w->queue = queue;
	w->cluster = cluster;
	w->table = table;
	from_path_init(&w->from_path, table);
	sink = from_path_sink(&w->from_path);
	w->paths = path_new(config, cluster, &sink);
	atomic_init(&w->stop, false);
	atomic_init(&w->published, false);
}

void
writer_fini(struct writer *w)
{
	path_free(w->paths);
	from_path_fini(&w->from_path);
}

static void
tell_clashes(struct writer *w)
{
	if (!w->from_path.clashes)
		return;
	log_warn("paths left out: two next hops of one prefix have the same path identifier",
	    f_u64("paths", w->from_path.clashes));
	w->from_path.clashes = 0;
}

static void
publish(struct writer *w) ON_WRITER
{
	bool first = !atomic_load_explicit(&w->published, memory_order_relaxed);
	uint64_t start = first ? clock_mono_ns() : 0;

	path_recompute(w->paths, cluster_dirty(w->cluster));
	cluster_clean(w->cluster);
	table_expect_more(w->table, change_queue_more(w->queue));
	table_commit(w->table);
	tell_clashes(w);
	if (!first)
		return;
	table_set_barrier(w->table);
	atomic_store_explicit(&w->published, true, memory_order_release);
	log_info("first paths published", f_u64("prefixes", w->table->live_prefixes),
	    f_u64("paths", w->table->live_paths),
	    f_u64("ms", (clock_mono_ns() - start) / NS_PER_MS));
}

void
writer_round(struct writer *w, struct change *changes)
{
	bool changed = false;

	while (changes) {
		struct change *next = changes->next;

		changed = cluster_apply(w->cluster, changes) == CLUSTER_CHANGED || changed;
		change_free(changes);
		changes = next;
	}
	if (!cluster_caught_up(w->cluster))
		return;
	if (changed || !atomic_load_explicit(&w->published, memory_order_relaxed))
		publish(w);
	else if (table_more(w->table))
		table_expect_more(w->table, change_queue_more(w->queue));
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;

	role_take(ROLE_WRITER, "helio-writer");
	role_is_writer();
	while (!atomic_load_explicit(&w->stop, memory_order_acquire)) {
		change_queue_wait(w->queue, NS_NEVER);
		writer_round(w, change_queue_drain(w->queue));
	}
	role_drop();
	return NULL;
}

void
writer_start(struct writer *w)
{
	if (pthread_create(&w->thread, NULL, writer_main, w))
		die("cannot start the writer thread");
}

void
writer_stop(struct writer *w)
{
	atomic_store_explicit(&w->stop, true, memory_order_release);
	change_queue_kick(w->queue);
	pthread_join(w->thread, NULL);
}
